"""``tingshuo keys``: make, list and revoke."""

import json
import re
from urllib.parse import parse_qs, urlsplit

import pytest
import typer

from tingshuo.app.cli.keys import keys
from tingshuo.app.cli.verbs import app
from tingshuo.serve.access.keys import read_keys, split_token
from tingshuo.serve.access.ring import KeyRing
from tingshuo.serve.access.totp import decode_secret


@pytest.fixture
def path(tmp_path, monkeypatch):
    """The user's own file of keys, which is not there yet."""
    monkeypatch.setenv("TINGSHUO_HOME", str(tmp_path))
    return tmp_path / "keys" / "server.json"


def test_the_program_has_it():
    assert typer.main.get_command(app).commands["keys"].commands.keys() == {"add", "list", "revoke"}


def test_a_key_is_shown_once_and_alone_on_standard_output(tingshuo, path):
    done = tingshuo("keys", "add", "shop")
    assert done.code == 0
    token = done.text.strip()
    public, _ = split_token(token)
    assert done.text == f"{token}\n"
    assert f"{public}  shop; voices *; verbs *" in done.err
    assert "cannot be had again" in done.err
    assert "It is the first: a server that runs asks for keys when it is started anew" in done.err
    assert "It is the first" not in tingshuo("keys", "add", "other").err
    assert KeyRing(path).find(token).key.name == "shop"
    assert tingshuo("keys", "list").text.startswith(f"{public}  shop; voices *; verbs *\n")


def test_everything_that_can_be_said(tingshuo, path):
    said = "--voice narrator --voice anna/x --verb speak --verb list --rate 60/minute --rate 1000/day --concurrency 4"
    said += " --expires 2099-12-31 --network 10.0.0.0/8 --network 2001:db8::/32 --json"
    made = json.loads(tingshuo("keys", "add", "shop", *said.split()).out)
    token = made.pop("key")
    assert made.pop("otpauth") is None
    [kept] = read_keys(path)
    assert made == json.loads(json.dumps(kept.told()))
    assert (kept.voices, kept.verbs, kept.rates) == (("narrator", "anna/x"), ("speak", "list"), ("60/minute", "1000/day"))
    assert (kept.concurrency, str(kept.expires), kept.networks) == (4, "2099-12-31", ("10.0.0.0/8", "2001:db8::/32"))
    text = tingshuo("keys", "list").text
    assert "60/minute; 1000/day; 4 at a time; from 10.0.0.0/8, 2001:db8::/32; until 2099-12-31" in text
    listed = json.loads(tingshuo("keys", "list", "--json").out)
    assert listed == {"file": str(path), "keys": [made]}
    assert token not in path.read_text() + text + json.dumps(listed)


def test_an_administrator_gets_a_second_factor(tingshuo, path):
    done = tingshuo("keys", "add", "operator", "--admin")
    token, uri = done.text.splitlines()
    secret = parse_qs(urlsplit(uri).query)["secret"][0]
    kept = KeyRing(path).find(token).key
    assert (kept.verbs, kept.totp) == (("metrics", "admin"), secret)
    assert len(decode_secret(secret)) == 20
    assert "second factor" in done.err
    assert secret not in done.err + tingshuo("keys", "list").text + tingshuo("keys", "list", "--json").text
    both = json.loads(tingshuo("keys", "add", "boss", "--admin", "--verb", "*", "--json").out)
    assert both["verbs"] == ["*", "metrics", "admin"]
    assert both["otpauth"].startswith("otpauth://totp/Tingshuo%3Aboss?secret=")


def test_revoking(tingshuo, path):
    public, _ = split_token(tingshuo("keys", "add", "shop").text.strip())
    done = tingshuo("keys", "revoke", public)
    assert done.code == 0
    assert re.search(rf"^{public}  shop; .*\(the key {public} was revoked on \d{{4}}-\d\d-\d\d\)$", done.text.strip())
    assert "was revoked on" in tingshuo("keys", "list").text
    assert json.loads(tingshuo("keys", "revoke", public, "--json").out)["revoked"]
    missing = tingshuo("keys", "revoke", "shop")
    assert (missing.code, missing.err.count("\n")) == (7, 1)
    assert f"no key of the id 'shop'; there are: {public}" in missing.err


def test_another_file(tingshuo, path, tmp_path):
    other = tmp_path / "other.json"
    token = tingshuo("keys", "add", "shop", "--keys", other).text.strip()
    assert not path.exists()
    public, _ = split_token(token)
    assert public in tingshuo("keys", "list", "--keys", other).text
    assert tingshuo("keys", "revoke", public, "--keys", other).code == 0
    assert tingshuo("keys", "list", "--keys", tmp_path / "none.json").code == 3


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (("add",), 2, "Missing argument 'name'"),
        (("add", "shop", "--verb", "sing"), 2, "unknown verb 'sing' of a key; accepted: speak"),
        (("add", "shop", "--rate", "often"), 2, "'often' is no rate; give one such as 60/minute"),
        (("add", "shop", "--network", "home"), 2, "'home' is no network"),
        (("add", "shop", "--voice", "/x"), 2, "is no voice"),
        (("add", "shop", "--concurrency", "0"), 2, "concurrency must be at least 1"),
        (("add", "shop", "--expires", "soon"), 2, "expires must be a day such as 2030-12-31, got 'soon'"),
        (("add", "shop", "--expires", "2020-01-01"), 2, "2020-01-01 is over"),
        (("add", ""), 2, "cannot be the name of a key"),
        (("remove", "x"), 2, "unknown command 'remove' of keys; accepted: add, list, revoke"),
    ],
)
def test_what_is_wrong_is_one_line(tingshuo, path, arguments, code, message):
    done = tingshuo("keys", *arguments)
    assert (done.code, done.text, done.err.count("\n")) == (code, "", 1)
    assert message in done.err
    assert not path.exists()


def test_no_keys_are_said(tingshuo, path):
    assert tingshuo("keys", "list").text == f"{path}: there are no keys; tingshuo keys add NAME makes one\n"
    assert json.loads(tingshuo("keys", "list", "--json").out) == {"file": str(path), "keys": []}


@pytest.mark.parametrize("command", [(), ("add",), ("list",), ("revoke",)])
def test_every_help_has_an_example(tingshuo, command):
    done = tingshuo("keys", *command, "--help")
    assert done.code == 0
    assert f"tingshuo {' '.join(('keys', *command))}" in done.text.split("Example:")[1]


def test_nothing_asked_for_is_answered_with_help(tingshuo):
    assert tingshuo("keys").text == tingshuo("keys", "--help").text != ""


def test_its_commands_are_in_the_reference():
    group = typer.main.get_command(keys)
    assert list(group.beside) == ["add", "list", "revoke"]


@pytest.fixture(autouse=True)
def registered(monkeypatch):
    """Have the program know the group."""
    if all(group.typer_instance is not keys for group in app.registered_groups):
        monkeypatch.setattr(app, "registered_groups", list(app.registered_groups))
        app.add_typer(keys)
