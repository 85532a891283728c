import errno
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from tingshuo.errors import OutputError, RegistryError
from tingshuo.store.locks import locked

HOLD = """
import sys
from pathlib import Path
from tingshuo.store.locks import locked
with locked(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""


def test_a_lock_is_held_by_one_process_and_goes_with_it(tmp_path: Path) -> None:
    lock = tmp_path / "new" / "lock"
    command = [sys.executable, "-c", HOLD, str(lock)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        with pytest.raises(RegistryError, match="somebody else is writing to it"), locked(lock):
            pass
        holder.kill()
        holder.wait()
    with locked(lock):
        pass
    with locked(lock):
        pass


def test_a_place_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(OutputError, match="cannot be written"), locked(tmp_path / "file" / "lock"):
        pass


def test_a_disk_without_locks_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr("tingshuo.store.locks.fcntl.flock", refuse)
    with pytest.raises(OutputError, match="knows no locks"), locked(tmp_path / "lock"):
        pass


def test_an_error_inside_is_not_taken_for_a_lock(tmp_path: Path) -> None:
    with pytest.raises(BlockingIOError), locked(tmp_path / "lock"):
        raise BlockingIOError


def test_it_can_be_waited_for(tmp_path: Path) -> None:
    lock = tmp_path / "lock"
    held = threading.Event()

    def hold() -> None:
        with locked(lock):
            held.set()
            time.sleep(0.1)

    holder = threading.Thread(target=hold)
    holder.start()
    held.wait()
    with locked(lock, wait_s=60):
        pass
    holder.join()
