"""Python environments beside ours, for packages that cannot live with ours: made when the user asks, pinned, and easy to remove.

Each lies in ``$TINGSHUO_HOME/env/NAME`` with exactly the packages of the list that is shipped with Tingshuo. `make` is the only
thing here that uses the network. What runs in one is a program of `tingshuo.port.foreign_env`, in a process of its own, without
our packages, the user's variables for Python, or a network.
"""

import hashlib
import json
import os
import platform
import shutil
import subprocess
import sys
import venv
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

from tingshuo.errors import EngineNotInstalledError, NotFoundError, OutputError, PortError, RequestError
from tingshuo.port import foreign_env
from tingshuo.store.atomic import new_folder
from tingshuo.store.home import home

PROGRAMS = Path(foreign_env.__file__).parent
MARKER = "environment.json"
_LAST_LINES = 3
_OWN_VARIABLES = ("PYTHON", "VIRTUAL_ENV", "LD_PRELOAD")


@dataclass(frozen=True, slots=True)
class Environment:
    """A row of the table: ``requirements`` is a file with one exact version a line, ``fetches`` how much that is.

    One that is not of Python has None, and a ``module`` whose ``fetch_runtime`` makes it and whose ``find_runtime`` finds it.
    """

    requirements: Path | None
    purpose: str
    fetches: str
    module: str = ""


ENVIRONMENTS = {
    "tensorflow": Environment(
        PROGRAMS / "tensorflow.txt",
        "reads SavedModel, .keras, .h5 and .tflite, and writes .tflite (TensorFlow, tf2onnx)",
        "1.6 GB once unpacked",
    ),
    "web": Environment(
        None,
        "speaks in pages of `export --format web` (onnxruntime-web)",
        "14 MB once unpacked",
        "tingshuo.port.formats.web_runtime",
    ),
}


@dataclass(frozen=True, slots=True)
class EnvironmentReport:
    """One environment: where it is or would be, and whether it is there and made from the list that is shipped now."""

    name: str
    path: Path
    purpose: str
    made: bool
    current: bool
    n_packages: int
    n_bytes: int


def make(name: str, *, replace: bool = False, tell: Callable[[str], None] = lambda _: None) -> EnvironmentReport:
    """Make an environment, whole or not at all; the packages come from where pip is configured to fetch them.

    Parameters
    ----------
    name : str
        Of `ENVIRONMENTS`.
    replace : bool
        Make it again where it is there already.
    tell : callable
        Is given a sentence before each step that takes long.

    Raises
    ------
    RequestError
        No such environment; the message lists those there are.
    OutputError
        It is there already (without ``replace``), or cannot be written.
    PortError
        pip could not install the packages; the message has what it said last.
    """
    row = _row(name)
    wanted = _packages(row)
    folder = folder_of(name)
    if folder.exists() and not replace:
        raise OutputError(f"{folder}: is there already; make it again with --force, or remove it: tingshuo env remove {name}")
    tell(f"making {folder}")
    if row.module:
        tell(f"fetching {row.fetches}")
        import_module(row.module).fetch_runtime()
        return report(name)
    with new_folder(folder, replace=replace) as temporary:
        _create(temporary, with_pip=bool(wanted))
        if wanted:
            tell(f"fetching {len(wanted)} packages, {row.fetches}")
            assert row.requirements is not None
            _install(temporary, row.requirements, name)
        marker = {"name": name, "python": platform.python_version(), "requirements_sha256": _hash(row)}
        (temporary / MARKER).write_text(json.dumps(marker, indent=1) + "\n", "utf-8")
    return report(name)


def list_environments() -> tuple[EnvironmentReport, ...]:
    """Return every environment of the table, made or not."""
    return tuple(report(name) for name in ENVIRONMENTS)


def report(name: str) -> EnvironmentReport:
    """Return what is known of an environment.

    Raises
    ------
    RequestError
        No such environment.
    """
    row, folder = _row(name), folder_of(name)
    made = folder.is_dir() if row.module else bool(_marker(folder))
    current = made and _is_current(row, folder)
    size = sum(path.lstat().st_size for path in folder.rglob("*") if path.is_file()) if made else 0
    return EnvironmentReport(name, folder, row.purpose, made, current, len(_packages(row)), size)


def remove(name: str) -> EnvironmentReport:
    """Remove an environment; returns what it was.

    Raises
    ------
    RequestError
        No such environment.
    NotFoundError
        It is not there.
    OutputError
        It cannot be removed.
    """
    found = report(name)
    if not found.path.exists():
        raise NotFoundError(f"{found.path}: there is no such environment; nothing was removed")
    aside = found.path.with_name(f".{name}.{os.getpid()}.removed")
    try:
        found.path.rename(aside)  # so that it is gone at once, and never half there
        shutil.rmtree(aside)
    except OSError as error:
        raise OutputError(f"{found.path}: cannot be removed: {error}") from error
    return found


