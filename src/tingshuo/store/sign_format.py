"""The layout of a signature: a statement about files, in an envelope that is signed, in a file that says how.

It is that of OpenSSF Model Signing 1.0, by key (https://github.com/ossf/model-signing-spec/blob/main/spec/v1.0.md)::

    signature.json         a sigstore bundle, version 0.3; names the key by its fingerprint
    └── dsseEnvelope       DSSE (https://github.com/secure-systems-lab/dsse): type of the payload, payload, signature of both
        └── payload        in-toto statement, version 1: predicate ``https://model_signing/signature/v1.0``
            ├── resources  every file with its SHA-256, in the order of their names
            └── subject    SHA-256 of these digests, one after another as bytes

Only whole files with SHA-256 are known here, not shards or other hashes. Keys of these documents that are not known are passed
over, as their specifications ask; what is not signed decides nothing.
"""

import base64
import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

from tingshuo.errors import SignatureError
from tingshuo.store.manifest import check_relative_path

SIGNATURE = "signature.json"
PAYLOAD_TYPE = "application/vnd.in-toto+json"
_MEDIA_TYPE = "application/vnd.dev.sigstore.bundle.v0.3+json"
_STATEMENT_TYPE = "https://in-toto.io/Statement/v1"
_PREDICATE_TYPE = "https://model_signing/signature/v1.0"
_METHOD, _HASH = "files", "sha256"
_DIGEST = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class Envelope:
    """What is signed, and the signature; nothing of it has been checked.

    Parameters
    ----------
    payload : bytes
        The statement.
    payload_type : str
        What the payload is; signed with it.
    signature : bytes
        Of `message`.
    hint : str
        Fingerprint of the key, as the file says; empty when it does not.
    """

    payload: bytes
    payload_type: str
    signature: bytes
    hint: str

    @property
    def message(self) -> bytes:
        """The bytes that are signed."""
        return message_of(self.payload, self.payload_type)


@dataclass(frozen=True, slots=True)
class Statement:
    """What is claimed: these files, with these digests.

    Parameters
    ----------
    subject : str
        What the folder was called where it was signed; it says no more than that.
    files : Mapping of str to str
        Path inside the bundle to SHA-256, lower-case hexadecimal.
    """

    subject: str
    files: Mapping[str, str]


def message_of(payload: bytes, payload_type: str = PAYLOAD_TYPE) -> bytes:
    """Return the bytes that are signed: DSSE's encoding of a payload and its type, with their lengths in bytes."""
    kind = payload_type.encode()
    return b"DSSEv1 %d %b %d %b" % (len(kind), kind, len(payload), payload)


def write_statement(statement: Statement) -> bytes:
    """Return a statement as the payload of an envelope."""
    names = sorted(statement.files)
    digests = [statement.files[name] for name in names]
    document = {
        "_type": _STATEMENT_TYPE,
        "subject": [{"name": statement.subject, "digest": {_HASH: _root(digests)}}],
        "predicateType": _PREDICATE_TYPE,
        "predicate": {
            "resources": [{"name": name, "algorithm": _HASH, "digest": statement.files[name]} for name in names],
            "serialization": {"method": _METHOD, "hash_type": _HASH, "allow_symlinks": False, "ignore_paths": [SIGNATURE]},
        },
    }
    return _to_json(document)


def write_envelope(payload: bytes, signature: bytes, fingerprint: str) -> bytes:
    """Return the content of a signature file."""
    document = {
        "mediaType": _MEDIA_TYPE,
        "verificationMaterial": {"publicKey": {"hint": fingerprint}, "tlogEntries": []},
        "dsseEnvelope": {
            "payload": base64.b64encode(payload).decode(),
            "payloadType": PAYLOAD_TYPE,
            "signatures": [{"sig": base64.b64encode(signature).decode(), "keyid": ""}],
        },
    }
    return _to_json(document) + b"\n"


class _PublicKey(msgspec.Struct, rename="camel"):
    hint: str | None = None


class _Material(msgspec.Struct, rename="camel"):
    public_key: _PublicKey | None = None


class _Signature(msgspec.Struct):
    sig: bytes


