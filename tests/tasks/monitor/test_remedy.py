import shlex
from pathlib import Path

import pytest
import typer

from tingshuo.app.cli.verbs import app
from tingshuo.store.manifest import read_manifest
from tingshuo.tasks.monitor.bands import Band
from tingshuo.tasks.monitor.remedy import changes, next_minor, remedies, training
from tingshuo.tasks.voices import find_voice


@pytest.fixture(scope="module")
def manifest():
    return read_manifest(find_voice("default")).replace(name="mine", version="1.2.5")


def parsed(command):
    """The values of a command's options, as the verb itself would read them."""
    program, name, *words = shlex.split(command)
    assert program == "tingshuo"
    verb = typer.main.get_command(app).commands[name]
    return name, verb.make_context(name, words).params


def test_the_training_is_one_that_the_verb_accepts(manifest):
    name, values = parsed(training("my voice", manifest, Path("new recordings"), ["first", "second"]))
    assert name == "train"
    assert (values["data"], values["part"]) == (Path("new recordings"), ["first", "second"])
    assert (values["run"], values["from_voice"]) == (Path("mine-1.3.0"), "my voice")
    assert values["config"] == Path("statements.yaml")
    assert values["settings"] == ["bundle.name=mine", "bundle.version=1.3.0"]


def test_speed_is_no_matter_of_training(manifest):
    (command,) = remedies("mine", manifest, ["rtf"])
    assert parsed(command)[0] == "bench"
    assert [parsed(command)[0] for command in remedies("mine", manifest, ["rtf", "dnsmos_ovrl"])] == ["train", "bench"]
    assert [parsed(command)[0] for command in remedies("mine", manifest, ["copy.mcd_db"])] == ["train"]
    assert remedies("mine", manifest, []) == []


@pytest.mark.parametrize(("version", "following"), [("1.2.5", "1.3.0"), ("0.9.0", "0.10.0"), ("1.0.0-rc.1", "1.1.0")])
def test_the_next_version(version, following):
    assert next_minor(version) == following


def test_what_has_changed_since_the_latest_round_without_an_alarm(history, keep):
    band = {"rtf": Band(None, 0.1)}
    keep([{"rtf": 0.02}], band)
    assert changes(keep([{"rtf": 0.2}], band)) == []
    rounds = keep([{"rtf": 0.2}], band, version="1.1.0", digest="b" * 64, tingshuo="0.2.0")
    assert changes(rounds) == [
        "Changed since round 1, the latest without an alarm: the bundle: 1.0.0 (aaaaaaaaaaaa) then, 1.1.0 (bbbbbbbbbbbb) now.",
        "Changed since round 1, the latest without an alarm: Tingshuo: 0.1.0 then, 0.2.0 now.",
    ]
    assert changes(rounds[1:]) == []
