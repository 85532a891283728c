"""The layout of LJSpeech: bars between fields, the spelled-out text, lines that do not parse."""

import pytest

from tingshuo.data.corpora.ljspeech import probe, read
from tingshuo.errors import DataError


@pytest.fixture
def corpus_path(tmp_path, write_wav, write_text, texts):
    for k in range(10):
        write_wav(tmp_path / "wavs" / f"s{k:02}.wav")
    write_text(tmp_path / "metadata.csv", *(f"s{k:02}|{text}1|{text}一" for k, text in enumerate(texts)))
    return tmp_path


def test_ten_rows_with_the_text_spelled_out(corpus_path, texts):
    assert probe(corpus_path)
    assert probe(corpus_path / "metadata.csv")
    corpus = read(corpus_path)
    assert [(row.id, row.text) for row in corpus.rows] == [(f"s{k:02}", f"{text}一") for k, text in enumerate(texts)]
    assert corpus.rows[0].audio == str(corpus_path / "wavs" / "s00.wav")
    assert {(row.lang, row.licence) for row in corpus.rows} == {("zh-CN", "")}
    assert read(corpus_path / "metadata.csv").rows == corpus.rows


def test_what_cannot_be_used_is_listed_with_its_line(corpus_path, write_text):
    lines = ["s00|你好|你好", "s01", "s02|a|b|c", "s99|没有录音|没有录音", "s03||", "s00|又是|又是", "s04|两栏"]
    write_text(corpus_path / "metadata.csv", *lines)
    corpus = read(corpus_path)
    assert [(row.id, row.text) for row in corpus.rows] == [("s00", "你好"), ("s04", "两栏")]
    reasons = {int(where.rpartition("line ")[2]): why for where, why in corpus.skipped}
    assert reasons.keys() == {2, 3, 4, 5, 6}
    assert "got 1 fields" in reasons[2]
    assert "got 4 fields" in reasons[3]
    assert "s99.wav is missing" in reasons[4]
    assert reasons[5] == "the text is empty"
    assert "taken already" in reasons[6]


def test_a_line_in_another_encoding_is_skipped_and_a_file_of_them_refused(corpus_path):
    path = corpus_path / "metadata.csv"
    path.write_bytes("s00|你好\n".encode() + "s01|你好\n".encode("gb18030"))
    corpus = read(corpus_path)
    assert len(corpus.rows) == 1
    assert "could be GBK" in corpus.skipped[0].why
    path.write_bytes("s00|你好\ns01|再见\n".encode("gb18030"))
    with pytest.raises(DataError, match=r"all 2 entries.*line 1.*iconv -f GB18030 -t UTF-8"):
        read(corpus_path)


def test_utf_16_is_refused_by_name(corpus_path):
    (corpus_path / "metadata.csv").write_bytes("s00|你好\n".encode("utf-16"))
    with pytest.raises(DataError, match=r"metadata\.csv: is UTF-16"):
        read(corpus_path)


def test_the_original_is_known_by_its_ids(tmp_path, write_wav, write_text):
    write_wav(tmp_path / "wavs" / "LJ001-0001.wav")
    write_text(tmp_path / "metadata.csv", "LJ001-0001|Printing, in the only sense|Printing, in the only sense")
    [row] = read(tmp_path).rows
    assert (row.speaker, row.lang, row.licence, row.source) == ("LJ", "en", "public domain", "LJSpeech")
