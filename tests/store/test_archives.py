"""A bundle comes out of an archive as it went in, or not at all: whatever somebody has made of the file in between."""

import io
import json
import os
import random
import shutil
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tingshuo.errors import BundleError, OutputError, RequestError, SchemaVersionError, TingshuoError
from tingshuo.store import archives
from tingshuo.store.archive_formats import FORMATS, GZIP, TAR, ZIP, ZSTD
from tingshuo.store.archives import pack, unpack
from tingshuo.store.bundle import verify_bundle, write_bundle

if sys.version_info < (3, 14):
    pytest.importorskip("zstandard", reason="the zstd extra is missing")


@pytest.fixture(autouse=True)
def _unflushed(monkeypatch: pytest.MonkeyPatch) -> None:
    """The disk need not keep what these hundreds of small files hold."""
    monkeypatch.setattr(os, "fsync", lambda _: None)


def contents(folder: Path) -> dict[str, bytes]:
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def modes(folder: Path) -> dict[str, int]:
    return {p.relative_to(folder).as_posix(): p.stat().st_mode & 0o777 for p in folder.rglob("*") if p.is_file()}


@pytest.fixture
def private(tmp_path: Path, fields: dict[str, Any], files: dict[str, bytes]) -> Path:
    """A bundle with a timbre, a long name, a name in Chinese, and a signature."""
    more = {"speakers/one.npy": b"\x93NUMPY timbre", f"text/{'long/' * 30}x.txt": b"long", "text/词典.txt": b"", "z": bytes(600)}
    folder = write_bundle(tmp_path / "private", fields, files | more)
    (folder / "signature.json").write_bytes(b"{}")
    return folder


@pytest.mark.parametrize("suffix", FORMATS)
def test_what_was_packed_comes_out_again(private: Path, tmp_path: Path, suffix: str) -> None:
    packed = pack(private, tmp_path / f"a{suffix}")
    assert (packed.name, packed.version, packed.private) == ("tiny", "1.0.0", True)
    assert packed.n_files == len(contents(private))
    assert packed.n_bytes == sum(map(len, contents(private).values()))
    assert packed.packed_bytes == packed.path.stat().st_size
    assert unpack(packed.path, tmp_path / "out") == tmp_path / "out"
    assert contents(tmp_path / "out") == contents(private)
    assert modes(tmp_path / "out") == modes(private)
    assert modes(tmp_path / "out")["speakers/one.npy"] == 0o600
    assert verify_bundle(tmp_path / "out").ok


@pytest.mark.parametrize("suffix", FORMATS)
def test_the_same_bundle_becomes_the_same_bytes(make: Callable[..., Path], tmp_path: Path, suffix: str) -> None:
    first = pack(make(1), tmp_path / f"a{suffix}").path.read_bytes()
    copy = tmp_path / "elsewhere"
    shutil.copytree(make(1), copy)
    for path in copy.rglob("*"):
        path.chmod(0o700)
        os.utime(path, (1e9, 1e9))
    assert pack(copy, tmp_path / f"b{suffix}").path.read_bytes() == first
    assert pack(make(2), tmp_path / f"c{suffix}").path.read_bytes() != first


def test_the_manifest_is_first_and_the_rest_in_order(private: Path, tmp_path: Path) -> None:
    pack(private, tmp_path / "a.tar")
    with tarfile.open(tmp_path / "a.tar") as archive:
        members = archive.getmembers()
    names = [member.name.removeprefix("tiny-1.0.0/") for member in members]
    assert (names[0], names[-1]) == ("manifest.json", "signature.json")
    assert names[1:-1] == sorted(names[1:-1])
    assert {(m.uid, m.gid, m.uname, m.gname, m.mtime) for m in members} == {(0, 0, "", "", 0)}
    assert {m.mode for m in members if "speakers/" in m.name} == {0o600}


@pytest.mark.parametrize("suffix", [TAR, ZIP])
def test_an_archive_with_timbres_is_for_its_owner_alone(private: Path, tiny: Path, tmp_path: Path, suffix: str) -> None:
    assert pack(private, tmp_path / f"a{suffix}").path.stat().st_mode & 0o777 == 0o600
    assert pack(tiny, tmp_path / f"b{suffix}").path.stat().st_mode & 0o777 == 0o644


