"""Timbres: vectors and nothing else, each of its own speaker."""

import io
import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pyrage import x25519

from tingshuo.errors import BundleError, OutputError, RequestError, SealedError
from tingshuo.store.manifest import parse_manifest
from tingshuo.store.seal_cipher import decrypt_bytes, encrypt_bytes, is_encrypted
from tingshuo.store.seal_keys import SEAL_KEY, SEAL_KEY_COMMAND, SEAL_KEY_FILE, SealKeys
from tingshuo.store.voiceprints import read_voiceprint, unprotected, voiceprint_file, voiceprint_name, write_voiceprint

VECTOR = np.linspace(-1, 1, 192, dtype=np.float32)
IDENTITY = x25519.Identity.generate()
KEYS = SealKeys("mine", (str(IDENTITY.to_public()),), (IDENTITY,))


def npy(array: Any, **options: Any) -> bytes:
    file = io.BytesIO()
    np.save(file, array, **options)
    return file.getvalue()


def put(folder: Path, content: bytes, name: str = "speakers/anna.npy") -> None:
    (folder / name).parent.mkdir(exist_ok=True)
    (folder / name).write_bytes(content)


@pytest.mark.parametrize("encrypted", [False, True])
def test_what_is_written_is_read(tmp_path: Path, encrypted: bool) -> None:
    path = write_voiceprint(tmp_path, "安娜", VECTOR, KEYS.recipients if encrypted else ())
    assert path == tmp_path / voiceprint_name("安娜", encrypted=encrypted)
    assert path.name == ("安娜.npy.age" if encrypted else "安娜.npy")
    assert path.stat().st_mode & 0o777 == 0o600
    assert is_encrypted(path) is encrypted
    read = read_voiceprint(tmp_path, "安娜", KEYS)
    assert read.dtype == np.float32
    np.testing.assert_array_equal(read, VECTOR)


def test_a_plain_timbre_is_a_npy_like_any_other(tmp_path: Path) -> None:
    path = write_voiceprint(tmp_path, "anna", VECTOR[::2])
    np.testing.assert_array_equal(np.load(path, allow_pickle=False), VECTOR[::2])
    put(tmp_path, npy(VECTOR))
    np.testing.assert_array_equal(read_voiceprint(tmp_path, "anna"), VECTOR)


def test_the_encrypted_one_is_read_where_there_are_both(tmp_path: Path) -> None:
    write_voiceprint(tmp_path, "anna", VECTOR, KEYS.recipients)
    write_voiceprint(tmp_path, "anna", -VECTOR)
    np.testing.assert_array_equal(read_voiceprint(tmp_path, "anna", KEYS), VECTOR)


def test_a_key_is_looked_for_and_missed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TINGSHUO_HOME", str(tmp_path / "home"))
    for variable in (SEAL_KEY, SEAL_KEY_FILE, SEAL_KEY_COMMAND):
        monkeypatch.delenv(variable, raising=False)
    write_voiceprint(tmp_path, "anna", VECTOR, KEYS.recipients)
    with pytest.raises(SealedError, match=r"anna\.npy\.age: is encrypted, and there is no key; see tingshuo unseal --help"):
        read_voiceprint(tmp_path, "anna")
    monkeypatch.setenv(SEAL_KEY, str(IDENTITY))
    np.testing.assert_array_equal(read_voiceprint(tmp_path, "anna"), VECTOR)
    monkeypatch.setenv(SEAL_KEY, str(x25519.Identity.generate()))
    with pytest.raises(SealedError, match=r"anna\.npy\.age: is not encrypted for \$TINGSHUO_SEAL_KEY"):
        read_voiceprint(tmp_path, "anna")


def test_one_persons_timbre_cannot_take_the_place_of_anothers(tmp_path: Path) -> None:
    path = write_voiceprint(tmp_path, "anna", VECTOR, KEYS.recipients)
    path.rename(path.with_name("bo.npy.age"))
    with pytest.raises(SealedError, match=r"bo\.npy\.age: is the timbre of 'anna', not of 'bo'; files were exchanged or renamed"):
        read_voiceprint(tmp_path, "bo", KEYS)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (b'"dimension": 192', b'"dimension": 256', "holds 192 numbers, but says 256"),
        (b"tingshuo timbre 1", b"tingshuo timbre 2", "does not hold a timbre"),
        (b'"speaker"', b'"speakeR"', "does not hold a timbre"),
        (b'{"speaker"', b'["speaker"', "does not hold a timbre"),
        (b"}\n", b"}" + b" " * 5000 + b"\n", "does not hold a timbre"),
        (b"\x93NUMPY", b"\x93NUMPX", "is not a .npy that can be read"),
    ],
)
def test_the_header_inside_is_read_strictly(tmp_path: Path, old: bytes, new: bytes, message: str) -> None:
    [(name, content)] = voiceprint_file("anna", VECTOR, KEYS.recipients).items()
    inner = decrypt_bytes(content, KEYS, "it")
    assert old in inner
    put(tmp_path, encrypt_bytes(inner.replace(old, new, 1), KEYS.recipients), name)
    with pytest.raises(BundleError, match=message):
        read_voiceprint(tmp_path, "anna", KEYS)


def test_an_encrypted_timbre_that_was_cut_short_is_refused(tmp_path: Path) -> None:
    path = write_voiceprint(tmp_path, "anna", VECTOR, KEYS.recipients)
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(SealedError, match=r"anna\.npy\.age: was cut short or changed"):
        read_voiceprint(tmp_path, "anna", KEYS)


