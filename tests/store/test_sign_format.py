"""The layout of signatures: that of the specification to the byte, and strict about everything that is signed."""

import base64
import hashlib
import json
from typing import Any

import pytest

from tingshuo.errors import SignatureError
from tingshuo.store.sign_format import (
    PAYLOAD_TYPE,
    Envelope,
    Statement,
    message_of,
    read_envelope,
    read_statement,
    write_envelope,
    write_statement,
)

A, B, C = "aa" * 32, "bb" * 32, "cc" * 32
STATEMENT = Statement("声音", {"b/c": B, "b-c": A, "manifest.json": C})
ENVELOPE = Envelope(b"payload", PAYLOAD_TYPE, b"signature", "ab" * 32)


def envelope(*place: str, **changes: Any) -> bytes:
    """A signature file with changes somewhere; None removes a key."""
    return changed(json.loads(write_envelope(b"payload", b"signature", "ab" * 32)), place, changes)


def payload(*place: str, **changes: Any) -> bytes:
    return changed(json.loads(write_statement(STATEMENT)), place, changes)


def changed(document: Any, place: tuple[str, ...], changes: dict[str, Any]) -> bytes:
    inner = document
    for step in place:
        inner = inner[int(step)] if step.isdigit() else inner[step]
    inner |= changes
    for key in [key for key, value in changes.items() if value is None]:
        del inner[key]
    return json.dumps(document).encode()


def test_the_signed_bytes_are_those_of_the_protocol() -> None:
    """The example of https://github.com/secure-systems-lab/dsse/blob/master/protocol.md."""
    assert message_of(b"hello world", "http://example.com/HelloWorld") == (
        b"DSSEv1 29 http://example.com/HelloWorld 11 hello world"
    )
    assert message_of("声".encode()) == b"DSSEv1 28 application/vnd.in-toto+json 3 " + "声".encode()
    assert ENVELOPE.message == message_of(b"payload")


def test_an_envelope_survives_json() -> None:
    assert read_envelope(write_envelope(b"payload", b"signature", "AB" * 32), "here") == ENVELOPE


def test_a_statement_survives_json() -> None:
    assert read_statement(write_statement(STATEMENT), "here") == STATEMENT


def test_files_are_in_the_order_of_their_names_and_the_subject_digests_them() -> None:
    document = json.loads(write_statement(STATEMENT))
    resources = document["predicate"]["resources"]
    assert [resource["name"] for resource in resources] == ["b-c", "b/c", "manifest.json"]
    root = hashlib.sha256(bytes.fromhex(A + B + C)).hexdigest()
    assert document["subject"] == [{"name": "声音", "digest": {"sha256": root}}]
    assert document["predicate"]["serialization"] == {
        "method": "files",
        "hash_type": "sha256",
        "allow_symlinks": False,
        "ignore_paths": ["signature.json"],
    }


def test_another_order_is_read_too() -> None:
    """The model-signing package sorts part by part of a path."""
    resources = [
        {"name": name, "algorithm": "sha256", "digest": STATEMENT.files[name]} for name in ("b/c", "b-c", "manifest.json")
    ]
    document = json.loads(payload("predicate", resources=resources))
    document["subject"][0]["digest"]["sha256"] = hashlib.sha256(bytes.fromhex(B + A + C)).hexdigest()
    assert read_statement(json.dumps(document).encode(), "here") == STATEMENT


