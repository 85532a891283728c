"""Any corpus by its path: the layout is found, a dev split made, parts refused where there are none."""

import pytest

from tingshuo.data.corpora.registry import READERS, find_kind, read_corpus
from tingshuo.errors import DataError, RequestError


@pytest.fixture
def folder(tmp_path, write_wav, write_text, texts):
    for k, text in enumerate(texts):
        write_wav(tmp_path / "corpus" / "wavs" / f"{k}.wav")
        write_text(tmp_path / "corpus" / "wavs" / f"{k}.txt", text)
    return tmp_path / "corpus"


def test_every_row_of_the_table_reads():
    for kind in READERS:
        reader = READERS.load(kind)
        assert callable(reader.probe)
        assert callable(reader.read)


def test_the_layout_is_found_by_content(folder, write_text):
    assert find_kind(folder) == "folder"
    write_text(folder / "metadata.csv", "0|今天天气真好")
    assert find_kind(folder) == "ljspeech"
    write_text(folder / "wav.scp", "0 wavs/0.wav")
    with pytest.raises(DataError, match="could be kaldi or ljspeech; name the one"):
        find_kind(folder)
    assert len(read_corpus(folder, "kaldi").rows) == 1


def test_a_corpus_without_dev_gets_one_and_no_text_is_in_two(folder):
    corpus = read_corpus(folder, dev_share=0.3)
    held_out = {row.text for row in corpus.rows if row.split == "dev"}
    assert 0 < len(held_out) < 10
    assert read_corpus(folder, dev_share=0.3) == corpus
    assert {row.split for row in read_corpus(folder, dev_share=0).rows} == {"train"}


def test_what_is_no_corpus_is_refused(tmp_path, write_text):
    with pytest.raises(DataError, match="no such file or folder"):
        read_corpus(tmp_path / "none")
    with pytest.raises(DataError, match="no such file or folder"):
        read_corpus(tmp_path / "none", "folder")
    with pytest.raises(DataError, match="is not a corpus of a known layout"):
        read_corpus(write_text(tmp_path / "x.txt", "你好"))


def test_wrong_requests(folder):
    with pytest.raises(RequestError, match="known: aishell3, baker"):
        read_corpus(folder, "vctk")
    with pytest.raises(RequestError, match="has no parts"):
        read_corpus(folder, parts=["a"])
    with pytest.raises(RequestError, match=r"from 0 to 0\.5"):
        read_corpus(folder, dev_share=0.9)
