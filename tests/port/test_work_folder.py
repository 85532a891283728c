"""The folder for what is half done is gone at the end, however the end comes."""

import os
import select
import subprocess
import sys
from pathlib import Path

import pytest

from tingshuo.errors import OutputError
from tingshuo.port.work_folder import refuse_taken, work_folder

HELD = """
import sys
from pathlib import Path
from tingshuo.port.work_folder import work_folder
with work_folder(Path(sys.argv[1])) as folder:
    (folder / "weights").mkdir()
    (folder / "weights" / "a").write_bytes(bytes(9))
    guard = Path("/proc/self/task", Path("/proc/thread-self").resolve().name, "children").read_text().split()[0]
    print(guard, flush=True)
    sys.stdin.read()
"""


def test_it_lies_beside_the_destination_and_goes(tmp_path: Path) -> None:
    with work_folder(tmp_path / "deep" / "out") as folder:
        assert folder.parent == tmp_path  # no folder is made that would have to go again
        assert folder.name.startswith(".out.")
        (folder / "a").write_text("a")
    assert list(tmp_path.iterdir()) == []


def test_it_goes_after_an_error(tmp_path: Path) -> None:
    def fail() -> None:
        with work_folder(tmp_path / "out") as folder:
            (folder / "a").write_text("a")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fail()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(not hasattr(os, "pidfd_open"), reason="processes can be waited for on Linux alone")
def test_it_goes_when_its_process_is_killed(tmp_path: Path) -> None:
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with subprocess.Popen([sys.executable, "-c", HELD, str(tmp_path / "out")], **pipes) as held:  # type: ignore[call-overload]
        guard = os.pidfd_open(int(held.stdout.readline()))
        assert len(list(tmp_path.iterdir())) == 1
        held.kill()
    assert select.select([guard], [], [], 60)[0]
    os.close(guard)
    assert list(tmp_path.iterdir()) == []


def test_a_place_where_nothing_can_be_written_is_named_before_the_work(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("a file")
    with pytest.raises(OutputError, match=r"proc/nothing/out: cannot be written"), work_folder(Path("/proc/nothing/out")):
        pass
    with work_folder(tmp_path / "a" / "out") as folder:  # that a file is in the way is found where the bundle is written
        assert folder.parent == tmp_path


def test_only_a_bundle_is_replaced_and_that_on_purpose(tmp_path: Path) -> None:
    refuse_taken(tmp_path / "new", force=False)
    for force in (False, True):
        with pytest.raises(OutputError, match="is there already; give another --output, or --force"):
            refuse_taken(tmp_path, force=force)
    (tmp_path / "manifest.json").write_text("{}")
    refuse_taken(tmp_path, force=True)
    with pytest.raises(OutputError, match="is there already"):
        refuse_taken(tmp_path, force=False)
