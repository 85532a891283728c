"""Finished audio, kept for a while so that its address can be played, sought in and downloaded.

The reply of each, with the times of every character, lies beside it: in memory a thousand of them would weigh more than the
voice. The files lie in a private temporary folder that goes with the server; the oldest leave when there are too many bytes or
when their time is up. An id is 128 random bits: who was not given the address cannot guess it.
"""

import json
import secrets
import shutil
import tempfile
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from pathlib import Path

from tingshuo.errors import NotFoundError, OutputError, TooLargeError

LIMIT_BYTES = 256 * 2**20
TTL_S = 3600.0


@dataclass(frozen=True, slots=True)
class Result:
    """A finished file and what was said about it.

    ``size`` is that of the audio and the reply in bytes; ``expires_s`` is on the store's clock.
    """

    id: str
    path: Path
    media_type: str
    format: str
    key: Hashable
    size: int
    expires_s: float

    def read_reply(self) -> dict[str, object]:
        """Return the JSON object that answered the request, without its field ``cached``."""
        reply: dict[str, object] = json.loads(_beside(self.path).read_bytes())
        return reply


class Results:
    """The store; used from the event loop only.

    Parameters
    ----------
    limit_bytes : int
        Of all files together.
    ttl_s : float
        How long a result is kept after it was made.
    clock : callable
        Seconds, never going back.
    """

    def __init__(self, limit_bytes: int = LIMIT_BYTES, ttl_s: float = TTL_S, clock: Callable[[], float] = time.monotonic) -> None:
        self.limit_bytes = limit_bytes
        self.ttl_s = ttl_s
        self._clock = clock
        self._folder = Path(tempfile.mkdtemp(prefix="tingshuo-"))
        self._results: OrderedDict[str, Result] = OrderedDict()
        self._ids: dict[Hashable, str] = {}

    def new_id(self) -> str:
        """Return an id that nobody can guess."""
        return secrets.token_urlsafe(16)

    def path(self, result_id: str, format: str) -> Path:
        """Return where the file of a result made here is to be written."""
        return self._folder / f"{result_id}.{format}"

    def add(self, result_id: str, format: str, media_type: str, reply: dict[str, object], key: Hashable) -> Result:
        """Keep a file that was written to `path`, and the reply beside it.

        Raises
        ------
        TooLargeError
            They alone are larger than the store; they are deleted.
        OutputError
            The reply cannot be written; the file is deleted.
        """
        path = self.path(result_id, format)
        try:
            _beside(path).write_bytes(json.dumps(reply, ensure_ascii=False).encode())
            size = path.stat().st_size + _beside(path).stat().st_size
            self.check_size(size)
        except (OSError, TooLargeError) as error:
            _delete(path)
            if isinstance(error, TooLargeError):
                raise
            raise OutputError(f"the finished audio cannot be kept: {error.strerror or error}") from error
        result = Result(result_id, path, media_type, format, key, size, self._clock() + self.ttl_s)
        self._results[result_id] = result
        self._ids[key] = result_id
        self._sweep()
        return result

    def has(self, result_id: str, format: str) -> bool:
        """Whether the file of a result made here was written whole."""
        return self.path(result_id, format).is_file()

    def check_size(self, size: int) -> None:
        """Refuse a file of so many bytes, finished or still growing.

        Raises
        ------
        TooLargeError
            It alone is larger than the store.
        """
        if size > self.limit_bytes:
            raise TooLargeError(
                f"the audio has more than the {self.limit_bytes} bytes that the server keeps; "
                "ask for mp3 or ogg, split the text, or stream it from /v1/audio/speech",
                "text",
            )

    def get(self, result_id: str) -> Result:
        """Return a result and mark it as used.

        Raises
        ------
        NotFoundError
            It never was, or is gone.
        """
        self._sweep()
        try:
            self._results.move_to_end(result_id)
        except KeyError:
            raise NotFoundError(
                f"no audio of that id; finished audio is kept for {self.ttl_s / 60:g} minutes, ask for it again"
            ) from None
        return self._results[result_id]

    def find(self, key: Hashable) -> Result | None:
        """Return the result of an equal request, if it is still here."""
        self._sweep()
        result_id = self._ids.get(key)
        return None if result_id is None else self.get(result_id)

    def close(self) -> None:
        """Delete everything."""
        self._results.clear()
        self._ids.clear()
        shutil.rmtree(self._folder, ignore_errors=True)

    def _sweep(self) -> None:
        now = self._clock()
        for result in [r for r in self._results.values() if r.expires_s <= now]:
            self._drop(result)
        excess = sum(r.size for r in self._results.values()) - self.limit_bytes
        for result in list(self._results.values()):
            if excess <= 0:
                break
            excess -= result.size
            self._drop(result)

    def _drop(self, result: Result) -> None:
        del self._results[result.id]
        if self._ids.get(result.key) == result.id:
            del self._ids[result.key]
        _delete(result.path)


def _beside(audio: Path) -> Path:
    """Where the reply of a file lies."""
    return audio.with_suffix(".json")


def _delete(audio: Path) -> None:
    for path in (audio, _beside(audio)):
        path.unlink(missing_ok=True)
