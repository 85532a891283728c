"""``say``: sources, targets, formats, subtitles, reports."""

import json

import numpy as np
import pytest
import soundfile
from tests.serve.fake_voice import RHYTHM

TEXT = "今天天气真好。我们走吧。"


def test_a_file_in_the_format_of_its_extension(tingshuo, tmp_path):
    for extension, kind in (("wav", "WAV"), ("flac", "FLAC"), ("mp3", "MP3"), ("ogg", "OGG"), ("opus", "OGG")):
        target = tmp_path / f"out.{extension}"
        done = tingshuo("say", TEXT, "-o", target)
        assert (done.code, done.out, done.err) == (0, b"", "")
        info = soundfile.info(target)
        assert (info.format, info.samplerate) == (kind, 24000)


def test_the_samples_are_those_of_the_voice(tingshuo, tmp_path, fake_voice):
    tingshuo("say", TEXT, "-o", tmp_path / "out.pcm", "--seed", 5, "--emotion", "sad", "--strength", 0.5, "--pitch", -2)
    request = fake_voice.streams[-1]._request
    assert (request.seed, request.emotion, request.strength, request.pitch) == (5, "sad", 0.5, -2.0)
    expected = np.concatenate([chunk.wav for chunk in fake_voice.speak(request)])
    got = np.fromfile(tmp_path / "out.pcm", "<i2") / 32768
    assert np.abs(got - expected).max() < 1e-4


def test_format_wins_over_the_extension(tingshuo, tmp_path):
    assert tingshuo("say", TEXT, "-o", tmp_path / "out.bin", "--format", "flac").code == 0
    assert (tmp_path / "out.bin").read_bytes()[:4] == b"fLaC"


def test_standard_output_is_a_stream(tingshuo):
    done = tingshuo("say", TEXT, "-o", "-")
    assert done.out[:4] == b"RIFF"
    assert len(done.out) == len(done.out.partition(b"data")[0]) + 8 + 2 * (4800 + RHYTHM)
    assert tingshuo("say", TEXT, "-o", "-", "--format", "ogg").out[:4] == b"OggS"


@pytest.mark.parametrize("arguments", [("say", "-"), ("say",)])
def test_text_from_a_pipe(tingshuo, tmp_path, fake_voice, arguments):
    done = tingshuo(*arguments, "-o", tmp_path / "out.wav", stdin="\ufeff你好。".encode())
    assert done.code == 0, done.err
    assert fake_voice.streams[-1]._request.text == "你好。"


def test_text_from_a_file(tingshuo, tmp_path, fake_voice):
    (tmp_path / "in.txt").write_text("你好。", "utf-8")
    assert tingshuo("say", "--file", tmp_path / "in.txt", "-o", tmp_path / "out.wav").code == 0
    assert fake_voice.streams[-1]._request.text == "你好。"


def test_subtitles_in_all_formats(tingshuo, tmp_path):
    paths = {form: tmp_path / f"out.{form}" for form in ("srt", "vtt", "lrc")}
    options = [part for form, path in paths.items() for part in (f"--{form}", path)]
    assert tingshuo("say", TEXT, "-o", tmp_path / "out.wav", *options).code == 0
    assert paths["srt"].read_text("utf-8").startswith("1\n00:00:00,000 --> 00:00:00,100\n今天天气真好\n")
    assert paths["vtt"].read_text("utf-8").startswith("WEBVTT\n")
    assert "[00:00.10]我们走吧" in paths["lrc"].read_text("utf-8")


def test_subtitles_with_the_times_of_words(tingshuo, tmp_path):
    options = ("--vtt", tmp_path / "out.vtt", "--lrc", tmp_path / "out.lrc")
    assert tingshuo("say", TEXT, "-o", tmp_path / "out.wav", *options, "--words").code == 0
    assert "[00:00.10]<00:00.10>" in (tmp_path / "out.lrc").read_text("utf-8")
    assert (tmp_path / "out.vtt").read_text("utf-8").startswith("WEBVTT\n")


@pytest.mark.parametrize("options", [(), ("--srt", "out.srt"), ("--srt", "out.srt", "--lrc", "out.lrc")])
def test_word_times_need_a_format_that_has_them(tingshuo, tmp_path, monkeypatch, options):
    monkeypatch.chdir(tmp_path)
    done = tingshuo("say", TEXT, "-o", "out.wav", "--words", *options)
    assert (done.code, "into --vtt and --lrc" in done.err) == (2, True)
    assert not list(tmp_path.iterdir())


