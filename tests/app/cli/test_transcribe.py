"""``tingshuo transcribe``: one recording, many, and what is piped in."""

import io
import json
from dataclasses import replace

import numpy as np
import pytest
import soundfile
from tests.tasks.recognise.counting import Counting
from tests.tasks.recognise.test_transcribe import LoudIsSpeech, recording

from tingshuo.audio import vad
from tingshuo.tasks.recognise import find, transcribe


@pytest.fixture
def recogniser(monkeypatch):
    """A recogniser that counts, built in; tones are speech."""
    counting = Counting()
    counting.asked = []
    monkeypatch.setattr(vad, "SpeechNet", LoudIsSpeech)
    monkeypatch.setattr(transcribe, "made_readable", None)
    monkeypatch.setattr(find, "only_language", lambda name: "zh")
    monkeypatch.setattr(find, "load_recogniser", lambda name, **asked: counting.asked.append((name, asked)) or counting)
    return counting


@pytest.fixture
def wav(tmp_path):
    return write(tmp_path / "a.wav")


def write(path, *sounds):
    path.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(path, recording(*(sounds or (1, 0.9, 1, 0.3, 1))), 16000)
    return path


def test_what_is_said_is_printed_line_by_line(tingshuo, recogniser, wav):
    done = tingshuo("transcribe", wav)
    assert (done.code, done.text, done.err) == (0, "嘟嘟嘟\n嘟\n", "")
    assert recogniser.asked == [("listener", {"threads": 1, "chosen": None})]


def test_formats(tingshuo, recogniser, wav, tmp_path):
    told = json.loads(tingshuo("transcribe", wav, "--format", "json", "--best", "2").out)
    assert (told["language"], [one["text"] for one in told["segments"]]) == ("zh", ["嘟嘟嘟", "嘟"])
    assert told["segments"][0]["alternatives"][0]["text"] == "嘟嘟嘟嘟"
    assert (
        json.loads(tingshuo("transcribe", wav, "--json").out)["segments"]
        == json.loads(tingshuo("transcribe", wav, "--format", "json").out)["segments"]
    )
    assert json.loads(tingshuo("transcribe", wav, "--format", "verbose_json").out)["language"] == "chinese"
    assert tingshuo("transcribe", wav, "--format", "vtt").text.startswith("WEBVTT")
    done = tingshuo("transcribe", wav, "--format", "doc")
    assert (done.code, "accepted: text, json, srt, vtt, verbose_json" in done.err) == (2, True)


def test_a_file_is_written_in_the_format_of_its_name(tingshuo, recogniser, wav, tmp_path):
    done = tingshuo("transcribe", wav, "-o", tmp_path / "a.srt")
    assert (done.code, done.out) == (0, b"")
    assert (tmp_path / "a.srt").read_text("utf-8").startswith("1\n00:00:00,800 --> ")
    done = tingshuo("transcribe", wav, "-o", tmp_path / "b.json", "--json")
    assert json.loads(done.out) | {"rtf": 0} == {
        "file": str(wav), "output": str(tmp_path / "b.json"), "duration_s": 4.2, "segments": 2, "language": "zh", "rtf": 0,
        "warnings": [],
    }  # fmt: skip
    assert json.loads((tmp_path / "b.json").read_text("utf-8"))["duration_s"] == 4.2
    tingshuo("transcribe", wav, "-o", tmp_path / "c.srt", "--format", "text")
    assert (tmp_path / "c.srt").read_text("utf-8") == "嘟嘟嘟\n嘟\n"
    assert tingshuo("transcribe", wav, "-o", tmp_path / "none" / "a.txt").code == 6
    assert tingshuo("transcribe", wav, "--json", "--format", "srt").code == 2


def test_hotwords_come_from_the_line_or_from_a_file(tingshuo, recogniser, wav, tmp_path):
    (tmp_path / "words.txt").write_text("嘟嘟\n北京:3\n", "utf-8")
    for given in ("嘟嘟,北京:3", tmp_path / "words.txt"):
        done = tingshuo("transcribe", wav, "--hotwords", given, "--json")
        told = json.loads(done.out)
        assert [one["hotwords"] for one in told["segments"]] == [["嘟嘟"], []]
        assert "never write: 北京" in told["warnings"][0]
        assert f"Warning: {wav}: hotwords without units" in done.err
    assert tingshuo("transcribe", wav, "--hotwords", "嘟嘟:many").code == 2


def test_a_language_model_has_its_say(tingshuo, recogniser, wav, tmp_path):
    from tingshuo.tasks.recognise.neural_fusion import FusedHotwords
    from tingshuo.text.lm.arpa import write_arpa
    from tingshuo.text.lm.kneser_ney import estimate

    write_arpa(estimate(["嘟嘟"] * 3, 2), tmp_path / "model.arpa")
    assert tingshuo("transcribe", wav, "--lm", tmp_path / "model.arpa", "--lm-weight", "0.5").text == "嘟嘟嘟\n嘟\n"
    assert all(isinstance(one, FusedHotwords) for one in recogniser.expected)
    done = tingshuo("transcribe", wav, "--lm", tmp_path / "none")
    assert (done.code, "no language model is there" in done.err) == (2, True)
    done = tingshuo("transcribe", wav, "--lm", tmp_path / "model.arpa", "--lm-weight", "-1")
    assert (done.code, "must be 0 to 10, got -1" in done.err) == (2, True)


def test_a_language_is_chosen(tingshuo, recogniser, wav):
    tingshuo("transcribe", wav, "--language", "en", "--threads", "2", "--model", "mine")
    assert recogniser.asked == [("mine", {"threads": 2, "chosen": {"language": "en"}})]


