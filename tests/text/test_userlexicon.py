import os
from pathlib import Path

import pytest

from tingshuo.errors import TextError
from tingshuo.text.runs import Run
from tingshuo.text.userlexicon import EMPTY, load_user_lexicon
from tingshuo.types import Prosody

LEXICON = """\
# 人名、地名
重庆 chong2 qing4
行长 háng zhǎng   # 银行的
花儿 huar1
Qt K Y UW1 T
hello HH AH0 . L OW1

GPT-4 => 吉皮提四
AI => 人工智能
New York => 纽约
C# => 西井
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "lexicon.txt"
    path.write_text(LEXICON, "utf-8")
    return path


def test_entries(path: Path) -> None:
    lexicon = load_user_lexicon(path)
    assert lexicon.readings == {"重庆": ("chong2", "qing4"), "行长": ("hang2", "zhang3")}
    assert lexicon.merged == {"花儿": ("huar1",), "Qt": ("K Y UW1 T",), "hello": ("HH AH0", "L OW1")}
    assert lexicon.replacements == {"GPT-4": "吉皮提四", "AI": "人工智能", "New York": "纽约", "C#": "西井"}


def test_words_are_replaced_whole_and_keep_their_manner(path: Path) -> None:
    slow = Prosody(rate=0.8)
    cut = list(load_user_lexicon(path).apply(Run("用AI在New York，AIR和GPT-4o、GPT-4。花儿", slow)))
    assert [(run.text, run.spoken) for run in cut] == [
        ("用", None),
        ("AI", "人工智能"),
        ("在", None),
        ("New York", "纽约"),
        ("，AIR和GPT-4o、", None),
        ("GPT-4", "吉皮提四"),
        ("。", None),
        ("花儿", None),
    ]
    assert cut[-1].pinyin == ("huar1",)
    assert all(run.prosody is slow for run in cut)


def test_what_is_given_in_the_text_wins(path: Path) -> None:
    for run in (Run("AI", spoken="爱"), Run("花儿", pinyin=("hua1", "er2")), Run(break_ms=3)):
        assert list(load_user_lexicon(path).apply(run)) == [run]
    assert list(EMPTY.apply(Run("AI"))) == [Run("AI")]


def test_only_the_words_of_a_text_are_handed_on(path: Path) -> None:
    lexicon = load_user_lexicon(path)
    assert lexicon.readings_in("我去重庆") == {"重庆": ("chong2", "qing4")}
    assert not lexicon.readings_in("我去北京")
    assert EMPTY.readings_in("重庆") is None


def test_a_file_is_read_once_until_it_changes(path: Path) -> None:
    first = load_user_lexicon(path)
    assert load_user_lexicon(path) is first
    path.write_text("重庆 zhong4 qing4\n", "utf-8")
    os.utime(path, ns=(1, 1))
    assert load_user_lexicon(path).readings == {"重庆": ("zhong4", "qing4")}


def test_byte_order_mark_and_windows_line_ends(tmp_path: Path) -> None:
    path = tmp_path / "l.txt"
    path.write_bytes("\ufeff重庆 chong2 qing4\r\nAI => 爱\r\n".encode())
    assert load_user_lexicon(path).readings.keys() == {"重庆"}
    assert load_user_lexicon(path).replacements == {"AI": "爱"}


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("重庆 chong2", "2 hanzi and 1 syllables"),
        ("重庆", "2 hanzi and 0 syllables"),
        ("重庆 chong2 qing4 qing4", "2 hanzi and 3 syllables"),
        ("重庆 chong qing4", "with a tone"),
        ("重庆 xyz1 qing4", "not a Mandarin syllable"),
        ("GPT ji1 pi2 ti2", "=>"),
        ("=> 三", "both sides"),
        ("GPT =>", "both sides"),
    ],
)
def test_a_wrong_line_is_named(tmp_path: Path, line: str, told: str) -> None:
    path = tmp_path / "l.txt"
    path.write_text(f"# 第一行\n\n{line}\n", "utf-8")
    with pytest.raises(TextError) as caught:
        load_user_lexicon(path)
    assert f"{path} line 3: " in str(caught.value)
    assert told in str(caught.value)


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(TextError, match="No such file"):
        load_user_lexicon(tmp_path / "none.txt")
    with pytest.raises(TextError, match="directory"):
        load_user_lexicon(tmp_path)
    (tmp_path / "b").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(TextError, match="not UTF-8"):
        load_user_lexicon(tmp_path / "b")
    with (tmp_path / "big").open("wb") as big:
        big.truncate(9 << 20)
    with pytest.raises(TextError, match="at most 8388608"):
        load_user_lexicon(tmp_path / "big")