def test_a_file_does_not_take_the_place_of_another(tingshuo, tmp_path):
    (tmp_path / "in.txt").write_text("你好。", "utf-8")
    for arguments in (
        (TEXT, "-o", tmp_path / "a.wav", "--srt", tmp_path / "a.wav"),
        ("--file", tmp_path / "in.txt", "-o", tmp_path / "in.txt", "--format", "wav"),
    ):
        done = tingshuo("say", *arguments)
        assert (done.code, "was given for two files" in done.err) == (2, True)
    assert [(p.name, p.read_text("utf-8")) for p in tmp_path.iterdir()] == [("in.txt", "你好。")]


def test_json_says_what_was_done(tingshuo, tmp_path):
    done = tingshuo("say", "下雪☃。", "-o", tmp_path / "out.wav", "--json", "--emotion", "happy")
    report = json.loads(done.out)
    assert report["output"] == str(tmp_path / "out.wav")
    assert (report["format"], report["emotion"], report["sample_rate"]) == ("wav", "happy", 24000)
    assert report["duration_s"] == 1.65
    assert (report["label"]["form"], report["label"]["position"], report["label"]["producer"]) == ("rhythm", "end", "tingshuo")
    assert report["sentences"][0]["words"][0]["characters"][0]["pinyin"] == "a1"
    assert report["warnings"] == ["☃ cannot be spoken"]
    assert done.err == "Warning: ☃ cannot be spoken\n"


def test_any_speaker_of_the_voice_speaks(tingshuo, tmp_path, fake_voice):
    done = tingshuo("say", "你好。", "-o", tmp_path / "out.wav", "--speaker", "deep", "--json")
    assert json.loads(done.out)["speaker"] == "deep"
    assert fake_voice.streams[-1].speaker == "deep"


BAD = {
    "nothing to say": (("say", "。。"), 4, "nothing to speak"),
    "no text at all": (("say",), 2, "there is no text: give it as an argument"),
    "two texts": (("say", "a", "--file", "b"), 2, "given twice"),
    "no such file": (("say", "--file", "/nowhere.txt"), 2, "/nowhere.txt: cannot be read: No such file"),
    "unknown emotion": (("say", "a", "-e", "bored"), 2, "unknown emotion 'bored'; accepted: neutral, happy"),
    "unknown voice": (("say", "a", "-v", "nobody"), 2, "unknown voice 'nobody'; known: default"),
    "unknown style": (("say", "a", "--style", "odd"), 2, "unknown style 'odd'"),
    "unknown speaker": (("say", "a", "--speaker", "wu"), 2, "unknown speaker 'wu'; accepted: tan, deep"),
    "speed 0": (("say", "a", "--speed", "0"), 2, "speed must be a number from 0.5 to 2, got 0.0"),
    "speed NaN": (("say", "a", "--speed", "nan"), 2, "speed must be a number from 0.5 to 2, got nan"),
    "control character": (("say", "a\x07b"), 4, "a control character, U+0007, at position 1"),
    "lone surrogate": (("say", "a\udcffb"), 4, "half a character (a lone surrogate), U+DCFF"),
    "1 MB of text": (("say", "a" * 1_000_000), 2, "at most 100000 are accepted"),
    "unknown format": (("say", "a", "--format", "midi"), 5, "unknown audio format 'midi'; accepted: wav"),
    "force without batch": (("say", "a", "--force"), 2, "belong to --batch"),
    "words without subtitles": (("say", "a", "--words"), 2, "into --vtt and --lrc"),
    "srt to nowhere": (("say", "a", "--srt", "/nowhere/out.srt"), 6, "there is no folder /nowhere"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_input_is_one_line_and_writes_nothing(tingshuo, tmp_path, case):
    arguments, code, message = BAD[case]
    done = tingshuo(*arguments, "-o", tmp_path / "out.wav")
    assert (done.code, message in done.err) == (code, True), done.err
    assert done.err.startswith("Error: ")
    assert done.err.count("\n") == 1
    assert not list(tmp_path.iterdir())


def test_an_unknown_extension_lists_the_known(tingshuo, tmp_path):
    done = tingshuo("say", "a", "-o", tmp_path / "out.midi")
    assert done.code == 5
    assert ".wav" in done.err


def test_json_needs_a_file(tingshuo):
    assert "needs a file" in tingshuo("say", "a", "--json", "-o", "-").err


def test_a_failure_in_the_middle_leaves_the_old_file(tingshuo, tmp_path, fake_voice):
    def fail(n: int) -> None:
        if n == 1:
            raise ZeroDivisionError

    fake_voice.before_chunk = fail
    (tmp_path / "out.wav").write_bytes(b"old")
    assert tingshuo("say", TEXT, "-o", tmp_path / "out.wav", "--srt", tmp_path / "out.srt").code == 1
    assert (tmp_path / "out.wav").read_bytes() == b"old"
    assert [path.name for path in tmp_path.iterdir()] == ["out.wav"]