def test_keys_that_are_not_known_are_passed_over() -> None:
    """As the specifications ask; also what older signatures have, and lack."""
    assert read_envelope(envelope(more=1), "here") == ENVELOPE
    old = envelope("verificationMaterial", publicKey={"rawBytes": "AAAA", "keyDetails": "X"}, tlogEntries=None)
    assert read_envelope(old, "here").hint == ""
    assert read_envelope(envelope("dsseEnvelope", "signatures", "0", keyid=None), "here") == ENVELOPE
    assert read_statement(payload("predicate", "serialization", allow_symlinks=True), "here") == STATEMENT


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "cannot be read as a signature"),
        (b"\xff", "cannot be read as a signature"),
        (b"[]", "cannot be read as a signature"),
        (b"[" * 100_000, "cannot be read as a signature"),
        (envelope()[:-20], "cannot be read as a signature .*; copy the bundle again"),
        (envelope(mediaType="application/json"), "is of the unknown type 'application/json'; accepted: application/vnd"),
        (envelope(mediaType=None), "cannot be read as a signature"),
        (envelope(dsseEnvelope=None), "does not hold exactly one signature"),
        (envelope("dsseEnvelope", signatures=[]), "does not hold exactly one signature"),
        (envelope("dsseEnvelope", signatures=[{"sig": "AAAA"}] * 2), "does not hold exactly one signature"),
        (envelope("dsseEnvelope", payload="not base64!"), "cannot be read as a signature"),
        (envelope("dsseEnvelope", payload=1), "cannot be read as a signature"),
        (
            envelope("dsseEnvelope", payloadType="text/plain"),
            "signs the unknown payload type 'text/plain'; accepted: application/",
        ),
        (
            envelope("verificationMaterial", publicKey=None),
            "was made with a certificate; only signatures that are made with a key",
        ),
        (envelope(verificationMaterial={"certificate": {"rawBytes": "AAAA"}}), "was made with a certificate"),
    ],
)
def test_a_file_that_is_no_signature_is_refused_in_one_line(content: bytes, message: str) -> None:
    with pytest.raises(SignatureError, match=f"^here: {message}") as caught:
        read_envelope(content, "here")
    assert "\n" not in str(caught.value)


def resource(name: str = "a", digest: str = A, algorithm: str = "sha256") -> dict[str, Any]:
    return {"name": name, "digest": digest, "algorithm": algorithm}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "what is signed cannot be used"),
        (b"null", "what is signed cannot be used"),
        (payload(_type="https://in-toto.io/Statement/v0.1"), "unknown type 'https://in-toto.io/Statement/v0.1'; accepted"),
        (
            payload(predicateType="https://model_signing/Digests/v0.1"),
            "unknown type 'https://model_signing/Digests/v0.1'; accepted",
        ),
        (payload(predicate=None), "what is signed cannot be used"),
        (payload(subject=[]), "it has 0 subjects"),
        (payload("subject", "0", digest={"sha256": A}), "the digest of its subject is not that of its resources"),
        (payload("subject", "0", digest={}), "the digest of its subject is not that of its resources"),
        (payload("predicate", "serialization", method="shards"), "it lists 'shards' with 'sha256', known here are 'files'"),
        (payload("predicate", "serialization", hash_type="blake3"), "it lists 'files' with 'blake3', known here are 'files'"),
        (payload("predicate", resources=[resource("../evil")]), "'../evil' is not a plain relative path"),
        (payload("predicate", resources=[resource("/etc/passwd")]), "'/etc/passwd' is not a plain relative path"),
        (payload("predicate", resources=[resource(), resource(digest=B)]), "a file is named twice"),
        (payload("predicate", resources=[resource(algorithm="blake3")]), "'a' has no SHA-256"),
        (payload("predicate", resources=[resource(digest="AA" * 32)]), "'a' has no SHA-256"),
        (payload("predicate", resources=[resource(digest=f"{A}\n")]), "'a' has no SHA-256"),
        (payload("predicate", resources=[{"name": "a"}]), "what is signed cannot be used"),
    ],
)
def test_a_statement_that_says_something_else_is_refused_in_one_line(content: bytes, message: str) -> None:
    with pytest.raises(SignatureError, match=message) as caught:
        read_statement(content, "here")
    assert str(caught.value).startswith("here: ")
    assert "\n" not in str(caught.value)


def test_the_payload_is_plain_base64() -> None:
    assert json.loads(envelope())["dsseEnvelope"]["payload"] == base64.b64encode(b"payload").decode()
