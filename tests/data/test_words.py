import json
from pathlib import Path

import numpy as np
import pytest
import soundfile

from tingshuo.data.words import read_words, words_of
from tingshuo.errors import DataError, RequestError


def write(path: Path, samples: int = 1600) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(path, np.zeros(samples, np.float32), 16000)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for word in ("开灯", "关灯"):
        for speaker in ("ann", "bob", "cai", "dan", "eva"):
            for take in (1, 2):
                write(tmp_path / word / f"{speaker}_{take}.wav")
    write(tmp_path / "_background_noise_" / "street.wav")
    (tmp_path / "开灯" / "notes.txt").write_text("not sound")
    (tmp_path / ".cache").mkdir()
    return tmp_path


def test_a_folder_is_a_word_and_a_file_name_begins_with_who_speaks(folder: Path) -> None:
    rows = read_words(folder).rows
    assert words_of(rows) == ("关灯", "开灯")
    assert {row.speaker for row in rows if row.text} == {"ann", "bob", "cai", "dan", "eva"}
    (noise,) = [row for row in rows if row.text is None]
    assert (noise.id, noise.split) == ("_background_noise_/street", "train")
    assert len(rows) == 21


def test_nobody_is_in_two_splits(folder: Path) -> None:
    rows = [row for row in read_words(folder, 0.2).rows if row.text]
    held = {row.speaker for row in rows if row.split == "dev"}
    assert len(held) == 1
    assert all((row.split == "dev") == (row.speaker in held) for row in rows)
    assert read_words(folder, 0.2) == read_words(folder, 0.2)
    assert all(row.split == "train" for row in read_words(folder, 0).rows)


def test_clips_of_few_people_are_held_out_word_by_word(tmp_path: Path) -> None:
    for word in ("on", "off"):
        for take in range(10):
            write(tmp_path / word / f"{take}.wav")
    rows = read_words(tmp_path, 0.2).rows
    assert [sum(row.split == "dev" and row.text == word for row in rows) for word in ("on", "off")] == [2, 2]


def test_folders_of_splits_hold_folders_of_words(tmp_path: Path) -> None:
    for split in ("train", "dev", "test"):
        for word in ("on", "off"):
            for take in (1, 2):
                write(tmp_path / split / word / f"ann_{take}.wav")
    rows = read_words(tmp_path).rows
    assert {row.split for row in rows} == {"train", "dev"}
    assert words_of(rows) == ("off", "on")


def test_a_corpus_whose_texts_are_words_is_read_as_it_is(tmp_path: Path) -> None:
    write(tmp_path / "shard.wav", 16000)
    takes = [("好", "train"), ("好", "train"), ("坏", "train"), ("坏", "train"), ("好", "dev"), ("坏", "test")]
    index = []
    for k, (text, split) in enumerate(takes):
        place = {"shard": "shard.wav", "start": 1000 * k, "n": 1000, "sample_rate": 16000}
        index.append(json.dumps({"id": str(k), "speaker": "s", "text": text, "split": split, **place}) + "\n")
    (tmp_path / "index.jsonl").write_text("".join(index))
    rows = read_words(tmp_path).rows
    assert [(one.text, one.split) for one in rows] == takes[:-1]


def test_too_few_words_or_clips_are_told(tmp_path: Path) -> None:
    write(tmp_path / "on" / "a_1.wav")
    write(tmp_path / "on" / "a_2.wav")
    with pytest.raises(DataError, match="holds 1 words, and two are needed: give a folder that has a folder of clips"):
        read_words(tmp_path)
    write(tmp_path / "off" / "a_1.wav")
    with pytest.raises(DataError, match="has 1 clips of 'off' to learn from, at least 2 are needed"):
        read_words(tmp_path)
    with pytest.raises(DataError, match="no such file or folder"):
        read_words(tmp_path / "missing")


def test_a_share_out_of_range_is_refused(folder: Path) -> None:
    with pytest.raises(RequestError, match=r"from 0 to 0\.5, got 0\.7"):
        read_words(folder, 0.7)
