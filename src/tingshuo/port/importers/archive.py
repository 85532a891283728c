"""Archives that models are shipped in, unpacked into a temporary folder.

``.zip``, ``.tar``, ``.tar.gz``, ``.tar.bz2``, ``.tar.xz`` and ``.tar.zst``, known by what is in them and not by their names.

They are read by the strict readers of `tingshuo.store`: nothing but plain files, no link, no name that leads out, no more than
an archive of its size can hold. A folder as ModelScope has them, with the voices still packed, is unpacked beside what lies
around it.
"""

import bz2
import lzma
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tingshuo.errors import BundleError, OutputError, PortError, TingshuoError
from tingshuo.port.recognise.formats import detect
from tingshuo.store.archive_formats import CHUNK, GZIP, MAX_RATIO, TAR, ZSTD, Member, decompressed
from tingshuo.store.archive_tar import tar_members
from tingshuo.store.archive_zip import zip_members

ARCHIVES = ("zip", "tar", "gzip", "bzip2", "xz", "zstd")
"""Of the names that `tingshuo.port.recognise.formats.detect` has."""
MAX_FILES = 10_000
ROOM_BYTES = 1 << 30
"""Of the disk, which is left alone."""
VOICES = "voices.json"
"""What the archive of voices in a folder of ModelScope holds, at its top or in its folder."""
_SUFFIXES = {"tar": TAR, "gzip": GZIP, "zstd": ZSTD}
_ENDINGS = (".tar", ".gz", ".tgz", ".bz2", ".tbz2", ".xz", ".txz", ".zst", ".zip")
_TAR_MAGIC, _TAR_MAGIC_AT = b"ustar", 257
_JUNK = ("__MACOSX", ".DS_Store", "._")
"""Begins of names that macOS adds."""


@contextmanager
def unpacked(path: Path) -> Iterator[Path]:
    """Yield what an archive holds, or what is no archive as it is.

    Parameters
    ----------
    path : Path
        A file or a folder.

    Yields
    ------
    Path
        The path itself; or the folder, or the only file, that an archive was unpacked to, which is gone when the block ends. What
        an error in the block says of it is told of the archive.

    Raises
    ------
    PortError
        The archive is damaged, holds more than plain files, or becomes larger than an archive of a model does.
    OutputError
        There is no room for it.
    EngineNotInstalledError
        The ``zstd`` extra is missing.
    """
    archive = _packed(path)
    if archive is None:
        yield path
        return
    with tempfile.TemporaryDirectory(prefix="tingshuo-archive-") as name:
        temporary = Path(name).resolve()
        around = path if path.is_dir() else None
        folder = temporary / (path.resolve().name if around else _stem(archive))
        folder.mkdir()
        _unpack(archive, folder, temporary)
        if around is not None:
            _link(around, folder)
        try:
            yield folder if around is not None else _inner(folder)
        except TingshuoError as error:
            said = str(error).replace(f"{folder}", f"{path}")
            if said == str(error):
                raise
            renamed = type(error)(said)
            renamed.param = error.param
            raise renamed from error


def is_packed(path: Path) -> bool:
    """Whether `unpacked` unpacks something."""
    return _packed(path) is not None


def _packed(path: Path) -> Path | None:
    """Return the archive that is to be unpacked: a file, or the voices in a folder that has them in no other form."""
    if path.is_file():
        return path if detect(path) in ARCHIVES else None
    if not path.is_dir() or any((folder / VOICES).is_file() for folder in (path, path / "voices")):
        return None
    for file in sorted(path.iterdir()):
        if file.is_file() and detect(file) == "zip" and _holds_voices(file):
            return file
    return None


def _holds_voices(archive: Path) -> bool:
    try:
        return any(member.name.rpartition("/")[2] == VOICES and member.name.count("/") <= 1 for member in zip_members(archive))
    except BundleError as error:
        raise _refused(archive, error) from error


def _unpack(archive: Path, folder: Path, temporary: Path) -> None:
    kind = detect(archive)
    try:
        if kind == "zip":
            _write_all(archive, zip_members(archive), folder)
            return
        plain = temporary / f"archive{_SUFFIXES.get(kind, TAR)}"
        if kind in _SUFFIXES:
            plain.symlink_to(archive.resolve())  # what it is called says how it is read
        else:
            _expand(archive, kind, plain)
        if _is_tar(plain):
            _write_all(archive, tar_members(plain), folder)
        else:
            _write_all(archive, _only_file(archive, plain), folder)
        plain.unlink()
    except BundleError as error:
        raise _refused(archive, error, temporary) from error
    except OSError as error:
        raise OutputError(f"{archive}: cannot be unpacked to {temporary.parent}: {error.strerror or error}") from error


