"""Clips: the right samples of the right file, in one pass over a shard, and errors that name the file."""

import json
from pathlib import Path

import numpy as np
import pytest
import soundfile

from tingshuo.data import clips
from tingshuo.data.clips import read_clip, read_clips, read_recording, read_recordings
from tingshuo.data.utterance import Utterance
from tingshuo.errors import DataError

PACK = Path(__file__).parents[2].parent / "shared" / "data"
RAMP = (np.arange(8000) / 8000).astype(np.float32)


def row(path: Path, id: str = "a", **fields) -> Utterance:
    return Utterance(id=id, audio=str(path), **fields)


def test_a_part_of_a_file_is_read_to_the_sample(tmp_path, write_wav):
    path = write_wav(tmp_path / "x.wav", RAMP, subtype="FLOAT")
    assert np.array_equal(read_clip(row(path, start_samples=100, n_samples=50), 16000), RAMP[100:150])
    assert np.array_equal(read_clip(row(path, start_samples=7000), 16000), RAMP[7000:])


def test_it_is_mono_and_at_the_wanted_rate(tmp_path, write_wav):
    path = write_wav(tmp_path / "x.wav", np.stack([RAMP, -RAMP], axis=1), subtype="FLOAT")
    wav = read_clip(row(path), 24000)
    assert wav.dtype == np.float32
    assert wav.shape == (12000,)
    assert np.abs(wav).max() < 1e-6
    assert read_recording(row(path)).sample_rate == 16000


@pytest.mark.parametrize("suffix", ["wav", "flac", "ogg"])
def test_a_shard_is_read_once_in_order_whatever_the_order_of_its_rows(tmp_path, write_wav, monkeypatch, suffix):
    path = write_wav(tmp_path / f"shard.{suffix}", RAMP)
    whole, _ = soundfile.read(path, dtype="float32")
    opened = []
    monkeypatch.setattr(soundfile, "SoundFile", lambda name, real=soundfile.SoundFile: opened.append(name) or real(name))
    places = [(6000, 2000), (0, 1000), (500, 1500), (500, 100), (3000, None)]  # with overlaps, a gap and an open end
    rows = [row(path, str(k), start_samples=start, n_samples=n) for k, (start, n) in enumerate(places)]
    read = [(r.id, wav) for r, wav in read_clips(rows, 16000)]
    assert [id for id, _ in read] == ["1", "2", "3", "4", "0"]
    for id, wav in read:
        start, n = places[int(id)]
        assert np.array_equal(wav, whole[start : None if n is None else start + n]), id
    assert opened == [str(path)]


def test_one_bad_clip_does_not_end_the_reading(tmp_path, write_wav):
    good = write_wav(tmp_path / "good.wav")
    rows = [row(tmp_path / "none.wav", "a"), row(good, "b", n_samples=10**6), row(good, "c"), row(tmp_path / "none.wav", "d")]
    read = {r.id: found for r, found in read_recordings(rows)}
    assert isinstance(read["a"], DataError)
    assert isinstance(read["b"], DataError)
    assert len(read["c"].wav) == 12800
    assert read["d"] is read["a"], "a file that cannot be opened is tried once"


def test_the_blocks_of_a_long_clip_join(tmp_path, write_wav, monkeypatch):
    monkeypatch.setattr(clips, "BLOCK_SAMPLES", 333)
    path = write_wav(tmp_path / "x.wav", RAMP, subtype="FLOAT")
    [(_, wav)] = read_clips([row(path, start_samples=1000, n_samples=5000)], 16000)
    assert np.array_equal(wav, RAMP[1000:6000])


def nan_wav(path: Path) -> None:
    wav = RAMP.copy()
    wav[1234] = np.nan
    soundfile.write(path, wav, 16000, subtype="FLOAT")


def infinite_wav(path: Path) -> None:
    wav = RAMP.copy()
    wav[7] = np.inf
    soundfile.write(path, wav, 16000, subtype="FLOAT")


@pytest.mark.parametrize(
    ("make", "fields", "message"),
    [
        (lambda path: None, {}, "no such file"),
        (lambda path: path.mkdir(), {}, "no such file"),
        (lambda path: path.write_bytes(b""), {}, "cannot be read as audio"),
        (lambda path: path.write_bytes(b"not a sound" * 99), {}, "cannot be read as audio"),
        (lambda path: soundfile.write(path, RAMP[:0], 16000), {}, "holds no samples"),
        (nan_wav, {}, "sample 1234 of clip 'a' is not a finite number"),
        (nan_wav, {"start_samples": 1200, "n_samples": 100}, "sample 1234 of clip 'a'"),
        (infinite_wav, {}, "sample 7 of clip 'a'"),
        (
            lambda path: soundfile.write(path, RAMP, 16000),
            {"start_samples": 8000},
            "samples 8000 to its end, but the file has 8000",
        ),
        (lambda path: soundfile.write(path, RAMP, 16000), {"n_samples": 8001}, "samples 0 to 8001, but the file has 8000"),
    ],
)
def test_what_cannot_be_read_is_named_with_its_cause(tmp_path, make, fields, message):
    path = tmp_path / "bad.wav"
    make(path)
    with pytest.raises(DataError, match=message) as caught:
        read_clip(row(path, **fields), 24000)
    assert str(path) in str(caught.value)
    [(_, found)] = read_clips([row(path, **fields)], 24000)
    assert str(found) == str(caught.value)


def test_a_wav_cut_short_is_found(tmp_path, write_wav):
    path = write_wav(tmp_path / "x.wav", RAMP)
    path.write_bytes(path.read_bytes()[:5000])
    with pytest.raises(DataError, match=r"but the file has 2\d\d\d"):
        read_clip(row(path, start_samples=4000, n_samples=100), 16000)


def test_an_mp3_cut_short_is_found(tmp_path, write_wav, capfd):
    path = write_wav(tmp_path / "x.mp3")
    assert len(read_clip(row(path), 16000)) == 12800
    path.write_bytes(path.read_bytes()[:2000])
    with pytest.raises(DataError, match=r"is cut off: it holds \d+ of its 12800 samples"):
        read_clip(row(path), 16000)


def test_a_flac_of_unknown_length_is_read(tmp_path, write_wav):
    path = write_wav(tmp_path / "x.flac", RAMP)
    data = bytearray(path.read_bytes())
    data[21] &= 0xF0  # the 36 bits of STREAMINFO that hold the number of samples
    data[22:26] = bytes(4)
    path.write_bytes(data)
    assert len(read_clip(row(path), 16000)) == 8000
    assert len(read_clip(row(path, start_samples=100, n_samples=50), 16000)) == 50
    with pytest.raises(DataError, match="but the file has 8000"):
        read_clip(row(path, n_samples=9000), 16000)


@pytest.mark.skipif(not PACK.is_dir(), reason="the data pack is not here")
def test_clips_of_an_opus_shard_equal_the_whole_decode():
    index = PACK / "noise" / "index.jsonl"
    entries = [json.loads(line) for line in index.read_text("utf-8").splitlines()]
    whole, rate = soundfile.read(index.parent / entries[0]["shard"], dtype="float32")
    rows = [row(index.parent / e["shard"], e["id"], start_samples=e["start"], n_samples=e["n"]) for e in reversed(entries)]
    for (r, wav), entry in zip(read_clips(rows, rate), entries, strict=True):
        assert np.array_equal(wav, whole[entry["start"] : entry["start"] + entry["n"]])
        assert np.abs(read_clip(r, rate) - wav).max() < 0.01
