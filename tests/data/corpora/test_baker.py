"""Baker: two lines an utterance, marks of prosody taken out, lines without a partner listed."""

import pytest

from tingshuo.data.corpora.baker import probe, read


@pytest.fixture
def corpus_path(tmp_path, write_wav, write_text):
    lines = []
    for k in range(1, 11):
        write_wav(tmp_path / "Wave" / f"{k:06}.wav")
        lines += [f"{k:06}\t卡尔普#2陪外孙#1玩滑梯#4。", "\tka2 er2 pu3 pei2 wai4 sun1 wan2 hua2 ti1"]
    write_text(tmp_path / "ProsodyLabeling" / "000001-010000.txt", *lines)
    return tmp_path


def test_ten_rows(corpus_path):
    assert probe(corpus_path)
    corpus = read(corpus_path)
    assert [row.id for row in corpus.rows] == [f"{k:06}" for k in range(1, 11)]
    row = corpus.rows[0]
    assert (row.text, row.pinyin) == ("卡尔普陪外孙玩滑梯。", "ka2 er2 pu3 pei2 wai4 sun1 wan2 hua2 ti1")
    assert (row.speaker, row.licence) == ("baker", "non-commercial use only")
    assert not corpus.skipped


def test_lines_without_a_partner_and_foreign_letters_are_listed(corpus_path, write_text):
    write_text(
        corpus_path / "ProsodyLabeling" / "000001-010000.txt",
        "\tni3 hao3",
        "000001\t没有#1拼音#4。",
        "000002\t你好#4。",
        "\tni3 hao3",
        "000003\tＰ图#4。",
        "\tP IY1 tu2",
        "000099\t你好#4。",
        "\tni3 hao3",
        "000004\t最后#4。",
    )
    corpus = read(corpus_path)
    assert [(row.id, row.text) for row in corpus.rows] == [("000002", "你好。")]
    reasons = [(where.rpartition(" ")[2], why) for where, why in corpus.skipped]
    assert [number for number, _ in reasons] == ["1", "2", "5", "7", "9"]
    assert "without a line of text" in reasons[0][1]
    assert "without a line of pinyin" in reasons[1][1]
    assert "'P' is not a pinyin syllable" in reasons[2][1]
