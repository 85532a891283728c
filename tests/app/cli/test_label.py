"""``tingshuo label``: check and add, in lines and as JSON."""

import json
from datetime import UTC, datetime

import numpy as np
import pytest
import typer

from tingshuo.app.cli import verbs
from tingshuo.app.cli.label import label
from tingshuo.audio.label.field import AigcField
from tingshuo.audio.label.files import read_label
from tingshuo.audio.label.labelling import LabelSettings, label_wav
from tingshuo.audio.label.watermark import mark
from tingshuo.audio.read import read, read_mono
from tingshuo.audio.write import write
from tingshuo.store.agreements import AgreementLog

FIELD = AigcField.first("001191110102MAD55U9H0F10001", "number-1")


@pytest.fixture(autouse=True)
def program(monkeypatch):
    """A program with this verb alone, and no producer told from outside."""
    alone = typer.Typer(name="tingshuo", rich_markup_mode=None)
    alone.callback()(lambda: None)
    alone.command()(label)
    monkeypatch.setattr(verbs, "app", alone)
    monkeypatch.delenv("TINGSHUO_PRODUCER", raising=False)


@pytest.fixture(scope="module")
def speech(voice):
    return voice.synthesize("春眠不觉晓，处处闻啼鸟。").wav


@pytest.fixture
def labelled(tmp_path, speech):
    write(tmp_path / "good.mp3", label_wav(speech, 24000, LabelSettings())[0], 24000, field=FIELD)
    return tmp_path / "good.mp3"


@pytest.fixture
def bare(tmp_path, speech):
    write(tmp_path / "bare.wav", speech, 24000)
    return tmp_path / "bare.wav"


def test_a_labelled_file_is_shown_and_exits_with_0(tingshuo, labelled):
    done = tingshuo("label", "check", labelled)
    assert (done.code, done.err) == (0, "")
    assert f"{labelled}: labelled" in done.text
    assert "ContentProducer 001191110102MAD55U9H0F10001" in done.text
    assert "ReservedCode1 -" in done.text
    assert "rhythm 短长短短 at" in done.text
    assert "(end, 660 Hz)" in done.text


def test_what_lacks_is_said_and_exits_with_1(tingshuo, labelled, bare):
    done = tingshuo("label", "check", labelled, bare)
    assert done.code == 1
    assert f"{bare}: the implicit label is missing; no rhythm label was found" in done.text
    assert f"{labelled}: labelled" in done.text


def test_json_has_everything(tingshuo, labelled, bare, tmp_path):
    done = tingshuo("label", "check", labelled, bare, tmp_path / "none.wav", "--json")
    assert done.code == 1
    told = json.loads(done.out)
    assert told["ok"] is False
    assert [file["ok"] for file in told["files"]] == [True, False, False]
    assert told["files"][0]["implicit"]["elements"] == FIELD.elements()
    assert "no such file" in told["files"][2]["errors"][0]


def test_who_has_heard_the_spoken_label_says_so(tingshuo, tmp_path, speech):
    write(tmp_path / "a.flac", speech, 24000, field=FIELD)
    assert tingshuo("label", "check", tmp_path / "a.flac").code == 1
    assert tingshuo("label", "check", tmp_path / "a.flac", "--spoken").code == 0


def test_a_watermark_is_looked_for_with_a_key(tingshuo, tmp_path, speech):
    (tmp_path / "key").write_bytes(b"sixteen bytes or more")
    (tmp_path / "short").write_bytes(b"short")
    write(tmp_path / "a.wav", mark(speech, 24000, b"sixteen bytes or more", 0xC0FFEE), 24000)
    assert "payload 00c0ffee" in tingshuo("label", "check", tmp_path / "a.wav", "--key", tmp_path / "key").text
    done = tingshuo("label", "check", tmp_path / "a.wav", "--key", tmp_path / "short")
    assert (done.code, "at least 16 bytes" in done.err) == (2, True)


def test_the_field_is_added_and_the_sound_stays(tingshuo, bare):
    before = read_mono(bare)[0]
    done = tingshuo("label", "add", bare, "--producer", "Tingshuo")
    assert done.code == 0
    assert "has the AIGC field now; no rhythm was added" in done.text
    found = read_label(bare).field
    assert (found.content_producer, found.content_propagator, len(found.produce_id)) == ("Tingshuo", "Tingshuo", 32)
    assert (read_mono(bare)[0] == before).all()


def test_a_label_that_is_there_stays(tingshuo, labelled):
    before = labelled.read_bytes()
    done = tingshuo("label", "add", labelled, "--producer", "Tingshuo", "--json")
    assert json.loads(done.out)["files"] == [{"path": str(labelled), "kept": True, "rhythm": False}]
    assert labelled.read_bytes() == before


