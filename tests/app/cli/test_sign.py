"""``sign``, and ``serve --require-signed``, which trusts what it makes."""

import json
import logging
import re
import shutil
import sys
from pathlib import Path

import pytest
import typer

from tingshuo.app.cli.verbs import app
from tingshuo.errors import SignatureError
from tingshuo.serve.opening import open_service
from tingshuo.store.policy import read_policy
from tingshuo.store.sign_keys import KINDS, make_key

TINY = Path(__file__).parents[2] / "store" / "tiny"
PAGE = (Path(__file__).parents[3] / "docs" / "sign.md").read_text("utf-8")


@pytest.fixture
def copy(tmp_path):
    """A bundle of a few kilobytes, named "tiny"."""
    return shutil.copytree(TINY, tmp_path / "voice")


@pytest.fixture
def key(tingshuo, tmp_path):
    """A private key; its public half lies beside it."""
    path = tmp_path / "keys" / "acme"
    assert tingshuo("sign", "--make-key", path).code == 0
    return path


@pytest.fixture
def policy(tmp_path):
    """Write a policy that lets a key publish a name."""

    def write(public, name="tiny"):
        path = tmp_path / "policy.yaml"
        path.write_text(f'voices: {{"{name}": [{public}]}}')
        return path

    return write


def test_a_key_is_made_and_told(tingshuo, tmp_path):
    done = tingshuo("sign", "--make-key", tmp_path / "acme")
    assert (done.code, done.err) == (0, "")
    private, public = done.text.splitlines()
    assert private == f"{tmp_path}/acme: the private key, p256, without a password; keep it to yourself"
    assert public.startswith(f"{tmp_path}/acme.pub: the public key, ")
    assert (tmp_path / "acme").stat().st_mode & 0o777 == 0o600
    again = tingshuo("sign", "--make-key", tmp_path / "acme")
    assert (again.code, again.err.count("\n")) == (6, 1)
    assert "a key is never overwritten" in again.err


def test_a_key_is_told_to_machines(tingshuo, tmp_path):
    made = json.loads(tingshuo("sign", "--make-key", tmp_path / "acme", "--kind", "ed25519", "--json").out)
    fingerprint = made.pop("fingerprint")
    assert made == {
        "key": f"{tmp_path}/acme.pub",
        "kind": "ed25519",
        "private_key": f"{tmp_path}/acme",
        "protected": False,
    }
    assert len(fingerprint) == 64


def test_a_bundle_is_signed_once(tingshuo, copy, key):
    done = tingshuo("sign", copy, "--key", key)
    assert (done.code, done.err) == (0, "")
    assert done.text.startswith(f"{copy}/signature.json: 4 files signed, p256 key ")
    again = tingshuo("sign", copy, "--key", key)
    assert (again.code, "already exists; sign with --replace" in again.err) == (6, True)
    made = json.loads(tingshuo("sign", copy, "--key", key, "--replace", "--json").out)
    assert (made["signature"], made["key"], made["n_files"]) == (f"{copy}/signature.json", str(key), 4)


def test_a_damaged_bundle_is_not_signed(tingshuo, copy, key):
    (copy / "config.json").write_text("another")
    done = tingshuo("sign", copy, "--key", key)
    assert (done.code, done.out) == (9, b"")
    assert "config.json: has 7 bytes" in done.err
    assert not (copy / "signature.json").exists()


