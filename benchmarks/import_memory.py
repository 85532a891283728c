"""How much memory an import takes, beside the size of what is imported.

    python benchmarks/import_memory.py [PATH ...] [--hifigan-mb 200] [-- ARGUMENTS OF tingshuo import]

PATH is a checkpoint, or a folder as a user has it; without one, a HiFi-GAN of that many MB with random weights is made. The
import runs as a user runs it, and its processes are looked at every ten milliseconds. Printed are the most that one process held
(RSS), the most that all held together (PSS: what several share is counted once), and how much of that was memory of their own
(the rest are pages of mapped files, which the system takes back when it needs them), each over the size of the files.
"""

import argparse
import itertools
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

import torch

from tingshuo.models.hifigan.config import V1
from tingshuo.models.hifigan.net import HiFiGan

PAUSE_S = 0.01
MB = 1e6
SETTINGS = """{"resblock": "1", "upsample_rates": [8, 8, 2, 2], "upsample_kernel_sizes": [16, 16, 4, 4],
"upsample_initial_channel": CHANNELS, "resblock_kernel_sizes": [3, 7, 11],
"resblock_dilation_sizes": [[1, 3, 5], [1, 3, 5], [1, 3, 5]], "num_mels": 80, "n_fft": 1024, "hop_size": 256, "win_size": 1024,
"sampling_rate": 22050, "fmin": 0, "fmax": 8000}"""


@dataclass(slots=True)
class Peak:
    """The most bytes that were seen, and of which process."""

    bytes: int = 0
    who: str = ""

    def see(self, held: int, who: str) -> None:
        """Remember it where it is the most so far."""
        if held > self.bytes:
            self.bytes, self.who = held, who


@dataclass(slots=True)
class Watch:
    """Looks at a process and all below it until told to stop."""

    root: int
    largest: Peak = field(default_factory=Peak)
    together: Peak = field(default_factory=Peak)
    own: Peak = field(default_factory=Peak)
    stop: threading.Event = field(default_factory=threading.Event)

    def run(self) -> None:
        """Look."""
        while not self.stop.wait(PAUSE_S):
            held = {pid: fields for pid in family(self.root) if (fields := rollup(pid))}
            for pid, fields in held.items():
                self.largest.see(fields["Rss"], name_of(pid))
            who = " + ".join(sorted({name_of(pid) for pid in held}))
            self.together.see(sum(fields["Pss"] for fields in held.values()), who)
            self.own.see(sum(fields["Anonymous"] for fields in held.values()), who)


def family(root: int) -> Iterator[int]:
    """Yield a process and those below it."""
    yield root
    with suppress(OSError):
        for task in Path(f"/proc/{root}/task").iterdir():
            for child in (task / "children").read_text().split():
                yield from family(int(child))


def rollup(pid: int) -> dict[str, int]:
    """Return what the system tells of the memory of a process, bytes; nothing when it has gone."""
    with suppress(OSError):
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()[1:]
        return {key: int(rest.split()[0]) << 10 for key, _, rest in (line.partition(":") for line in lines)}
    return {}


def name_of(pid: int) -> str:
    """Return the module that a process runs."""
    words: list[str] = []
    with suppress(OSError):
        words = Path(f"/proc/{pid}/cmdline").read_text().split("\0")
    module = next((after for word, after in itertools.pairwise(words) if word == "-m"), "")
    return module.rpartition(".")[2] or (Path(words[0]).name if words else "")


def write_hifigan(folder: Path, size_mb: float) -> Path:
    """Write a generator in the layout of jik876/hifi-gan that has a size."""
    wanted = size_mb * MB
    channels = 512
    while sum(one.numel() for one in on_paper(channels).parameters()) * 4 < wanted:
        channels += 16
    (folder / "config.json").write_text(SETTINGS.replace("CHANNELS", str(channels)))
    torch.save({"generator": HiFiGan(V1.replace(mels=80, channels=channels)).state_dict()}, folder / "generator_v1")
    return folder


def on_paper(channels: int) -> torch.nn.Module:
    """Return a net without memory."""
    with torch.device("meta"):
        return HiFiGan(V1.replace(mels=80, channels=channels))


def measure(path: Path, arguments: list[str]) -> None:
    """Import, and print what it took."""
    size = sum(file.stat().st_size for file in ([path] if path.is_file() else path.rglob("*")) if file.is_file())
    with TemporaryDirectory(dir=path.parent) as folder:
        command = [sys.executable, "-m", "tingshuo.app.cli.main", "import", str(path), "-o", f"{folder}/bundle", *arguments]
        begun = time.monotonic()
        with subprocess.Popen(command, stdout=subprocess.DEVNULL) as process:
            watch = Watch(process.pid)
            thread = threading.Thread(target=watch.run)
            thread.start()
            code = process.wait()
            watch.stop.set()
            thread.join()
    if code != 0:
        raise SystemExit(f"{path}: the import ended with {code}")
    print(f"{path.name}: {size / MB:.0f} MB, {time.monotonic() - begun:.0f} s")
    told = (("largest process, RSS", watch.largest), ("all together, PSS", watch.together), ("of that their own", watch.own))
    for what, peak in told:
        print(f"  {what:22} {peak.bytes / MB:5.0f} MB  {peak.bytes / size:5.2f} of its size  ({peak.who})")


def main() -> None:
    """Read the arguments, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("paths", nargs="*", type=Path, metavar="PATH")
    parser.add_argument("--hifigan-mb", type=float, default=200)
    own, more = sys.argv[1:], []
    if "--" in own:
        own, more = own[: own.index("--")], own[own.index("--") + 1 :]
    arguments = parser.parse_args(own)
    with TemporaryDirectory() as name:
        paths = arguments.paths
        if not paths:
            (folder := Path(name, "hifigan")).mkdir()
            paths = [write_hifigan(folder, arguments.hifigan_mb)]
        for path in paths:
            measure(path, more)


if __name__ == "__main__":
    main()
