"""Keys that sign bundles: make a pair, read one half, sign and check bytes. Needs the ``sign`` extra.

Private keys are PKCS #8 in PEM, public ones SubjectPublicKeyInfo in PEM (RFC 5958, RFC 5280, RFC 7468): what ``openssl genpkey``
and ``openssl pkey -pubout`` write. A curve brings its hash: P-256 SHA-256, P-384 SHA-384, P-521 SHA-512, as the registry of
algorithms of sigstore has it (https://github.com/sigstore/architecture-docs/blob/main/algorithm-registry.md).
"""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from tingshuo.errors import EngineNotInstalledError, RequestError
from tingshuo.store.key_files import read_key_file, write_pair

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, EllipticCurve, EllipticCurvePrivateKey, EllipticCurvePublicKey
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

ED25519 = "ed25519"
_CURVES = {"p256": "secp256r1", "p384": "secp384r1", "p521": "secp521r1"}
_HASHES = {"p256": "SHA256", "p384": "SHA384", "p521": "SHA512"}
KINDS = (*_CURVES, ED25519)
"""Kinds of keys, the default first."""
_ACCEPTED = "P-256, P-384, P-521 or Ed25519"
_MAX_PASSWORD_BYTES = 1023
"""What OpenSSL takes."""


@contextmanager
def sign_extra() -> Iterator[None]:
    """Around imports of what the ``sign`` extra brings: say how to install it when it is missing."""
    try:
        yield
    except ModuleNotFoundError as error:
        raise EngineNotInstalledError(
            f"signatures need the package {error.name!r}: pip install 'tingshuo[sign]' installs it"
        ) from error


@dataclass(frozen=True, slots=True)
class PublicKey:
    """The half of a key that checks signatures.

    Parameters
    ----------
    kind : str
        One of `KINDS`.
    pem : bytes
        The key in PEM, always written the same way.
    label : str
        What messages call it: where it was read.
    """

    kind: str
    pem: bytes
    label: str
    _key: "EllipticCurvePublicKey | Ed25519PublicKey" = field(repr=False, compare=False)

    @property
    def fingerprint(self) -> str:
        """SHA-256 of `pem`, hexadecimal: how the ``model-signing`` package names a key."""
        return hashlib.sha256(self.pem).hexdigest()

    def fits(self, signature: bytes, message: bytes) -> bool:
        """Tell whether a signature of the message was made with the other half of this key."""
        from cryptography.exceptions import InvalidSignature
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

        try:
            if isinstance(self._key, Ed25519PublicKey):
                self._key.verify(signature, message)
            else:
                self._key.verify(signature, message, _ecdsa(self.kind))
        except InvalidSignature:
            return False
        return True


@dataclass(frozen=True, slots=True)
class PrivateKey:
    """The half of a key that signs."""

    public: PublicKey
    _key: "EllipticCurvePrivateKey | Ed25519PrivateKey" = field(repr=False, compare=False)

    def sign(self, message: bytes) -> bytes:
        """Return a signature: ECDSA as ASN.1 in DER, Ed25519 as its 64 bytes."""
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

        if isinstance(self._key, Ed25519PrivateKey):
            return self._key.sign(message)
        return self._key.sign(message, _ecdsa(self.public.kind))


def make_key(path: Path, kind: str = KINDS[0], password: str | None = None) -> PublicKey:
    """Make a key: the private half at ``path`` for its owner alone (0600), the public half beside it as ``path.pub``.

    Parameters
    ----------
    path : Path
        Of the private half; missing parents are made.
    kind : str
        One of `KINDS`.
    password : str or None
        Protects the private half.

    Raises
    ------
    RequestError
        An unknown kind, or an empty password.
    OutputError
        One of both files exists, or cannot be written; nothing is left behind.
    EngineNotInstalledError
        The ``sign`` extra is missing.
    """
    if kind not in KINDS:
        raise RequestError(f"unknown kind of key {kind!r}; accepted: {', '.join(KINDS)}", "kind")
    secret = None if password is None else _encoded(password)
    with sign_extra():
        from cryptography.hazmat.primitives import serialization
        from cryptography.hazmat.primitives.asymmetric import ec, ed25519
    key = ed25519.Ed25519PrivateKey.generate() if kind == ED25519 else ec.generate_private_key(_curve(kind))
    protection = serialization.NoEncryption() if secret is None else serialization.BestAvailableEncryption(secret)
    private = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, protection)
    public = _public_key(key.public_key(), f"{path}.pub")
    write_pair(path, private, public.pem)
    return public


