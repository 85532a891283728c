"""``pull``."""

import json
from pathlib import Path

import pytest

from tingshuo.app.cli.pull import pull
from tingshuo.app.cli.verbs import app
from tingshuo.store.bundle import verify_bundle
from tingshuo.store.registry import Registry
from tingshuo.store.remote import open_store
from tingshuo.store.remote_push import push
from tingshuo.store.saving import save
from tingshuo.store.sign import sign_bundle
from tingshuo.store.sign_keys import make_key, read_private_key

TINY = Path(__file__).parents[2] / "store" / "tiny"


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    """A home of one's own, and the verbs of this page."""
    monkeypatch.setenv("TINGSHUO_HOME", str(tmp_path / "home"))
    monkeypatch.setattr(app, "registered_commands", [row for row in app.registered_commands if row.callback is not pull])
    app.command("pull")(pull)


@pytest.fixture
def store(tmp_path):
    """A folder with anna@1.0.0, signed with the key ``acme``."""
    there = Registry(tmp_path / "there")
    saved = save(there, TINY, name="anna")
    make_key(tmp_path / "acme")
    sign_bundle(saved.path, read_private_key(tmp_path / "acme"))
    push(there, "anna", open_store(str(tmp_path / "store")), aliases=["prod"])
    return tmp_path / "store"


def test_a_version_is_pulled_once(tingshuo, store):
    done = tingshuo("pull", f"{store}/voices/anna@prod")
    assert (done.code, done.err) == (0, "")
    assert done.text == "anna@1.0.0: 0.0 MB were fetched. Try: tingshuo say 你好 --voice anna@1.0.0\n"
    assert Registry().pointers("anna").now() == {"current": "1.0.0", "prod": "1.0.0"}
    again = json.loads(tingshuo("pull", f"{store.as_uri()}/voices/anna", "--json").out)
    assert (again["already"], again["new_bytes"], again["signature"]) == (True, 0, None)
    assert verify_bundle(again["path"]).ok


def test_who_signed_is_checked_and_told(tingshuo, store, tmp_path):
    done = tingshuo("pull", f"{store}/voices/anna@1.0.0", "--key", tmp_path / "acme.pub", "--as", "guest", "--json")
    assert (done.code, done.err) == (0, "")
    fields = json.loads(done.out)
    assert fields["record"]["name"] == "guest"
    assert fields["signature"]["kind"] == "p256"
    make_key(tmp_path / "other")
    done = tingshuo("pull", f"{store}/voices/anna", "--key", tmp_path / "other.pub")
    assert (done.code, "accepted: " in done.err, done.err.count("\n")) == (9, True, 1)
    assert Registry().folders() == ("guest",)


def test_a_mirror_is_asked_when_the_first_has_nothing(tingshuo, store, tmp_path):
    arguments = ("pull", tmp_path / "empty" / "voices/anna@1.0.0")
    assert tingshuo(*arguments).code == 7
    done = tingshuo(*arguments, "--mirror", store)
    assert (done.code, done.err) == (0, "")


def test_what_cannot_be_pulled_is_one_line(tingshuo, store):
    for address, code, message in (
        (store, 2, "names no voice; it ends as voices/NAME@1.2.0, tingshuo list shows what there is"),
        (f"{store}/voices/bob", 7, "has no bob; it has: anna"),
        (f"{store}/voices/anna@2.0.0", 7, "has no anna@2.0.0; it has: anna@1.0.0, anna@prod"),
        ("http://127.0.0.1:1/voices/anna", 2, "--allow-http"),
    ):
        done = tingshuo("pull", address)
        assert (done.code, message in done.err, done.err.count("\n")) == (code, True, 1), done.err