class Trap:
    """Makes a folder when it is unpickled."""

    def __reduce__(self) -> tuple[Any, ...]:
        return os.mkdir, ("trapped",)


HUGE = npy(VECTOR).replace(b"(192,)", b"(65536,)")
BAD = {
    "a pickle": (npy(np.array([Trap()], object), allow_pickle=True), "is not a .npy|a timbre is float32"),
    "double": (npy(VECTOR.astype(np.float64)), "a timbre is float32 of shape .*this is float64"),
    "big-endian": (npy(VECTOR.astype(">f4")), "a timbre is float32"),
    "two dimensions": (npy(VECTOR[None]), r"this is float32 of \(1, 192\)"),
    "empty": (npy(VECTOR[:0]), r"this is float32 of \(0,\)"),
    "too long": (npy(np.zeros(70_000, np.float32)), r"this is float32 of \(70000,\)"),
    "NaN": (npy(np.array([1, np.nan], np.float32)), "has a NaN or an infinity"),
    "infinity": (npy(np.array([1, -np.inf], np.float32)), "has a NaN or an infinity"),
    "cut short": (npy(VECTOR)[:-1], "holds 767 bytes of numbers, its header says 768"),
    "a byte more": (npy(VECTOR) + b"x", "holds 769 bytes of numbers"),
    "a header that promises more": (HUGE, "holds .* bytes of numbers, its header says 262144"),
    "not a npy": (b"hello", "is not a .npy that can be read"),
    "a zip": (b"PK\3\4" * 20, "is not a .npy that can be read"),
    "nothing": (b"", "is not a .npy that can be read"),
    "too large": (npy(VECTOR) + bytes(1 << 20), "larger than 1048576 bytes, so it is not a timbre"),
}


@pytest.mark.parametrize("what", BAD)
def test_what_is_no_timbre_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, what: str) -> None:
    monkeypatch.chdir(tmp_path)
    content, message = BAD[what]
    put(tmp_path, content)
    with pytest.raises(BundleError, match=message) as caught:
        read_voiceprint(tmp_path, "anna")
    assert "anna.npy" in str(caught.value)
    assert not Path("trapped").exists()


def test_a_missing_timbre_is_said(tmp_path: Path) -> None:
    with pytest.raises(BundleError, match=r"speakers/anna\.npy: cannot be read: No such file"):
        read_voiceprint(tmp_path, "anna")


@pytest.mark.parametrize(
    ("vector", "message"),
    [
        (VECTOR.astype(np.float64), "a timbre is a vector of float32, this is float64"),
        ([1.0], "a timbre is a vector of float32, this is list"),
        (VECTOR[None], r"has the shape \(D,\), D from 1 to 65536, this has \(1, 192\)"),
        (VECTOR[:0], r"this has \(0,\)"),
        (np.array([np.nan], np.float32), "has a NaN"),
    ],
)
def test_what_is_no_timbre_is_not_written(tmp_path: Path, vector: Any, message: str) -> None:
    with pytest.raises(BundleError, match=message):
        write_voiceprint(tmp_path, "anna", vector)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("speaker", ["../evil", "a/b", "", "a\0", "a:b", "."])
def test_a_speaker_whose_name_is_no_file_name_is_refused(tmp_path: Path, speaker: str) -> None:
    with pytest.raises(BundleError, match="no file can be named so"):
        write_voiceprint(tmp_path / "in", speaker, VECTOR)
    with pytest.raises(BundleError, match="no file can be named so"):
        read_voiceprint(tmp_path / "in", speaker)
    assert list(tmp_path.iterdir()) == []


def test_a_recipient_that_is_none_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RequestError, match="is no public X25519 key of age"):
        write_voiceprint(tmp_path, "anna", VECTOR, ["age1x"])


def test_a_folder_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    (tmp_path / "speakers").mkdir()
    (tmp_path / "speakers" / "anna.npy").mkdir()
    with pytest.raises(OutputError, match=r"anna\.npy: cannot be written"):
        write_voiceprint(tmp_path, "anna", VECTOR)


def test_only_cloned_speakers_must_not_lie_there_plain(fields: dict[str, Any]) -> None:
    entry = {"sha256": "0" * 64, "size": 1}
    people = ["anna", "bo", "chen"]
    consents = [
        {
            "speaker": name,
            "given_by": name,
            "given_on": "2026-05-01",
            "purpose": "Reading aloud.",
            "valid_until": "unlimited",
            "recording_sha256": "0" * 64,
        }
        for name in people
    ]
    names = ["config.json", "speakers/Anna.npy", "speakers/bo.npy.age", "speakers/robot.npy"]
    changed = {
        "graphs": {},
        "speakers": [*people, "robot"],
        "cloned": people,
        "consents": consents,
        "schema_version": 1,
        "files": dict.fromkeys(names, entry),
    }
    manifest = parse_manifest(fields | changed, "it")
    assert unprotected(manifest) == ("anna",)
    assert unprotected(manifest.replace(cloned=())) == ()


def test_the_header_says_whose_it_is_and_how_long() -> None:
    [content] = voiceprint_file("安娜", VECTOR, KEYS.recipients).values()
    magic, header, _ = decrypt_bytes(content, KEYS, "it").split(b"\n", 2)
    assert magic == b"tingshuo timbre 1"
    assert json.loads(header) == {"speaker": "安娜", "dimension": 192}
