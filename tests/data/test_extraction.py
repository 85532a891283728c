import fcntl

import numpy as np
import pytest
import soundfile

from tingshuo.data import extraction
from tingshuo.data.features import FeatureConfig
from tingshuo.data.utterance import Utterance


def row(id, audio, start=0, **fields):
    return Utterance(id=id, audio=audio, start_samples=start, **fields)


def test_small_files_share_a_parcel_and_large_ones_are_cut(monkeypatch):
    monkeypatch.setattr(extraction, "LEAST_ROWS", 2)
    monkeypatch.setattr(extraction, "MOST_ROWS", 4)
    rows = [row(f"s{k}", f"{k}.wav") for k in range(3)] + [row(f"l{k}", "long.opus", 100 - k) for k in range(9)]
    parcels = [[one.id for one in parcel] for parcel in extraction._parcels(rows)]
    assert parcels == [["s0", "s1"], ["s2"], ["l8", "l7", "l6", "l5"], ["l4", "l3", "l2", "l1"], ["l0"]]


def test_a_parcel_counts_from_its_own_beginning(tmp_path):
    path = tmp_path / "shard.wav"
    soundfile.write(path, np.random.default_rng(0).uniform(-0.9, 0.9, 24000), 24000)
    rows = [row("b", str(path), 12000, n_samples=8000), row("a", str(path), 0, n_samples=5000)]
    parcel = extraction.compute(rows, FeatureConfig())
    assert [(clip.id, clip.start_samples, clip.n_samples, clip.f0_start, clip.frames) for clip in parcel.clips] == [
        ("a", 0, 4864, 0, 19),
        ("b", 4864, 7936, 20, 31),
    ]
    assert len(parcel.wav) == 4864 + 7936
    assert len(parcel.f0) == 20 + 32


def test_full_scale_is_not_exceeded(tmp_path):
    path = tmp_path / "loud.wav"
    soundfile.write(path, np.repeat(np.float32([2, -2]), 4096), 24000, subtype="FLOAT")
    wav = extraction.compute([row("a", str(path))], FeatureConfig()).wav
    assert (wav.max(), wav.min()) == (32767, -32767)


def test_what_is_known_of_the_bandwidth_is_kept(tmp_path):
    path = tmp_path / "a.wav"
    soundfile.write(path, np.zeros(8000), 24000)
    rows = [row("a", str(path), bandwidth_hz=7000.0), row("b", str(path), bandwidth_hz=20000.0), row("c", str(path))]
    assert [clip.bandwidth_hz for clip in extraction.compute(rows, FeatureConfig()).clips] == [7000, 12000, 12000]


def test_a_folder_is_made_by_one_process_at_a_time(tmp_path):
    lock = tmp_path / "deep" / "features-1.lock"
    with extraction.locked(lock.with_suffix("")), lock.open("w") as other, pytest.raises(BlockingIOError):
        fcntl.flock(other, fcntl.LOCK_EX | fcntl.LOCK_NB)
    with lock.open("w") as other:
        fcntl.flock(other, fcntl.LOCK_EX | fcntl.LOCK_NB)
