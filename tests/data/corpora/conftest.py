"""A text file with its folders."""

from pathlib import Path

import pytest


@pytest.fixture
def write_text():
    def write_text(path: Path, *lines: str, encoding: str = "utf-8") -> Path:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes("\n".join(lines).encode(encoding))
        return path

    return write_text


@pytest.fixture
def texts():
    return "今天天气真好|你吃饭了吗|我们走吧|他在看书|明天见|请坐|谢谢你|一共十块钱|小猫睡着了|火车开了".split("|")
