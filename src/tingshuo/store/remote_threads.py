"""Several objects at once: few threads, one progress, and an end to all of them when one has failed."""

from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from threading import Lock
from typing import TypeVar

from tingshuo.errors import RegistryError
from tingshuo.store.remote_transfer import Tell

T = TypeVar("T")

THREADS = 4


def at_once(work: Callable[[str, Tell], T], sizes: Mapping[str, int], tell: Tell) -> Iterator[T]:
    """Yield what ``work`` returns for each digest, the largest first.

    Parameters
    ----------
    work : callable
        Gets a digest and what to tell of bytes that are done; telling raises when the work is no longer wanted.
    sizes : Mapping of str to int
        Digests to bytes.
    tell : callable
        Told by one thread at a time.

    Raises
    ------
    Exception
        The first that ``work`` raised; the others have ended then.
    """
    lock, stopped = Lock(), False

    def tell_all(n_bytes: int) -> None:
        if stopped:
            raise RegistryError("another file has failed")
        with lock:
            tell(n_bytes)

    with ThreadPoolExecutor(THREADS) as pool:
        try:
            yield from pool.map(lambda digest: work(digest, tell_all), sorted(sizes, key=lambda digest: -sizes[digest]))
        except BaseException:
            stopped = True
            pool.shutdown(wait=False, cancel_futures=True)
            raise
