"""Threads that do first what is due first."""

import heapq
import threading
from collections.abc import Callable
from concurrent.futures import Future
from itertools import count
from typing import Any, TypeVar

T = TypeVar("T")


class Pool:
    """A few threads and a heap of things to do, each with the time it is due at; among equals the first that came.

    What is only offered is done when nothing is due.

    Parameters
    ----------
    threads : int
        At least 1.
    name : str
        Of the threads.
    """

    def __init__(self, threads: int, name: str) -> None:
        self._waiting: list[tuple[float, int, Future[Any], Callable[[], Any]]] = []
        self._offered: dict[Future[Any], Callable[[], Any]] = {}
        self._order = count()
        self._changed = threading.Condition()
        self._closed = False
        self._threads = [threading.Thread(target=self._work, name=f"{name}-{n}", daemon=True) for n in range(threads)]
        for thread in self._threads:
            thread.start()

    def __len__(self) -> int:
        """How many things wait for a thread."""
        return len(self._waiting)

    def submit(self, function: Callable[[], T], due_s: float) -> "Future[T]":
        """Have a function called in a thread.

        Raises
        ------
        RuntimeError
            The pool is closed.
        """
        future: Future[T] = Future()
        with self._changed:
            if self._closed:
                raise RuntimeError("the pool is closed")
            heapq.heappush(self._waiting, (due_s, next(self._order), future, function))
            self._changed.notify()
        return future

    def offer(self, function: Callable[[], T]) -> "Future[T] | None":
        """Have a function called in a thread that has nothing else to do, and perhaps never: cancel it when it is too late.

        None when others wait for a thread already, or the pool is closed.
        """
        future: Future[T] = Future()
        with self._changed:
            if self._closed or self._waiting:
                return None
            self._offered[future] = function
            self._changed.notify()
        future.add_done_callback(self._withdraw)  # or what nobody wants any more would stay as long as there is always work
        return future

    def close(self) -> None:
        """Wait for what is being done, cancel what waits, and end the threads."""
        with self._changed:
            self._closed = True
            for future in [*(future for _, _, future, _ in self._waiting), *self._offered]:
                future.cancel()
            self._waiting.clear()
            self._changed.notify_all()
        for thread in self._threads:
            thread.join()

    def _work(self) -> None:
        while (task := self._next()) is not None:
            future, function = task
            if not future.set_running_or_notify_cancel():
                continue
            try:
                result = function()
            except BaseException as error:  # whoever waits for it has to hear of it, whatever it is
                future.set_exception(error)
            else:
                future.set_result(result)
            del task, future, function  # or the last result would stay in memory until the next comes

    def _next(self) -> tuple[Future[Any], Callable[[], Any]] | None:
        with self._changed:
            while not self._waiting and not self._offered:
                if self._closed:
                    return None
                self._changed.wait()
            if self._waiting:
                _, _, future, function = heapq.heappop(self._waiting)
                return future, function
            future = next(iter(self._offered))
            return future, self._offered.pop(future)

    def _withdraw(self, future: Future[Any]) -> None:
        with self._changed:
            self._offered.pop(future, None)
