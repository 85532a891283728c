"""Which versions may have learnt from those that are removed: by weights that they share, and by parents that they name."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from tingshuo.store.holdings import Version, Wanted


@dataclass(frozen=True, slots=True)
class Derived:
    """Versions that may have learnt from those that go; ``older`` are digests of weights that were there before the person."""

    versions: list[Version]
    older: frozenset[str]


def derive(doomed: Sequence[Version], everything: Sequence[Version], fixed: Sequence[Version], wanted: Wanted) -> Derived:
    """Find versions that may have learnt from those that go.

    Parameters
    ----------
    doomed : sequence of Version
        What goes.
    everything : sequence of Version
        Of all places, the doomed among them.
    fixed : sequence of Version
        Those of the installation: what they are made of was there before anything else.
    wanted : Wanted
        Whatever names its speaker has been judged already; versions that were left before are among the derived, and those that
        were allowed are not.
    """
    allowed = wanted.forgotten.allowed
    others = [v for v in everything if v not in doomed and wanted.speaker not in v.people and v.digest not in allowed]
    innocent = [version for version in fixed if wanted.speaker not in version.people]
    related = [version for version in others if version.digest in wanted.forgotten.derived]
    while True:
        group = [*doomed, *related]
        older = _older(group, [version for version in others if version not in related], innocent)
        own = {digest for version in group for digest in version.own()} | wanted.forgotten.blobs.keys()
        labels = {label for version in group for label in version.labels}
        more = [
            version
            for version in others
            if version not in related and (version.manifest.parent in labels or not (own - older).isdisjoint(version.own()))
        ]
        if not more:
            return Derived(related, frozenset(older))
        related += more


def _older(group: Iterable[Version], others: Sequence[Version], fixed: Sequence[Version]) -> set[str]:
    """Return weights of a group that others had before it: the installation, parents, and versions that were saved earlier."""
    older = {digest for version in fixed for digest in version.own()}
    began: dict[str, str] = {}
    parents = set()
    for version in group:
        parents.add(version.manifest.parent)
        for digest in version.own() if version.saved else ():
            began[digest] = min(began.get(digest, version.saved), version.saved)
    for version in others:
        earlier = {digest for digest in version.own() if version.saved and version.saved < began.get(digest, "")}
        older |= earlier | (set(version.own()) if parents & version.labels else set())
    return older
