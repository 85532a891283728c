"""What an operator says to a server, in one place: the command line makes it, and each process of the server is made from it."""

import dataclasses
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from tingshuo.engine.cpu import usable_cpus
from tingshuo.errors import RequestError

LEVELS = ("critical", "error", "warning", "info", "debug")
GRACE_S = 10.0
"""Time that replies under way have to finish when the server is asked to stop."""
MAX_WAIT_S = 10.0
MOST_WORKERS = 256
THREADS_EACH = 2
"""Threads of a process unless told otherwise: beyond them its one event loop, and Python's lock, hold them up."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Options of ``tingshuo serve``; names are those of the command line.

    Raises
    ------
    RequestError
        A value is none that a server can have.
    """

    voice: str = "default"
    workers: int = 1
    """Processes; 0 is one for every two cores."""
    threads: int | None = None
    graph_threads: int = 1
    """Threads inside each graph; 0 is the cores of the process."""
    grace: float = GRACE_S
    max_wait: float = MAX_WAIT_S
    lead: float | None = None
    chunk: float | None = None
    voice_memory_mb: int | None = None
    preload: tuple[str, ...] = ()
    listener: str | None = None
    """Name or path of the recogniser that hears by default, opened at the start; None is the built-in one, opened at need."""
    upload_mb: int = 100
    """Megabytes that a recording may have."""
    cache_dir: Path | None = None
    cache_mb: int = 256
    cache_ttl: float = 3600.0
    label: str | None = None
    label_at: str | None = None
    producer: str | None = None
    watermark: Path | None = None
    agreement: tuple[str, ...] = ()
    require_signed: Path | None = None
    paranoid: bool = False
    allow_origin: tuple[str, ...] = ()
    keys: Path | None = None
    rate: tuple[str, ...] = ()
    concurrency: int | None = None
    allow_network: tuple[str, ...] = ()
    trusted_proxy: tuple[str, ...] = ()
    redis: str | None = None
    audit: Path | None = None
    audit_strict: bool = False
    tls_cert: Path | None = None
    tls_key: Path | None = None
    log_level: str = "warning"

    def __post_init__(self) -> None:
        """Refuse what no server can have."""
        if self.log_level not in LEVELS:
            raise RequestError(f"unknown log level {self.log_level!r}; accepted: {', '.join(LEVELS)}", "log_level")
        if not 0 <= self.workers <= MOST_WORKERS:
            raise RequestError(f"workers must be 0 (by the cores) to {MOST_WORKERS}, got {self.workers}", "workers")
        if self.graph_threads < 0:
            raise RequestError(f"graph_threads must be 0 (the cores) or more, got {self.graph_threads}", "graph_threads")
        for name in ("threads", "voice_memory_mb", "upload_mb"):
            value = getattr(self, name)
            if value is not None and value < 1:
                raise RequestError(f"{name} must be at least 1, got {value}", name)
        for name in ("max_wait", "lead", "grace"):
            seconds = getattr(self, name)
            if seconds is not None and not seconds > 0:
                raise RequestError(f"{name} must be more than 0 seconds, got {seconds:g}", name)

    @property
    def processes(self) -> int:
        """How many there are to be."""
        return self.workers or max(1, usable_cpus() // THREADS_EACH)

    @property
    def threads_each(self) -> int:
        """Chunks that a process computes at the same time: its share of the cores that may be used, 2 at most."""
        return self.threads or max(1, min(THREADS_EACH, usable_cpus() // self.processes))

    @property
    def threads_in_graphs(self) -> int:
        """Threads inside each graph of a process."""
        return self.graph_threads or max(1, usable_cpus() // self.processes)

    def dump(self) -> dict[str, Any]:
        """Return the fields as JSON has them."""
        fields = {field.name: getattr(self, field.name) for field in dataclasses.fields(self)}
        return {name: str(value) if isinstance(value, Path) else value for name, value in fields.items()}

    @classmethod
    def load(cls, fields: dict[str, Any]) -> Self:
        """Return what was dumped."""
        kinds = {field.name: field.type for field in dataclasses.fields(cls)}
        found: dict[str, Any] = {}
        for name, value in fields.items():
            of_path = value is not None and kinds[name] == Path | None
            found[name] = Path(value) if of_path else tuple(value) if isinstance(value, list) else value
        return cls(**found)
