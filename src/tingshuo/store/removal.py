"""Remove versions from a registry or a mirror with all that only they are made of: aliases first, blobs, then their folders.

Killed anywhere, the registry opens: an alias never points to what is gone, and a version, whose files are links to its blobs or
copies of them, is there whole or not at all. As its folder is the last of it to go, the next run still knows what was its own.
"""

import os
import shutil
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from tingshuo.errors import RegistryError
from tingshuo.store.atomic import flush, replace_file
from tingshuo.store.forgotten import SHOWN, Forgotten
from tingshuo.store.holdings import Hit, Holding, Version, Wanted, gone_name, is_busy, look_at_registry
from tingshuo.store.registry import Registry
from tingshuo.store.survey import ALIASES, pointed, read_aliases
from tingshuo.store.versions import Version as Number


@dataclass(frozen=True, slots=True)
class Moved:
    """An alias that pointed to a version that went; ``after`` is None when it went too."""

    place: Path
    alias: str
    before: str
    after: str | None


def doomed_hits(holding: Holding, doomed: Sequence[Version]) -> list[Hit]:
    """Return what goes with versions of a place: their folders, and the blobs that no version that stays is made of."""
    hits = []
    for version in doomed:
        what = "version" if holding.registry is not None else "bundle"
        hits.append(Hit(version.folder, what, sum(version.blobs.values()), version.name, version.digest))
    if holding.registry is not None:
        # With a version that cannot be read, what it shares cannot be known: then only what was the person's own goes.
        sizes = {d: n for v in doomed for d, n in ({v.digest: 0} | v.own() if holding.unclear else v.blobs).items()}
        used = {digest for version in holding.versions if version not in doomed for digest in version.blobs}
        manifests = {version.digest: version.name for version in doomed}
        for digest in sorted(sizes.keys() - used):
            if digest in holding.registry.blobs:
                path = holding.registry.blobs.path(digest)
                hits.append(Hit(path, "blob", path.stat().st_size, manifests.get(digest, ""), digest))
    return hits


def remove_from(holding: Holding, doomed: Sequence[Version], now: datetime, like: Registry | None = None) -> list[Moved]:
    """Remove versions, what only they are made of, and the strays of a registry or a mirror, to which nobody else is writing.

    Parameters
    ----------
    holding : Holding
        Of a registry.
    doomed : sequence of Version
        Of that registry.
    now : datetime
        When the aliases were moved.
    like : Registry or None
        That of which this one is a mirror: aliases point where they point there.

    Returns
    -------
    list of Moved
        The aliases that pointed there.

    Raises
    ------
    RegistryError
        A list of aliases is damaged.
    OutputError, OSError
        The place cannot be written; what was removed is gone, and the next run goes on.
    """
    registry = holding.registry
    assert registry is not None
    blobs = [hit for hit in doomed_hits(holding, doomed) if hit.what == "blob"]
    moved: list[Moved] = []
    for name in dict.fromkeys(version.label[0] for version in doomed):
        staying = [v.label[1] for v in holding.versions if v.label[0] == name and v not in doomed]
        moved += _settle_aliases(registry, name, staying, {v.label[1] for v in doomed if v.label[0] == name}, now, like)
    for hit in (*blobs, *holding.strays):
        if not (hit.what == "download" and os.path.lexists(hit.path) and is_busy(hit.path)):
            remove_tree(hit.path)
    for version in doomed:
        remove_tree(version.folder)
    for name in dict.fromkeys(version.label[0] for version in doomed):
        _remove_empty(registry.folder / "voices" / name)
    return moved


def clean(registry: Registry, forgotten: Forgotten, now: datetime | None = None, like: Registry | None = None) -> list[Hit]:
    """Remove from a registry or a mirror what was forgotten and is there all the same; nobody else may be writing.

    Raises
    ------
    RegistryError, OutputError, OSError
        As `remove_from`.
    """
    if not forgotten.rows:
        return []
    holding, doomed = _lingering(registry, forgotten)
    hits = [*doomed_hits(holding, doomed), *holding.strays]
    if hits:
        remove_from(holding, doomed, now or datetime.now(UTC), like)
    return hits


def lingering(registry: Registry, forgotten: Forgotten) -> list[Hit]:
    """Return what `clean` would remove; raises OSError when the registry cannot be listed."""
    if not forgotten.rows:
        return []
    holding, doomed = _lingering(registry, forgotten)
    return [*doomed_hits(holding, doomed), *holding.strays]


def _lingering(registry: Registry, forgotten: Forgotten) -> tuple[Holding, list[Version]]:
    holding = look_at_registry(registry, wanted := Wanted(None, forgotten=forgotten))
    return holding, [version for version in holding.versions if wanted.asks_for(version)]


def sharing(registry: Registry, forgotten: Forgotten) -> list[str]:
    """Return a sentence for each version that shares weights with what was forgotten, or may have learnt from it."""
    if not forgotten.rows:
        return []
    found = look_at_registry(registry, Wanted(None, forgotten=forgotten)).versions
    return [
        f"{version.name} in {registry.folder} {CLOSE}; {remedy_of(version)}"
        for version in found
        if version.digest not in forgotten.manifests
        and (version.digest in forgotten.derived or not forgotten.blobs.keys().isdisjoint(version.own()))
    ]


CLOSE = "shares weights with what was forgotten, or may have learnt from it"


def remedy_of(version: Version) -> str:
    """Return what can be done about a version that may have learnt from somebody."""
    return f"--with-derived of tingshuo forget removes it, tingshuo forget --allow {version.digest[:SHOWN]} keeps it"


def remove_tree(path: Path) -> None:
    """Remove a file or a folder, which has a hidden name while it goes; what has gone already is no error.

    Raises
    ------
    OSError
        It cannot be removed.
    """
    if not os.path.lexists(path):
        return
    if path.is_symlink() or not path.is_dir():
        path.unlink()
    elif path.name.startswith("."):
        shutil.rmtree(path)
    else:
        gone = gone_name(path)
        if os.path.lexists(gone):  # of a removal that was killed
            shutil.rmtree(gone)
        path.rename(gone)
        flush(gone.parent)
        shutil.rmtree(gone)
    flush(path.parent)


def _settle_aliases(
    registry: Registry, name: str, staying: Collection[str], gone: Collection[str], now: datetime, like: Registry | None
) -> list[Moved]:
    """Have the aliases of a name point to what stays: as in the registry that is mirrored, else to the newest version."""
    path = registry.folder / "voices" / name / ALIASES
    try:
        aliases = read_aliases(path)
    except RegistryError:
        if staying:
            raise
        aliases = None
    now_at = {alias: version for alias, version in pointed(aliases).items() if version in gone}
    if not staying:
        path.unlink(missing_ok=True)
        return [Moved(registry.folder, f"{name}@{alias}", version, None) for alias, version in now_at.items()]
    newest = max(staying, key=Number.parse)
    source = like.folder / "voices" / name / ALIASES if like is not None else path
    if like is not None and set(pointed(read_aliases(source)).values()) - {""} <= set(staying) and source.is_file():
        if now_at:
            replace_file(path, source.read_bytes())
    elif now_at and aliases is not None:
        for alias in now_at:
            aliases.move(alias, newest, now, back=True)
    after = pointed(read_aliases(path))
    return [Moved(registry.folder, f"{name}@{alias}", version, after.get(alias, newest)) for alias, version in now_at.items()]


def _remove_empty(folder: Path) -> None:
    if folder.is_dir() and not any(folder.iterdir()):
        folder.rmdir()
        flush(folder.parent)
