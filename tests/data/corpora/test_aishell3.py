"""AISHELL-3: characters and pinyin apart, speakers from names, its own test split."""

import pytest

from tingshuo.data.corpora.aishell3 import probe, read


@pytest.fixture
def corpus_path(tmp_path, write_wav, write_text):
    lines = {
        "train": [f"SSB0005000{k}.wav\t广 guang3 州 zhou1 女 nv3 大 da4" for k in range(8)],
        "test": ["SSB06000001.wav\t玩 wanr2 儿 吧 ba5", "SSB06000002.wav\t一 yi1 百 bai3"],
    }
    for split, rows in lines.items():
        for line in rows:
            name = line.split("\t")[0]
            write_wav(tmp_path / split / "wav" / name[:7] / name)
        write_text(tmp_path / split / "content.txt", *rows)
    return tmp_path


def test_ten_rows(corpus_path):
    assert probe(corpus_path)
    corpus = read(corpus_path)
    assert len(corpus.rows) == 10
    first, last = corpus.rows[0], corpus.rows[-2]
    assert (first.id, first.speaker, first.split) == ("SSB00050000", "SSB0005", "train")
    assert (first.text, first.pinyin) == ("广州女大", "guang3 zhou1 nv3 da4")
    assert (last.text, last.pinyin, last.split) == ("玩儿吧", "wanr2 ba5", "test")
    assert {row.licence for row in corpus.rows} == {"Apache-2.0"}


def test_one_split_alone(corpus_path):
    assert probe(corpus_path / "test")
    assert {row.split for row in read(corpus_path / "test").rows} == {"test"}


def test_lines_that_do_not_parse_are_listed(corpus_path, write_text):
    write_text(
        corpus_path / "train" / "content.txt",
        "SSB00050000.wav\t广 guang3 州 zhou1",
        "SSB00050001.wav\t广 guang3 州",
        "SSB00050002.wav",
        "SSB00050003.wav\t广 guang3 州 zhouu1",
        "SSB00059999.wav\t广 guang3",
    )
    corpus = read(corpus_path)
    assert len(corpus.rows) == 3
    assert [where.rpartition(" ")[2] for where, _ in corpus.skipped] == ["2", "3", "4", "5"]
    assert "'zhouu1' is not a pinyin syllable" in corpus.skipped[2].why
    assert "is missing" in corpus.skipped[3].why


def test_other_content_files_are_not_it(tmp_path, write_text):
    write_text(tmp_path / "content.txt", "a table of contents")
    assert not probe(tmp_path)
