"""How long saving a bundle of 100 MB takes, beside the same work by the tools of the system, in one run.

    python benchmarks/saving.py [--rounds 5] [--folder FOLDER]

Saving verifies the source, copies it, flushes it to the disk and reads every byte again. The yardstick does as much:
``sha256sum`` of the source, ``cp``, ``sync`` of the files, ``sha256sum`` of the copy. Both take turns, on the disk of FOLDER;
printed are medians and their ratio, which must not be above 1.5. Then: opening the saved bundle with every byte read, and with
the hashes that are remembered of files that have not changed.
"""

import argparse
import json
import shutil
import statistics
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from safetensors.numpy import save_file

from tingshuo.store.bundle import open_bundle, write_bundle
from tingshuo.store.hash_cache import HashCache
from tingshuo.store.registry import Registry
from tingshuo.store.saving import save
from tingshuo.tasks.voices import find_voice

TENSORS, TENSOR_SIZE = 10, 5_000_000
"""Of float16: 100 MB in all."""


def write_source(folder: Path) -> Path:
    """Write a bundle whose weights are ten files of 10 MB of random numbers."""
    rng = np.random.default_rng(0)
    voice = open_bundle(find_voice("default"))
    files = {"config.json": voice.path / "config.json"}
    for number in range(TENSORS):
        path = folder / f"{number}.safetensors"
        save_file({"weight": rng.standard_normal(TENSOR_SIZE).astype(np.float16)}, path)
        files[f"weights/{number}.safetensors"] = path
    fields = {key: value for key, value in voice.manifest.fields().items() if key not in ("files", "graphs", "measured")}
    return write_bundle(folder / "source", fields | {"name": "large"}, files)


def by_the_system(source: Path, copy: Path) -> None:
    """Do what saving does with the tools of the system."""
    files = sorted(str(path) for path in source.rglob("*") if path.is_file())
    subprocess.run(["sha256sum", *files], check=True, stdout=subprocess.DEVNULL)
    subprocess.run(["cp", "-r", str(source), str(copy)], check=True)
    copied = sorted(str(path) for path in copy.rglob("*") if path.is_file())
    subprocess.run(["sync", *copied], check=True)
    subprocess.run(["sha256sum", *copied], check=True, stdout=subprocess.DEVNULL)


def open_again(saved: Path, hashes: Path) -> None:
    """Open a bundle as a server does that has opened it before."""
    open_bundle(saved, verify=True, hasher=HashCache(hashes))


def timed(work: Callable[[], object]) -> float:
    """Return the seconds that something takes."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def main() -> None:
    """Read the arguments, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--folder", type=Path, help="on the disk to be measured; else that of temporary files")
    arguments = parser.parse_args()
    ours, theirs, opened, trusted = [], [], [], []
    with TemporaryDirectory(dir=arguments.folder) as folder:
        source = write_source(Path(folder))
        size = sum(path.stat().st_size for path in source.rglob("*") if path.is_file())
        for number in range(arguments.rounds + 1):
            copy, registry = Path(folder, f"copy-{number}"), Registry(Path(folder, f"registry-{number}"))
            theirs.append(timed(lambda copy=copy: by_the_system(source, copy)))  # type: ignore[misc]
            ours.append(timed(lambda registry=registry: save(registry, source)))  # type: ignore[misc]
            saved = registry.path("large")
            time.sleep(2.5)  # what has just been written is not remembered
            learning = HashCache(Path(folder, "hashes.json"))
            open_bundle(saved, verify=True, hasher=learning)
            learning.write()
            opened.append(timed(lambda saved=saved: open_bundle(saved, verify=True)))  # type: ignore[misc]
            trusted.append(timed(lambda saved=saved: open_again(saved, Path(folder, "hashes.json"))))  # type: ignore[misc]
            shutil.rmtree(copy)
            shutil.rmtree(registry.folder)
    medians = [statistics.median(times[1:]) for times in (theirs, ours, opened, trusted)]
    print(f"a bundle of {size / 1e6:.0f} MB, medians of {arguments.rounds} rounds after one that warms up")
    print(f"sha256sum, cp, sync, sha256sum     {medians[0]:6.3f} s")
    print(f"saved and verified                 {medians[1]:6.3f} s   {medians[1] / medians[0]:.2f} of that (must: 1.5 at most)")
    print(f"opened, every byte read            {1000 * medians[2]:6.0f} ms")
    print(f"opened again, hashes remembered    {1000 * medians[3]:6.0f} ms   (must: 150 at most)")
    print(json.dumps({"system_s": medians[0], "save_s": medians[1], "ratio": medians[1] / medians[0]}))


if __name__ == "__main__":
    main()