def test_what_is_piped_in(tingshuo, recogniser, wav):
    assert tingshuo("transcribe", "-", stdin=wav.read_bytes()).text == "嘟嘟嘟\n嘟\n"
    done = tingshuo("transcribe", "-", stdin=b"")
    assert (done.code, done.err.startswith("Error: the audio: cannot be read as audio")) == (5, True)
    done = tingshuo("transcribe", "-")
    assert (done.code, done.err) == (2, "Error: there is no audio: pipe it in, or name a file\n")
    assert tingshuo("transcribe", "-", wav, stdin=wav.read_bytes()).code == 2


def test_what_was_just_said_is_heard(tingshuo, recogniser):
    spoken = tingshuo("say", "你好", "-o", "-").out
    assert soundfile.info(io.BytesIO(spoken)).samplerate
    done = tingshuo("transcribe", "-", "--json", stdin=spoken)
    assert done.code == 0, done.err
    assert json.loads(done.out)["duration_s"] > 0.1


def test_a_folder_has_its_results_beside_the_recordings(tingshuo, recogniser, tmp_path):
    for name in ("one.wav", "sub/two.flac", ".hidden.wav"):
        write(tmp_path / "in" / name)
    (tmp_path / "in/notes.txt").write_text("no recording")
    done = tingshuo("transcribe", tmp_path / "in", "--format", "srt")
    assert (done.code, done.out) == (0, b"")
    assert "2 transcribed, 0 skipped as they exist, 0 failed" in done.err
    assert sorted(p.name for p in (tmp_path / "in").rglob("*.srt")) == ["one.srt", "two.srt"]
    assert (tmp_path / "in/sub/two.srt").is_file()
    done = tingshuo("transcribe", tmp_path / "in", "-o", tmp_path / "out", "--json")
    assert json.loads(done.out)["transcribed"] == 2
    assert (tmp_path / "out/sub/two.txt").read_text("utf-8") == "嘟嘟嘟\n嘟\n"


def test_running_again_hears_only_what_is_missing(tingshuo, recogniser, tmp_path):
    files = [write(tmp_path / f"{name}.wav") for name in "abc"]
    tingshuo("transcribe", *files)
    (tmp_path / "b.txt").unlink()
    recogniser.heard_s.clear()
    done = tingshuo("transcribe", *files, "--json")
    assert [row.get("skipped", False) for row in json.loads(done.out)["files"]] == [True, False, True]
    assert len(recogniser.heard_s) == 2
    assert "2 skipped as they exist (--again makes them again)" in tingshuo("transcribe", *files[::2]).err
    tingshuo("transcribe", *files, "--again")
    assert len(recogniser.heard_s) == 2 + 6


def test_one_bad_recording_does_not_stop_the_others(tingshuo, recogniser, tmp_path):
    good, bad = write(tmp_path / "good.wav"), tmp_path / "bad.wav"
    bad.write_text("no sound at all")
    done = tingshuo("transcribe", bad, good, tmp_path / "none.wav", "--json")
    assert done.code == 5
    report = json.loads(done.out)
    assert (report["transcribed"], report["failed"]) == (1, 2)
    assert "cannot be read as audio" in report["files"][0]["error"]
    assert f"Error: {bad}: cannot be read as audio" in done.err
    assert done.err.endswith("Error: 2 of 3 recordings could not be transcribed; they are named above\n")
    assert (tmp_path / "good.txt").is_file()
    assert not (tmp_path / "bad.txt").exists()


def test_recordings_of_one_name_keep_their_extensions(tingshuo, recogniser, tmp_path):
    tingshuo("transcribe", write(tmp_path / "a.wav"), write(tmp_path / "a.flac"), write(tmp_path / "b.wav"))
    assert sorted(p.name for p in tmp_path.glob("*.txt")) == ["a.flac.txt", "a.wav.txt", "b.txt"]


def test_an_empty_folder_is_said(tingshuo, recogniser, tmp_path):
    done = tingshuo("transcribe", tmp_path)
    assert done.code == 2
    assert "no recordings in it" in done.err


def test_a_folder_that_cannot_be_made_is_said_of_each(tingshuo, recogniser, wav, tmp_path):
    (tmp_path / "taken").write_text("a file")
    done = tingshuo("transcribe", wav, write(tmp_path / "b.wav"), "-o", tmp_path / "taken")
    assert done.code == 5
    assert "taken: cannot be made" in done.err


def test_silence_gives_no_words(tingshuo, recogniser, tmp_path):
    path = tmp_path / "silence.flac"
    soundfile.write(path, np.zeros(16000 * 120, np.float32), 16000)
    done = tingshuo("transcribe", path)
    assert (done.code, done.out, recogniser.heard_s) == (0, b"", [])


def test_without_a_recogniser_it_is_said_how_to_get_one(tingshuo, wav, monkeypatch, tmp_path):
    monkeypatch.setattr(find, "BUILT_IN", tmp_path / "nothing")
    monkeypatch.setenv("TINGSHUO_HOME", str(tmp_path))
    done = tingshuo("transcribe", wav)
    assert done.code == 2
    assert done.err.startswith("Error: no recogniser is built in; name one with --model BUNDLE; `tingshuo import PATH -o BUNDLE`")
    assert done.err.count("\n") == 1


def test_the_text_is_made_readable_unless_it_is_wanted_raw(tingshuo, recogniser, wav, monkeypatch):
    monkeypatch.setattr(transcribe, "made_readable", lambda segment: replace(segment, text="Readable."))
    assert tingshuo("transcribe", wav).text == "Readable.\nReadable.\n"
    assert tingshuo("transcribe", wav, "--raw").text == "嘟嘟嘟\n嘟\n"
