"""Kaldi folders: tables, segments in seconds, splits as folders; a command is refused and never run."""

import numpy as np
import pytest

from tingshuo.data.clips import read_clip
from tingshuo.data.corpora.kaldi import probe, read
from tingshuo.errors import DataError


@pytest.fixture
def corpus_path(tmp_path, write_wav, write_text, texts):
    for k in range(10):
        write_wav(tmp_path / "audio" / f"u{k}.wav")
    write_text(tmp_path / "wav.scp", *(f"u{k} audio/u{k}.wav" for k in range(10)))
    write_text(tmp_path / "text", *(f"u{k} {' '.join(text)}" for k, text in enumerate(texts)))
    write_text(tmp_path / "utt2spk", *(f"u{k} spk{k % 2}" for k in range(10)))
    return tmp_path


def test_ten_rows(corpus_path, texts):
    assert probe(corpus_path)
    corpus = read(corpus_path)
    assert [(row.id, row.text, row.speaker) for row in corpus.rows] == [(f"u{k}", t, f"spk{k % 2}") for k, t in enumerate(texts)]
    assert not corpus.skipped


def test_blanks_stay_between_words_of_latin_letters(corpus_path, write_text):
    write_text(corpus_path / "text", "u0 打开 hello world 应用")
    assert read(corpus_path).rows[0].text == "打开 hello world 应用"


def test_segments_are_parts_of_recordings(corpus_path, write_text, write_wav):
    long = write_wav(corpus_path / "long.wav", np.arange(32000, dtype=np.float32) / 32000, subtype="FLOAT")
    write_text(corpus_path / "wav.scp", f"rec {long}")
    write_text(corpus_path / "segments", "u0 rec 0.5 1.0", "u1 rec 1.5 -1", "u2 rec 1 1", "u3 rec one two", "u4 other 0 1")
    corpus = read(corpus_path)
    first, second = corpus.rows
    assert (first.start_samples, first.n_samples, second.start_samples, second.n_samples) == (8000, 8000, 24000, None)
    assert read_clip(first, 16000)[0] == pytest.approx(0.25)
    assert len(read_clip(second, 16000)) == 8000
    reasons = " ".join(why for _, why in corpus.skipped)
    assert "goes from 1 to 1 s" in reasons
    assert "'u3 rec one two'" in reasons
    assert "'other' is not in wav.scp" in reasons
    assert "'u5' has no recording" in reasons


def test_a_command_is_refused_and_not_run(corpus_path, write_text, tmp_path):
    write_text(corpus_path / "wav.scp", "u0 audio/u0.wav", f"u1 touch {tmp_path / 'ran'} |")
    with pytest.raises(DataError, match=r"wav\.scp, line 2: is a command .*never runs one; write the recordings to files"):
        read(corpus_path)
    assert not (tmp_path / "ran").exists()


def test_what_lacks_a_text_or_a_file_is_listed(corpus_path, write_text):
    write_text(corpus_path / "wav.scp", "u0 audio/u0.wav", "u1 none.wav", "nameless", "u0 audio/u1.wav", "u77 audio/u7.wav")
    corpus = read(corpus_path)
    assert [row.id for row in corpus.rows] == ["u0"]
    reasons = " ".join(why for _, why in corpus.skipped)
    for expected in (
        "none.wav is missing",
        "'nameless' has nothing after it",
        "'u0' is there already",
        "'u77' has no line in text",
    ):
        assert expected in reasons


def test_folders_of_splits_and_no_text(tmp_path, write_wav, write_text):
    for split in ("train", "dev"):
        write_wav(tmp_path / f"{split}.wav")
        write_text(tmp_path / split / "wav.scp", f"{split}1 {tmp_path / split}.wav")
    assert probe(tmp_path)
    assert [(row.id, row.split, row.text) for row in read(tmp_path).rows] == [("train1", "train", None), ("dev1", "dev", None)]
