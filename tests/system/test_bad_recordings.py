"""What is wrong with recordings, settings or the disk is said by `tingshuo train` in one sentence, before anything is learnt."""

import errno
import json
from types import SimpleNamespace

import numpy as np
import pytest
import soundfile

torch = pytest.importorskip("torch")

from tingshuo.app.cli.main import run  # noqa: E402
from tingshuo.data.utterance import read_manifest  # noqa: E402
from tingshuo.store import atomic  # noqa: E402
from tingshuo.train import material, voice  # noqa: E402

pytestmark = pytest.mark.train

STATEMENTS = ("licence=CC0-1.0", "consent=noise", "data_statement=made up")
RATE = 16000


class ReachedError(BaseException):
    """All checks are passed, the work begins; nothing catches it."""


@pytest.fixture(autouse=True)
def no_work(monkeypatch):
    """Stop where features would be computed, which comes before alignment and training."""

    def reached(*_):
        raise ReachedError

    monkeypatch.setattr(voice, "prepare_material", reached)


def speechlike(seconds=1.0, rate=RATE):
    rng = np.random.default_rng(0)
    wav = 1e-4 * rng.standard_normal(int(seconds * rate))
    wav[len(wav) // 8 : -len(wav) // 8] += 0.1 * rng.standard_normal(len(wav[len(wav) // 8 : -len(wav) // 8]))
    return wav.astype(np.float32)


def record(folder, name, wav=None, rate=RATE, text="今天天气真好"):
    soundfile.write(folder / f"{name}.wav", speechlike() if wav is None else wav, rate, subtype="FLOAT")
    (folder / f"{name}.txt").write_text(text, "utf-8")


def no_file(folder):
    record(folder, "bad")
    (folder / "bad.wav").unlink()


def no_byte(folder):
    record(folder, "bad")
    (folder / "bad.wav").write_bytes(b"")


def no_sample(folder):
    record(folder, "bad", speechlike()[:0])


def not_utf8(folder):
    record(folder, "bad")
    (folder / "bad.txt").write_bytes("今天天气真好".encode("gb18030"))


def not_a_number(folder):
    wav = speechlike()
    wav[123] = np.nan
    record(folder, "bad", wav)


HARMS = {
    no_file: "no sound file of that name",
    no_byte: "cannot be read as audio",
    no_sample: "holds no samples",
    not_utf8: "the text is not UTF-8",
    not_a_number: "sample 123 of clip 'bad' is not a finite number",
}


ALONE = HARMS | {no_file: "is not a corpus of a known layout"}
"""Without any other recording."""


def train(folder, out, *more):
    statements = [part for statement in STATEMENTS for part in ("--set", f"bundle.{statement}")]
    return run(["train", str(folder), "-o", str(out), "--preset", "tiny", *statements, *more])


@pytest.fixture
def folder(tmp_path):
    path = tmp_path / "recordings"
    path.mkdir()
    return path


@pytest.mark.parametrize("harm", HARMS, ids=lambda harm: harm.__name__)
def test_a_bad_recording_is_listed_with_its_reason_and_the_others_are_learnt_from(folder, tmp_path, harm):
    record(folder, "good")
    record(folder, "fine", text="你吃饭了吗")
    harm(folder)
    with pytest.raises(ReachedError):
        train(folder, tmp_path / "run")
    assert {row.id for row in read_manifest(tmp_path / "run" / "data.jsonl")} == {"good", "fine"}
    [line] = (tmp_path / "run" / "skipped.jsonl").read_text("utf-8").splitlines()
    left_out = json.loads(line)
    assert "bad" in left_out["where"]
    assert HARMS[harm] in left_out["why"]


@pytest.mark.parametrize("harm", ALONE, ids=lambda harm: harm.__name__)
def test_nothing_but_bad_recordings_is_refused_in_one_line(folder, tmp_path, capsys, harm):
    harm(folder)
    assert train(folder, tmp_path / "run") == 12
    out, err = capsys.readouterr()
    assert ALONE[harm] in err
    assert "Traceback" not in err + out
    assert sum(line.startswith("Error: ") for line in err.splitlines()) == 1


def test_recordings_of_several_rates_and_channels_are_learnt_from_together(folder, tmp_path):
    record(folder, "narrow")
    record(folder, "wide", speechlike(rate=44100), 44100, "你吃饭了吗")
    record(folder, "stereo", np.stack([speechlike(rate=24000)] * 2, 1), 24000, "我们一起走吧")
    with pytest.raises(ReachedError):
        train(folder, tmp_path / "run")
    assert len(read_manifest(tmp_path / "run" / "data.jsonl")) == 3


def test_a_folder_that_is_missing_is_refused(tmp_path, capsys):
    assert train(tmp_path / "nowhere", tmp_path / "run") == 12
    assert "nowhere: no such file or folder" in capsys.readouterr().err


def test_a_typo_in_a_file_of_settings_is_refused_before_recordings_are_read(tmp_path, capsys):
    (tmp_path / "mine.yaml").write_text("loop: {stepz: 3}\n", "utf-8")
    assert train(tmp_path / "nowhere", tmp_path / "run", "--config", str(tmp_path / "mine.yaml")) == 3
    assert "unknown key 'loop.stepz'; accepted in loop: steps" in capsys.readouterr().err
    assert not (tmp_path / "run").exists()


def test_a_disk_that_is_too_small_is_noticed_before_features_are_computed(folder, tmp_path, capsys, monkeypatch):
    record(folder, "good")
    monkeypatch.setattr(material.shutil, "disk_usage", lambda _: SimpleNamespace(free=10**6))
    assert train(folder, tmp_path / "run") == 6
    assert "0.0 GB are free" in capsys.readouterr().err


def test_a_disk_that_is_full_while_saving_is_named(folder, tmp_path, capsys, monkeypatch):
    def full(_):
        raise OSError(errno.ENOSPC, "No space left on device")

    record(folder, "good")
    monkeypatch.setattr(atomic.os, "fsync", full)
    assert train(folder, tmp_path / "run") == 6
    err = capsys.readouterr().err
    assert "No space left on device" in err
    assert "Traceback" not in err
