"""How many arenas the malloc of glibc keeps: one for almost every thread, and what is free in one is of no use to another.

A server with its few workers, the event loop and the threads of libraries kept 35 to 65 MB that way that nobody used, and seemed
to grow for hours. Other C libraries have no arenas.
"""

import ctypes

ARENAS = 2
"""One of the first thread and one that all others share; what a thread frees and asks for again at once takes no lock."""
_M_ARENA_MAX = -8  # of glibc's malloc.h


def limit_arenas(count: int = ARENAS) -> bool:
    """Have malloc make no more arenas than this; call it before threads are started, as those that there are stay.

    Parameters
    ----------
    count : int
        At least 1.

    Returns
    -------
    bool
        Whether the C library has arenas.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    return bool(mallopt is not None and mallopt(_M_ARENA_MAX, count))
