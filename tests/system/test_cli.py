"""The command line with the built-in voice: speech in every format, and bad input at this door."""

import json
import signal
import subprocess
import sys
from functools import partial

import numpy as np
import pytest
import soundfile

from tingshuo.app.cli.main import run
from tingshuo.audio.label.labelling import LabelSettings, label_wav
from tingshuo.tasks import voices

COMMAND = [sys.executable, "-m", "tingshuo.app.cli.main"]
TEXT = "今天天气真好，我们去公园吧！"


@pytest.fixture
def tingshuo(monkeypatch, capfdbinary, voice):
    """Run a command line in this process with the voice that is open already; returns code, stdout, stderr."""
    monkeypatch.setattr(voices, "load", lambda name="default", **_: voices.find_voice(name) and voice)

    def tingshuo(*arguments: object) -> tuple[int, bytes, str]:
        code = run([str(argument) for argument in arguments])
        out, err = capfdbinary.readouterr()
        return code, out, err.decode()

    return tingshuo


def test_a_fresh_process_speaks(tmp_path):
    """Text comes through a pipe, sound goes into a file, and nothing else is said."""
    target = tmp_path / "out.wav"
    done = subprocess.run([*COMMAND, "say", "-o", target, "-e", "happy"], input=TEXT.encode(), capture_output=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")
    wav, rate = soundfile.read(target)
    assert rate == 24000
    assert 1.5 < len(wav) / rate < 6
    assert 0.1 < np.abs(wav).max() < 1


@pytest.mark.parametrize("form", ["wav", "flac", "mp3", "ogg", "opus"])
def test_every_format_holds_the_same_speech(tingshuo, voice, tmp_path, form):
    assert tingshuo("say", TEXT, "-o", tmp_path / f"out.{form}")[0] == 0
    wav, rate = soundfile.read(tmp_path / f"out.{form}")
    expected, _ = label_wav(voice.synthesize(TEXT).wav, voice.sample_rate, LabelSettings())
    assert rate == 24000
    assert abs(len(wav) - len(expected)) < 3000, "an encoder pads by a frame or two"
    assert np.sqrt(np.mean(wav**2)) == pytest.approx(np.sqrt(np.mean(expected**2)), rel=0.1)


def test_subtitles_cover_the_speech(tingshuo, tmp_path):
    code, out, _ = tingshuo("say", TEXT, "-o", tmp_path / "a.wav", "--srt", tmp_path / "a.srt", "--json")
    report = json.loads(out)
    assert code == 0
    assert TEXT[:6] in (tmp_path / "a.srt").read_text("utf-8")
    spoken = "".join(c["text"] for s in report["sentences"] for w in s["words"] for c in w["characters"])
    assert spoken == "今天天气真好我们去公园吧"
    ends = [w["end_s"] for s in report["sentences"] for w in s["words"]]
    assert ends == sorted(ends)
    assert ends[-1] <= report["duration_s"]


def test_a_lexicon_of_ones_own(tmp_path):
    lexicon = tmp_path / "mine.txt"
    lexicon.write_text("公园 gong4 yuan4\n", "utf-8")
    arguments = ["say", TEXT, "-o", tmp_path / "a.wav", "--lexicon", lexicon, "--json"]
    done = subprocess.run([*COMMAND, *arguments], capture_output=True, check=True)
    characters = [c for s in json.loads(done.stdout)["sentences"] for w in s["words"] for c in w["characters"]]
    assert [c["pinyin"] for c in characters if c["text"] in "公园"] == ["gong4", "yuan4"]


BAD = {
    "empty": (("say", ""), 4, "empty"),
    "only punctuation": (("say", "……！？，。"), 4, "nothing to speak"),
    "1 MB of text": (("say", "好" * 350_000), 2, "at most 100000"),
    "control characters": (("say", "你\x00好\x1b"), 4, "control character, U+0000"),
    "lone surrogate": (("say", "你\ud800好"), 4, "lone surrogate"),
    "unknown emotion": (("say", "好", "--emotion", "开心极了"), 2, "accepted: neutral, happy, sad, angry"),
    "unknown voice": (("say", "好", "--voice", "nobody"), 2, "known: default"),
    "unknown style": (("say", "好", "--style", "nobody"), 2, "accepted: natural"),
    "speed 0": (("say", "好", "--speed", "0"), 2, "from 0.5 to 2"),
    "speed NaN": (("say", "好", "--speed", "nan"), 2, "from 0.5 to 2"),
    "malformed SSML": (("say", "<speak>你好<break"), 4, "malformed XML"),
    "unknown SSML element": (("say", "<speak>你<dance/>好</speak>"), 4, "dance"),
    "a missing folder": (("say", "好", "-o", "/nowhere/out.wav"), 6, "/nowhere"),
    "a folder": (("say", "好", "-o", "/"), 6, "it is a folder"),
    "a file system that takes no files": (("say", "好", "-o", "/proc/out.wav"), 6, "/proc/out.wav"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_input_is_one_line_and_leaves_nothing(tingshuo, tmp_path, case):
    arguments, code, message = BAD[case]
    target = () if "-o" in arguments else ("-o", tmp_path / "out.wav")
    found = tingshuo(*arguments, *target)
    assert (found[0], found[1]) == (code, b""), found
    assert found[2].startswith("Error: ")
    assert found[2].count("\n") == 1
    assert message in found[2]
    assert not list(tmp_path.iterdir())


def test_a_damaged_argument_of_the_shell_is_explained(tmp_path):
    """Bytes that are not UTF-8 reach Python as lone surrogates."""
    done = subprocess.run([*COMMAND, "say", b"\xc4\xe3\xba\xc3", "-o", tmp_path / "a.wav"], capture_output=True, check=False)
    assert done.returncode == 4
    assert b"lone surrogate" in done.stderr
    assert done.stderr.count(b"\n") == 1


def test_a_reader_that_leaves_ends_it_quietly():
    script = f"{sys.executable} -m tingshuo.app.cli.main say '{TEXT * 20}' -o - | head -c 100 | wc -c"
    done = subprocess.run(["/bin/sh", "-c", script], capture_output=True, check=False)
    assert done.stdout.strip() == b"100"
    assert done.stderr == b""


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)])
def test_signals_leave_nothing_half_written(tmp_path, number, code):
    """A long text, stopped when its partial file is there."""
    command = [*COMMAND, "say", TEXT * 3000, "-o", str(tmp_path / "out.wav")]
    # Whoever runs the tests may have chosen to ignore signals (nohup, a background job), which a child inherits.
    default = partial(signal.signal, number, signal.SIG_DFL)
    with subprocess.Popen(command, stderr=subprocess.PIPE, preexec_fn=default) as process:
        while not list(tmp_path.iterdir()):
            assert process.poll() is None
        process.send_signal(number)
        _, complaint = process.communicate(timeout=60)
    assert process.returncode == code
    assert complaint == b""
    assert not list(tmp_path.iterdir())


def test_doctor_finds_this_machine_sound():
    done = subprocess.run([*COMMAND, "doctor", "--json"], capture_output=True, check=False)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["ok"] is True
