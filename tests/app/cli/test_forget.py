"""``forget``."""

import json
import re
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
import typer

from tingshuo.app.cli.forget import forget
from tingshuo.store.bundle import open_bundle, write_bundle
from tingshuo.store.mirrors import mirror
from tingshuo.store.registry import Registry
from tingshuo.store.saving import save

TINY = Path(__file__).parents[2] / "store" / "tiny"
PAGE = (Path(__file__).parents[3] / "docs" / "forget.md").read_text("utf-8")


@pytest.fixture
def registry(tmp_path, monkeypatch):
    """A voice of anna in the registry that commands use."""
    monkeypatch.setenv("TINGSHUO_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)
    bundle = open_bundle(TINY)
    files = {name: bundle.path / name for name in bundle.manifest.files}
    config = json.loads(files["config.json"].read_text())
    config["speakers"][0]["name"] = "anna"
    files["config.json"] = json.dumps(config).encode()
    names = ["anna", *bundle.manifest.speakers[1:]]
    registry = Registry()
    made = write_bundle(tmp_path / "source", bundle.manifest.fields() | {"speakers": names}, files)
    save(registry, made, name="hers", aliases=["prod"])
    return registry


def test_what_would_go_is_listed_and_stays(tingshuo, registry):
    done = tingshuo("forget", "anna", "--dry-run")
    assert (done.code, done.err) == (0, "")
    assert re.search(r"^version  \S+/voices/hers/1\.0\.0  hers@1\.0\.0  0\.0 MB$", done.text, re.MULTILINE)
    assert re.search(r"^\d+ things of anna would go, 0\.0 MB come free$", done.text, re.MULTILINE)
    told = json.loads(tingshuo("forget", "anna", "--dry-run", "--json").out)
    assert (told["speaker"], told["would_go"][0]["label"], told["outstanding"]) == ("anna", "hers@1.0.0", [])
    assert registry.names() == ("hers",)


def test_it_goes_with_a_proof_and_a_second_run_finds_nothing(tingshuo, registry, tmp_path):
    done = tingshuo("forget", "anna", "--yes", "--proof", tmp_path / "proof.json")
    assert (done.code, done.err) == (0, "")
    assert f"hers@prod in {registry.folder} was 1.0.0 and is gone" in done.text.splitlines()
    assert "; nothing of anna is left\n" in done.text
    assert json.loads((tmp_path / "proof.json").read_text())["complete"] is True
    again = tingshuo("forget", "anna", "--json")
    assert (again.code, json.loads(again.out)["removed"], json.loads(again.out)["complete"]) == (0, [], True)
    assert tingshuo("forget", "anna").text.startswith("Searched again: ")


def test_nobody_is_removed_unless_somebody_says_yes(tingshuo, registry, monkeypatch):
    for answer, code in (("n\n", 2), ("", 2), ("是\n", 0)):
        with monkeypatch.context() as patch:
            patch.setattr("tingshuo.app.cli.forget._confirm", _answering(answer))
            assert tingshuo("forget", "anna").code == code
        assert registry.names() == (("hers",) if code else ())
    piped = tingshuo("forget", "anna", stdin=b"y\n")
    assert piped.code == 0, "nothing is left to be asked about"


def _answering(answer):
    """Return the question as it is, asked of a terminal on which somebody types."""
    from tingshuo.app.cli.forget import _confirm

    def confirm(*arguments):
        before = sys.stdin
        sys.stdin = SimpleNamespace(isatty=lambda: True, readline=lambda: answer)
        try:
            _confirm(*arguments)
        finally:
            sys.stdin = before

    return confirm


def test_without_a_terminal_it_asks_for_yes(tingshuo, registry):
    done = tingshuo("forget", "anna", stdin=b"y\n")
    assert (done.code, done.err.count("\n")) == (2, 1)
    assert "nobody can be asked here; look with --dry-run, then add --yes" in done.err
    assert registry.names() == ("hers",)


def test_a_mirror_that_is_away_makes_it_incomplete(tingshuo, registry, tmp_path):
    mirror(registry, [tmp_path / "a"])
    (tmp_path / "a").rename(tmp_path / "away")
    done = tingshuo("forget", "anna", "--yes")
    assert (done.code, done.err) == (14, "Error: forgetting 'anna' is not complete: 1 things are outstanding\n")
    assert f"outstanding  {tmp_path}/a: holds no mirror at the moment; attach its disk" in done.text
    (tmp_path / "away").rename(tmp_path / "a")
    assert "things that had been forgotten are removed" in tingshuo("mirror").text
    assert tingshuo("forget", "anna").code == 0


def test_what_was_forgotten_is_listed_and_allowed(tingshuo, registry):
    assert tingshuo("forget", "--list").text == "Nothing was forgotten.\n"
    digest = registry.find("hers").digest
    tingshuo("forget", "anna", "--yes")
    assert tingshuo("forget", "--list").text.startswith(digest)
    assert json.loads(tingshuo("forget", "--list", "--json").out)["forgotten"][0]["digest"] == digest
    assert tingshuo("forget", "--allow", digest[:16]).text == f"{digest} may come back; nothing brings it back by itself\n"
    assert tingshuo("forget", "--allow", digest, "--json").code == 7
    assert json.loads(tingshuo("forget", "--list", "--json").out) == {"forgotten": []}


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        ((), 2, "give a SPEAKER, or --list, or --allow DIGEST"),
        (("anna", "--list"), 2, "give a SPEAKER, or --list, or --allow DIGEST"),
        (("nobody",), 7, "there is nobody of the name 'nobody'; speakers that there are: S0252, anna, "),
        (("anna", "--voice", "x"), 7, "there is nobody of the name 'anna' in the voice 'x'"),
        (("anna", "--run", "."), 2, "is no folder of a training"),
        (("tan", "--yes"), 14, "forgetting 'tan' is not complete: 1 things are outstanding"),
    ],
)
def test_what_cannot_be_done_is_one_line(tingshuo, registry, arguments, code, message):
    done = tingshuo("forget", *arguments)
    assert (done.code, done.err.count("\n")) == (code, 1)
    assert message in done.err
    assert registry.names() == ("hers",)


def test_the_page_has_only_options_that_exist():
    single = typer.Typer()
    single.command()(forget)
    known = {option for parameter in typer.main.get_command(single).params for option in parameter.opts}
    lines = re.findall(r"^tingshuo forget(.*?)(?:  +#.*)?$", PAGE, re.MULTILINE)
    assert len(lines) > 4
    assert {word for line in lines for word in line.split() if word.startswith("-")} <= known
