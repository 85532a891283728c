"""Threads share what malloc has free."""

import platform
import subprocess
import sys

import pytest

from tingshuo.engine.arenas import limit_arenas

COUNT = """
import ctypes, re, sys, tempfile, threading
from tingshuo.engine.arenas import limit_arenas
if sys.argv[1:]:
    assert limit_arenas(int(sys.argv[1]))
libc = ctypes.CDLL(None)
libc.malloc.restype = ctypes.c_void_p
libc.fdopen.restype = ctypes.c_void_p
together = threading.Barrier(6)
def take():
    libc.malloc(100_000)
    together.wait()
threads = [threading.Thread(target=take) for _ in range(6)]
[thread.start() for thread in threads]
[thread.join() for thread in threads]
with tempfile.TemporaryFile() as file:
    stream = ctypes.c_void_p(libc.fdopen(file.fileno(), b"w"))
    libc.malloc_info(0, stream)
    libc.fflush(stream)
    file.seek(0)
    print(len(re.findall(rb"<heap nr=", file.read())))
"""


def arenas(*limit: int) -> int:
    """Of a process with six threads."""
    command = [sys.executable, "-c", COUNT, *(str(one) for one in limit)]
    return int(subprocess.run(command, capture_output=True, text=True, timeout=60, check=True).stdout)


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="other C libraries have no arenas")
def test_threads_share_arenas():
    assert arenas() > 2
    assert arenas(2) == 2
    assert arenas(1) == 1


def test_a_library_without_arenas_is_left_as_it_is(monkeypatch):
    monkeypatch.setattr("ctypes.CDLL", lambda _: object())
    assert limit_arenas() is False
