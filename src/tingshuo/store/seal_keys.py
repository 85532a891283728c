"""Keys that encrypt and decrypt: X25519 identities of age, and where they are found. Needs the ``encrypt`` extra.

Files are those of the ``age`` tool (https://age-encryption.org/v1): lines of ``AGE-SECRET-KEY-1...``, and comments that begin
with ``#``; the public half is a line of ``age1...``. Whoever has the public half can encrypt, the secret half alone decrypts.
"""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tingshuo.errors import EngineNotInstalledError, RequestError, SealedError
from tingshuo.store.home import home
from tingshuo.store.key_files import from_command, read_key_file, write_pair

SEAL_KEY = "TINGSHUO_SEAL_KEY"
"""Environment variable that holds the key itself."""
SEAL_KEY_FILE = "TINGSHUO_SEAL_KEY_FILE"
"""Environment variable that names the file of the key which opens encrypted bundles and timbres."""
SEAL_KEY_COMMAND = "TINGSHUO_SEAL_KEY_COMMAND"
"""Environment variable with a command that prints the key; it is run without a shell."""
_LOCKED = ("age-encryption.org/", "-----BEGIN AGE ENCRYPTED FILE-----")
_SECRET = "AGE-SECRET-KEY-"  # noqa: S105 (what every secret key begins with)
_MAKE = "tingshuo seal --make-key FILE makes a key"


@contextmanager
def encrypt_extra() -> Iterator[None]:
    """Around imports of what the ``encrypt`` extra brings: say how to install it when it is missing."""
    try:
        yield
    except ModuleNotFoundError as error:
        raise EngineNotInstalledError(
            f"encryption needs the package {error.name!r}: pip install 'tingshuo[encrypt]' installs it"
        ) from error


@dataclass(frozen=True, slots=True)
class SealKeys:
    """Keys that decrypt.

    Parameters
    ----------
    label : str
        What messages call them: where they were found.
    recipients : tuple of str
        Their public halves, ``age1...``.
    identities : tuple
        The keys, of `pyrage.x25519.Identity`; never shown.
    """

    label: str
    recipients: tuple[str, ...]
    identities: tuple[Any, ...] = field(repr=False, compare=False)


def make_seal_key(path: Path) -> str:
    """Make a key: the secret half at ``path`` for its owner alone (0600), the public half beside it as ``path.pub``.

    Returns
    -------
    str
        The public half: ``age1...``.

    Raises
    ------
    OutputError
        One of both files exists, or cannot be written; nothing is left behind.
    EngineNotInstalledError
        The ``encrypt`` extra is missing.
    """
    with encrypt_extra():
        from pyrage import x25519
    identity = x25519.Identity.generate()
    public = str(identity.to_public())
    write_pair(path, f"# public key: {public}\n{identity}\n".encode(), f"{public}\n".encode())
    return public


def find_seal_keys(path: Path | None = None) -> SealKeys | None:
    """Return the keys at hand, or None where there are none.

    They are looked for in this order: the file that is given, `SEAL_KEY`, `SEAL_KEY_FILE`, `SEAL_KEY_COMMAND`, and at last
    ``keys/seal.key`` under ``$TINGSHUO_HOME``. The first that is set is taken, whatever it holds.

    Raises
    ------
    SealedError
        They cannot be read, are no keys, or lie in a file that others can read.
    EngineNotInstalledError
        The ``encrypt`` extra is missing.
    """
    named = os.environ.get(SEAL_KEY_FILE)
    command = os.environ.get(SEAL_KEY_COMMAND)
    own = home_key()
    try:
        if path is not None:
            return _read(path)
        if text := os.environ.get(SEAL_KEY):
            return parse_seal_keys(text, f"${SEAL_KEY}")
        if named:
            return _read(Path(named))
        if command:
            return parse_seal_keys(from_command(command, f"the key in {SEAL_KEY_COMMAND}", "key"), f"${SEAL_KEY_COMMAND}")
        return _read(own) if os.path.lexists(own) else None
    except RequestError as error:
        raise SealedError(str(error)) from error


def home_key() -> Path:
    """Return where the user's own key is looked for at last."""
    return home() / "keys" / "seal.key"


def parse_seal_keys(text: str, label: str) -> SealKeys:
    """Read the text of a file of keys; ``label`` names it in messages, which never show what it holds.

    Raises
    ------
    SealedError
        It holds no key, or a line is neither a key nor a comment.
    EngineNotInstalledError
        The ``encrypt`` extra is missing.
    """
    with encrypt_extra():
        from pyrage import IdentityError, x25519
    if text.startswith(_LOCKED):
        raise SealedError(f"{label}: is protected by a passphrase; let {SEAL_KEY_COMMAND}='age -d FILE' open it")
    identities = []
    for number, line in _lines(text):
        try:
            identities.append(x25519.Identity.from_str(line))
        except IdentityError:
            raise SealedError(f"{label}: line {number} is no X25519 key of age, {_SECRET}1...; {_MAKE}") from None
    if not identities:
        raise SealedError(f"{label}: holds no key; {_MAKE}")
    return SealKeys(label, tuple(str(one.to_public()) for one in identities), tuple(identities))


def read_recipients(given: Sequence[str | Path]) -> tuple[str, ...]:
    """Return public keys, each once.

    Parameters
    ----------
    given : sequence of str or Path
        Public keys, ``age1...``, or files that hold such keys, one in a line.

    Raises
    ------
    RequestError
        There is none, one is not an X25519 key of age, or a file cannot be read or holds a secret key.
    EngineNotInstalledError
        The ``encrypt`` extra is missing.
    """
    with encrypt_extra():
        from pyrage import RecipientError, x25519
    found: dict[str, None] = {}
    for one in given:
        for text, label in _public_keys(one):
            try:
                found[str(x25519.Recipient.from_str(text))] = None
            except RecipientError:
                raise RequestError(f"{label}: is no public X25519 key of age, age1...; {_MAKE}", "to") from None
    if not found:
        raise RequestError(f"say who can decrypt: give at least one public key of age, or its file; {_MAKE}", "to")
    return tuple(found)


def _public_keys(given: str | Path) -> Iterator[tuple[str, str]]:
    """Yield public keys and what to call them; a file stands for those that it holds."""
    if isinstance(given, str) and given.lower().startswith("age1"):
        yield given, given
        return
    if str(given).upper().startswith(_SECRET):
        raise RequestError("a secret key was given where its public half, age1..., belongs; keep it to yourself", "to")
    text = _text(read_key_file(Path(given)), str(given))
    if _SECRET in text.upper():
        raise RequestError(f"{given}: holds a secret key; give its public half, {given}.pub, and keep this one to yourself", "to")
    keys = list(_lines(text))
    if not keys:
        raise RequestError(f"{given}: holds no public key of age; {_MAKE}", "to")
    for number, key in keys:
        yield key, f"{given}, line {number}"


def _read(path: Path) -> SealKeys:
    return parse_seal_keys(_text(read_key_file(path, secret=True), str(path)), str(path))


def _text(data: bytes, label: str) -> str:
    try:
        return data.decode()
    except UnicodeDecodeError:
        if data.startswith(_LOCKED[0].encode()):
            return data.decode(errors="replace")  # its first line says what it is
        raise RequestError(f"{label}: is not text, so it holds no key of age; {_MAKE}", "key") from None


def _lines(text: str) -> Iterator[tuple[int, str]]:
    """Yield the lines that say something, with their numbers."""
    for number, line in enumerate(text.splitlines(), 1):
        if line.strip() and not line.lstrip().startswith("#"):
            yield number, line.strip()
