"""Several corpora become one, and of what everybody says, people are held out."""

import numpy as np
import pytest

pytest.importorskip("torch")

import soundfile

from tingshuo.data.utterance import Utterance, write_manifest
from tingshuo.errors import DataError
from tingshuo.train.recogniser_config import read_recogniser_config
from tingshuo.train.recogniser_corpora import read_corpora

pytestmark = pytest.mark.train
OPEN, CLOSED = (read_recogniser_config(preset, None, ["dev_share=0.2"]) for preset in ("listener", "digits"))


def corpus(folder, speakers=8, texts=("一", "二"), **fields):
    folder.mkdir()
    soundfile.write(folder / "a.wav", np.zeros(1600, np.float32), 16000)
    rows = [
        Utterance(id=f"{text}{n}", audio="a.wav", text=text, speaker=f"s{n}", **fields) for n in range(speakers) for text in texts
    ]
    write_manifest(folder / "manifest.jsonl", rows)
    return folder


def test_one_corpus_is_as_it_is(tmp_path):
    found = read_corpora([corpus(tmp_path / "a")], OPEN)
    assert {row.id for row in found.rows} >= {"一0", "二7"}
    held_out = {row.text for row in found.rows if row.split == "dev"}
    assert len(held_out) == 1, "texts are held out"


def test_several_have_ids_and_sources_of_their_own(tmp_path):
    paths = [corpus(tmp_path / "a"), corpus(tmp_path / "b", source="B 1.0")]
    rows = read_corpora(paths, OPEN).rows
    assert len({row.id for row in rows}) == 32
    assert {row.source for row in rows} == {"a", "B 1.0"}
    assert {row.id.partition("/")[0] for row in rows if row.source == "B 1.0"} == {"2"}


def test_of_a_closed_set_people_are_held_out(tmp_path):
    rows = read_corpora([corpus(tmp_path / "a")], CLOSED).rows
    held_out, taught = ([row for row in rows if row.split == split] for split in ("dev", "train"))
    assert {row.text for row in held_out} == {row.text for row in taught} == {"一", "二"}
    assert len({row.speaker for row in held_out}) == 2
    assert not {row.speaker for row in held_out} & {row.speaker for row in taught}


def test_of_few_people_clips_are_held_out(tmp_path):
    rows = read_corpora([corpus(tmp_path / "a", 3)], CLOSED).rows
    assert sum(row.split == "dev" for row in rows) == 1


def test_a_split_that_is_there_stays(tmp_path):
    rows = read_corpora([corpus(tmp_path / "a", split="dev")], CLOSED).rows
    assert {row.split for row in rows} == {"dev"}


def test_folders_of_words_are_a_closed_set(tmp_path):
    for word in ("是", "否"):
        (tmp_path / word).mkdir()
        for n in range(6):
            soundfile.write(tmp_path / word / f"s{n}_1.wav", np.zeros(1600, np.float32), 16000)
    rows = read_corpora([tmp_path], CLOSED).rows
    assert {row.text for row in rows} == {"是", "否"}
    assert {row.split for row in rows} == {"train", "dev"}


def test_what_is_missing_is_told(tmp_path):
    with pytest.raises(DataError, match="no such file"):
        read_corpora([tmp_path / "nothing"], OPEN)
