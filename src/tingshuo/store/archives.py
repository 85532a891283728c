"""A bundle as one file: ``.tar``, ``.tar.gz``, ``.tar.zst`` or ``.zip``.

Packing: the same bundle becomes the same bytes. One folder, named after voice and version, the manifest first, then the files in
order; no times, no owners. Unpacking believes nothing: the manifest is found and checked first; then only what it lists is
written, each file of the size that it says, into a hidden folder that gets its name when every hash has been found right.
"""

import hashlib
import os
import shutil
import zipfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from tingshuo.errors import BundleError, OutputError
from tingshuo.store.archive_formats import CHUNK, MAX_RATIO, TAR, ZIP, Member, compressed, format_of
from tingshuo.store.archive_tar import tar_members, write_tar
from tingshuo.store.archive_zip import write_zip, zip_members
from tingshuo.store.atomic import new_folder, replace_file, write_file
from tingshuo.store.bundle import entry_of, is_private, verify_bundle
from tingshuo.store.manifest import MANIFEST, FileEntry, Manifest, read_manifest
from tingshuo.store.sign_format import SIGNATURE

MAX_MANIFEST_BYTES = 4 << 20
"""As for manifests in folders, and for signatures."""
_READABLE, _PRIVATE = 0o644, 0o600
_INNER = (".tar", ".tgz", ".gz", ".bz2", ".xz", ".zst", ".zip", ".7z", ".rar")


@dataclass(frozen=True, slots=True)
class Packed:
    """An archive that was made.

    Parameters
    ----------
    path : Path
        The file.
    name, version : str
        Of the voice.
    n_files, n_bytes : int
        What the bundle holds.
    packed_bytes : int
        Of the archive.
    private : bool
        Whether there are timbres in it that are for their owner alone; the archive then is too (0600).
    """

    path: Path
    name: str
    version: str
    n_files: int
    n_bytes: int
    packed_bytes: int
    private: bool


def pack(bundle: Path, destination: Path, *, replace: bool = False) -> Packed:
    """Write a bundle into one file, whole or not at all; its signature goes along.

    Parameters
    ----------
    bundle : Path
        Its folder; it is verified before, and again while it is read.
    destination : Path
        The ending of its name says what it becomes.
    replace : bool
        Take the place of a file that is there.

    Raises
    ------
    RequestError
        The destination's name is not that of an archive.
    BundleError
        The bundle is damaged, or cannot be packed this way.
    OutputError
        The destination exists (without ``replace``), lies in the bundle, or cannot be written.
    EngineNotInstalledError
        The ``zstd`` extra is missing.
    """
    suffix = format_of(destination)
    if not replace and os.path.lexists(destination):
        raise OutputError(f"{destination}: already exists; remove it, choose another path, or pack it with --force")
    if destination.resolve().is_relative_to(bundle.resolve()):
        raise OutputError(f"{destination}: lies in the bundle itself; choose a path outside")
    manifest, entries = _sound(bundle)
    members = [(_member(bundle, manifest, name, entry), _mode(name)) for name, entry in entries.items()]
    size, private = sum(entry.size for entry in entries.values()), any(map(is_private, entries))

    def write(path: Path) -> None:
        _write(path, suffix, members)
        if path.stat().st_size * MAX_RATIO < size:
            raise BundleError(f"{bundle}: becomes more than {MAX_RATIO} times smaller, which nobody unpacks; choose {TAR}")

    try:
        replace_file(destination, write, _PRIVATE if private else _READABLE)
    except zipfile.LargeZipFile as error:
        raise BundleError(f"{bundle}: is too large for {ZIP}; choose {TAR}") from error
    return Packed(destination, manifest.name, manifest.version, len(entries), size, destination.stat().st_size, private)


def unpack(archive: Path, destination: Path, *, replace: bool = False) -> Path:
    """Make a bundle's folder of an archive, whole and verified or not at all.

    Parameters
    ----------
    archive : Path
        As `pack` writes it, or as ``tar`` and ``zip`` do: the bundle's files, or one folder that holds them, and nothing else.
    destination : Path
        The folder to make.
    replace : bool
        Take the place of a folder that is there.

    Returns
    -------
    Path
        The destination.

    Raises
    ------
    RequestError
        The name of the archive is not that of one.
    BundleError
        The archive is damaged or cut short, or holds anything but a sound bundle; the message names the file.
    OutputError
        The destination exists (without ``replace``) or cannot be written.
    EngineNotInstalledError
        The ``zstd`` extra is missing.
    """
    with new_folder(destination, replace=replace) as folder:
        try:
            _fill(archive, folder)
        except BundleError as error:
            # What is said of a file in the hidden folder is meant for one of the archive.
            raise type(error)(str(error).replace(f"{folder}/", f"{archive}: ").replace(str(folder), str(archive))) from error
    return destination


def _sound(bundle: Path) -> tuple[Manifest, dict[str, FileEntry]]:
    """Return the manifest of a sound bundle, and what is to be packed, in order."""
    report = verify_bundle(bundle)
    if not report.ok:
        raise BundleError(report.problems[0])
    manifest = read_manifest(bundle)
    _refuse_inner(bundle, manifest)
    entries = {MANIFEST: entry_of(bundle / MANIFEST)} | dict(sorted(manifest.files.items()))
    signature = bundle / SIGNATURE
    if os.path.lexists(signature):
        if signature.is_symlink() or not signature.is_file():
            raise BundleError(f"{signature}: is a link or not a plain file; a bundle holds its files itself")
        entries[SIGNATURE] = entry_of(signature)
    return manifest, entries


