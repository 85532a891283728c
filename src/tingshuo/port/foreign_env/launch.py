"""Run a program without network: ``launch.py PROGRAM ARGUMENTS``.

Where the system lets a user do that the process gets a network of its own, with nothing in it; elsewhere it runs all the same.
"""

import contextlib
import ctypes
import runpy
import sys

_NEW_USER, _NEW_NETWORK = 0x10000000, 0x40000000
"""Flags of unshare(2)."""


def main(arguments: list[str]) -> None:
    """Close the network, then become the program."""
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).unshare(_NEW_USER | _NEW_NETWORK)
    sys.argv = arguments
    runpy.run_path(arguments[0], run_name="__main__")


if __name__ == "__main__":
    main(sys.argv[1:])
