"""What to say of a file whose pickle names code: an attack, or whole objects where numbers were wanted."""

from collections.abc import Collection
from pathlib import Path

from tingshuo.errors import PortError

ATTACKS = frozenset(
    """_aix_support _compat_pickle _osx_support _pyrepl _thread aiohttp asyncio bdb builtins cProfile code codeop commands
    concurrent ctypes distutils doctest ensurepip fileinput ftplib functools gc glob http idlelib imaplib imp importlib inspect
    io lib2to3 linecache logging mmap multiprocessing nntplib nt ntpath operator os pdb pickle pickletools pip pkgutil platform
    popen2 poplib posix posixpath profile pty pydoc requests runpy sched shelve shutil signal site smtplib socket sqlite3 ssl
    subprocess sys sysconfig tarfile telnetlib tempfile test threading timeit trace turtle types urllib urllib2 urllib3 uuid venv
    webbrowser winreg xmlrpc zipfile zipimport""".split()
)
"""Modules of Python, and a few others, that no weights need: they run, fetch, write or remove things."""
_TORCH_ATTACKS = ("torch.hub.", "torch.utils.collect_env.", "torch.load", "torch.jit.", "torch.package.", "torch.serialization.",
                  "torch.utils.cpp_extension.", "torch.utils.data.", "torch.distributed.", "torch.multiprocessing.",
                  "torch._dynamo.", "torch._inductor.", "torch.fx.", "numpy.testing.", "numpy.f2py.", "numpy.distutils.",
                  "numpy.lib.npyio.")  # fmt: skip
"""Parts of known libraries that run, fetch or load."""


def is_attack(name: str) -> bool:
    """Whether ``module.name`` is something that a checkpoint has no reason to name."""
    return name.partition(".")[0] in ATTACKS or name.startswith(_TORCH_ATTACKS)


def attack_error(path: Path, name: str) -> PortError:
    """Return what is said of a file that would run code."""
    return PortError(
        f"{path}: is not only data: loaded as its kind usually is, it would run {name}; nothing was run here, do not open it "
        "with other programs"
    )


def check_names(path: Path, names: Collection[str]) -> None:
    """Refuse a file that names classes or functions; nothing of it has been run.

    Raises
    ------
    PortError
        The message says what its owner can do.
    """
    if names:
        some = ", ".join(sorted(names)[:3])
        raise PortError(
            f"{path}: holds whole objects ({some}) instead of numbers, and rebuilding them means running their code; its owner "
            "can save the numbers: torch.save(torch.load(OLD, weights_only=False).state_dict(), NEW)"
        )
