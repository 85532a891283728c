"""Several objects at once."""

from collections.abc import Callable

import pytest

from tingshuo.errors import RegistryError
from tingshuo.store.remote_threads import at_once

SIZES = {"small": 1, "large": 9, "middle": 5}


def test_the_largest_comes_first_and_every_byte_is_told() -> None:
    told: list[int] = []

    def work(digest: str, tell: Callable[[int], None]) -> str:
        tell(SIZES[digest])
        return digest

    assert list(at_once(work, SIZES, told.append)) == ["large", "middle", "small"]
    assert sorted(told) == [1, 5, 9]


def test_the_first_error_ends_the_others() -> None:
    started: list[str] = []
    sizes = {f"{number:02}": 100 - number for number in range(50)}

    def work(digest: str, tell: Callable[[int], None]) -> None:
        started.append(digest)
        if digest == "00":
            raise RegistryError("the first")
        while True:
            tell(1)

    with pytest.raises(RegistryError, match="the first"):
        list(at_once(work, sizes, lambda _: None))
    assert len(started) < 10
