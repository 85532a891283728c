"""``push``."""

import json
from pathlib import Path

import pytest

from tingshuo.app.cli.push import push
from tingshuo.app.cli.verbs import app
from tingshuo.store import remote_transfer
from tingshuo.store.registry import Registry
from tingshuo.store.saving import save

TINY = Path(__file__).parents[2] / "store" / "tiny"


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    """A home of one's own, and the verbs of this page."""
    monkeypatch.setenv("TINGSHUO_HOME", str(tmp_path / "home"))
    monkeypatch.setattr(app, "registered_commands", [row for row in app.registered_commands if row.callback is not push])
    app.command("push")(push)
    monkeypatch.setattr(remote_transfer, "PAUSES_S", ())
    save(Registry(), TINY, name="anna")


def test_a_saved_version_is_pushed_once(tingshuo, tmp_path):
    store = tmp_path / "store"
    done = tingshuo("push", "anna", store, "--alias", "prod")
    assert (done.code, done.err) == (0, "")
    assert done.text == f"anna@1.0.0 is at {store}: 0.0 MB were sent\n"
    assert json.loads((store / "voices/anna/aliases.json").read_text())["aliases"] == {"prod": "1.0.0"}
    again = tingshuo("push", "anna@1.0.0", f"{store.as_uri()}/voices/anna@1.0.0", "--json")
    assert (again.code, again.err) == (0, "")
    fields = json.loads(again.out)
    assert (fields["already"], fields["new_bytes"], fields["signed"]) == (True, 0, False)
    assert fields["record"]["digest"] == Registry().find("anna").digest


@pytest.mark.parametrize("end", ["voices/bob", "voices/anna@2.0.0", "voices/anna@prod"])
def test_an_address_of_something_else_is_refused(tingshuo, tmp_path, end):
    done = tingshuo("push", "anna", tmp_path / "store" / end)
    assert done.code == 2
    assert "the address names " in done.err
    assert "what is pushed is anna 1.0.0" in done.err
    assert not (tmp_path / "store").exists()


def test_what_cannot_be_pushed_is_one_line(tingshuo, tmp_path):
    (tmp_path / "file").touch()
    for arguments, code, message in (
        (("bob", tmp_path / "store"), 14, "no version of 'bob' has been saved"),
        (("anna", "https://127.0.0.1:1"), 14, "cannot be reached"),
        (("anna", "ftp://host/x"), 2, "unknown store 'ftp'"),
        (("anna", "http://host/x"), 2, "--allow-http"),
        (("anna", tmp_path / "file"), 6, "cannot be written"),
    ):
        done = tingshuo("push", *arguments)
        assert (done.code, message in done.err, done.err.count("\n")) == (code, True, 1), done.err