@pytest.mark.parametrize("how", ["env", "command"])
def test_a_password_comes_from_outside(tingshuo, copy, tmp_path, monkeypatch, how):
    monkeypatch.setenv("LOCK", "a long secret")
    command = f"{sys.executable} -c \"print('a long secret')\""
    password = ("--password-env", "LOCK") if how == "env" else ("--password-command", command)
    done = tingshuo("sign", "--make-key", tmp_path / "acme", *password)
    assert "p256, with a password; keep it to yourself" in done.text
    without = tingshuo("sign", copy, "--key", tmp_path / "acme")
    assert (without.code, "is protected by a password; give it with --password-env" in without.err) == (2, True)
    assert tingshuo("sign", copy, "--key", tmp_path / "acme", *password).code == 0
    assert tingshuo("verify", copy, "--key", tmp_path / "acme.pub").code == 0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((), "give a bundle and --key to sign it, or --make-key alone"),
        (("voice",), "give a bundle and --key to sign it, or --make-key alone"),
        (("--key", "k"), "give a bundle and --key to sign it, or --make-key alone"),
        (("voice", "--key", "k", "--make-key", "k"), "give a bundle and --key to sign it, or --make-key alone"),
        (("--make-key", "k", "--replace"), "--replace is for signatures; a key is never overwritten"),
        (("--make-key", "k", "--kind", "rsa"), "unknown kind of key 'rsa'; accepted: p256, p384, p521, ed25519"),
        (("default", "--key", "k", "--kind", "p256"), "--kind goes with --make-key"),
        (("default", "--key", "none"), "none: cannot be read: No such file"),
        (("nobody", "--key", "none"), "unknown voice 'nobody'"),
        (("--make-key", "k", "--password-env", "UNSET"), "the environment variable 'UNSET' is not set"),
        (("--make-key", "k", "--password-env", "EMPTY"), "a password has 1 to 1023 bytes, this one has 0"),
        (("--make-key", "k", "--password-env", "A", "--password-command", "b"), "exclude each other"),
        (("--make-key", "k", "--password-command", "false"), "the command for the password ended with code 1"),
        (("--make-key", "k", "--password-command", "no-such-command"), "the command for the password cannot be run"),
        (("--make-key", "k", "--password-command", "'"), "the command for the password cannot be run"),
        (("--make-key", "k", "--password-command", ""), "the command for the password cannot be run"),
    ],
)
def test_wrong_options_are_one_line(tingshuo, tmp_path, monkeypatch, arguments, message):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("EMPTY", "")
    done = tingshuo("sign", *arguments)
    assert (done.code, done.out, done.err.count("\n")) == (2, b"", 1)
    assert message in done.err
    assert list(tmp_path.iterdir()) == []


def test_a_server_that_requires_signatures_does_not_start_without(tingshuo, copy, key, policy):
    trusted = policy(f"{key}.pub")
    done = tingshuo("serve", "--port", "0", "--voice", copy, "--require-signed", trusted)
    assert (done.code, done.out, done.err.count("\n")) == (9, b"", 1)
    assert f"{copy}: has no signature.json" in done.err
    tingshuo("sign", copy, "--key", key)
    done = tingshuo("serve", "--port", "0", "--voice", copy, "--require-signed", policy(f"{key}.pub", "acme-*"))
    assert (done.code, "may not publish 'tiny', only acme-*" in done.err) == (9, True)
    done = tingshuo("serve", "--port", "0", "--voice", copy, "--require-signed", trusted.with_name("none.yaml"))
    assert (done.code, "none.yaml: cannot be read" in done.err) == (3, True)


def test_a_server_that_requires_signatures_asks_for_those_of_all_voices(
    tingshuo, copy, key, policy, tmp_path, monkeypatch, caplog
):
    tingshuo("sign", copy, "--key", key)
    trusted = read_policy(policy(f"{key}.pub"))
    with caplog.at_level(logging.INFO, "tingshuo.http"):
        service = open_service(str(copy), threads=1, policy=trusted)
    service.workers.close()
    service.results.close()
    assert caplog.messages == [f"{copy} is signed with {key}.pub"]
    monkeypatch.setenv("TINGSHUO_HOME", str(tmp_path / "home"))
    other = shutil.copytree(copy, tmp_path / "home" / "voices" / "other")
    (other / "signature.json").unlink()
    with pytest.raises(SignatureError, match=f"{other}: has no signature"):
        open_service(str(copy), threads=1, policy=trusted)


def test_the_page_has_only_options_that_exist():
    verbs = typer.main.get_command(app).commands
    commands = re.findall(r"^tingshuo (\w+) (.*?)(?:  +#.*)?$", PAGE, re.MULTILINE)
    assert {verb for verb, _ in commands} == {"sign", "verify", "serve"}
    for verb, arguments in commands:
        known = {option for parameter in verbs[verb].params for option in parameter.opts}
        assert {word for word in arguments.split() if word.startswith("-")} <= known
    assert set(re.findall(r"`(p\d+|ed\d+)`", PAGE)) == set(KINDS)


def test_the_policy_of_the_page_is_one(key, tmp_path):
    for name in ("other", "lost"):
        make_key(key.with_name(name))
    (tmp_path / "policy.yaml").write_text(re.search(r"```yaml\n(.*?)```", PAGE, re.DOTALL)[1], "utf-8")
    policy = read_policy(tmp_path / "policy.yaml")
    assert {pattern: len(keys) for pattern, keys in policy.voices.items()} == {"acme-*": 1, "default": 2}
    assert (len(policy.not_after), len(policy.revoked)) == (1, 1)
