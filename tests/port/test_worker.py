"""Work in a process of its own: what it says and raises comes over, and nobody is left when one of the two is killed."""

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tingshuo.errors import PortError, RequestError, TingshuoError, VerifyError
from tingshuo.port.worker import run_apart

ODD = """
import os, signal, sys, tempfile
from tingshuo.errors import EngineNotInstalledError, RequestError, VerifyError
from tingshuo.port.worker import serve

class OwnError(VerifyError):
    "Known to this module alone."

def work(job, tell):
    what = job["what"]
    print("a library has something to say")
    tell(0.5, job.get("more", ""))
    if what == "own": raise OwnError("output 'mel' differs")
    if what == "param": raise RequestError("unknown system", "system")
    if what == "bug": {}["missing"]
    if what == "memory": raise MemoryError
    if what == "kill": os.kill(os.getpid(), signal.SIGKILL)
    if what == "exit": sys.stderr.write("first\\nthe reason\\n"); sys.stderr.flush(); os._exit(3)
    if what == "stay":
        with open(job["pipe"], "w") as pipe, tempfile.TemporaryDirectory(dir=job["folder"]):
            pipe.write("here"); pipe.flush()
            signal.pause()

if __name__ == "__main__":
    serve(work)
"""


@pytest.fixture(autouse=True)
def odd(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "modules").mkdir()
    (tmp_path / "modules" / "odd_work.py").write_text(ODD)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path / "modules"))


def test_what_it_tells_comes_over_and_prints_do_not_disturb() -> None:
    told: list[tuple[float, str]] = []
    run_apart("odd_work", {"what": "nothing", "more": "\n你好"}, lambda share, what: told.append((share, what)))
    assert told == [(0.5, "\n你好")]


@pytest.mark.parametrize(
    ("what", "kind", "message"),
    [
        ("own", VerifyError, "^output 'mel' differs"),
        ("param", RequestError, "^unknown system"),
        ("memory", PortError, "there is not enough memory for this"),
        ("bug", RuntimeError, "^KeyError: 'missing'"),
        ("kill", PortError, "was ended by SIGKILL: where a system runs out of memory it does that$"),
        ("exit", PortError, "ended with 3: the reason$"),
    ],
)
def test_errors_are_those_that_it_raised(what: str, kind: type[Exception], message: str) -> None:
    with pytest.raises(kind, match=message) as caught:
        run_apart("odd_work", {"what": what})
    assert type(caught.value) is kind
    assert "\n" not in str(caught.value)
    if what in ("own", "param", "bug"):
        assert "in work" in "".join(caught.value.__notes__)  # which --debug shows
    if isinstance(caught.value, TingshuoError):
        assert caught.value.param == ("system" if what == "param" else None)


def test_what_lies_in_the_current_folder_is_not_imported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It may be a stranger's: people import what they are in the folder of."""
    for name in ("json", "odd_work", "tingshuo"):
        (tmp_path / f"{name}.py").write_text("raise SystemExit(f'{__name__} was run')")
    monkeypatch.chdir(tmp_path)
    run_apart("odd_work", {"what": "nothing"})


def staying(tmp_path: Path) -> dict[str, Any]:
    """A job that does not end, and the pipe on which it is heard until it has."""
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "work").mkdir()
    return {"what": "stay", "pipe": str(tmp_path / "pipe"), "folder": str(tmp_path / "work")}


def test_ctrl_c_ends_it_and_it_cleans_up(tmp_path: Path) -> None:
    job = staying(tmp_path)

    def interrupt(share: float, what: str) -> None:
        with open(job["pipe"]) as pipe:
            assert pipe.read(4) == "here"
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run_apart("odd_work", job, interrupt)
    assert list((tmp_path / "work").iterdir()) == []


def test_it_does_not_outlive_whoever_gave_it_work(tmp_path: Path) -> None:
    job = staying(tmp_path)
    program = f"from tingshuo.port.worker import run_apart; run_apart('odd_work', {job})"
    with subprocess.Popen([sys.executable, "-c", program]) as giver, open(job["pipe"]) as pipe:
        assert pipe.read(4) == "here"
        giver.send_signal(signal.SIGKILL)
        assert pipe.read() == ""  # it has closed its end
    assert list((tmp_path / "work").iterdir()) == []
