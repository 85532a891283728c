"""Read everything that the registry and its mirrors hold, name what is damaged, and heal it from wherever it is sound.

First every file is read, so that each content is known wherever it lies; then each blob, bundle, record and list of aliases is
compared with what it should be. What is sound is not touched. `tingshuo.store.healing` says how a file is healed.
"""

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from tingshuo.errors import OutputError, RegistryError
from tingshuo.store.healing import Finding, Healer
from tingshuo.store.mirror_list import known_mirrors, open_mirror
from tingshuo.store.registry import Registry
from tingshuo.store.survey import reason_of, survey


@dataclass(frozen=True, slots=True)
class ScrubReport:
    """What `scrub` read: folders, files and bytes, a file that is linked to several places once; and what it found."""

    folders: tuple[Path, ...]
    n_files: int
    n_bytes: int
    findings: tuple[Finding, ...]

    @property
    def ok(self) -> bool:
        """Whether everything is sound now."""
        return all(finding.healed for finding in self.findings)


def scrub(registry: Registry, *, heal: bool = True, tell: Callable[[float], None] = lambda _: None) -> ScrubReport:
    """Read every file of a registry and of its mirrors, and heal what is damaged in any of them.

    Parameters
    ----------
    registry : Registry
        It may be damaged anywhere, and so may its mirrors.
    heal : bool
        False changes nothing.
    tell : callable
        Hears the share that has been read, 0 to 1.

    Raises
    ------
    RegistryError
        Somebody else is writing to the registry.
    ConfigError
        The list of mirrors is damaged.
    OutputError
        The registry is to be healed and cannot be written.
    """
    if not registry.folder.is_dir():
        return ScrubReport((), 0, 0, ())
    with ExitStack() as stack:
        try:
            stack.enter_context(registry.writing())
        except OutputError:
            if heal:
                raise
        mirrors, closed, findings = _open_mirrors(registry, stack)
        places = survey((registry, *mirrors), tell)
        findings += Healer(places, closed if heal else {place.folder: "" for place in places}).run()
    n_files = sum(place.n_files for place in places)
    return ScrubReport(tuple(p.folder for p in places), n_files, sum(p.n_bytes for p in places), tuple(findings))


def _open_mirrors(registry: Registry, stack: ExitStack) -> tuple[list[Registry], dict[Path, str], list[Finding]]:
    """Return the mirrors that can be read, those of them that cannot be written and why, and what is wrong with the others."""
    opened: list[Registry] = []
    closed: dict[Path, str] = {}
    findings: list[Finding] = []
    for folder in known_mirrors(registry):
        try:
            mirror = open_mirror(registry, folder)
            try:
                stack.enter_context(mirror.writing())
            except OutputError as error:  # what it holds can heal others
                closed[folder] = reason_of(error, folder)
            opened.append(mirror)
        except (OutputError, RegistryError) as error:
            findings.append(Finding(folder, reason_of(error, folder)))
        except OSError as error:
            findings.append(Finding(folder, f"cannot be read: {error.strerror or error}"))
    return opened, closed, findings
