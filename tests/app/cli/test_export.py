"""``export``, and its page."""

import json
import re
import shutil
from pathlib import Path

import pytest
import typer

from tingshuo.app.cli.verbs import app
from tingshuo.store.archive_formats import FORMATS, GZIP_LEVEL, MAX_RATIO, ZSTD_LEVEL
from tingshuo.store.archives import unpack
from tingshuo.store.bundle import verify_bundle, write_bundle
from tingshuo.store.unpacked import LIMIT_BYTES

TINY = Path(__file__).parents[2] / "store" / "tiny"
PAGE = (Path(__file__).parents[3] / "docs" / "archive.md").read_text("utf-8")


@pytest.fixture
def copy(tmp_path):
    """A bundle of a few kilobytes, named "tiny"."""
    return shutil.copytree(TINY, tmp_path / "voice")


def test_a_bundle_becomes_one_file(tingshuo, copy, tmp_path):
    done = tingshuo("export", copy, "-o", tmp_path / "x.zip")
    assert (done.code, done.err) == (0, "")
    assert re.fullmatch(
        rf"{tmp_path}/x\.zip: 0\.0 MB with \d files of tiny 1\.0\.0, 0\.0 MB\. Try: .* --voice {tmp_path}/x\.zip\n", done.text
    )
    assert verify_bundle(unpack(tmp_path / "x.zip", tmp_path / "out")).ok


def test_without_a_name_it_is_that_of_the_voice_and_not_compressed(tingshuo, copy, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    told = json.loads(tingshuo("export", copy, "--json").out)
    assert told.pop("packed_bytes") == (tmp_path / "tiny-1.0.0.tar").stat().st_size
    assert told.pop("n_bytes") == sum(path.stat().st_size for path in copy.rglob("*") if path.is_file())
    n_files = len([path for path in copy.rglob("*") if path.is_file()])
    assert told == {"path": "tiny-1.0.0.tar", "name": "tiny", "version": "1.0.0", "n_files": n_files, "private": False}


def test_a_file_that_is_there_stays_without_force(tingshuo, copy, tmp_path):
    path = tmp_path / "x.tar"
    path.write_bytes(b"old")
    done = tingshuo("export", copy, "-o", path)
    assert (done.code, done.out, done.err.count("\n")) == (6, b"", 1)
    assert "already exists" in done.err
    assert path.read_bytes() == b"old"
    assert tingshuo("export", copy, "-o", path, "--force").code == 0
    assert path.stat().st_size > 3


@pytest.mark.parametrize(
    ("voice", "output", "code", "message"),
    [
        (
            "voice",
            "x.rar",
            2,
            "x.rar: is not the name of an archive; accepted: names that end with .tar, .tar.gz, .tar.zst, .zip",
        ),
        ("nobody", "x.tar", 2, "unknown voice 'nobody'"),
        ("voice", "voice/x.tar", 6, "lies in the bundle itself"),
        ("voice", "voice/config.json/x.tar", 6, "lies in the bundle itself"),
        ("voice", "file/x.tar", 6, "file/x.tar: cannot be written"),
    ],
)
def test_what_is_wrong_is_one_line(tingshuo, copy, tmp_path, monkeypatch, voice, output, code, message):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "file").touch()
    done = tingshuo("export", voice, "-o", output)
    assert (done.code, done.out, done.err.count("\n")) == (code, b"", 1)
    assert message in done.err
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file", "voice"]


def test_a_damaged_bundle_is_not_exported(tingshuo, copy, tmp_path):
    (copy / "config.json").write_text("{}")
    done = tingshuo("export", copy, "-o", tmp_path / "x.tar")
    assert (done.code, "config.json: has 2 bytes" in done.err) == (9, True)
    assert not (tmp_path / "x.tar").exists()


def test_timbres_of_people_are_spoken_of(tingshuo, bundle, tmp_path):
    files = {name: bundle.path / name for name in bundle.manifest.files}
    folder = write_bundle(tmp_path / "mine", bundle.manifest.fields(), files | {"speakers/me.npy": b"timbre"})
    done = tingshuo("export", folder, "-o", tmp_path / "x.tar")
    assert (done.code, "There are timbres of people in it" in done.err) == (0, True)
    assert (tmp_path / "x.tar").stat().st_mode & 0o777 == 0o600


def test_an_archive_is_a_voice_wherever_a_folder_is(tingshuo, tmp_path, monkeypatch):
    monkeypatch.setenv("TINGSHUO_HOME", str(tmp_path / "home"))
    path = tmp_path / "x.tar"
    assert tingshuo("export", "default", "-o", path).code == 0
    assert tingshuo("diff", "default", path).text == f"default and {path} are the same\n"
    assert tingshuo("verify", path).code == 0
    assert tingshuo("export", path, "-o", tmp_path / "y.tar").code == 0
    assert (tmp_path / "y.tar").read_bytes() == path.read_bytes()
    assert tingshuo("save", path, "--name", "anna").code == 0
    signing = tingshuo("sign", path, "--key", "key")
    assert (signing.code, "sign the folder" in signing.err) == (2, True)


def test_the_page_has_only_options_that_exist():
    verbs = typer.main.get_command(app).commands
    commands = re.findall(r"^tingshuo (\w+) (.*?)(?:  +#.*)?$", PAGE, re.MULTILINE)
    assert {"export", "say", "verify", "save"} <= {verb for verb, _ in commands}
    for verb, arguments in commands:
        known = {option for parameter in verbs[verb].params for option in parameter.opts}
        assert {word for word in arguments.split() if word.startswith("-")} <= known


def test_the_page_has_the_numbers_of_the_code():
    assert all(f"`{suffix}`" in PAGE for suffix in FORMATS)
    for number in (f"{MAX_RATIO}", f"{LIMIT_BYTES >> 30} GB", f"gzip {GZIP_LEVEL}", f"zstd {ZSTD_LEVEL}"):
        assert number in PAGE
