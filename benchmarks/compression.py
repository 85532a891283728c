"""What compression saves of a bundle and of the state of a training, and what it costs, in one run.

    python benchmarks/compression.py [--run FOLDER] [--steps 8] [--fast]

Subjects: the built-in voice, whose weights are float16; its weights alone; and the last checkpoint of a training, its nets alone
and with what the optimizer keeps and the averages, all float32. Without ``--run``, a folder that ``tingshuo train`` has made, a
small net is trained for a few steps on sentences that the built-in voice speaks; this needs the train extra. Float16 weights that
were made float32 would not do: a third of their bits are zeros, which no training writes.

Every method gets the same tar in memory, one thread. ``pays below`` is the speed of a disk or line below which what is saved
takes longer to move than packing and unpacking takes. ``--fast`` leaves out the slowest methods. The last table is of
``tingshuo export`` and of opening what it has written: verified, flushed to the disk, every hash checked.
"""

import argparse
import gzip
import io
import lzma
import shutil
import subprocess
import sys
import tarfile
import time
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

import zstandard
from safetensors.numpy import load_file, save_file

from tingshuo.store.archive_formats import FORMATS
from tingshuo.store.archives import pack, unpack
from tingshuo.tasks.voices import find_voice, load

SLOW = ("zstd 19", "xz 6")
SENTENCES = (
    "今天天气真好",
    "我们去公园散步",
    "他在学校学习音乐",
    "请把窗户打开",
    "晚上一起吃饭吧",
    "山上的花开了",
    "火车马上就要到了",
    "谢谢你的帮助",
)
STATEMENTS = ("licence=CC0-1.0", "consent=The built-in voice.", "data_statement=Sentences that the built-in voice speaks.")
NET = {"dim": 160, "encoder_hidden": 480, "encoder_layers": 2, "decoder_dim": 192, "decoder_hidden": 576, "decoder_layers": 3}
"""Two million weights; the ratios do not depend on it."""

Method = tuple[Callable[[bytes], bytes], Callable[[bytes], bytes]]


def zipped(method: int) -> Method:
    """Return packing into a zip, and unpacking."""

    def write(data: bytes) -> bytes:
        file = io.BytesIO()
        with zipfile.ZipFile(file, "w", method) as archive:
            archive.writestr("data", data)
        return file.getvalue()

    return write, lambda data: zipfile.ZipFile(io.BytesIO(data)).read("data")


def zstd(level: int) -> Method:
    """Return compressing at a level, and decompressing."""
    return zstandard.ZstdCompressor(level=level).compress, zstandard.ZstdDecompressor().decompress


METHODS: dict[str, Method] = {
    "tar": (bytes, bytes),
    "zip, stored": zipped(zipfile.ZIP_STORED),
    "zip, deflated": zipped(zipfile.ZIP_DEFLATED),
    "gzip 6": (lambda data: gzip.compress(data, 6), gzip.decompress),
    "zstd 3": zstd(3),
    "zstd 10": zstd(10),
    "zstd 19": zstd(19),
    "xz 6": (lzma.compress, lzma.decompress),
}


def tar_of(files: dict[str, Path]) -> bytes:
    """Return a tar of files by their names in it."""
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w") as archive:
        for name, path in sorted(files.items()):
            archive.add(path, name)
    return file.getvalue()


def make_run(folder: Path, steps: int) -> Path:
    """Train for a few steps as a user does, and return the run's folder."""
    voice, recordings, run = load(), folder / "recordings", folder / "run"
    recordings.mkdir()
    for number, text in enumerate(SENTENCES):
        voice.synthesize(text).save(recordings / f"{number}.wav")
        (recordings / f"{number}.txt").write_text(text, "utf-8")
    settings = ["stages=[acoustic]", f"loop.steps={steps}", *(f"acoustic.{key}={value}" for key, value in NET.items())]
    settings += [f"bundle.{statement}" for statement in STATEMENTS]
    command = [sys.executable, "-m", "tingshuo.app.cli.main", "train", str(recordings), "-o", str(run), "--preset", "tiny"]
    subprocess.run(command + [part for setting in settings for part in ("--set", setting)], check=True, stdout=sys.stderr)
    return run


