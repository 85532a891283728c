"""Do a piece of work again and again, each time on a copy, killed before its first write, its second, until it comes to its end.

``killed.py WORK FOLDER ARGUMENT...`` copies ``FOLDER/registry`` to ``registry-1``, ``registry-2`` and so on, and prints how many
of them were interrupted. A file that is opened for writing, a rename, a link, a removal: all pass the audit hook just before.
"""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from tingshuo.store.forget import Asked, forget
from tingshuo.store.mirrors import mirror
from tingshuo.store.registry import Registry
from tingshuo.store.remote import open_store
from tingshuo.store.remote_pull import pull
from tingshuo.store.saving import save
from tingshuo.store.scrub import scrub

WRITES = {"os.mkdir", "os.rename", "os.link", "os.remove", "os.chmod", "os.rmdir", "os.truncate"}
KILLED, MOST = 9, 400
WORK: dict[str, Callable[..., object]] = {
    "save": lambda registry, bundle: save(registry, Path(bundle), aliases=["prod"]),
    "mirror": lambda registry: mirror(registry, [registry.folder.with_name(registry.folder.name.replace("registry", "mirror"))]),
    "scrub": scrub,
    "pull": lambda registry, place: pull(registry, [open_store(place)], "tiny", "1.1.0"),
    "forget": lambda registry, speaker: forget(registry, Asked(speaker)),
}
wanted = seen = 0


def watch(event: str, args: tuple[object, ...]) -> None:
    """Kill this process before the write that is wanted."""
    global seen
    opened = event == "open" and isinstance(args[2], int) and args[2] & (os.O_WRONLY | os.O_RDWR | os.O_CREAT)
    if wanted and (event in WRITES or opened):
        seen += 1
        if seen == wanted:
            os._exit(KILLED)


def main(work: str, folder: Path, arguments: list[str]) -> int:
    """Return how many runs were killed; the last one, which was not, has to end well."""
    global wanted, seen
    os.fsync = lambda _: None  # type: ignore[assignment]  # a program that is killed loses nothing that it has written
    sys.addaudithook(watch)
    for step in range(1, MOST):
        copy = folder / f"registry-{step}"
        subprocess.run(["cp", "-a", str(folder / "registry"), str(copy)], check=True)  # links stay links
        if not (child := os.fork()):
            wanted, seen = step, 0
            WORK[work](Registry(copy), *arguments)
            os._exit(0)
        code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        if code != KILLED:
            assert code == 0, f"run {step} ended with {code}"
            return step - 1
    raise AssertionError(f"more than {MOST} writes")


if __name__ == "__main__":
    print(main(sys.argv[1], Path(sys.argv[2]), sys.argv[3:]))  # noqa: T201
