"""Read everything that the registry and its mirrors hold, name what is damaged, and heal it from wherever it is sound.

First every file is read, so that each content is known wherever it lies; then each blob, bundle, record and list of aliases is
compared with what it should be. What is sound is not touched. `tingshuo.store.healing` says how a file is healed. What was
forgotten at the wish of a person, and is there all the same, is removed before, so that nothing is healed from it.
"""

from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path

from tingshuo.errors import ConfigError, OutputError, RegistryError
from tingshuo.store.forgotten import Forgotten, read_forgotten, share_forgotten
from tingshuo.store.healing import Finding, Healer
from tingshuo.store.mirror_list import known_mirrors, open_mirror
from tingshuo.store.registry import Registry
from tingshuo.store.removal import clean, lingering, sharing
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
        shut = closed if heal else dict.fromkeys((one.folder for one in (registry, *mirrors)), "")
        forgotten, more = _keep_forgotten(registry, mirrors, shut)
        findings += more
        places = survey((registry, *mirrors), tell)
        findings += Healer(places, shut, forgotten).run()
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


def _keep_forgotten(
    registry: Registry, mirrors: Sequence[Registry], closed: Mapping[Path, str]
) -> tuple[Forgotten, list[Finding]]:
    """Return what was forgotten, of which nothing is left where it can be removed; what was, and what is, there is found."""
    findings: list[Finding] = []
    for mirror in mirrors:
        with suppress(ConfigError, OutputError):  # the list of a mirror that is shut, or damaged, is written when it is mirrored
            if registry.folder not in closed and mirror.folder not in closed:
                share_forgotten(registry, mirror)
    forgotten = read_forgotten(registry)
    for place in (registry, *mirrors):
        shut = place.folder in closed
        try:
            like = registry if place is not registry else None
            hits = lingering(place, forgotten) if shut else clean(place, forgotten, like=like)
        except (OSError, OutputError, RegistryError) as error:
            findings.append(Finding(place.folder, f"holds what was forgotten: {reason_of(error, place.folder)}"))
            continue
        problem = "; ".join(filter(None, ("was forgotten at the wish of a person", closed.get(place.folder, ""))))
        findings += [Finding(hit.path, problem, "" if shut else "removed") for hit in hits]
        findings += [Finding(place.folder, sentence) for sentence in sharing(place, forgotten)]
    return forgotten, findings