def _refuse_inner(source: Path, manifest: Manifest) -> None:
    """Refuse archives among the files: nobody who looks at the outer one sees what they hold."""
    for name in manifest.files:
        if name.lower().endswith(_INNER):
            raise BundleError(f"{source}: {name!r} is an archive in an archive; a bundle holds its files themselves")


def _member(bundle: Path, manifest: Manifest, name: str, entry: FileEntry) -> Member:
    def chunks() -> Iterator[bytes]:
        running, size = hashlib.sha256(), 0
        with (bundle / name).open("rb") as file:
            while chunk := file.read(CHUNK):
                running.update(chunk)
                size += len(chunk)
                yield chunk
        if (running.hexdigest(), size) != (entry.sha256, entry.size):
            raise BundleError(f"{bundle / name}: changed while it was packed; try again")

    return Member(f"{manifest.name}-{manifest.version}/{name}", entry.size, chunks)


def _mode(name: str) -> int:
    return _PRIVATE if is_private(name) else _READABLE


def _write(path: Path, suffix: str, members: list[tuple[Member, int]]) -> None:
    # For the owner alone until it is whole: there may be timbres in it.
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, _PRIVATE)
    with os.fdopen(descriptor, "w+b") as file:
        if suffix == ZIP:
            write_zip(file, members)
        else:
            with compressed(suffix, file) as out:
                write_tar(out, members)


def _fill(archive: Path, folder: Path) -> None:
    """Write what an archive holds into an empty folder, and verify it."""
    members = zip_members if format_of(archive) == ZIP else tar_members
    prefix, content = _find_manifest(archive, members)
    write_file(folder / MANIFEST, content)
    manifest = read_manifest(folder)
    _refuse_inner(archive, manifest)
    _check_room(archive, folder, sum(entry.size for entry in manifest.files.values()))
    seen: dict[str, str] = {}
    for member in members(archive):
        name = _inside(archive, member.name, prefix)
        if (other := seen.setdefault(name.casefold(), name)) != name:
            raise BundleError(f"{archive}: {other!r} and {name!r} differ in case alone; pack the bundle again")
        _write_member(archive, folder, member, name, manifest.files, content)
    missing = sorted({MANIFEST, *manifest.files} - set(seen.values()))
    if missing:
        raise BundleError(f"{archive}: {missing[0]!r} is missing, which its manifest lists; pack the bundle again")
    report = verify_bundle(folder)
    if not report.ok:
        raise BundleError(report.problems[0])


def _find_manifest(archive: Path, members: Callable[[Path], Iterator[Member]]) -> tuple[str, bytes]:
    """Return the path before the manifest's name, and the manifest: that at the top, or else in the only folder that has one."""
    found: dict[str, bytes] = {}
    inner = ""
    for place, member in enumerate(members(archive)):
        parent, _, name = member.name.rpartition("/")
        if name == MANIFEST and "/" not in parent:
            if parent in found:
                raise BundleError(f"{archive}: {member.name!r} is in it twice; pack the bundle again")
            found[parent] = _content(archive, member)
            if place == 0:
                break
        elif name.lower().endswith(_INNER):
            inner = f", but {name!r}, an archive in an archive: unpack that"
    if len(found) > 1 and "" not in found:
        raise BundleError(f"{archive}: holds more than one bundle: {', '.join(sorted(found))}; unpack it, and choose one")
    if not found:
        raise BundleError(f"{archive}: holds no bundle: no {MANIFEST}, at its top or in its only folder{inner}")
    parent = "" if "" in found else next(iter(found))
    return f"{parent}/" if parent else "", found[parent]


def _content(archive: Path, member: Member) -> bytes:
    if member.size > MAX_MANIFEST_BYTES:
        raise BundleError(
            f"{archive}: {member.name!r} is larger than {MAX_MANIFEST_BYTES} bytes, so it is not what its name says"
        )
    return b"".join(member.chunks())


def _check_room(archive: Path, folder: Path, promised: int) -> None:
    size = archive.stat().st_size
    if promised > size * MAX_RATIO:
        raise BundleError(f"{archive}: promises {promised} bytes, more than {size} bytes can hold; ask for another archive")
    free = shutil.disk_usage(folder).free
    if promised > free:
        raise OutputError(f"{archive}: needs {promised / 1e6:.0f} MB, the disk has {free / 1e6:.0f} MB; make room")


def _inside(archive: Path, name: str, prefix: str) -> str:
    if not name.startswith(prefix):
        raise BundleError(f"{archive}: {name!r} lies beside the bundle's folder {prefix!r}; pack the folder alone")
    return name.removeprefix(prefix)


def _write_member(
    archive: Path, folder: Path, member: Member, name: str, files: Mapping[str, FileEntry], manifest: bytes
) -> None:
    """Write a file that may be there, of the size that it may have."""
    if name != MANIFEST and os.path.lexists(folder / name):
        raise BundleError(f"{archive}: {name!r} is in it twice; pack the bundle again")
    if name in (MANIFEST, SIGNATURE):
        content = _content(archive, member)
        if name == MANIFEST and content != manifest:
            raise BundleError(f"{archive}: {member.name!r} is in it twice, or the archive changes while it is read")
        write_file(folder / name, content)
    elif name not in files:
        raise BundleError(f"{archive}: {name!r} is not listed in its manifest; pack the bundle again without it")
    elif member.size != files[name].size:
        raise BundleError(f"{archive}: {name!r} has {member.size} bytes, its manifest says {files[name].size}; pack it again")
    else:
        write_file(folder / name, lambda path: _copy(member, path), _mode(name))


def _copy(member: Member, path: Path) -> None:
    with path.open("xb") as file:
        for chunk in member.chunks():
            file.write(chunk)
