"""The data pack: sets as parts, shards with offsets, licences and bandwidths filled in."""

import json
from pathlib import Path

import numpy as np
import pytest

from tingshuo.data.clips import read_clip
from tingshuo.data.corpora.pack import SETS, probe, read
from tingshuo.errors import DataError

PACK = Path(__file__).parents[3].parent / "shared" / "data"


@pytest.fixture
def pack_path(tmp_path, write_wav, texts):
    for name, rate in (("aishell", 16000), ("own_words", 24000), ("noise", 24000)):
        samples = np.arange(10 * 1600, dtype=np.float32) / 20000
        write_wav(tmp_path / name / f"{name}_000.flac", samples, rate)
        rows = [
            {"id": f"{name}{k}", "speaker": None if name == "noise" else "S1", "text": text, "lang": "zh", "split": "train"}
            | {"shard": f"{name}_000.flac", "start": 1600 * k, "n": 1600, "sample_rate": rate, "pinyin": None, "gender": "f"}
            for k, text in enumerate(texts)
        ]
        (tmp_path / name / "index.jsonl").write_text("\n".join(map(json.dumps, rows)), "utf-8")
    return tmp_path


def test_sets_of_speech_are_taken_with_what_is_known_of_them(pack_path, texts):
    assert probe(pack_path)
    corpus = read(pack_path)
    assert [row.text for row in corpus.rows] == [*texts, *texts]
    row, own = corpus.rows[3], corpus.rows[13]
    assert (row.speaker, row.licence, row.bandwidth_hz) == ("S1", "Apache-2.0", 8000)
    assert "AISHELL-1" in row.source
    assert (own.licence, own.source, own.bandwidth_hz) == ("", "own_words", None)
    assert read_clip(row, 16000)[0] == pytest.approx(4800 / 20000, abs=1e-4)


def test_parts_are_sets(pack_path):
    assert {row.speaker for row in read(pack_path, ["noise"]).rows} == {"noise"}
    with pytest.raises(DataError, match="no set 'music'; there are: aishell, noise, own_words"):
        read(pack_path, ["music"])


def test_a_set_alone(pack_path):
    assert probe(pack_path / "noise")
    assert len(read(pack_path / "noise").rows) == 10


def test_a_line_that_is_no_row_is_listed(pack_path):
    index = pack_path / "aishell" / "index.jsonl"
    lines = index.read_text("utf-8").splitlines()
    lines[1] = lines[1].replace('"start": 1600', '"start": "x"')
    lines[2] = lines[2].replace("aishell_000", "aishell_009")
    index.write_text("\n".join(lines), "utf-8")
    corpus = read(pack_path, ["aishell"])
    assert len(corpus.rows) == 8
    assert "start" in corpus.skipped[0].why
    assert "aishell_009.flac is missing" in corpus.skipped[1].why


@pytest.mark.skipif(not PACK.is_dir(), reason="the data pack is not here")
def test_the_pack_itself():
    assert probe(PACK)
    corpus = read(PACK, ["aishell", "cmn_syllables"])
    assert len(corpus.rows) + len(corpus.skipped) == 2560
    assert {(row.split, row.bandwidth_hz) for row in corpus.rows} == {("train", 8000), ("dev", 8000), ("train", None)}
    assert {path.parent.name for path in PACK.glob("*/index.jsonl")} == set(SETS)