def read_private_key(path: Path, password: str | None = None) -> PrivateKey:
    """Read the half that signs.

    Raises
    ------
    RequestError
        The file cannot be read, holds no private key of a known kind, or wants another password.
    EngineNotInstalledError
        The ``sign`` extra is missing.
    """
    data = read_key_file(path)
    secret = None if password is None else _encoded(password)
    with sign_extra():
        from cryptography.exceptions import UnsupportedAlgorithm
        from cryptography.hazmat.primitives.asymmetric import ec, ed25519
        from cryptography.hazmat.primitives.serialization import load_pem_private_key
    if b"PRIVATE KEY" not in data:
        raise RequestError(f"{path}: holds no private key in PEM; tingshuo sign --make-key makes one", "key")
    try:
        key = load_pem_private_key(data, secret)
    except TypeError as error:  # how the library says that there is a password on one side alone
        wanted = "is protected by a password; give it with --password-env or --password-command"
        unwanted = "is not protected by a password; leave the password out"
        raise RequestError(f"{path}: {wanted if secret is None else unwanted}", "password") from error
    except (ValueError, UnsupportedAlgorithm) as error:
        why = "is damaged" if secret is None else "does not open with this password, or is damaged"
        raise RequestError(f"{path}: {why}", "key") from error
    if not isinstance(key, ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey):
        raise RequestError(f"{path}: is a key of another kind; accepted: {_ACCEPTED}", "key")
    return PrivateKey(_public_key(key.public_key(), str(path)), key)


def read_public_key(path: Path, label: str | None = None) -> PublicKey:
    """Read the half that checks; ``label`` is what messages call it, its path without one.

    Raises
    ------
    RequestError
        The file cannot be read or does not hold one public key of a known kind.
    EngineNotInstalledError
        The ``sign`` extra is missing.
    """
    return parse_public_key(read_key_file(path), label or str(path))


def parse_public_key(data: bytes, label: str) -> PublicKey:
    """Return the public key of a PEM text; raises as `read_public_key`."""
    with sign_extra():
        from cryptography.exceptions import UnsupportedAlgorithm
        from cryptography.hazmat.primitives.serialization import load_pem_public_key
    if b"PRIVATE KEY" in data:
        raise RequestError(f"{label}: holds a private key; give its public half, and keep this one to yourself", "key")
    if data.count(b"-----BEGIN ") != 1:
        raise RequestError(f"{label}: does not hold exactly one public key in PEM", "key")
    try:
        return _public_key(load_pem_public_key(data), label)
    except (ValueError, UnsupportedAlgorithm) as error:
        raise RequestError(f"{label}: holds no public key in PEM, or a damaged one", "key") from error


def _public_key(key: object, label: str) -> PublicKey:
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import ec, ed25519

    kind = None
    if isinstance(key, ed25519.Ed25519PublicKey):
        kind = ED25519
    elif isinstance(key, ec.EllipticCurvePublicKey):
        kind = next((kind for kind, curve in _CURVES.items() if curve == key.curve.name), None)
    if kind is None or not isinstance(key, ec.EllipticCurvePublicKey | ed25519.Ed25519PublicKey):
        raise RequestError(f"{label}: is a key of another kind; accepted: {_ACCEPTED}", "key")
    pem = key.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    return PublicKey(kind, pem, label, key)


def _ecdsa(kind: str) -> "ECDSA":
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric.ec import ECDSA

    return ECDSA(getattr(hashes, _HASHES[kind])())


def _curve(kind: str) -> "EllipticCurve":
    from cryptography.hazmat.primitives.asymmetric import ec

    curve: EllipticCurve = getattr(ec, _CURVES[kind].upper())()
    return curve


def _encoded(password: str) -> bytes:
    secret = password.encode()
    if not 0 < len(secret) <= _MAX_PASSWORD_BYTES:
        raise RequestError(f"a password has 1 to {_MAX_PASSWORD_BYTES} bytes, this one has {len(secret)}", "password")
    return secret
