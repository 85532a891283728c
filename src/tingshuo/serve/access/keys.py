"""The keys of a server's users: made, shown once, kept as a hash in one JSON file, revoked.

``ts_ID_SECRET``: the id is public and names the key in lists and logs; the secret has 256 random bits. The file is for its owner
alone (0600), since it also holds the secrets of second factors, which can only be checked when they are known.
"""

import base64
import hashlib
import hmac
import json
import os
import secrets
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Annotated, Literal

from msgspec import Meta

from tingshuo.config import StrictModel
from tingshuo.errors import ConfigError, NotFoundError, OutputError, RequestError
from tingshuo.serve.access.limits import parse_rates
from tingshuo.serve.access.networks import parse_networks
from tingshuo.serve.access.scopes import EVERY, check_verbs, check_voices
from tingshuo.serve.access.totp import decode_secret
from tingshuo.store.atomic import replace_file
from tingshuo.store.home import home
from tingshuo.store.locks import locked

PREFIX = "ts"
ID_BYTES, SECRET_BYTES, SALT_BYTES = 5, 32, 16
MAX_TOKEN = 100
"""Characters; a token has 64."""
MAX_FILE_BYTES = 16 << 20
MAX_NAME = 100
_WAIT_S = 10.0
_PERSON = b"tingshuo-key"
_OWN = 0o600

Salt = Annotated[str, Meta(pattern=r"^[0-9a-f]{32}$", max_length=32)]
Hash = Annotated[str, Meta(pattern=r"^[0-9a-f]{64}$", max_length=64)]


class Key(StrictModel, frozen=True, kw_only=True):
    """What is known of a key; its secret is not.

    ``expires`` is the last day, UTC, on which it is accepted; ``rates`` are as ``60/minute``, ``concurrency`` is requests at the
    same time, ``networks`` are where it may be used from. Without those three there is no such limit of its own.
    """

    id: Annotated[str, Meta(pattern=r"^[a-z2-7]{8}$")]
    name: Annotated[str, Meta(min_length=1, max_length=MAX_NAME)]
    salt: Salt
    hash: Hash
    created: datetime
    expires: date | None = None
    voices: tuple[str, ...] = (EVERY,)
    verbs: tuple[str, ...] = (EVERY,)
    rates: tuple[str, ...] = ()
    concurrency: Annotated[int, Meta(ge=1)] | None = None
    networks: tuple[str, ...] = ()
    totp: str | None = None
    revoked: datetime | None = None

    def checked(self) -> "Key":
        """Return it when its fields can be used.

        Raises
        ------
        RequestError
            A verb, voice, rate or network is wrong.
        ConfigError
            The secret of its second factor is.
        """
        if not self.name.strip() or not self.name.isprintable():
            raise RequestError(f"{self.name!r} cannot be the name of a key; give printable characters", "name")
        check_verbs(self.verbs)
        check_voices(self.voices)
        parse_rates(self.rates)
        parse_networks(self.networks)
        if self.totp is not None:
            decode_secret(self.totp)
        return self

    def problem(self, today: date) -> str | None:
        """Return why it does not hold on a day (UTC), None when it does."""
        if self.revoked is not None:
            return f"the key {self.id} was revoked on {self.revoked.date()}"
        if self.expires is not None and today > self.expires:
            return f"the key {self.id} was good until {self.expires}"
        return None

    def told(self) -> dict[str, object]:
        """Return what may be told of it: everything but hash, salt and the second factor's secret."""
        fields = self.fields()
        hidden = {name: fields.pop(name) for name in ("hash", "salt", "totp")}
        return fields | {"second_factor": hidden["totp"] is not None}


class _Document(StrictModel, frozen=True):
    format: Literal[1] = 1
    keys: tuple[Key, ...] = ()


def default_path() -> Path:
    """Return where the keys are looked for: ``keys/server.json`` in `tingshuo.store.home.home`; it need not exist."""
    return home() / "keys" / "server.json"


def read_keys(path: Path) -> tuple[Key, ...]:
    """Read a file of keys.

    Raises
    ------
    ConfigError
        It cannot be read, is open to others, damaged, has a wrong value, or an id twice.
    """
    try:
        with path.open("rb") as file:
            mode = os.fstat(file.fileno()).st_mode
            data = file.read(MAX_FILE_BYTES + 1)
    except (OSError, ValueError) as error:  # ValueError: a path with a zero byte
        raise ConfigError(f"{path}: cannot be read: {getattr(error, 'strerror', None) or error}") from error
    if mode & 0o077:
        raise ConfigError(f"{path}: is open to others than its owner; close it with: chmod 600 {path}")
    if len(data) > MAX_FILE_BYTES:
        raise ConfigError(f"{path}: is larger than {MAX_FILE_BYTES} bytes, so it is not a file of keys")
    try:
        fields = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise ConfigError(f"{path}: is not JSON: {error}; keys are made with tingshuo keys add") from error
    keys = _Document.check(fields, str(path)).keys
    seen: set[str] = set()
    for key in keys:
        if key.id in seen:
            raise ConfigError(f"{path}: the key {key.id} is there twice; remove one")
        seen.add(key.id)
        try:
            key.checked()
        except (RequestError, ConfigError) as error:
            raise ConfigError(f"{path}: key {key.id}: {error}") from error
    return keys