def run(
    name: str, program: Path, arguments: Sequence[str | Path], *, timeout_s: float | None = None
) -> subprocess.CompletedProcess[str]:
    """Run a Python program in an environment, as a child process without network, and wait for it.

    Parameters
    ----------
    name : str
        Of `ENVIRONMENTS`.
    program : Path
        A file that imports what the environment has, and nothing of Tingshuo.
    arguments : sequence of str or Path
        Of the program.
    timeout_s : float or None
        After which it is ended.

    Returns
    -------
    subprocess.CompletedProcess
        With what it printed; its exit status is for the caller to judge.

    Raises
    ------
    RequestError
        No such environment.
    EngineNotInstalledError
        It has not been made, or from an older list; the message has the command.
    PortError
        The time is over.
    """
    check(name)
    command = [str(_python(folder_of(name))), "-I", str(PROGRAMS / "launch.py"), str(program), *map(str, arguments)]
    variables = {key: value for key, value in os.environ.items() if not key.startswith(_OWN_VARIABLES)}
    try:
        return subprocess.run(  # noqa: S603  # a fixed program
            command, capture_output=True, text=True, errors="replace", env=variables, timeout=timeout_s, check=False
        )
    except subprocess.TimeoutExpired as error:
        raise PortError(f"{program.stem} took longer than {timeout_s:g} s and was ended") from error


def check(name: str) -> None:
    """Refuse an environment that is not ready.

    Raises
    ------
    RequestError
        No such environment.
    EngineNotInstalledError
        It has not been made, or from an older list; the message has the command.
    """
    row = _row(name)
    if row.module:
        raise RequestError(f"the environment {name!r} holds no Python, so nothing is run in it", "name")
    if not _marker(folder_of(name)):
        raise EngineNotInstalledError(
            f"the environment {name!r} has not been made: `tingshuo env make {name}` makes it (it fetches {row.fetches})"
        )
    if not _is_current(row, folder_of(name)):
        raise EngineNotInstalledError(
            f"the environment {name!r} is of another version of Tingshuo: `tingshuo env make {name} --force` makes it again"
        )


def folder_of(name: str) -> Path:
    """Return where an environment lies; it need not be there."""
    return home() / "env" / name


def _row(name: str) -> Environment:
    if name not in ENVIRONMENTS:
        raise RequestError(f"unknown environment {name!r}; accepted: {', '.join(ENVIRONMENTS)}", "name")
    return ENVIRONMENTS[name]


def _is_current(row: Environment, folder: Path) -> bool:
    """Whether it was made from what is shipped now."""
    if not row.module:
        return _marker(folder).get("requirements_sha256") == _hash(row)
    try:
        import_module(row.module).find_runtime()
    except PortError:
        return False
    return True


def _packages(row: Environment) -> list[str]:
    if row.requirements is None:
        return []
    lines = (line.partition("#")[0].strip() for line in row.requirements.read_text("utf-8").splitlines())
    return [line for line in lines if line]


def _hash(row: Environment) -> str:
    assert row.requirements is not None
    return hashlib.sha256(row.requirements.read_bytes()).hexdigest()


def _marker(folder: Path) -> dict[str, str]:
    """What `make` wrote last of all; empty where that is not there."""
    try:
        found = json.loads((folder / MARKER).read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _python(folder: Path) -> Path:
    return folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def _create(folder: Path, *, with_pip: bool) -> None:
    # The base interpreter: an environment that is made from within another one would vanish with that.
    builder = venv.EnvBuilder(symlinks=os.name != "nt", with_pip=False)
    try:
        builder.create(folder)
        if with_pip:
            _call([str(_python(folder)), "-I", "-m", "ensurepip"], "Python's own ensurepip")
    except OSError as error:
        raise OutputError(f"{folder}: cannot be made: {error}") from error


def _install(folder: Path, requirements: Path, name: str) -> None:
    command = [str(_python(folder)), "-m", "pip", "install", "--no-deps", "--only-binary", ":all:", "--no-input"]
    command += ["--disable-pip-version-check", "--quiet", "-r", str(requirements)]
    _call(command, f"pip, with the packages of {name!r} for Python {sys.version_info.major}.{sys.version_info.minor},")


def _call(command: Sequence[str], what: str) -> None:
    variables = {key: value for key, value in os.environ.items() if not key.startswith(_OWN_VARIABLES)}
    done = subprocess.run(command, capture_output=True, text=True, errors="replace", env=variables, check=False)  # noqa: S603
    if done.returncode:
        said = " ".join((done.stderr.strip() or done.stdout.strip()).splitlines()[-_LAST_LINES:])
        raise PortError(f"{what} failed, and nothing was left behind: {said}")
