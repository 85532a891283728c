"""What readers share: rows that are checked as they are added, lines whose encoding is, languages by script."""

import pytest

from tingshuo.data.corpora.corpus import Builder, encoding_fault, first_line, is_pinyin, join_hanzi, language_of, read_lines
from tingshuo.errors import DataError


def test_a_row_is_checked_when_it_is_added(tmp_path, write_wav):
    wav = write_wav(tmp_path / "a.wav")
    builder = Builder(tmp_path, licence="CC0-1.0")
    builder.add("1", wav, id="a", text=" 你好 \n 吗 ")
    builder.add("2", wav, id="a", text="你好")
    builder.add("3", wav, id="b", text="你好", pinyin="ni3 hao")
    builder.add("4", wav, id="c" * 201)
    builder.add("5", tmp_path / "none.wav", id="d")
    corpus = builder.corpus()
    assert [(row.id, row.text, row.lang, row.licence) for row in corpus.rows] == [("a", "你好 吗", "zh-CN", "CC0-1.0")]
    assert [where for where, _ in corpus.skipped] == ["2", "3", "4", "5"]
    assert "'hao' is not a pinyin syllable" in corpus.skipped[1].why
    assert corpus.skipped[2].why.startswith("id")


def test_nothing_at_all_is_an_error_with_the_first_reason(tmp_path):
    builder = Builder(tmp_path)
    with pytest.raises(DataError, match="no recording was found"):
        builder.corpus()
    builder.skip("x.txt, line 3", "it is odd")
    with pytest.raises(DataError, match=r"all 1 entries had to be skipped, the first \(x\.txt, line 3\) because it is odd"):
        builder.corpus()


def test_lines_are_numbered_as_an_editor_does_and_bad_ones_skipped(tmp_path):
    path = tmp_path / "x.txt"
    path.write_bytes("\ufeff一\n\n".encode() + "二".encode("gb18030") + "\n三  \r\n".encode())
    builder = Builder(tmp_path)
    assert list(read_lines(path, builder)) == [(f"{path}, line 1", "一"), (f"{path}, line 4", "三")]
    with pytest.raises(DataError, match=r"line 3\) because the text is not UTF-8"):
        builder.corpus()
    with pytest.raises(DataError, match="cannot be read"):
        list(read_lines(tmp_path / "none", builder))


def test_another_encoding_is_guessed_only_where_it_fits():
    assert "GBK" in encoding_fault("你好".encode("gb18030"))
    assert "GBK" not in encoding_fault(b"\xff\xff\xff")


def test_first_line(tmp_path):
    (tmp_path / "x").write_bytes("\ufeff\n  \n 一 \n二".encode())
    assert first_line(tmp_path / "x") == " 一"
    assert first_line(tmp_path / "none") == ""


@pytest.mark.parametrize(
    ("syllable", "known"),
    [("lv4", True), ("dianr3", True), ("ma5", True), ("hao", False), ("P", False), ("", False), ("ni6", False)],
)
def test_pinyin_has_a_tone(syllable, known):
    assert is_pinyin(syllable) is known


def test_languages_by_script():
    assert [language_of(t) for t in ("你好 OK", "あんた", "Hello.")] == ["zh-CN", "ja", "en"]
    assert join_hanzi("今天 天气 ， good day 啊") == "今天天气， good day 啊"
