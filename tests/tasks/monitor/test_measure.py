import dataclasses

import pytest

from tingshuo import __version__
from tingshuo.audio.write import write
from tingshuo.data.utterance import Utterance
from tingshuo.errors import BundleError, EngineNotInstalledError, UnknownVoiceError
from tingshuo.tasks.evaluate import conclude
from tingshuo.tasks.monitor.bands import Band
from tingshuo.tasks.monitor.measure import Watched, digest_of, evaluate, machine, record
from tingshuo.tasks.voices import find_voice

LINES = Watched(subject="two lines", texts=("你好。", "再见。"))


def test_rounds_of_the_same_texts_belong_together():
    assert LINES.series("int8") == Watched(subject="other words", texts=LINES.texts).series("int8")


@pytest.mark.parametrize(
    "changes", [{"texts": ("你好。",)}, {"texts": ("再见。", "你好。")}, {"speaker": "tan"}, {"style": "lively"}]
)
def test_other_texts_speakers_and_styles_do_not(changes):
    assert dataclasses.replace(LINES, **changes).series("int8") != LINES.series("int8")


def test_nor_does_another_precision():
    assert LINES.series("fp32") != LINES.series("int8")


def test_recordings_belong_together_wherever_they_lie_but_not_with_others(tmp_path):
    for folder, content in (("a", b"one"), ("b", b"one"), ("c", b"others")):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "x.wav").write_bytes(content)
    rows = [Utterance(id="x", audio=str(tmp_path / folder / "x.wav"), text="好。") for folder in "abc"]
    series = [Watched(subject="", rows=(row,)).series("int8") for row in rows]
    assert series[0] == series[1] != series[2]
    assert Watched(subject="", rows=(rows[0].replace(text="坏。"),)).series("int8") != series[0]


def test_a_round_holds_what_was_measured_and_of_what(history, evaluation):
    one = record(history, evaluation(rtf=0.2), LINES, "d" * 64, {"rtf": Band(None, 0.1)})
    assert [(figure.name, figure.verdict) for figure in one.figures] == [("dnsmos_ovrl", "free"), ("rtf", "above")]
    origin = one.origin
    assert (origin.voice, origin.version, origin.digest, origin.n, origin.subject) == ("mine", "1.0.0", "d" * 64, 3, "two lines")
    assert (origin.speaker, origin.precision, origin.tingshuo) == ("tan", "int8", __version__)
    assert history.rounds(LINES.series("int8"), machine()) == [one]


def test_bands_are_learnt_from_what_is_kept(history, evaluation):
    rounds = [record(history, evaluation(), LINES, "d" * 64) for _ in range(9)]
    assert {figure.verdict for figure in rounds[7].figures} == {"learning"}
    assert {figure.verdict for figure in rounds[8].figures} == {"inside"}
    assert record(history, evaluation(rtf=9.0), LINES, "d" * 64).alarms[0].name == "rtf"
    fresh = record(history, evaluation(rtf=9.0), LINES, "d" * 64, fresh=True)
    assert {figure.verdict for figure in fresh.figures} == {"learning"}


def test_a_voice_is_evaluated_on_texts_and_on_rows_the_same_each_time(voice, tmp_path, monkeypatch):
    def missing():
        raise EngineNotInstalledError("no DNSMOS here")

    monkeypatch.setattr(conclude, "Dnsmos", missing)
    write(tmp_path / "a.wav", voice.synthesize("今天天气很好。", seed=3).wav, voice.sample_rate)
    row = Utterance(id="a", audio=str(tmp_path / "a.wav"), text="今天天气很好。", speaker="tan")
    for watched in (LINES, Watched(subject="a row", rows=(row,))):
        found = [{(f.measure, f.kind): f.value for f in evaluate(voice, watched).figures} for _ in range(2)]
        clocks = [one.pop(("rtf", "speech")) for one in found]
        assert found[0] == found[1]
        assert min(clocks) > 0
    assert ("mcd_db", "copy") in found[0]
    with pytest.raises(UnknownVoiceError):
        evaluate(voice, dataclasses.replace(LINES, speaker="nobody"))


def test_the_digest_is_that_of_the_manifest(tmp_path):
    found = digest_of(find_voice("default"))
    assert len(found) == 64
    (tmp_path / "manifest.json").write_bytes((find_voice("default") / "manifest.json").read_bytes())
    assert digest_of(tmp_path) == found
    (tmp_path / "manifest.json").write_text("{}")
    assert digest_of(tmp_path) != found
    with pytest.raises(BundleError, match="cannot be read"):
        digest_of(tmp_path / "none")


@pytest.mark.parametrize(
    ("content", "model"),
    [
        ("processor : 0\nmodel name\t: Fast CPU @ 2 GHz\n", "Fast CPU @ 2 GHz"),
        ("processor : 0\nHardware : BCM2835\nModel : Raspberry Pi 4 Model B\n", "Raspberry Pi 4 Model B"),
    ],
)
def test_what_this_machine_is(tmp_path, content, model):
    (tmp_path / "cpuinfo").write_text(content)
    architecture = machine(tmp_path / "none")
    assert architecture
    assert machine(tmp_path / "cpuinfo") == f"{architecture}, {model}"