def test_a_file_that_is_there_stays_unless_it_may_be_replaced(tiny: Path, tmp_path: Path) -> None:
    path = tmp_path / "new/a.tar"
    path.parent.mkdir()
    path.write_bytes(b"old")
    with pytest.raises(OutputError, match="already exists"):
        pack(tiny, path)
    assert path.read_bytes() == b"old"
    pack(tiny, path, replace=True)
    assert path.stat().st_size > 3
    with pytest.raises(OutputError, match="already exists"):
        unpack(path, tiny)


def test_a_damaged_bundle_is_not_packed(tiny: Path, tmp_path: Path) -> None:
    (tiny / "config.json").write_text("{}")
    with pytest.raises(BundleError, match=r"config\.json: has 2 bytes"):
        pack(tiny, tmp_path / "a.tar")
    assert list(tmp_path.iterdir()) == [tiny]


def test_a_bundle_that_changes_while_it_is_packed_is_refused(tiny: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sound = archives.verify_bundle

    def change_later(path: Path) -> object:
        report = sound(path)
        (path / "graphs/onnx/fp32/encoder.onnx").write_bytes(b"GRAPH")
        return report

    monkeypatch.setattr(archives, "verify_bundle", change_later)
    with pytest.raises(BundleError, match=r"encoder\.onnx: changed while it was packed"):
        pack(tiny, tmp_path / "a.tar")
    assert list(tmp_path.iterdir()) == [tiny]


def test_what_cannot_be_packed_is_refused(tiny: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(RequestError, match=r"a\.rar: is not the name of an archive; accepted: .*\.tar\.zst"):
        pack(tiny, tmp_path / "a.rar")
    with pytest.raises(OutputError, match="lies in the bundle itself"):
        pack(tiny, tiny / "a.tar")
    monkeypatch.setattr(zipfile, "ZIP64_LIMIT", 100)
    with pytest.raises(BundleError, match=r"is too large for \.zip; choose \.tar"):
        pack(tiny, tmp_path / "a.zip")
    (tiny / "signature.json").symlink_to("config.json")
    with pytest.raises(BundleError, match=r"signature\.json: is a link"):
        pack(tiny, tmp_path / "a.tar")
    assert list(tmp_path.iterdir()) == [tiny]


def test_nothing_is_packed_that_would_not_be_unpacked(
    tmp_path: Path, fields: dict[str, Any], files: dict[str, bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    inner = write_bundle(tmp_path / "inner", fields, files | {"text/more.tar.gz": b"1"})
    with pytest.raises(BundleError, match=r"'text/more\.tar\.gz' is an archive in an archive"):
        pack(inner, tmp_path / "a.tar")
    monkeypatch.setattr(archives, "MAX_RATIO", 10)
    zeros = write_bundle(tmp_path / "zeros", fields, files | {"text/zeros.txt": bytes(100_000)})
    (tmp_path / "a.tar.gz").write_bytes(b"old")
    with pytest.raises(BundleError, match="becomes more than 10 times smaller"):
        pack(zeros, tmp_path / "a.tar.gz", replace=True)
    assert (tmp_path / "a.tar.gz").read_bytes() == b"old"


# Archives that other tools make


@pytest.mark.parametrize(
    "command",
    [
        "tar cf x.tar tiny",
        "tar cf x.tar -C tiny .",
        "tar czf x.tar.gz ./tiny",
        "tar cf x.tar --format=posix tiny",
        "tar cf x.tar --format=ustar --sort=name tiny",
        "tar --zstd -cf x.tar.zst tiny",
        "zip -qr x.zip tiny",
        "cd tiny && zip -qr ../x.zip .",
        "python -m tarfile -c x.tar tiny",
        "python -m zipfile -c x.zip tiny",
    ],
)
def test_archives_of_the_usual_tools_are_read(tiny: Path, tmp_path: Path, command: str) -> None:
    tool = "zstd" if "--zstd" in command else command.replace("cd tiny && ", "").split()[0]
    if tool != "python" and shutil.which(tool) is None:
        pytest.skip(f"{tool} is not installed")
    (tiny / "text").mkdir()  # an empty folder does no harm
    environment = os.environ | {"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    subprocess.run(["sh", "-c", command], cwd=tmp_path, check=True, env=environment)
    (archive,) = tmp_path.glob("x.*")
    assert contents(unpack(archive, tmp_path / "out")) == contents(tiny)


# Archives made by hand

Row = tuple[str, bytes | tarfile.TarInfo]


def tar_of(path: Path, rows: list[Row], tail: bytes = b"") -> Path:
    with tarfile.open(path, "w", format=tarfile.GNU_FORMAT) as archive:
        for name, content in rows:
            info = content if isinstance(content, tarfile.TarInfo) else tarfile.TarInfo(name)
            if isinstance(content, bytes):
                info.size = len(content)
            archive.addfile(info, io.BytesIO(content) if isinstance(content, bytes) else None)
    with path.open("ab") as file:
        file.write(tail)
    return path


def zip_of(path: Path, rows: list[Row], method: int = zipfile.ZIP_DEFLATED) -> Path:
    with zipfile.ZipFile(path, "w", method) as archive, pytest.MonkeyPatch.context() as patch:
        patch.setattr("warnings.warn", lambda *_, **__: None)  # of names that are there twice
        for name, content in rows:
            if isinstance(content, bytes):
                archive.writestr(zipfile.ZipInfo(name), content)
    return path


WRITERS: dict[str, Callable[[Path, list[Row]], Path]] = {TAR: tar_of, ZIP: zip_of}


def rows_of(folder: Path, prefix: str = "tiny/") -> list[Row]:
    return [(prefix + name, content) for name, content in sorted(contents(folder).items(), reverse=True)]


def refused(archive: Path, message: str, error: type[TingshuoError] = BundleError) -> None:
    """The archive is refused with one sentence that names it, and nothing stays."""
    before = set(archive.parent.iterdir())
    with pytest.raises(error, match=message) as caught:
        unpack(archive, archive.parent / "out")
    assert str(caught.value).startswith(f"{archive}: ")
    assert ".partial" not in str(caught.value)
    assert set(archive.parent.iterdir()) == before


Change = Callable[[list[Row]], list[Row]]
CHANGES: dict[str, tuple[Change, str]] = {
    "leaves the folder": (lambda rows: [*rows, ("tiny/../evil", b"")], "'tiny/../evil' is not a plain relative path"),
    "absolute": (lambda rows: [*rows, ("/tmp/evil", b"")], "'/tmp/evil' is not a plain relative path"),
    "drive": (lambda rows: [*rows, ("C:/evil", b"")], "'C:/evil' is not a plain relative path"),
    "backslash": (lambda rows: [*rows, ("tiny\\evil", b"")], r"'tiny\\\\evil' is not a plain relative path"),
    "control character": (lambda rows: [*rows, ("tiny/a\nb", b"")], r"'tiny/a\\nb' is not a plain relative path"),
    "beside": (lambda rows: [*rows, ("other/x", b"")], "'other/x' lies beside the bundle's folder 'tiny/'"),
    "not listed": (lambda rows: [*rows, ("tiny/._x", b"")], r"'\._x' is not listed in its manifest"),
    "twice": (lambda rows: [*rows, rows[2]], "'graphs/onnx/fp32/encoder.onnx' is in it twice"),
    "two manifests": (lambda rows: [*rows, ("tiny/manifest.json", b"{}")], "'tiny/manifest.json' is in it twice"),
    "two signatures": (lambda rows: [*rows, *[("tiny/signature.json", b"{}")] * 2], "'signature.json' is in it twice"),
    "case": (lambda rows: [*rows, ("tiny/Config.json", b"")], r"'config\.json' and 'Config\.json' differ in case alone"),
    "missing": (lambda rows: rows[:-1], r"'config\.json' is missing, which its manifest lists"),
    "longer": (lambda rows: [*rows[:-1], (rows[-1][0], bytes(9999))], r"'config\.json' has 9999 bytes, its manifest says"),
    "another hash": (lambda rows: [*rows[:2], (rows[2][0], b"GRAPH"), *rows[3:]], r"encoder\.onnx: its SHA-256 differs"),
    "no manifest": (lambda rows: [row for row in rows if "manifest" not in row[0]], r"holds no bundle: no manifest\.json"),
    "too deep": (lambda rows: [(f"a/{name}", content) for name, content in rows], r"holds no bundle: no manifest\.json"),
    "two bundles": (lambda rows: [*rows, ("b/manifest.json", b"{}")], "holds more than one bundle: b, tiny; unpack it"),
    "an archive": (lambda rows: [("x.tar", b"")], r"holds no bundle: .*, but 'x\.tar', an archive in an archive"),
    "large manifest": (lambda rows: [("tiny/manifest.json", bytes(5 << 20))], "is larger than 4194304 bytes"),
    "large signature": (lambda rows: [*rows, ("tiny/signature.json", bytes(5 << 20))], "is larger than 4194304 bytes"),
    "no JSON": (lambda rows: [("tiny/manifest.json", b"{")], "cannot be read as JSON"),
    "no fields": (lambda rows: [("tiny/manifest.json", b'{"schema_version": 1}')], "is missing|missing required"),
}


@pytest.mark.parametrize("suffix", WRITERS)
@pytest.mark.parametrize("what", CHANGES)
def test_what_is_not_a_bundle_is_refused(tiny: Path, tmp_path: Path, suffix: str, what: str) -> None:
    change, message = CHANGES[what]
    refused(WRITERS[suffix](tmp_path / f"x{suffix}", change(rows_of(tiny))), message)


@pytest.mark.parametrize("suffix", WRITERS)
def test_a_newer_bundle_is_said_to_be_one(tmp_path: Path, suffix: str) -> None:
    archive = WRITERS[suffix](tmp_path / f"x{suffix}", [("a/manifest.json", b'{"schema_version": 2}')])
    refused(archive, "schema version 2 is not known here", SchemaVersionError)


def rewritten(tiny: Path, **changes: Any) -> list[Row]:
    """The rows of the bundle with another manifest."""
    manifest = json.loads((tiny / "manifest.json").read_text()) | changes
    return [("manifest.json", json.dumps(manifest).encode()), *(r for r in rows_of(tiny, "") if r[0] != "manifest.json")]


@pytest.mark.parametrize("suffix", WRITERS)
def test_a_manifest_that_promises_too_much_is_refused_before_anything_is_written(
    tiny: Path, tmp_path: Path, suffix: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = json.loads((tiny / "manifest.json").read_text())["files"]
    files["config.json"]["size"] = 10**18
    archive = WRITERS[suffix](tmp_path / f"x{suffix}", rewritten(tiny, files=files))
    refused(archive, "promises 10{14}[0-9]+ bytes, more than [0-9]+ bytes can hold")
    sound = WRITERS[suffix](tmp_path / f"y{suffix}", rows_of(tiny))
    monkeypatch.setattr(shutil, "disk_usage", lambda _: shutil._ntuple_diskusage(9, 8, 1))  # type: ignore[attr-defined]
    refused(sound, "needs 0 MB, the disk has 0 MB; make room", OutputError)


@pytest.mark.parametrize("suffix", WRITERS)
def test_a_pickle_inside_is_refused(tmp_path: Path, tiny: Path, suffix: str) -> None:
    import hashlib

    files = json.loads((tiny / "manifest.json").read_text())["files"]
    pickled = b"\x80\x04N."
    files["text/words.bin"] = {"sha256": hashlib.sha256(pickled).hexdigest(), "size": 4}
    rows = [*rewritten(tiny, files=files), ("text/words.bin", pickled)]
    refused(WRITERS[suffix](tmp_path / f"x{suffix}", rows), r"text/words\.bin: is a pickle")
    files["text/more.zip"] = files.pop("text/words.bin")
    rows = [*rewritten(tiny, files=files), ("text/more.zip", pickled)]
    refused(WRITERS[suffix](tmp_path / f"y{suffix}", rows), r"'text/more\.zip' is an archive in an archive")


def test_a_manifest_below_does_not_hide_the_one_at_the_top(
    tmp_path: Path, fields: dict[str, Any], files: dict[str, bytes]
) -> None:
    folder = write_bundle(tmp_path / "b", fields, files | {"text/manifest.json": b"{}"})
    rows = [("config.json", files["config.json"]), *(row for row in rows_of(folder, "") if row[0] != "config.json")]
    assert contents(unpack(tar_of(tmp_path / "x.tar", rows), tmp_path / "out")) == contents(folder)


@pytest.mark.parametrize("suffix", FORMATS)
def test_a_bomb_is_refused(tmp_path: Path, suffix: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A manifest that never comes, behind more bytes than the archive can sensibly hold."""
    from tingshuo.store import archive_formats

    monkeypatch.setattr(archive_formats, "MAX_RATIO", 20)
    rows: list[Row] = [("tiny/zeros", bytes(1 << 20))]
    if suffix in WRITERS:
        refused(WRITERS[suffix](tmp_path / f"x{suffix}", rows), "holds no bundle")
        return
    raw = tar_of(tmp_path / "raw", rows).read_bytes()
    archive = tmp_path / f"x{suffix}"
    with archive.open("wb") as file, archive_formats.compressed(suffix, file) as out:
        out.write(raw)
    refused(archive, "becomes more than 20 times larger")


@pytest.mark.parametrize("suffix", FORMATS)
def test_an_archive_that_is_cut_or_goes_on_is_refused(tiny: Path, tmp_path: Path, suffix: str) -> None:
    whole = pack(tiny, tmp_path / f"whole{suffix}").path.read_bytes()
    archive = tmp_path / f"x{suffix}"
    for part in (b"", whole[:10], whole[: len(whole) // 2], whole[:-1], whole + b"more", whole + whole):
        archive.write_bytes(part)
        refused(archive, "is cut short|is damaged")
    other = {TAR: ZIP, ZIP: TAR, GZIP: TAR, ZSTD: TAR}[suffix]
    archive.write_bytes(pack(tiny, tmp_path / f"other{other}").path.read_bytes())
    refused(archive, "is cut short|is damaged")


@pytest.mark.parametrize("suffix", FORMATS)
def test_an_archive_that_cannot_be_read_is_refused(tmp_path: Path, suffix: str) -> None:
    refused(tmp_path / f"x{suffix}", "cannot be read: No such file")


def test_an_archive_that_changes_between_the_readings_is_refused(
    make: Callable[..., Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    archive = pack(make(1), tmp_path / "x.tar").path
    other = pack(make(2), tmp_path / "y.tar").path
    room = archives._check_room
    monkeypatch.setattr(archives, "_check_room", lambda *a: (room(*a), shutil.copyfile(other, archive)))
    refused(archive, "is in it twice, or the archive changes while it is read")


@pytest.mark.parametrize("suffix", FORMATS)
def test_damage_anywhere_ends_in_an_error_or_in_a_sound_bundle(tiny: Path, tmp_path: Path, suffix: str) -> None:
    work = tmp_path / "work"
    work.mkdir()
    archive, out = work / f"x{suffix}", work / "out"
    whole = pack(tiny, tmp_path / f"whole{suffix}").path.read_bytes()
    expected, rng, messages = contents(tiny), random.Random(suffix), []
    for case in range(120):
        data = bytearray(whole)
        if case % 4 == 0:
            del data[rng.randrange(len(data)) :]
        elif case % 4 == 1:
            begin = rng.randrange(len(data))
            del data[begin : begin + rng.randrange(1, 600)]
        else:
            for _ in range(rng.choice((1, 1, 8))):
                data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
        archive.write_bytes(data)
        try:
            unpack(archive, out)
        except TingshuoError as error:
            messages.append(str(error))
        else:
            # A tar has no checksum of what its files hold, and no hash is that of the manifest, as in a folder; a signature is.
            assert verify_bundle(out).ok
            assert suffix == TAR or contents(out) == expected
            shutil.rmtree(out)
        assert list(work.iterdir()) == [archive]
    assert len(messages) > 60
    assert all(message.startswith(f"{archive}: ") for message in messages)
