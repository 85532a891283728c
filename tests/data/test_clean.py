"""Cleaning: what is asked for happens to copies, the originals stay, and the folder is there whole or not at all."""

import errno
from pathlib import Path

import numpy as np
import pytest
import soundfile

from tingshuo.audio.level import find_speech
from tingshuo.data import clean as module
from tingshuo.data.clean import CleanConfig, clean, clean_wav, denoise, high_pass
from tingshuo.data.clips import Recording
from tingshuo.data.measures import measure_wav
from tingshuo.data.utterance import Utterance, read_manifest
from tingshuo.errors import ConfigError, DataError, OutputError

RATE = 16000
NOTHING = CleanConfig(margin_s=None, level_db=None, peak=1.0, high_pass_hz=0)


def recording(lead_s=0.8, tail_s=0.5, noise_db=-60.0):
    rng = np.random.default_rng(3)
    time = np.arange(RATE) / RATE
    voice = 0.1 * np.sin(2 * np.pi * 300 * time) * (1 + np.sin(2 * np.pi * 4 * time))
    wav = np.concatenate([np.zeros(round(lead_s * RATE)), voice, np.zeros(round(tail_s * RATE))])
    return (wav + 10 ** (noise_db / 20) * rng.standard_normal(len(wav))).astype(np.float32)


def test_nothing_asked_for_is_nothing_done():
    wav = recording()
    cleaned = clean_wav(Recording(wav, RATE), NOTHING)
    assert np.abs(cleaned - wav).max() < 1e-4


def test_silence_is_cut_to_the_margin():
    cleaned = clean_wav(Recording(recording(), RATE), NOTHING.replace(margin_s=0.15))
    m = measure_wav(cleaned, RATE)
    assert m.lead_s == pytest.approx(0.15, abs=0.03)
    assert m.tail_s == pytest.approx(0.15, abs=0.03)
    assert cleaned[0] == cleaned[-1] == 0, "faded in and out"


def test_a_recording_with_less_silence_than_the_margin_keeps_it():
    wav = recording(lead_s=0.05, tail_s=0.05)
    assert len(clean_wav(Recording(wav, RATE), NOTHING.replace(margin_s=0.5))) == len(wav)


def test_the_level_is_set_unless_peaks_would_be_cut():
    wav = recording()
    for level_db in (-20.0, -30.0):
        cleaned = clean_wav(Recording(wav, RATE), NOTHING.replace(level_db=level_db))
        assert measure_wav(cleaned, RATE).level_db == pytest.approx(level_db, abs=0.2)
    wav[20000] = 0.9
    limited = clean_wav(Recording(wav, RATE), NOTHING.replace(level_db=-10.0, peak=0.5))
    assert np.abs(limited).max() == pytest.approx(0.5, abs=1e-3)


def test_dc_and_rumble_go_and_speech_stays_in_phase():
    wav = recording()
    rumble = 0.05 * np.sin(2 * np.pi * 20 * np.arange(len(wav)) / RATE)
    cleaned = clean_wav(Recording((wav + rumble + 0.03).astype(np.float32), RATE), NOTHING.replace(high_pass_hz=60.0))
    middle = slice(RATE, -RATE // 2)
    assert abs(cleaned.mean()) < 1e-4
    assert np.abs(cleaned[middle] - wav[middle]).max() < 0.01


def test_the_high_pass_has_the_gain_that_it_promises():
    time = np.arange(4 * RATE) / RATE
    for frequency, gain in ((20, 0.0), (25, 0.0), (50, 1.0), (1000, 1.0)):
        tone = np.sin(2 * np.pi * frequency * time).astype(np.float32)
        assert np.abs(high_pass(tone, RATE, 50)[RATE:-RATE]).max() == pytest.approx(gain, abs=0.02)


def test_noise_is_lowered_by_no_more_than_asked_and_speech_is_kept():
    wav, quiet = recording(noise_db=-45), slice(3000, 9000)
    speech, _ = find_speech(module.frame_rms_db(wav, 400, 160))
    lowered = denoise(wav, RATE, speech, 8)
    change_db = 20 * np.log10(np.std(lowered[quiet]) / np.std(wav[quiet]))
    assert -8.1 < change_db < -5
    loud = slice(RATE, RATE + 8000)
    assert len(lowered) == len(wav)
    assert np.std(lowered[loud]) == pytest.approx(np.std(wav[loud]), rel=0.02)


def test_a_recording_without_pauses_is_not_denoised():
    wav = recording(lead_s=0, tail_s=0)
    assert denoise(wav, RATE, np.ones(101, bool), 8) is wav


def test_silence_gives_no_samples():
    assert len(clean_wav(Recording(np.zeros(5000, np.float32), RATE), CleanConfig())) == 0


@pytest.fixture
def rows(tmp_path, write_wav):
    names = ("spk/a", "spk/A", "../../b", "丙", "x" * 199, "part")
    shard = write_wav(tmp_path / "in" / "shard.wav", np.concatenate([recording() for _ in names]))
    n = len(recording())
    return [
        Utterance(id=id, audio=str(shard), start_samples=k * n, n_samples=n, text="你好", split="dev")
        for k, id in enumerate(names)
    ]


def test_a_new_corpus_is_written_and_the_original_stays(rows, tmp_path):
    before = Path(rows[0].audio).read_bytes()
    bad = [Utterance(id="missing", audio=str(tmp_path / "none.wav")), Utterance(id="silent", audio=str(tmp_path / "silent.wav"))]
    soundfile.write(tmp_path / "silent.wav", np.zeros(4000), RATE)
    seen = []
    written, skipped = clean([*rows, *bad], tmp_path / "out", CleanConfig(), lambda done, total: seen.append((done, total)))
    assert Path(rows[0].audio).read_bytes() == before
    assert seen[-1] == (8, 8)
    assert read_manifest(tmp_path / "out" / "manifest.jsonl") == written
    assert [row.id for row in written] == [row.id for row in rows]
    assert len({row.audio.casefold() for row in written}) == len(rows)
    for row in written:
        assert Path(row.audio).resolve().is_relative_to(tmp_path / "out" / "wavs")
        wav, rate = soundfile.read(row.audio)
        assert rate == RATE
        assert len(wav) / RATE == pytest.approx(1.2, abs=0.1)
        assert (row.text, row.split, row.n_samples, row.start_samples) == ("你好", "dev", None, 0)
    assert [(where, why) for where, why in skipped] == [
        ("missing", f"{tmp_path / 'none.wav'}: no such file"),
        ("silent", "nothing but silence"),
    ]


def test_nothing_is_left_of_a_failure(rows, tmp_path, monkeypatch):
    with pytest.raises(DataError, match=r"none of the 1 recordings could be used, the first because .*no such file"):
        clean([Utterance(id="a", audio=str(tmp_path / "none.wav"))], tmp_path / "out", CleanConfig())

    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(module, "_write", full)
    with pytest.raises(OutputError, match="No space left on device"):
        clean(rows, tmp_path / "out", CleanConfig())
    assert {path.name for path in tmp_path.iterdir()} == {"in"}


def test_a_folder_that_exists_is_not_touched(rows, tmp_path):
    with pytest.raises(OutputError, match="already exists"):
        clean(rows, tmp_path / "in", CleanConfig())


def test_settings_have_ranges():
    with pytest.raises(ConfigError, match="denoise_db"):
        CleanConfig.check({"denoise_db": 40}, "clean")
