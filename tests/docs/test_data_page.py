"""docs/data.md: every layout, field, check and threshold that the code has, and a Python example that runs."""

import re
from pathlib import Path

import numpy as np
import pytest
import soundfile

from tingshuo.data import clean, findings
from tingshuo.data.corpora.registry import READERS
from tingshuo.data.split import DEV_SHARE
from tingshuo.data.utterance import Utterance

PAGE = (Path(__file__).parents[2] / "docs" / "data.md").read_text("utf-8")


def test_every_layout_has_its_line():
    assert set(re.findall(r"^\| `(\w+)` \|", PAGE.split("## 清单")[0], re.MULTILINE)) == set(READERS)


def test_every_field_of_the_manifest_is_there():
    table = PAGE.split("## 清单")[1].split("## 检查")[0]
    assert set(re.findall(r"`(\w+)`", re.sub(r"\| [^|`]+ \|$", "", table, flags=re.MULTILINE))) >= set(
        Utterance.__struct_fields__
    )


@pytest.mark.parametrize(("severity", "word"), [("bad", "bad"), ("warning", "warning"), ("note", "note")])
def test_every_check_is_in_its_row(severity, word):
    [line] = [line for line in PAGE.splitlines() if line.startswith("|") and f"· {word} |" in line]
    assert set(re.findall(r"`(\w+)`", line)) == {kind for kind, row in findings.KINDS.items() if row.severity == severity}


def test_thresholds_are_those_of_the_code():
    config = clean.CleanConfig()
    for text in (
        f"低于 {findings.MIN_SNR_DB:g} dB",
        f"相差 {findings.LEVEL_RANGE_DB:g} dB",
        f"超过 {findings.MAX_EDGE_S:g} 秒或停顿超过 {findings.MAX_PAUSE_S:g} 秒",
        f"短于 {findings.MIN_S:g} 秒或长于 {findings.MAX_S:g} 秒",
        f"超过 {findings.OUTLIER_Z:g} 个稳健标准差",
        f"留出 {100 * DEV_SHARE:g} %",
        f"{config.high_pass_hz:g} Hz 高通",
        f"−{-config.level_db:g} dB",
        f"峰值不超过 {config.peak:g}",
        f"首尾留 {config.margin_s:g} 秒",
        f"减去 {clean.OVER_SUBTRACTION:g} 倍",
    ):
        assert text in PAGE


def test_the_python_example_runs(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("我的录音").mkdir()
    for name, text in (("a", "你好"), ("b", "再见")):
        soundfile.write(f"我的录音/{name}.wav", 0.1 * np.random.default_rng(ord(name)).standard_normal(8000), 16000)
        Path(f"我的录音/{name}.txt").write_text(text, "utf-8")
    [code] = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    names: dict[str, object] = {}
    exec(code, names)
    assert len(names["wav"]) == 12000
