import numpy as np
import pytest
import soundfile

from tingshuo.audio.source import PulseTrain
from tingshuo.config import MelConfig
from tingshuo.data import extraction
from tingshuo.data.features import FeatureConfig, key_of, open_features, pitch_of, prepare
from tingshuo.data.utterance import Utterance
from tingshuo.errors import DataError, OutputError

HOP = 256
CONFIG = FeatureConfig()


def tone(hz, rate=24000, seconds=0.8):
    frames = round(seconds * rate / HOP)
    return PulseTrain(rate, HOP).extend(np.full(frames, hz, np.float32)) * 0.3


@pytest.fixture
def rows(tmp_path):
    made = []
    for k, (hz, rate) in enumerate([(110, 24000), (220, 16000), (200, 44100)]):
        path = tmp_path / f"{k}.wav"
        soundfile.write(path, tone(hz, rate), rate)
        made.append(
            Utterance(id=f"c{k}", audio=str(path), speaker="a" if k < 2 else "b", text="你好", split="dev" if k == 1 else "train")
        )
    return made


def test_samples_f0_and_words_of_each_clip(rows, tmp_path):
    features = prepare(rows, CONFIG, tmp_path / "cache")
    assert [clip.id for clip in features.clips] == ["c0", "c1", "c2"]
    assert features.wav.dtype == np.int16
    for clip, hz, rate in zip(features.clips, (110, 220, 200), (24000, 16000, 44100), strict=True):
        assert clip.n_samples == clip.frames * HOP
        assert abs(clip.n_samples - 0.8 * 24000) < 1000
        wav, f0 = features.wav_of(clip), features.f0_of(clip)
        assert wav.shape == (clip.n_samples,)
        assert f0.shape == (clip.frames + 1,)
        assert np.median(f0) == pytest.approx(hz, rel=0.01)
        assert clip.bandwidth_hz == min(rate / 2, 12000)
        assert [word.text for word in clip.words] == ["你好"]
    np.testing.assert_allclose(features.wav_of(features.clips[0]), tone(110), atol=2e-4)


def test_pitch_is_that_of_train_clips(rows, tmp_path):
    features = prepare(rows, CONFIG, tmp_path / "cache")
    assert list(features.pitch) == ["a", "b"]
    assert np.exp(features.pitch["a"].mean) == pytest.approx(110, rel=0.01)
    only_dev = pitch_of([features.clips[1]], features.f0)
    assert np.exp(only_dev["a"].mean) == pytest.approx(220, rel=0.01)
    assert only_dev["a"].std == pytest.approx(0.03)


def test_the_second_time_nothing_is_computed(rows, tmp_path, monkeypatch):
    first = prepare(rows, CONFIG, tmp_path / "cache")
    monkeypatch.setattr(extraction, "extract", lambda *_: pytest.fail("computed again"))
    again = prepare(rows, CONFIG, tmp_path / "cache")
    assert again.clips == first.clips
    assert again.pitch == first.pitch
    assert again.key == first.key
    np.testing.assert_array_equal(again.wav, first.wav)


def test_the_key_depends_on_config_rows_and_files(rows):
    key = key_of(rows, CONFIG)
    assert key == key_of(list(rows), FeatureConfig())
    others = [
        key_of(rows, FeatureConfig(f0_min_hz=70)),
        key_of(rows, FeatureConfig(mel=MelConfig(sample_rate=16000))),
        key_of(rows[:2], CONFIG),
        key_of([rows[0].replace(text="你们"), *rows[1:]], CONFIG),
        key_of([rows[0].replace(pinyin="ni3 hao3"), *rows[1:]], CONFIG),
    ]
    soundfile.write(rows[0].audio, tone(120), 24000)
    others.append(key_of(rows, CONFIG))
    assert len({key, *others}) == 7


@pytest.mark.parametrize("name", ["wav.i16", "f0.f32", "clips.json"])
def test_a_damaged_cache_is_made_again(rows, tmp_path, name):
    features = prepare(rows, CONFIG, tmp_path / "cache")
    samples = features.wav.copy()
    path = features.folder / name
    path.write_bytes(path.read_bytes()[:-10])
    assert open_features(features.folder) is None
    np.testing.assert_array_equal(prepare(rows, CONFIG, tmp_path / "cache").wav, samples)


