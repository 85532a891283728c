"""The record of who asked for what: one JSON object a line, added at the end, never what was said.

A thread of its own writes, so that no request waits for the disk. The file is for its owner alone (0600) and belongs to one
server; when it is full it becomes ``FILE.1``, that ``FILE.2``, and the last one goes.
"""

import contextlib
import json
import logging
import os
import queue
import threading
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

from tingshuo.errors import BusyError, OutputError
from tingshuo.store.locks import locked

log = logging.getLogger("tingshuo.access")

MAX_BYTES = 64 << 20
KEEP = 8
"""Full files that are kept."""
WAITING = 10_000
"""Lines that may wait for the disk."""
RETRY_S = 1.0
_BATCH = 1000
_END = b""


class AuditLog:
    """A file of lines.

    Parameters
    ----------
    path : Path
        The file; its folder is made.
    max_bytes, keep : int
        Size at which it is full, and how many full ones are kept.
    strict : bool
        Serve nothing that cannot be recorded: `check` refuses while the disk does, and lines wait. Otherwise they are lost and
        counted.
    retry_s : float
        How often a strict one tries again.

    Attributes
    ----------
    lost : int
        Lines that could not be written.
    problem : str or None
        Why it cannot be written now.

    Raises
    ------
    OutputError
        It cannot be written at the start.
    RegistryError
        Another server writes to it.
    """

    def __init__(
        self, path: Path, *, max_bytes: int = MAX_BYTES, keep: int = KEEP, strict: bool = False, retry_s: float = RETRY_S
    ) -> None:
        self.path, self.strict = path, strict
        self.lost = 0
        self.problem: str | None = None
        self._max_bytes, self._keep, self._retry_s = max_bytes, keep, retry_s
        self._waiting: queue.Queue[bytes] = queue.Queue(WAITING)
        self._stopping = threading.Event()
        self._file: int | None = None
        self._held = contextlib.ExitStack()
        self._held.enter_context(locked(path.with_name(f".{path.name}.lock")))
        try:
            self._open()
        except OSError as error:
            self._held.close()
            raise OutputError(f"{path}: the audit log cannot be written: {error.strerror}") from error
        self._thread = threading.Thread(target=self._run, name="audit", daemon=True)
        self._thread.start()

    def record(self, entry: Mapping[str, object]) -> None:
        """Have a line written, with the time before it; never waits."""
        now = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        line = json.dumps({"time": now, **entry}, ensure_ascii=False, separators=(",", ":"))
        try:
            self._waiting.put_nowait(line.encode("utf-8", "backslashreplace") + b"\n")
        except queue.Full:
            self._lose(1, "the disk does not keep up")

    def check(self) -> None:
        """Let a request be served, or not.

        Raises
        ------
        BusyError
            The record is strict, and cannot be written.
        """
        if self.strict and self.problem is not None:
            raise BusyError("the record of requests cannot be written, and this server does not serve without it", 10.0)

    def flush(self) -> None:
        """Wait until everything so far was written, or could not be."""
        self._waiting.join()

    def close(self) -> None:
        """Write what waits and close the file; takes a moment, so call it in a thread."""
        self._stopping.set()
        self._waiting.put(_END)
        self._thread.join()
        self._close()
        self._held.close()

    def _run(self) -> None:
        while True:
            lines = [self._waiting.get()]
            with contextlib.suppress(queue.Empty):
                while len(lines) < _BATCH and lines[-1] != _END:
                    lines.append(self._waiting.get_nowait())
            self._keep_trying([line for line in lines if line != _END])
            for _ in lines:
                self._waiting.task_done()
            if lines[-1] == _END:
                return

    def _keep_trying(self, lines: list[bytes]) -> None:
        while lines and not self._write(b"".join(lines)):
            if not self.strict or self._stopping.wait(self._retry_s):
                self._lose(len(lines), None)
                return

    def _write(self, data: bytes) -> bool:
        """Write whole lines or nothing."""
        try:
            if self._file is not None and 0 < os.fstat(self._file).st_size > self._max_bytes - len(data):
                self._rotate()
            _append(self._file if self._file is not None else self._open(), data)
        except OSError as error:
            self._close()  # the next try opens it anew: the disk may have been replaced
            if self.problem is None:
                log.error("%s: the audit log cannot be written: %s", self.path, error.strerror or error)
            self.problem = str(error.strerror or error)
            return False
        if self.problem is not None:
            log.warning("%s: the audit log can be written again; %d lines are lost so far", self.path, self.lost)
        self.problem = None
        return True

    def _open(self) -> int:
        self._file = os.open(self.path, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
        size = os.fstat(self._file).st_size
        if size and os.pread(self._file, 1, size - 1) != b"\n":  # the machine stopped in the middle of a line
            _append(self._file, b"\n")
        return self._file

    def _rotate(self) -> None:
        self._close()
        for number in range(self._keep, 0, -1):
            older = self.path.with_name(f"{self.path.name}.{number}")
            newer = self.path if number == 1 else self.path.with_name(f"{self.path.name}.{number - 1}")
            with contextlib.suppress(FileNotFoundError):
                newer.replace(older)
        if self._keep == 0:
            self.path.unlink(missing_ok=True)
        self._open()

    def _close(self) -> None:
        if self._file is not None:
            with contextlib.suppress(OSError):
                os.fsync(self._file)
            os.close(self._file)
            self._file = None

    def _lose(self, lines: int, reason: str | None) -> None:
        if reason is not None and not self.lost:
            log.error("%s: lines of the audit log are lost: %s", self.path, reason)
        self.lost += lines


def _append(file: int, data: bytes) -> None:
    """Write all at the end; when it does not fit, take back what did, so that no half line stays."""
    size = os.fstat(file).st_size
    rest = memoryview(data)
    try:
        while rest:
            rest = rest[os.write(file, rest) :]
    except OSError:
        with contextlib.suppress(OSError):
            os.ftruncate(file, size)
        raise