class _Dsse(msgspec.Struct, rename="camel"):
    payload: bytes
    payload_type: str
    signatures: list[_Signature]


class _File(msgspec.Struct, rename="camel"):
    media_type: str
    verification_material: _Material
    dsse_envelope: _Dsse | None = None


def read_envelope(content: bytes, source: str) -> Envelope:
    """Take a signature file apart; ``source`` names it in messages.

    Raises
    ------
    SignatureError
        It is not JSON of this layout, or was not made with a key.
    """
    try:
        file = msgspec.json.decode(content, type=_File)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise SignatureError(f"{source}: cannot be read as a signature ({error}); copy the bundle again") from error
    if file.media_type != _MEDIA_TYPE:
        raise SignatureError(f"{source}: is of the unknown type {file.media_type!r}; accepted: {_MEDIA_TYPE}")
    envelope, key = file.dsse_envelope, file.verification_material.public_key
    if envelope is None or len(envelope.signatures) != 1:
        raise SignatureError(f"{source}: does not hold exactly one signature of a statement")
    if key is None:
        raise SignatureError(f"{source}: was made with a certificate; only signatures that are made with a key are known here")
    if envelope.payload_type != PAYLOAD_TYPE:
        raise SignatureError(f"{source}: signs the unknown payload type {envelope.payload_type!r}; accepted: {PAYLOAD_TYPE}")
    return Envelope(envelope.payload, envelope.payload_type, envelope.signatures[0].sig, (key.hint or "").lower())


class _Subject(msgspec.Struct):
    name: str
    digest: dict[str, str]


class _Resource(msgspec.Struct):
    name: str
    algorithm: str
    digest: str


class _Serialization(msgspec.Struct):
    method: str
    hash_type: str


class _Predicate(msgspec.Struct):
    resources: list[_Resource]
    serialization: _Serialization


class _Statement(msgspec.Struct, rename="camel"):
    statement_type: str = msgspec.field(name="_type")
    predicate_type: str
    subject: list[_Subject]
    predicate: Any = None


def read_statement(payload: bytes, source: str) -> Statement:
    """Take a payload apart whose signature fits; ``source`` names the signature file in messages.

    Raises
    ------
    SignatureError
        It is not a statement of this kind, names a file that would lie outside the bundle or a file twice, or its digest of
        digests is wrong.
    """
    try:
        statement = msgspec.json.decode(payload, type=_Statement)
        for found, known in ((statement.statement_type, _STATEMENT_TYPE), (statement.predicate_type, _PREDICATE_TYPE)):
            if found != known:
                raise SignatureError(f"{source}: signs a statement of the unknown type {found!r}; accepted: {known}")
        predicate = msgspec.convert(statement.predicate, _Predicate)
        files = _files(predicate)
        if len(statement.subject) != 1:
            raise ValueError(f"it has {len(statement.subject)} subjects")
        (subject,) = statement.subject
        if subject.digest.get(_HASH) != _root([resource.digest for resource in predicate.resources]):
            raise ValueError("the digest of its subject is not that of its resources")
    except (msgspec.DecodeError, ValueError, RecursionError) as error:
        raise SignatureError(f"{source}: what is signed cannot be used: {error}; ask for another signature") from error
    return Statement(subject.name, files)


def _files(predicate: _Predicate) -> dict[str, str]:
    how = predicate.serialization
    if (how.method, how.hash_type) != (_METHOD, _HASH):
        raise ValueError(f"it lists {how.method!r} with {how.hash_type!r}, known here are {_METHOD!r} with {_HASH!r}")
    for resource in predicate.resources:
        check_relative_path(resource.name)
        if resource.algorithm != _HASH or not _DIGEST.fullmatch(resource.digest):
            raise ValueError(f"{resource.name!r} has no SHA-256")
    files = {resource.name: resource.digest for resource in predicate.resources}
    if len(files) != len(predicate.resources):
        raise ValueError("a file is named twice")
    return files


def _root(digests: list[str]) -> str:
    return hashlib.sha256(b"".join(bytes.fromhex(digest) for digest in digests)).hexdigest()


def _to_json(document: dict[str, Any]) -> bytes:
    return json.dumps(document, ensure_ascii=False, indent=1).encode()
