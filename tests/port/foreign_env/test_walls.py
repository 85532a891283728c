"""Behind the walls a process computes, and nothing else: tried here on this machine, and the filter read for both."""

import platform
import struct
import subprocess
import sys
from pathlib import Path

import pytest

from tingshuo.port.foreign_env import walls

HAS_WALLS = sys.platform.startswith("linux") and platform.machine() in ("x86_64", "aarch64")
ATTEMPTS = {
    "read": "open(kept).read()",
    "write": "open(other, 'w')",
    "append": "open(kept, 'a')",
    "rename": "os.rename(kept, other)",
    "remove": "os.remove(kept)",
    "make a folder": "os.mkdir(other)",
    "chmod": "os.chmod(kept, 0o777)",
    "cut": "os.truncate(kept, 0)",
    "connect": "socket.create_connection(('127.0.0.1', 9))",
    "fork": "os.fork()",
    "spawn": "os.posix_spawn('/bin/true', ['true'], {})",
    "become": "os.execv('/bin/true', ['true'])",
    "kill": "os.kill(os.getppid(), 0)",
    "write to what is open": "held.write(b'x'); held.flush()",
    "start a thread": "t = threading.Thread(target=print); t.start(); t.join()",
    "compute": "sum(range(1000))",
}
ALLOWED = {"write to what is open", "start a thread", "compute"}


@pytest.mark.skipif(not HAS_WALLS, reason="this system has no such filters")
@pytest.mark.parametrize("reading", [True, False])
def test_behind_the_walls(reading: bool, tmp_path: Path) -> None:
    (tmp_path / "kept").write_text("x")
    code = f"""
import os, runpy, socket, sys, threading
kept, other = {str(tmp_path / "kept")!r}, {str(tmp_path / "other")!r}
held = open({str(tmp_path / "held")!r}, "wb")
attempts = {ATTEMPTS!r}
assert runpy.run_path({walls.__file__!r})["raise_walls"](reading={reading})
for name, attempt in attempts.items():
    try:
        exec(attempt)
    except OSError:
        continue
    print(name)
"""
    done = subprocess.run([sys.executable, "-I", "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert {line for line in done.stdout.splitlines() if line} == ALLOWED | ({"read"} if reading else set())
    assert (tmp_path / "kept").read_text() == "x"
    assert not (tmp_path / "other").exists()


def answer(machine: str, number: int, arguments: dict[int, int] | None = None, *, reading: bool, architecture: int = 0) -> int:
    """What the filter says to a call: it is run here as the kernel would."""
    data = struct.pack(
        "<iIQ6Q", number, architecture or walls._ARCHITECTURES[machine], 0, *((arguments or {}).get(n, 0) for n in range(6))
    )
    steps = list(struct.iter_unpack("<HBBI", walls.build_filter(machine, reading=reading)))
    place, register = 0, 0
    while True:
        code, if_so, if_not, value = steps[place]
        place += 1
        if code == 0x06:
            return int(value)
        if code == 0x20:
            (register,) = struct.unpack_from("<I", data, value)
        else:
            holds = {0x15: register == value, 0x35: register >= value, 0x45: bool(register & value)}[code]
            place += if_so if holds else if_not


ALLOW, REFUSE, MISSING, KILL = 0x7FFF0000, 0x00050001, 0x00050026, 0x80000000


@pytest.mark.parametrize("machine", ["x86_64", "aarch64"])
@pytest.mark.parametrize("reading", [True, False])
def test_the_filter(machine: str, reading: bool) -> None:
    calls = walls.refused(machine)
    assert {
        "socket",
        "connect",
        "execve",
        "execveat",
        "kill",
        "ptrace",
        "io_uring_setup",
        "renameat2",
        "unlinkat",
    } <= calls.keys()
    assert {answer(machine, number, reading=reading) for number in calls.values()} == {REFUSE}
    number, argument = walls._OPEN[machine][-1]
    assert answer(machine, number, reading=reading) == (ALLOW if reading else REFUSE)
    for flags in (1, 2, 0o100, 0o1000, 0o2000001):
        assert answer(machine, number, {argument: flags}, reading=reading) == REFUSE
    assert answer(machine, walls._CLONE[machine], {0: 0x00010000}, reading=reading) == ALLOW
    assert answer(machine, walls._CLONE[machine], {0: 17}, reading=reading) == REFUSE
    assert {answer(machine, later, reading=reading) for later in walls._LATER.values()} == {MISSING}
    read_and_write = {"x86_64": (0, 1), "aarch64": (63, 64)}[machine]
    assert {answer(machine, number, reading=reading) for number in read_and_write} == {ALLOW}
    assert answer(machine, 1, reading=reading, architecture=0x40000003) == KILL  # the calls of 32 bits have other numbers
    assert answer(machine, 0x40000000 + 2, reading=reading) == KILL


def test_where_there_are_no_walls(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(platform, "machine", lambda: "riscv64")
    assert not walls.raise_walls(reading=False)