def _expand(archive: Path, kind: str, to: Path) -> None:
    """Decompress what the readers of `tingshuo.store` do not know."""
    limit = _Limit(archive, to.parent)
    opener = bz2.open if kind == "bzip2" else lzma.open
    try:
        with opener(archive, "rb") as source, to.open("wb") as out:
            while chunk := source.read(CHUNK):
                limit.take(len(chunk))
                out.write(chunk)
    except EOFError as error:
        raise BundleError(f"{archive}: is cut short; copy it again") from error
    except (lzma.LZMAError, OSError) as error:
        if isinstance(error, OSError) and error.errno is not None:
            raise
        raise BundleError(f"{archive}: is damaged: {error}; copy it again") from error


def _is_tar(plain: Path) -> bool:
    with decompressed(plain) as source:
        head = source.some(2 * _TAR_MAGIC_AT)
        return head[_TAR_MAGIC_AT : _TAR_MAGIC_AT + len(_TAR_MAGIC)] == _TAR_MAGIC


def _only_file(archive: Path, plain: Path) -> Iterator[Member]:
    """A file that was compressed by itself."""
    with decompressed(plain) as source:

        def chunks() -> Iterator[bytes]:
            while chunk := source.some(CHUNK):
                yield chunk

        yield Member(_stem(archive), 0, chunks)


def _write_all(archive: Path, members: Iterator[Member], folder: Path) -> None:
    limit = _Limit(archive, folder)
    for count, member in enumerate(members, 1):
        if count > MAX_FILES:
            raise PortError(f"{archive}: holds more than {MAX_FILES} files, so it is not an archive of a model")
        if any(part.startswith(_JUNK) for part in member.name.split("/")):
            continue
        file = folder / member.name
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
            with file.open("xb") as out:
                for chunk in member.chunks():
                    limit.take(len(chunk))
                    out.write(chunk)
        except (FileExistsError, NotADirectoryError) as error:
            raise BundleError(f"{archive}: {member.name!r} is in it twice; pack it again") from error


class _Limit:
    """Counts what comes out of an archive, and stops it where it is more than can be."""

    def __init__(self, archive: Path, folder: Path) -> None:
        self._archive, self._most = archive, archive.stat().st_size * MAX_RATIO
        self._room = max(0, shutil.disk_usage(folder).free - ROOM_BYTES)
        self._bytes = 0

    def take(self, count: int) -> None:
        self._bytes += count
        if self._bytes > self._most:
            raise PortError(f"{self._archive}: becomes more than {MAX_RATIO} times larger, so it is not an archive of a model")
        if self._bytes > self._room:
            raise OutputError(
                f"{self._archive}: needs more than the {self._room / 1e6:.0f} MB that are free; set TMPDIR, or --output of an "
                "import, to another disk"
            )


def _refused(archive: Path, error: BundleError, temporary: Path | None = None) -> PortError:
    """Tell of a model what is said of a bundle."""
    said = str(error).replace("archive of a bundle", "archive of a model").replace("the bundle", "the model")
    if temporary is not None:
        said = said.replace(next((str(file) for file in temporary.glob("archive.*")), "\0"), str(archive))
    if any(mark in said for mark in ("damaged", "cut short", "twice", "ask for another")):
        return PortError(said)
    return PortError(f"{said}; or unpack it yourself, where you trust it, and give the folder")


def _link(around: Path, folder: Path) -> None:
    """Let what lies in a folder of ModelScope lie beside the voices: licences and settings are looked for there."""
    for file in around.iterdir():
        if not (folder / file.name).exists():
            (folder / file.name).symlink_to(file.resolve())


def _inner(folder: Path) -> Path:
    """Return the only folder or file of a folder, or itself."""
    held = list(folder.iterdir())
    return _inner(held[0]) if len(held) == 1 and held[0].is_dir() else held[0] if len(held) == 1 else folder


def _stem(archive: Path) -> str:
    name = archive.resolve().name
    while name.lower().endswith(_ENDINGS) and not name.startswith("."):
        name = name.rpartition(".")[0]
    return name or "archive"
