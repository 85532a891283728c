"""``unseal``: with the key everything comes back, without it nothing does."""

import json
import shutil
from pathlib import Path

import pytest

from tingshuo.store.seal_keys import SEAL_KEY, SEAL_KEY_COMMAND, SEAL_KEY_FILE, make_seal_key
from tingshuo.store.sealing import seal_bundle

TINY = Path(__file__).parents[2] / "store" / "tiny"


@pytest.fixture
def sealed(tmp_path, monkeypatch):
    """A small bundle, encrypted for "anna"; no key is at hand."""
    monkeypatch.setenv("TINGSHUO_HOME", str(tmp_path / "home"))
    for variable in (SEAL_KEY, SEAL_KEY_FILE, SEAL_KEY_COMMAND):
        monkeypatch.delenv(variable, raising=False)
    return seal_bundle(TINY, tmp_path / "sealed", [make_seal_key(tmp_path / "anna")])


def test_with_the_key_everything_comes_back(tingshuo, sealed, tmp_path):
    done = tingshuo("unseal", sealed, "-o", tmp_path / "plain", "--key", tmp_path / "anna")
    assert (done.code, done.err) == (0, "")
    assert done.text.startswith(f"{tmp_path}/plain: tiny ")
    assert done.text.endswith(" MB, not encrypted any more\n")
    assert (tmp_path / "plain" / "manifest.json").read_bytes() == (TINY / "manifest.json").read_bytes()
    assert tingshuo("verify", tmp_path / "plain").code == 0
    again = tingshuo("unseal", sealed, "-o", tmp_path / "plain", "--key", tmp_path / "anna")
    assert (again.code, "already exists" in again.err) == (6, True)


@pytest.mark.parametrize("where", ["text", "file", "command", "home"])
def test_the_key_is_found(tingshuo, sealed, tmp_path, monkeypatch, where):
    if where == "home":
        (tmp_path / "home" / "keys").mkdir(parents=True)
        shutil.copy(tmp_path / "anna", tmp_path / "home" / "keys" / "seal.key")
    values = {
        "text": (SEAL_KEY, (tmp_path / "anna").read_text()),
        "file": (SEAL_KEY_FILE, f"{tmp_path}/anna"),
        "command": (SEAL_KEY_COMMAND, f"cat {tmp_path}/anna"),
    }
    if where in values:
        monkeypatch.setenv(*values[where])
    told = json.loads(tingshuo("unseal", sealed, "-o", tmp_path / "plain", "--json").out)
    assert (told["path"], told["name"]) == (f"{tmp_path}/plain", "tiny")
    assert (told["n_files"], told["n_bytes"]) == (3, sum((TINY / name).stat().st_size for name in files_of(tmp_path / "plain")))


def files_of(folder):
    return [path.relative_to(folder) for path in folder.rglob("*") if path.is_file() and path.name != "manifest.json"]


def test_without_the_key_nothing_does(tingshuo, sealed, tmp_path):
    make_seal_key(tmp_path / "bo")
    there = sorted(tmp_path.iterdir())
    for arguments, message in (
        ((), "and there is no key; name its file in TINGSHUO_SEAL_KEY_FILE, or put it at"),
        (("--key", tmp_path / "none"), "none: cannot be read: No such file"),
        (("--key", tmp_path / "anna.pub"), "anna.pub: is open to others than its owner"),
        (("--key", tmp_path / "bo"), "is encrypted for age1"),
    ):
        done = tingshuo("unseal", sealed, "-o", tmp_path / "plain", *arguments)
        assert (done.code, done.out, done.err.count("\n")) == (9, b"", 1)
        assert message in done.err
    assert sorted(tmp_path.iterdir()) == there


def test_what_is_not_encrypted_is_said(tingshuo, tmp_path):
    done = tingshuo("unseal", TINY, "-o", tmp_path / "plain", "--key", tmp_path / "anna")
    assert (done.code, done.err.count("\n")) == (9, 1)
    assert "is not encrypted; there is nothing to unseal" in done.err