def states_of(run: Path, folder: Path) -> dict[str, bytes]:
    """Return tars of the largest last checkpoint of a run: the nets alone, and everything."""
    paths = sorted(run.rglob("checkpoints/last/tensors.safetensors"), key=lambda path: path.stat().st_size)
    if not paths:
        sys.exit(f"{run}: has no checkpoint; give the folder of a training")
    nets = {key: value for key, value in load_file(paths[-1]).items() if "#/" not in key and not key.startswith("average/")}
    save_file(nets, folder / "nets.safetensors")
    return {
        "training state, float32 nets alone": tar_of({"tensors.safetensors": folder / "nets.safetensors"}),
        "training state, float32 with optimizer and averages": tar_of({"tensors.safetensors": paths[-1]}),
    }


def timed(work: Callable[[], bytes]) -> tuple[bytes, float]:
    """Return what some work makes, and the seconds that it takes."""
    start = time.perf_counter()
    made = work()
    return made, time.perf_counter() - start


def compare(subject: str, data: bytes, methods: dict[str, Method]) -> None:
    """Print a row for each method."""
    print(f"\n| {subject}, {len(data) / 1e6:.1f} MB | MB | ratio | pack, s | unpack, s | pays below, MB/s |")
    print("|---|---|---|---|---|---|")
    for name, (write, read) in methods.items():
        packed, pack_s = timed(lambda write=write: write(data))  # type: ignore[misc]
        again, unpack_s = timed(lambda read=read, packed=packed: read(packed))  # type: ignore[misc]
        assert zlib.crc32(again) == zlib.crc32(data), name
        saved = (len(data) - len(packed)) / 1e6
        pays = f"{saved / (pack_s + unpack_s):.1f}" if saved > 0.001 * len(data) / 1e6 else "never"
        row = f"| {name} | {len(packed) / 1e6:.2f} | {len(packed) / len(data):.3f} | {pack_s:.2f} | {unpack_s:.2f} | {pays} |"
        print(row, flush=True)


def compare_formats(bundle: Path, folder: Path) -> None:
    """Print what `pack` and `unpack` take, beside copying the folder."""
    size = sum(path.stat().st_size for path in bundle.rglob("*") if path.is_file())
    start = time.perf_counter()
    shutil.copytree(bundle, folder / "copy")
    print(f"\n| tingshuo export, {size / 1e6:.1f} MB (a copy: {time.perf_counter() - start:.2f} s) | MB | export, s | open, s |")
    print("|---|---|---|---|")
    for suffix in FORMATS:
        archive, out = folder / f"a{suffix}", folder / f"out{suffix}"
        start = time.perf_counter()
        pack(bundle, archive)
        between = time.perf_counter()
        unpack(archive, out)
        end = time.perf_counter()
        print(f"| {suffix} | {archive.stat().st_size / 1e6:.2f} | {between - start:.2f} | {end - between:.2f} |", flush=True)


def main() -> None:
    """Read the arguments, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--run", type=Path, help="folder of a training; else a few steps are taken")
    parser.add_argument("--steps", type=int, default=8)
    parser.add_argument("--fast", action="store_true", help=f"without {' and '.join(SLOW)}")
    arguments = parser.parse_args()
    methods = {name: method for name, method in METHODS.items() if not (arguments.fast and name in SLOW)}
    voice = find_voice("default")
    files = {path.relative_to(voice).as_posix(): path for path in voice.rglob("*") if path.is_file()}
    with TemporaryDirectory() as name:
        folder = Path(name)
        run = arguments.run or make_run(folder, arguments.steps)
        subjects = {
            "the built-in voice": tar_of(files),
            "its float16 weights alone": tar_of({key: path for key, path in files.items() if key.startswith("weights/")}),
            **states_of(run, folder),
        }
        for subject, data in subjects.items():
            compare(subject, data, methods)
        compare_formats(voice, folder)


if __name__ == "__main__":
    main()