def make_token() -> tuple[str, str, str]:
    """Return a new key as it is shown once, its id and its secret."""
    public, secret = (_base32(secrets.token_bytes(n)) for n in (ID_BYTES, SECRET_BYTES))
    return f"{PREFIX}_{public}_{secret}", public, secret


def split_token(token: str) -> tuple[str, str] | None:
    """Return id and secret of what may be a key, None when it has not the shape of one."""
    if len(token) > MAX_TOKEN or not token.isascii():
        return None
    prefix, _, rest = token.partition("_")
    public, _, secret = rest.partition("_")
    return (public, secret) if prefix == PREFIX and public and secret else None


def digest(secret: str, salt: str) -> str:
    """Return the hash of a secret that is kept.

    One round of BLAKE2b is enough: slow hashes (scrypt, Argon2) are for passwords, which can be guessed. Of 256 random bits none
    can be found by trying, however quick a try is, and every request has to be checked. The salt keeps equal inputs apart.
    """
    return hashlib.blake2b(secret.encode(), digest_size=32, salt=bytes.fromhex(salt), person=_PERSON).hexdigest()


def fits(key: Key, secret: str) -> bool:
    """Whether a secret is that of a key, in a time that does not depend on how much of it is right."""
    return hmac.compare_digest(digest(secret, key.salt), key.hash)


def add_key(
    path: Path,
    name: str,
    *,
    voices: Iterable[str] = (EVERY,),
    verbs: Iterable[str] = (EVERY,),
    rates: Iterable[str] = (),
    concurrency: int | None = None,
    expires: date | None = None,
    networks: Iterable[str] = (),
    totp: str | None = None,
) -> tuple[Key, str]:
    """Make a key and keep its hash; the file is made when it is not there.

    Returns
    -------
    Key, str
        What is kept, and the key itself, which cannot be had again.

    Raises
    ------
    RequestError
        A value is wrong, or another key that still holds has the name.
    ConfigError
        The file is damaged; it is not touched.
    OutputError, RegistryError
        It cannot be written, or somebody else is writing.
    """
    if concurrency is not None and concurrency < 1:
        raise RequestError(f"concurrency must be at least 1, got {concurrency}", "concurrency")
    if len(name) > MAX_NAME:
        raise RequestError(f"the name of a key has at most {MAX_NAME} characters, got {len(name)}", "name")
    token, public, secret = make_token()
    salt = secrets.token_hex(SALT_BYTES)
    key = Key(
        id=public,
        name=name,
        salt=salt,
        hash=digest(secret, salt),
        created=_now(),
        expires=expires,
        voices=check_voices(voices),
        verbs=check_verbs(verbs),
        rates=tuple(rates),
        concurrency=concurrency,
        networks=tuple(networks),
        totp=totp,
    ).checked()
    with _writing(path):
        keys = read_keys(path) if os.path.lexists(path) else ()
        if any(one.name == name and one.revoked is None for one in keys):
            raise RequestError(f"there is a key of the name {name!r}; choose another, or revoke that one first", "name")
        _write(path, (*keys, key))
    return key, token


def revoke_key(path: Path, wanted: str) -> Key:
    """Revoke a key by its id; it stays in the list, and its voices stay private. Once is as good as twice.

    Raises
    ------
    NotFoundError
        There is no such key; a name is not enough, it may be used again.
    ConfigError, OutputError, RegistryError
        As `add_key`.
    """
    return _change(path, wanted, lambda key: key if key.revoked else key.replace(revoked=_now()))


def give_voice(path: Path, wanted: str, voice: str) -> Key:
    """Let a key use a voice, as one that was cloned with it; raises as `revoke_key`, or RequestError for a wrong name."""
    check_voices((voice,))
    return _change(path, wanted, lambda key: key.replace(voices=tuple(dict.fromkeys((*key.voices, voice)))))


def _change(path: Path, wanted: str, change: Callable[[Key], Key]) -> Key:
    with _writing(path):
        keys = read_keys(path)
        public, _, _ = wanted.removeprefix(f"{PREFIX}_").partition("_")  # a whole key will do; messages never show it
        place = next((n for n, key in enumerate(keys) if key.id == public), None)
        if place is None:
            known = ", ".join(key.id for key in keys) or "none"
            raise NotFoundError(f"no key of the id {public[:MAX_TOKEN]!r}; there are: {known}")
        changed = change(keys[place])
        if changed != keys[place]:
            _write(path, (*keys[:place], changed, *keys[place + 1 :]))
    return changed


def _writing(path: Path) -> AbstractContextManager[None]:
    return locked(path.with_name(f".{path.name}.lock"), wait_s=_WAIT_S)


def _write(path: Path, keys: tuple[Key, ...]) -> None:
    data = json.dumps(_Document(keys=keys).fields(), ensure_ascii=False, indent=1).encode() + b"\n"
    if len(data) > MAX_FILE_BYTES:
        raise OutputError(f"{path}: would be larger than {MAX_FILE_BYTES} bytes; remove keys that were revoked long ago")
    replace_file(path, lambda temporary: _write_own(temporary, data), _OWN)


def _write_own(path: Path, data: bytes) -> None:
    """Write what nobody else can read, not even for the moment before its permissions are set."""
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, _OWN), "wb") as file:
        file.write(data)


def _base32(data: bytes) -> str:
    return base64.b32encode(data).decode().rstrip("=").lower()


def _now() -> datetime:
    return datetime.now(UTC).replace(microsecond=0)
