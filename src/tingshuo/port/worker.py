"""Work in a process of its own, whose memory goes when it ends: errors come back as they were, and nobody is left behind.

What a process is to do lies on the first line of its input, which then stays open: where it ends, whoever gave the work is gone,
and so goes the process. What it has to say are lines of its output: how far it is, or what went wrong.

::

    if __name__ == "__main__":
        serve(work)            # work(job, tell)
"""

import builtins
import json
import os
import signal
import subprocess
import sys
import threading
import time
import traceback
from collections import deque
from collections.abc import Callable, Mapping
from typing import Any

from tingshuo import errors
from tingshuo.errors import PortError, TingshuoError

Tell = Callable[[float, str], None]
"""Is told the share of the work that is done, and what is going on."""
Job = Mapping[str, Any]
"""What JSON knows."""
TIMEOUT_S = 3600.0
GRACE_S = 10.0
"""That a process has to clean up in after it was told to end."""
_LINES = 20
"""Of what a process said last, for an end that it did not tell the reason of."""


def silent(share: float, what: str) -> None:
    """Tell nobody."""


def run_apart(module: str, job: Job, tell: Tell = silent) -> None:
    """Have a module of ours do a job in a process of its own.

    Parameters
    ----------
    module : str
        One that calls `serve`: ``tingshuo.port.reading``.
    job : mapping
        What it is to do.
    tell : callable
        Is told what the process tells.

    Raises
    ------
    TingshuoError
        What the process raised, of the same class; where in it is a note, for --debug.
    RuntimeError
        What it should not have raised.
    PortError
        It was ended from outside, or took too long.
    """
    # -P: what lies in the current folder, which may be a stranger's, is not imported.
    command = [sys.executable, "-P", "-m", module]
    begun = time.monotonic()
    with subprocess.Popen(  # noqa: S603 - our own interpreter and module
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,  # Ctrl-C is for whoever gave the work
        text=True,
        encoding="utf-8",
        errors="replace",
    ) as child:
        last: deque[str] = deque(maxlen=_LINES)
        listener = threading.Thread(target=last.extend, args=(child.stderr,), daemon=True)
        listener.start()
        clock = threading.Timer(TIMEOUT_S, child.kill)
        clock.daemon = True
        clock.start()
        try:
            told = _listen(child, job, tell)
        finally:
            clock.cancel()
            _end(child)
            listener.join(1)
    if told is not None:
        raise _error(told)
    if child.returncode != 0:
        raise PortError(_sudden(child.returncode, list(last), time.monotonic() - begun))


def serve(work: Callable[[Job, Tell], None]) -> None:
    """Do what this process was started for, and end it."""
    signal.signal(signal.SIGTERM, _leave)
    out = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # what libraries print is not ours to tell
    job = json.loads(sys.stdin.readline())
    threading.Thread(target=_watch, daemon=True).start()

    def say(line: Mapping[str, Any]) -> None:
        out.write(json.dumps(line) + "\n")
        out.flush()

    code = 0
    try:
        work(job, lambda share, what: say({"share": share, "what": what}))
    except Exception as error:
        say({"error": _told(error)})
        code = 1
    # Threads of libraries may be at work still; there is nothing to wait for.
    out.close()
    sys.stderr.flush()
    os._exit(code)


def _listen(child: "subprocess.Popen[str]", job: Job, tell: Tell) -> Mapping[str, Any] | None:
    """Give a process its job and hear it to its end; returns the error that it told."""
    assert child.stdin is not None
    assert child.stdout is not None
    try:
        child.stdin.write(json.dumps(job) + "\n")
        child.stdin.flush()
    except BrokenPipeError:
        pass  # it ended at once, and why is known from its end
    found: Mapping[str, Any] | None = None
    for line in child.stdout:
        told = json.loads(line)
        if "error" in told:
            found = told["error"]
        else:
            tell(told["share"], told["what"])
    child.wait()
    return found


def _end(child: "subprocess.Popen[str]") -> None:
    """End a process that is still there, with whatever it started."""
    if child.poll() is None:
        child.terminate()
        try:
            child.wait(GRACE_S)
        except subprocess.TimeoutExpired:
            os.killpg(child.pid, signal.SIGKILL)
            child.wait()


def _watch() -> None:
    """End this process when whoever gave it work has gone."""
    while sys.stdin.buffer.read(1 << 10):
        pass
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(GRACE_S)
    os.killpg(0, signal.SIGKILL)


def _leave(number: int, _: object) -> None:
    """Leave so that what was half written is removed; once is enough."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    raise SystemExit(128 + number)


def _told(error: Exception) -> dict[str, Any]:
    """Return an error as it crosses to another process."""
    known = next((kind.__name__ for kind in type(error).__mro__ if getattr(errors, kind.__name__, None) is kind), None)
    named = known or type(error).__name__
    where = "".join(traceback.format_exception(error)).rstrip()
    return {"kind": named, "message": str(error), "param": getattr(error, "param", None), "where": where}


def _error(told: Mapping[str, Any]) -> Exception:
    """Return the error that another process told."""
    kind = getattr(errors, told["kind"], None)
    error: Exception
    if isinstance(kind, type) and issubclass(kind, TingshuoError):
        error = kind(told["message"])
        error.param = told["param"]
    elif told["kind"] == "MemoryError":
        error = PortError("there is not enough memory for this; close other programs, or take a machine with more")
    else:
        error = RuntimeError(f"{told['kind']}: {told['message']}" if hasattr(builtins, told["kind"]) else told["message"])
    error.add_note(f"In a process of its own:\n{told['where']}")
    return error


def _sudden(code: int, last: list[str], took_s: float) -> str:
    """Return what to say of a process that ended without a word."""
    if code < 0:
        name = signal.Signals(-code).name
        why = "it took too long" if took_s >= TIMEOUT_S else "where a system runs out of memory it does that"
        return f"a process of the import was ended by {name}: {why if name == 'SIGKILL' else 'something in it is broken'}"
    said = next((line.strip() for line in reversed(last) if line.strip()), "it gave no reason")
    return f"a process of the import ended with {code}: {said}"
