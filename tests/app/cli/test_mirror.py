"""``mirror``."""

import json
import re
from pathlib import Path

import pytest
import typer

from tingshuo.app.cli.verbs import app
from tingshuo.store.registry import Registry
from tingshuo.store.saving import save

TINY = Path(__file__).parents[2] / "store" / "tiny"
PAGE = (Path(__file__).parents[3] / "docs" / "mirror.md").read_text("utf-8")


@pytest.fixture
def registry(tmp_path, monkeypatch):
    """One version of a voice, in the registry that commands use."""
    monkeypatch.setenv("TINGSHUO_HOME", str(tmp_path / "home"))
    registry = Registry()
    save(registry, TINY, name="anna", aliases=["prod"])
    return registry


def test_a_mirror_is_made_listed_kept_up_to_date_and_forgotten(tingshuo, registry, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    none = tingshuo("mirror", "--list")
    assert (none.code, none.text) == (0, "No mirror is known. Try: tingshuo mirror --to DIR\n")
    done = tingshuo("mirror", "--to", "a", "--to", "b")
    assert (done.code, done.err) == (0, "")
    assert done.text.splitlines()[0] == f"{tmp_path}/a: 1 versions are new, 0.0 MB"
    assert Registry(tmp_path / "a").find("anna@prod").label == "anna@1.0.0"
    again = json.loads(tingshuo("mirror", "--json").out)
    assert again["ok"] is True
    nothing = {"versions": [], "n_bytes": 0, "problems": [], "forgotten": []}
    assert again["mirrors"][1] == {"folder": f"{tmp_path}/b", "ok": True} | nothing
    assert tingshuo("mirror", "--forget", "a").text == f"{tmp_path}/b\n"
    assert json.loads(tingshuo("mirror", "--list", "--json").out) == {"mirrors": [f"{tmp_path}/b"]}
    assert (tmp_path / "a/voices/anna/1.0.0/record.json").is_file()


def test_one_that_fails_is_said_and_the_other_is_brought_up_to_date(tingshuo, registry, tmp_path):
    (tmp_path / "a").touch()
    done = tingshuo("mirror", "--to", tmp_path / "a", "--to", tmp_path / "b")
    assert (done.code, done.err.count("\n")) == (14, 1)
    assert "1 of 2 mirrors do not hold all that the registry holds" in done.err
    assert f"{tmp_path}/a: is not a folder; remove it" in done.text
    assert Registry(tmp_path / "b").find("anna")
    as_json = tingshuo("mirror", "--to", tmp_path / "a", "--json")
    made = json.loads(as_json.out)
    assert (as_json.code, made["ok"], [one["ok"] for one in made["mirrors"]]) == (14, False, [True, False])


def test_damage_here_is_said_once_for_all_mirrors(tingshuo, registry, tmp_path):
    registry.blobs.remove(registry.find("anna").digest)
    done = tingshuo("mirror", "--to", tmp_path / "a", "--to", tmp_path / "b")
    assert (done.code, done.text.count("is missing; tingshuo scrub heals what it can")) == (14, 1)


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        ((), 14, "no mirror is known; tingshuo mirror --to DIR makes one"),
        (("--list", "--to", "x"), 2, "--to, --forget and --list exclude each other"),
        (("--forget", "x"), 14, "x: is not a mirror that is known; there are: none"),
    ],
)
def test_wrong_options_are_one_line(tingshuo, registry, tmp_path, monkeypatch, arguments, code, message):
    monkeypatch.chdir(tmp_path)
    done = tingshuo("mirror", *arguments)
    assert (done.code, done.out, done.err.count("\n")) == (code, b"", 1)
    assert message in done.err
    assert not (tmp_path / "x").exists()


def test_the_page_has_only_options_that_exist():
    verbs = typer.main.get_command(app).commands
    commands = re.findall(r"^tingshuo (\w+)(.*?)(?:  +#.*)?$", PAGE, re.MULTILINE)
    assert {"mirror", "scrub"} <= {verb for verb, _ in commands}
    for verb, arguments in commands:
        known = {option for parameter in verbs[verb].params for option in parameter.opts}
        assert {word for word in arguments.split() if word.startswith("-")} <= known
