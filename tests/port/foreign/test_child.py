"""The process that reads strangers' files has neither network nor other programs, and one folder to write to."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tingshuo.port.foreign.child import ERROR, VALUE


@pytest.mark.parametrize(
    ("attempt", "refused"),
    [
        ("import socket; socket.create_connection(('127.0.0.1', 9))", True),
        ("import subprocess; subprocess.run(['true'])", True),
        ("import os; os.system('true')", True),
        ("import os; os.posix_spawn('/bin/true', ['true'], {})", True),
        ("open(outside, 'w')", True),
        ("import os; os.open(outside, os.O_CREAT | os.O_WRONLY)", True),
        ("open(inside, 'w')", False),
        ("open(__import__('os').__file__).read(1)", False),
    ],
)
def test_walls(attempt: str, refused: bool, tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    code = f"""
from pathlib import Path
from tingshuo.port.foreign.child import wall_in
import ctypes
inside, outside = {str(tmp_path / "in/x")!r}, {str(tmp_path / "x")!r}
wall_in(Path({str(tmp_path / "in")!r}), 100)
{attempt}
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert ("is not for a process that reads a stranger's file" in done.stderr) == refused, done.stderr
    assert (done.returncode != 0) == refused
    assert not (tmp_path / "x").exists()


def test_what_it_leaves(tmp_path: Path) -> None:
    (tmp_path / "x.pkl").write_bytes(b"\x80\x02}q\x00X\x04\x00\x00\x00$keyq\x01K\x07s.")
    command = [sys.executable, "-I", "-m", "tingshuo.port.foreign.child", str(tmp_path / "x.pkl"), str(tmp_path)]
    assert subprocess.run(command).returncode == 0
    assert json.loads((tmp_path / VALUE).read_text()) == {
        "container": "pickle",
        "is_script": False,
        "names": [],
        "value": {"$$key": 7},
    }
    (tmp_path / "x.pkl").write_bytes(b"cos\nsystem\n.")
    assert subprocess.run(command).returncode == 1
    assert "would run os.system" in (tmp_path / ERROR).read_text()
