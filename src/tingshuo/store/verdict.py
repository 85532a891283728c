"""Which record of a version is right, when some of them, or the manifests that they name, are damaged.

A manifest proves itself by its SHA-256, which is the name of its blob; a record is right when it names such a manifest. The words
in a record that nothing proves, the note and the time, are compared among mirrors.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from msgspec import UNSET

from tingshuo.errors import BundleError
from tingshuo.store.manifest import MANIFEST, Manifest
from tingshuo.store.registry import Record
from tingshuo.store.states import LISTING, STATE
from tingshuo.store.survey import Label, Place, manifest_at

Contents = dict[str, list[Path]]
"""SHA-256 to the files that hold just that, in whatever registry."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """The record that a version should have; ``healed`` says where it comes from, and is empty when it is the one that is there.

    ``problem`` is what is wrong with the one that is there. ``record`` is None when none can be had; where two differ and neither
    is better, it is that which is there, not healed.
    """

    record: Record | None
    manifest: Manifest | None = None
    problem: str = ""
    healed: str = ""

    @property
    def digest(self) -> str:
        """Of the manifest; empty when nobody can tell."""
        return self.record.digest if self.record else ""


def contents_of_all(places: Sequence[Place]) -> Contents:
    """Return where each content lies, the first places first."""
    found: Contents = {}
    for place in places:
        for path, digest in place.digests.items():
            found.setdefault(digest, []).append(path)
    return found


def judge(place: Place, label: Label, places: Sequence[Place], contents: Contents) -> Verdict:
    """Return the record that a version of a place should have.

    Parameters
    ----------
    place : Place
        Where the version is.
    label : Label
        Name and version.
    places : sequence of Place
        All that may know better, those to ask first before the others.
    contents : Contents
        Of all places.
    """
    found = place.records[label]
    own = found if isinstance(found, Record) else None
    others = _others(place, label, places, contents)
    if own is not None and (manifest := _manifest(own.digest, label, contents)):
        return _compared(own, manifest, {p: record for p, record in others.items() if record.digest == own.digest})
    problem = found if isinstance(found, str) else "names a manifest that is nowhere"
    digest = _proven(place, label, contents)
    fitting = {
        p: record
        for p, record in others.items()
        if record.digest == digest or (digest is None and (own is None or own.saved == record.saved))
    }
    for other, record in fitting.items():
        return Verdict(record, _manifest(record.digest, label, contents), problem, f"from {other.folder}")
    if digest is None:
        return Verdict(None, None, f"{problem}; no mirror has a sound one, and no manifest is left to make it from")
    manifest, when = _manifest(digest, label, contents), _time_of(contents[digest][0])
    if own is not None:
        return Verdict(own.replace(digest=digest), manifest, problem, "with the digest of its manifest")
    state = place.digests.get(place.registry.folder_of(*label) / STATE / LISTING, UNSET)
    blank = Record(name=label[0], version=label[1], digest=digest, saved=when, state=state)
    return Verdict(blank, manifest, problem, "made from its manifest; the note is lost, and the time is that of the file")


def _others(place: Place, label: Label, places: Sequence[Place], contents: Contents) -> Mapping[Place, Record]:
    """Return the records that other places have of a version, and that name a manifest that is somewhere."""
    found = {p: record for p in places if p is not place and isinstance(record := p.records.get(label), Record)}
    return {p: record for p, record in found.items() if _manifest(record.digest, label, contents)}


def _manifest(digest: str, label: Label, contents: Contents) -> Manifest | None:
    for path in contents.get(digest, ()):
        try:
            return manifest_at(path, digest, label)
        except BundleError:
            continue
    return None


def _proven(place: Place, label: Label, contents: Contents) -> str | None:
    """Return the digest of a manifest that blobs of the place prove: that in the bundle, else the only one of the version."""
    in_bundle = place.digests.get(place.bundle(label) / MANIFEST)
    sound = {digest for digest in place.registry.blobs if place.digests.get(place.registry.blobs.path(digest)) == digest}
    if in_bundle in sound and _manifest(in_bundle, label, contents):
        return in_bundle
    found = [digest for digest in sorted(sound) if _manifest(digest, label, {digest: [place.registry.blobs.path(digest)]})]
    return found[0] if len(found) == 1 else None


def _compared(own: Record, manifest: Manifest, others: Mapping[Place, Record]) -> Verdict:
    """Compare what nothing proves: most of the records are right, and one with a note is before one that was made anew."""
    if all(record == own for record in others.values()):
        return Verdict(own, manifest)
    ranked = Counter((own, *others.values())).most_common()
    noted = [record for record, _ in ranked if record.note]
    best = ranked[0][0] if len(ranked) == 1 or ranked[0][1] > ranked[1][1] else noted[0] if len(noted) == 1 else None
    if best == own:
        return Verdict(own, manifest)
    there = next(p.folder for p, record in others.items() if record != own)
    problem = f"differs from that in {there}"
    if best is None:
        return Verdict(own, manifest, f"{problem}, and which is right cannot be told: copy the right one over the other")
    source = next(p.folder for p, record in others.items() if record == best)
    return Verdict(best, manifest, problem, f"from {source}")


def _time_of(path: Path) -> str:
    return datetime.fromtimestamp(path.stat().st_mtime, UTC).isoformat(timespec="seconds")