def test_a_new_file_has_both_labels(tingshuo, bare, tmp_path, monkeypatch):
    monkeypatch.setenv("TINGSHUO_PRODUCER", "Tingshuo")
    out = tmp_path / "out.opus"
    assert tingshuo("label", "add", bare, "-o", out, "--id", "n-7", "--position", "middle").code == 0
    assert read_label(out).field.produce_id == "n-7"
    done = tingshuo("label", "check", out)
    assert (done.code, "(middle, 660 Hz)" in done.text) == (0, True)


def test_a_new_file_keeps_its_channels(tingshuo, tmp_path, speech):
    write(tmp_path / "two.wav", np.stack([speech, 0 * speech]), 24000)
    assert tingshuo("label", "add", tmp_path / "two.wav", "-o", tmp_path / "out.flac", "--producer", "A").code == 0
    wav, _ = read(tmp_path / "out.flac")
    assert wav.shape[0] == 2
    assert not wav[1, : len(speech)].any()
    assert tingshuo("label", "check", tmp_path / "out.flac").code == 0


def test_a_new_file_of_a_labelled_one_keeps_its_label_and_gets_no_second_rhythm(tingshuo, labelled, tmp_path):
    out = tmp_path / "out.wav"
    assert tingshuo("label", "add", labelled, "-o", out, "--producer", "Tingshuo").code == 0
    assert read_label(out).field == FIELD
    assert tingshuo("label", "check", out).text.count(" Hz)") == 1


def test_a_wrong_label_may_not_be_made_right(tingshuo, labelled, tmp_path):
    labelled.write_bytes(labelled.read_bytes().replace(b'"Label":"1"', b'"Label":"9"'))
    done = tingshuo("label", "add", labelled, "-o", tmp_path / "out.wav", "--producer", "Tingshuo")
    assert (done.code, "may not be changed; keep it" in done.err) == (2, True)
    assert not (tmp_path / "out.wav").exists()


@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        (["remove", "{bare}"], 2, "label 'remove' is not known; accepted: check, add"),
        (["add", "{bare}"], 2, "needs --producer or TINGSHUO_PRODUCER"),
        (["add", "{bare}", "--producer", "听说"], 2, "ContentProducer has the character '听'"),
        (["add", "{bare}", "{bare}", "--producer", "a", "-o", "x.wav"], 2, "-o and --id are for one file"),
        (["add", "{bare}", "--producer", "a", "-o", "{bare}"], 2, "was given for two files"),
        (["add", "{bare}", "--producer", "a", "--spoken"], 2, "--key and --spoken belong to check"),
        (["check", "{bare}", "-o", "x.wav"], 2, "--producer, --id and -o belong to add"),
        (["add", "none.wav", "--producer", "a"], 5, "no such file"),
        (["add", "{bare}", "--producer", "a", "-o", "x.wav", "--position", "top"], 2, "accepted: start, middle, end"),
    ],
)
def test_wrong_words_are_told(tingshuo, bare, arguments, code, told):
    done = tingshuo("label", *[argument.format(bare=bare) for argument in arguments])
    assert done.code == code
    assert told in done.err
    assert done.err.count("\n") == 1


def test_the_log_of_agreements_is_told_and_looked_through(tingshuo, tmp_path, monkeypatch):
    monkeypatch.setenv("TINGSHUO_HOME", str(tmp_path))
    assert "0 lines, whole" in tingshuo("label", "log").text
    log = AgreementLog()
    for n in range(3):
        log.record("contract-7", "speech mp3", f"{n:064x}", now=datetime(2025, 1 + 6 * (n // 2), 3, tzinfo=UTC))
    told = json.loads(tingshuo("label", "log", "--json").out)
    assert (told["uses"], told["agreements"], told["problems"]) == (3, {"contract-7": 3}, [])
    assert (told["first"], told["older_than_six_months"]) == ("2025-01-03T00:00:00Z", ["agreements-2025-01.jsonl"])
    assert "contract-7: 3 times" in tingshuo("label", "log").text
    month = log.folder / "agreements-2025-01.jsonl"
    month.write_bytes(month.read_bytes().replace(b"mp3", b"wav", 1))
    altered = tingshuo("label", "log")
    assert (altered.code, "that one was altered" in altered.text) == (1, True)


def test_the_log_has_no_files(tingshuo, tmp_path):
    assert "has no files" in tingshuo("label", "log", tmp_path / "a.wav").err
    assert "label check needs files" in tingshuo("label", "check").err
