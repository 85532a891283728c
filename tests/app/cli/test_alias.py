"""``alias`` and ``rollback``."""

import json
import shutil

import pytest


@pytest.fixture
def two(tingshuo, bundle, monkeypatch, tmp_path):
    """Two versions of one name; returns their numbers."""
    monkeypatch.setenv("TINGSHUO_HOME", str(tmp_path / "home"))
    folder = shutil.copytree(bundle.path, tmp_path / "changed")
    manifest = json.loads((folder / "manifest.json").read_text())
    (folder / "manifest.json").write_text(json.dumps(manifest | {"licence": "CC-BY-SA-3.0"}))
    saved = [tingshuo("save", path, "--name", "anna", "--json").out for path in (bundle.path, folder)]
    return [json.loads(out)["record"]["version"] for out in saved]


def test_a_name_goes_back_to_what_it_was(tingshuo, two):
    first, second = two
    done = tingshuo("rollback", "anna")
    assert (done.code, done.text) == (0, f"anna is anna@{first} now\n")
    done = tingshuo("rollback", "anna")
    assert done.code == 14
    assert "has pointed to no other version" in done.err
    assert tingshuo("alias", f"anna@{second}", "current").text == f"anna@current is anna@{second} now\n"


def test_an_alias_is_moved_and_goes_back(tingshuo, two):
    first, second = two
    assert json.loads(tingshuo("alias", f"anna@{first}", "prod", "--json").out) == {
        "pointer": "anna@prod",
        "version": f"anna@{first}",
    }
    assert tingshuo("alias", "anna@current", "prod").text == f"anna@prod is anna@{second} now\n"
    assert tingshuo("rollback", "anna@prod").text == f"anna@prod is anna@{first} now\n"


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (("alias", "anna", "prod"), 2, "'anna' names no version; write anna@1.0.0 or anna@current"),
        (("alias", "anna@current", "Prod"), 14, "'Prod' is no alias"),
        (("alias", "nobody@1.0.0", "prod"), 14, "no version of 'nobody'"),
        (("rollback", "anna@prod"), 14, "anna has no alias 'prod'; it has: current"),
    ],
)
def test_what_cannot_be_is_said(tingshuo, two, arguments, code, message):
    done = tingshuo(*arguments)
    assert done.code == code
    assert message in done.err