def test_an_interrupted_run_is_taken_up_again(rows, tmp_path, monkeypatch):
    whole = prepare(rows, CONFIG, tmp_path / "whole")
    monkeypatch.setattr(extraction, "LEAST_ROWS", 1)
    calls = []
    compute = extraction.compute

    def stops(parcel, config):
        calls.append(parcel[0].id)
        if len(calls) == 2:
            raise KeyboardInterrupt
        return compute(parcel, config)

    monkeypatch.setattr(extraction, "compute", stops)
    with pytest.raises(KeyboardInterrupt):
        prepare(rows, CONFIG, tmp_path / "cache")
    partial = next((tmp_path / "cache").glob("*.partial"))
    with (partial / "wav.i16").open("ab") as file:
        file.write(b"torn")
    with (partial / "journal").open("ab") as file:
        file.write(b'{"samples": 1')
    features = prepare(rows, CONFIG, tmp_path / "cache")
    assert calls == ["c0", "c1", "c1", "c2"]
    assert features.clips == whole.clips
    np.testing.assert_array_equal(features.wav, whole.wav)
    np.testing.assert_array_equal(features.f0, whole.f0)
    assert not list((tmp_path / "cache").glob("*.partial"))


def test_processes_give_what_one_gives(rows, tmp_path, monkeypatch):
    alone = prepare(rows, CONFIG, tmp_path / "alone", workers=1)
    monkeypatch.setattr(extraction, "LEAST_ROWS", 1)
    monkeypatch.setattr(extraction, "FEW_ROWS", 0)
    told = []
    together = prepare(rows, CONFIG, tmp_path / "together", lambda done, total: told.append((done, total)), workers=2)
    assert told == [(1, 3), (2, 3), (3, 3)]
    assert together.clips == alone.clips
    np.testing.assert_array_equal(together.f0, alone.f0)


def test_bad_rows_are_listed_with_reasons(rows, tmp_path):
    for name, wav in (
        ("nan", np.full(9000, np.nan)),
        ("short", tone(200, seconds=0.02)),
        ("mute", np.zeros(9600)),
        ("empty", []),
    ):
        soundfile.write(tmp_path / f"{name}.wav", np.asarray(wav, np.float32), 24000, subtype="FLOAT")
    (tmp_path / "text.wav").write_text("not audio")
    names = ("nan", "short", "empty", "text", "missing")
    bad = [Utterance(id=name, audio=str(tmp_path / f"{name}.wav"), speaker="a") for name in names]
    bad.append(Utterance(id="mute", audio=str(tmp_path / "mute.wav"), speaker="nobody"))
    features = prepare([*bad, *rows], CONFIG, tmp_path / "cache")
    assert [clip.id for clip in features.clips] == ["c0", "c1", "c2"]
    reasons = {skip.id: skip.reason for skip in features.skipped}
    assert set(reasons) == {*names, "mute"}
    assert "at least 1024" in reasons["short"]
    assert "nobody" in reasons["mute"]
    assert "no such file" in reasons["missing"]


def test_nothing_to_prepare_is_an_error(rows, tmp_path):
    with pytest.raises(DataError, match="no rows"):
        prepare([], CONFIG, tmp_path / "cache")
    with pytest.raises(DataError, match=r"none of 1 rows can be used.*no such file"):
        prepare([rows[0].replace(audio="/nowhere.wav")], CONFIG, tmp_path / "cache")
    with pytest.raises(DataError, match="two rows have the id 'c0'"):
        prepare([rows[0], rows[0]], CONFIG, tmp_path / "cache")


def test_a_cache_that_cannot_be_written_is_named(rows, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="cannot be written"):
        prepare(rows, CONFIG, tmp_path / "file" / "cache")


def test_a_full_disk_keeps_what_is_done(rows, tmp_path, monkeypatch):
    def full(descriptor):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(extraction.os, "fdatasync", full)
        with pytest.raises(OutputError, match="No space left"):
            prepare(rows, CONFIG, tmp_path / "cache")
    assert len(prepare(rows, CONFIG, tmp_path / "cache").clips) == 3


def test_one_english_row_gives_latin_words_of_all_rows_english_phones(rows, tmp_path):
    mixed = [rows[0].replace(text="用APP"), rows[1].replace(text="hello", lang="en")]
    features = prepare(mixed, CONFIG, tmp_path / "cache")
    assert features.config.english
    assert [word.syllables[0].pinyin for clip in features.clips for word in clip.words] == ["yong4", "AE1 P", "HH AH0"]
    mandarin = prepare([mixed[0]], CONFIG, tmp_path / "cache")
    assert not mandarin.config.english
    assert [word.syllables[0].pinyin for word in mandarin.clips[0].words] == ["yong4", "ai1"]
