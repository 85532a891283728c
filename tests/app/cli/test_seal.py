"""``seal``: keys are made, bundles encrypted, and what is wrong is one line."""

import json
import re
import shutil
from pathlib import Path

import pytest
import typer

from tingshuo.app.cli.verbs import app
from tingshuo.store.seal_keys import SEAL_KEY, SEAL_KEY_COMMAND, SEAL_KEY_FILE
from tingshuo.store.sign_keys import make_key

TINY = Path(__file__).parents[2] / "store" / "tiny"
PAGE = (Path(__file__).parents[3] / "docs" / "encrypt.md").read_text("utf-8")


@pytest.fixture
def copy(tmp_path):
    """A bundle of a few kilobytes, named "tiny"."""
    return shutil.copytree(TINY, tmp_path / "voice")


@pytest.fixture
def key(tingshuo, tmp_path):
    """A secret key; its public half lies beside it."""
    path = tmp_path / "keys" / "anna"
    assert tingshuo("seal", "--make-key", path).code == 0
    return path


def test_a_key_is_made_and_told(tingshuo, tmp_path):
    done = tingshuo("seal", "--make-key", tmp_path / "anna")
    assert (done.code, done.err) == (0, "")
    secret, public = done.text.splitlines()
    assert secret.startswith(f"{tmp_path}/anna: the secret key; keep it to yourself")
    assert (
        public
        == f"{tmp_path}/anna.pub: the public key, {(tmp_path / 'anna.pub').read_text().strip()}; give it to those who encrypt"
    )
    assert "AGE-SECRET-KEY" not in done.text
    again = tingshuo("seal", "--make-key", tmp_path / "anna")
    assert (again.code, again.err.count("\n"), "a key is never overwritten" in again.err) == (6, 1, True)
    made = json.loads(tingshuo("seal", "--make-key", tmp_path / "bo", "--json").out)
    assert made == {
        "recipient": (tmp_path / "bo.pub").read_text().strip(),
        "key": f"{tmp_path}/bo",
        "public_key": f"{tmp_path}/bo.pub",
    }


def test_a_bundle_is_encrypted_and_can_be_verified_and_signed(tingshuo, copy, key, tmp_path):
    public = key.with_name("anna.pub").read_text().strip()
    done = tingshuo("seal", copy, "-o", tmp_path / "sealed", "--to", public)
    assert (done.code, done.err) == (0, "")
    assert re.fullmatch(rf"{tmp_path}/sealed: tiny \S+, \d+ files, 0\.0 MB, encrypted for\n  {public}\n", done.text)
    assert tingshuo("verify", tmp_path / "sealed").code == 0
    make_key(tmp_path / "acme")
    assert tingshuo("sign", tmp_path / "sealed", "--key", tmp_path / "acme").code == 0
    assert tingshuo("verify", tmp_path / "sealed", "--key", tmp_path / "acme.pub").code == 0


def test_several_can_be_given_a_key_and_machines_are_told(tingshuo, copy, key, tmp_path):
    tingshuo("seal", "--make-key", tmp_path / "bo")
    make_key(tmp_path / "acme")
    tingshuo("sign", copy, "--key", tmp_path / "acme")
    arguments = ("--to", f"{key}.pub", "--to", tmp_path / "bo.pub")
    told = json.loads(tingshuo("seal", copy, "-o", tmp_path / "sealed", *arguments, "--json").out)
    assert told["recipients"] == [path.read_text().strip() for path in (key.with_name("anna.pub"), tmp_path / "bo.pub")]
    assert (told["path"], told["name"], told["signature_lost"]) == (f"{tmp_path}/sealed", "tiny", True)
    done = tingshuo("seal", copy, "-o", tmp_path / "again", *arguments)
    assert f"its signature is of the plain files and is not kept; sign again: tingshuo sign {tmp_path}/again" in done.text


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((), "give a bundle, -o FOLDER and --to to encrypt it, or --make-key alone"),
        (("voice",), "give a bundle, -o FOLDER and --to"),
        (("voice", "-o", "out"), "give a bundle, -o FOLDER and --to"),
        (("voice", "--to", "age1"), "give a bundle, -o FOLDER and --to"),
        (("--make-key", "k", "--to", "age1"), "give a bundle, -o FOLDER and --to"),
        (("--make-key", "k", "-o", "out"), "give a bundle, -o FOLDER and --to"),
        (("voice", "-o", "out", "--to", "age1", "--make-key", "k"), "give a bundle, -o FOLDER and --to"),
        (("default", "-o", "out", "--to", "age1"), "age1: is no public X25519 key of age"),
        (("default", "-o", "out", "--to", "none.pub"), "none.pub: cannot be read: No such file"),
        (("nobody", "-o", "out", "--to", "age1"), "unknown voice 'nobody'"),
    ],
)
def test_wrong_options_are_one_line(tingshuo, tmp_path, monkeypatch, arguments, message):
    monkeypatch.chdir(tmp_path)
    done = tingshuo("seal", *arguments)
    assert (done.code, done.out, done.err.count("\n")) == (2, b"", 1)
    assert message in done.err
    assert list(tmp_path.iterdir()) == []


def test_a_damaged_bundle_is_not_encrypted(tingshuo, copy, key, tmp_path):
    (copy / "config.json").write_text("another")
    done = tingshuo("seal", copy, "-o", tmp_path / "sealed", "--to", f"{key}.pub")
    assert (done.code, "config.json: has 7 bytes" in done.err) == (9, True)
    assert not (tmp_path / "sealed").exists()


def test_the_page_has_only_options_that_exist():
    verbs = typer.main.get_command(app).commands
    commands = re.findall(r"^(?:TINGSHUO\S+ )?tingshuo (\w+) (.*?)(?:  +#.*)?$", PAGE, re.MULTILINE)
    assert {"seal", "unseal", "say"} <= {verb for verb, _ in commands}
    for verb, arguments in commands:
        known = {option for parameter in verbs[verb].params for option in parameter.opts}
        assert {word for word in arguments.split() if word.startswith("-")} <= known
    assert set(re.findall(r"\bTINGSHUO_SEAL_\w+", PAGE)) == {SEAL_KEY, SEAL_KEY_FILE, SEAL_KEY_COMMAND}
