"""The options of labels: what files get by default, what is bare, and what needs an agreement."""

import json

import pytest
import soundfile
from tests.serve.fake_voice import RATE, RHYTHM

from tingshuo.audio.label.check import check_file
from tingshuo.audio.label.files import read_label
from tingshuo.store.agreements import AgreementLog

TEXT = "今天天气真好。我们走吧。"


@pytest.fixture(autouse=True)
def _home(tmp_path, monkeypatch):
    monkeypatch.setenv("TINGSHUO_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("TINGSHUO_PRODUCER", raising=False)


@pytest.mark.parametrize("form", ["wav", "flac", "mp3", "ogg", "opus", "m4a", "aac"])
def test_every_file_is_labelled_without_being_asked(tingshuo, tmp_path, form):
    path = tmp_path / f"out.{form}"
    assert tingshuo("say", TEXT, "-o", path, "--producer", "001191110102MAD55U9H0F10001").code == 0
    assert check_file(path).lacks() == ()
    field = read_label(path).field
    assert (field.label, field.content_producer) == ("1", "001191110102MAD55U9H0F10001")
    assert tingshuo("label", "check", path).code == 0


def test_the_same_speech_has_the_same_number_in_every_file(tingshuo, tmp_path):
    for name in ("a.wav", "b.wav", "c.mp3"):
        tingshuo("say", TEXT, "-o", tmp_path / name)
    tingshuo("say", TEXT + "再见。", "-o", tmp_path / "d.wav")
    numbers = {name: read_label(tmp_path / name).field.produce_id for name in ("a.wav", "b.wav", "c.mp3", "d.wav")}
    assert numbers["a.wav"] == numbers["b.wav"] == numbers["c.mp3"] != numbers["d.wav"]
    assert (tmp_path / "a.wav").read_bytes() == (tmp_path / "b.wav").read_bytes()


def test_a_pipe_is_labelled_and_pcm_is_bare(tingshuo):
    assert read_label(tingshuo("say", TEXT, "-o", "-").out).field is not None
    assert len(tingshuo("say", TEXT, "-o", "-", "--format", "pcm").out) == 2 * 4800


def test_the_producer_is_known_from_the_environment(tingshuo, tmp_path, monkeypatch):
    monkeypatch.setenv("TINGSHUO_PRODUCER", "we")
    tingshuo("say", TEXT, "-o", tmp_path / "out.flac")
    assert read_label(tmp_path / "out.flac").field.content_producer == "we"


def test_subtitles_have_the_times_of_the_labelled_audio(tingshuo, tmp_path):
    options = ("--srt", tmp_path / "out.srt", "--label-at", "start", "--json")
    report = json.loads(tingshuo("say", TEXT, "-o", tmp_path / "out.wav", *options).out)
    length_s = report["label"]["end_s"] - report["label"]["start_s"]
    assert report["sentences"][0]["start_s"] == pytest.approx(length_s, abs=1e-3)
    assert (tmp_path / "out.srt").read_text("utf-8").startswith(f"1\n00:00:0{length_s:.3f}".replace(".", ","))
    assert soundfile.info(tmp_path / "out.wav").frames == round((length_s + 0.2) * RATE)


def test_nothing_is_heard_under_an_agreement_which_is_recorded(tingshuo, tmp_path):
    done = tingshuo("say", TEXT, "-o", tmp_path / "out.wav", "--label", "none", "--agreement", "contract-7")
    assert done.code == 0, done.err
    assert soundfile.info(tmp_path / "out.wav").frames == 4800
    assert read_label(tmp_path / "out.wav").field is not None
    assert [use.agreement for use in AgreementLog().uses()] == ["contract-7"]
    tingshuo("say", TEXT, "-o", tmp_path / "out.wav")
    assert soundfile.info(tmp_path / "out.wav").frames == 4800 + RHYTHM
    assert len(list(AgreementLog().uses())) == 1


def test_each_line_of_a_batch_is_a_use(tingshuo, tmp_path):
    (tmp_path / "lines.txt").write_text("一。\n\n。。\n二。\n", "utf-8")
    arguments = ("say", "--batch", tmp_path / "lines.txt", "--output-dir", tmp_path / "out")
    tingshuo(*arguments, "--label", "none", "--agreement", "contract-7")
    assert sum(1 for _ in AgreementLog().uses()) == 2


def test_what_cannot_be_recorded_does_not_go_out(tingshuo, tmp_path):
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "agreements").write_text("in the way")
    done = tingshuo("say", TEXT, "-o", tmp_path / "out.wav", "--label", "none", "--agreement", "contract-7")
    assert (done.code, (tmp_path / "out.wav").exists()) == (6, False), done.err


BAD = {
    "none without an agreement": (("--label", "none"), 16, "needs the id of an agreement"),
    "an agreement without none": (("--agreement", "a"), 2, "an agreement is for label none"),
    "an agreement of blanks": (("--label", "none", "--agreement", " "), 2, "must have 1 to 128 printable characters"),
    "unknown form": (("--label", "beep"), 2, "accepted: rhythm, speech, none"),
    "unknown position": (("--label-at", "top"), 2, "accepted: start, middle, end"),
    "a producer in hanzi": (("--producer", "某公司"), 2, "visible ASCII"),
    "a key that is not there": (("--watermark", "/nowhere.key"), 2, "/nowhere.key: cannot be read"),
    "a label for samples": (("--format", "pcm", "--label", "rhythm"), 2, "pcm is bare samples"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_options_are_one_line_and_write_nothing(tingshuo, tmp_path, case):
    options, code, message = BAD[case]
    done = tingshuo("say", TEXT, "-o", tmp_path / "out.wav", *options)
    assert (done.code, message in done.err, done.err.count("\n")) == (code, True, 1), done.err
    assert not (tmp_path / "out.wav").exists()
