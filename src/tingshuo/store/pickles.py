"""Recognise pickles by their first bytes: files that run code when they are loaded, which no bundle has a use for.

Layouts: a pickle of protocol 2 to 5 begins with byte 128 and its number (https://docs.python.org/3/library/pickletools.html);
what ``torch.save`` writes is one, or a zip with a ``data.pkl``; an array of objects is a pickle behind the header of ``.npy``.
"""

import re
import zipfile
from pathlib import Path

_PROTOCOLS = range(2, 6)
_OBJECTS = re.compile(rb"'descr':\s*'[|<>=]?O'")
_HEADER_BYTES = 512
_INNER = (".pkl", ".pickle", ".pt", ".pth")


def is_pickle(path: Path) -> bool:
    """Whether a file is a pickle, or holds one; it is not loaded.

    Raises
    ------
    OSError
        It cannot be read.
    """
    with path.open("rb") as file:
        begin = file.read(_HEADER_BYTES)
    if begin[:1] == b"\x80" and len(begin) > 1 and begin[1] in _PROTOCOLS:
        return True
    if begin.startswith(b"\x93NUMPY"):
        return bool(_OBJECTS.search(begin))
    return begin.startswith(b"PK\x03\x04") and _holds_pickle(path)


def _holds_pickle(path: Path) -> bool:
    """Whether a zip has a pickle, or an array of objects, in it; one that cannot be read is no archive for anybody."""
    try:
        with zipfile.ZipFile(path) as archive:
            for name in archive.namelist():
                if name.endswith(_INNER):
                    return True
                if name.endswith(".npy"):
                    with archive.open(name) as inner:
                        if _OBJECTS.search(inner.read(_HEADER_BYTES)):
                            return True
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError):
        return False
    return False
