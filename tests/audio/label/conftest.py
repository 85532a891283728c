"""Fields, and files of every container without one."""

import shutil
import subprocess

import pytest

from tingshuo.audio.label.field import AigcField
from tingshuo.audio.write import write

FFMPEG = shutil.which("ffmpeg")
WRITTEN = ("wav", "flac", "mp3", "opus")
"""Containers that need no ffmpeg."""


@pytest.fixture(scope="session")
def field():
    return AigcField.first("001191110102MAD55U9H0F10001", "7c0b52aa6a0f4ad5a6a4a1c5e5a1b2c3")


@pytest.fixture(scope="session")
def plain(tmp_path_factory, speechlike):
    """Return bytes of a file without a label: ``plain("wav")``."""
    folder = tmp_path_factory.mktemp("plain")

    def make(name):
        path = folder / f"a.{name}"
        if not path.exists():
            write(path, speechlike[:24000], 24000)
        return path.read_bytes()

    return make


@pytest.fixture(scope="session")
def made(tmp_path_factory, plain):
    """Let ffmpeg make a file with a title: ``made("a.m4a", "-c:a", "aac")``; the test is skipped without it."""
    folder = tmp_path_factory.mktemp("made")

    def make(name, *options):
        if FFMPEG is None:
            pytest.skip("no ffmpeg on this machine")
        source, target = folder / "in.wav", folder / name
        source.write_bytes(plain("wav"))
        command = [FFMPEG, "-v", "error", "-y", "-i", source, "-metadata", "title=hello", *options, target]
        subprocess.run(command, check=True)
        return target.read_bytes()

    return make
