"""``list``."""

import json
from pathlib import Path

import pytest

from tingshuo.app.cli.list_remote import list_remote
from tingshuo.app.cli.verbs import app
from tingshuo.store.registry import Registry
from tingshuo.store.remote import open_store
from tingshuo.store.remote_push import push
from tingshuo.store.saving import save

TINY = Path(__file__).parents[2] / "store" / "tiny"


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    """A home of one's own, and the verbs of this page."""
    monkeypatch.setenv("TINGSHUO_HOME", str(tmp_path / "home"))
    monkeypatch.setattr(app, "registered_commands", [row for row in app.registered_commands if row.callback is not list_remote])
    app.command("list")(list_remote)


@pytest.fixture
def store(tmp_path):
    """A folder with anna@1.0.0 and bob@1.0.0."""
    there = Registry(tmp_path / "there")
    for name in ("anna", "bob"):
        save(there, TINY, name=name, note="第一版\nmore")
        push(there, name, open_store(str(tmp_path / "store")), aliases=["prod"] if name == "anna" else [])
    return tmp_path / "store"


def test_voices_are_listed_with_sizes_and_aliases(tingshuo, store):
    done = tingshuo("list", store)
    assert (done.code, done.err) == (0, "")
    anna, bob = done.text.splitlines()
    assert anna.startswith("anna@1.0.0 ")
    assert anna.endswith(" MB  " + Registry(store.parent / "there").find("anna").saved[:10] + "  @prod  第一版")
    assert "@prod" not in bob
    assert json.loads(tingshuo("list", store, "--json").out)["voices"][0]["aliases"] == {"prod": "1.0.0"}


def test_one_voice_or_version_may_be_asked_for(tingshuo, store):
    assert tingshuo("list", f"{store}/voices/bob").text.startswith("bob@1.0.0")
    (voice,) = json.loads(tingshuo("list", f"{store}/voices/anna@prod", "--json").out)["voices"]
    (version,) = voice["versions"]
    assert (version["version"], version["n_files"], version["private"]) == ("1.0.0", 4, False)
    done = tingshuo("list", f"{store}/voices/carl")
    assert (done.code, "has no voice 'carl'" in done.err) == (7, True)


def test_places_without_voices(tingshuo, tmp_path):
    done = tingshuo("list", tmp_path)
    assert (done.code, done.text) == (0, f"{tmp_path} holds no voices\n")
    done = tingshuo("list", tmp_path / "none")
    assert (done.code, "there is no such folder" in done.err, done.err.count("\n")) == (14, True, 1)
