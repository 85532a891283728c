"""Pull a voice over loopback from a plain HTTP server and from one that speaks S3, against curl that fetches the same files.

One set of files of random bytes, all in turn, best of several rounds; prints ratios of one run. Curl alone checks nothing;
followed by ``sha256sum`` it promises what a pull does, but for flushing to the disk and the rename. Where a processor has no
instructions for SHA-256, hashing is what takes the time: its speed on one core is printed too. ``--least`` is about curl alone.
The server for S3 is moto, from the development requirements.

::

    python benchmarks/remote.py
"""

import argparse
import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tingshuo.store.bundle import write_bundle
from tingshuo.store.registry import Registry
from tingshuo.store.remote import Store, open_store
from tingshuo.store.remote_manifest import read_contents
from tingshuo.store.remote_pull import pull
from tingshuo.store.remote_push import push
from tingshuo.store.remote_transfer import Places, blob_key
from tingshuo.store.saving import save

CONFIG = {
    "family": "seed",
    "mel": {},
    "phonemes": ["sil"],
    "speakers": [{"name": "one", "gender": "f", "log_f0_mean": 5.3, "log_f0_std": 0.2}],
    "styles": [{"name": "plain", "description": "even"}],
    "pitch_context_frames": 4,
    "decoder_context_frames": 4,
    "vocoder_context_frames": 4,
    "architecture": {"hidden": 2},
}
FIELDS = {
    "name": "load",
    "version": "1.0.0",
    "family": "seed",
    "task": "tts",
    "languages": ["zh-CN"],
    "speakers": ["one"],
    "styles": ["plain"],
    "sample_rate": 24000,
    "licence": "CC0-1.0",
    "data_statement": "Random bytes.",
    "consent": "Nobody's voice.",
}


@contextmanager
def serving(folder: Path) -> Iterator[str]:
    """Serve a folder with the standard library's server, in a process of its own; yields its address."""
    command = [sys.executable, "-u", "-m", "http.server", "0", "--bind", "127.0.0.1", "--directory", str(folder)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as server:
        assert server.stdout is not None
        port = server.stdout.readline().split(" port ")[1].split()[0]
        yield f"http://127.0.0.1:{port}"
        server.kill()


S3_SERVER = """
import threading
from moto.s3.models import s3_backends
from moto.server import ThreadedMotoServer

server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
server.start()
s3_backends["123456789012"]["aws"].create_bucket("bucket", "us-east-1")
print(server.get_host_and_port()[1], flush=True)
threading.Event().wait()
"""


@contextmanager
def serving_s3(source: Registry) -> Iterator[str]:
    """Serve a bucket with a voice in it, in a process of its own; yields the address that curl asks."""
    with subprocess.Popen(
        [sys.executable, "-c", S3_SERVER], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as server:
        assert server.stdout is not None
        address = f"http://127.0.0.1:{int(server.stdout.readline())}"
        names = {"ENDPOINT_URL": address, "ACCESS_KEY_ID": "a", "SECRET_ACCESS_KEY": "b", "REGION": "us-east-1"}
        os.environ.update({f"AWS_{name}": value for name, value in names.items()})
        push(source, "load", open_store("s3://bucket", allow_http=True))
        yield f"{address}/bucket"
        server.kill()


def prepare(folder: Path, megabytes: int, n_files: int) -> Path:
    """Push a voice of random bytes to a folder; returns the folder."""
    files = {f"graphs/onnx/fp32/{number}.onnx": os.urandom((megabytes << 20) // n_files) for number in range(n_files)}
    bundle = write_bundle(folder / "bundle", FIELDS, files | {"config.json": json.dumps(CONFIG).encode()})
    registry = Registry(folder / "source")
    save(registry, bundle)
    push(registry, "load", open_store(str(folder / "store")))
    return folder / "store"


def keys_of(store: Store) -> list[str]:
    """Return the keys of all blobs of the voice."""
    record = store.find("load", "1.0.0")
    return [blob_key(digest) for digest in (record.digest, *read_contents(Places([store.backend]), record, None).sizes)]


def time_curl(address: str, keys: list[str], folder: Path) -> tuple[float, float]:
    """Return the seconds that curl takes for all files in one process, and those with sha256sum after it."""
    folder.mkdir()
    arguments = [word for number, key in enumerate(keys) for word in ("-o", str(folder / str(number)), f"{address}/{key}")]
    began = time.perf_counter()
    signed = ["--aws-sigv4", "aws:amz:us-east-1:s3", "--user", "a:b"] if address.endswith("/bucket") else []
    subprocess.run(["curl", "-sS", "--fail", "--fail-early", *signed, *arguments], check=True)
    fetched = time.perf_counter() - began
    subprocess.run(["sha256sum", *(str(path) for path in folder.iterdir())], check=True, stdout=subprocess.DEVNULL)
    return fetched, time.perf_counter() - began


def time_hash(n_bytes: int = 32 << 20) -> float:
    """Return the MB/s that one core hashes."""
    content, began = bytes(n_bytes), time.perf_counter()
    hashlib.sha256(content)
    return n_bytes / (1 << 20) / (time.perf_counter() - began)


def time_pull(place: str, folder: Path) -> float:
    """Return the seconds that a pull into an empty registry takes."""
    began = time.perf_counter()
    pull(Registry(folder), [open_store(place, allow_http=True)], "load", "1.0.0")
    return time.perf_counter() - began


def measure(address: str, place: str, folder: Path, rounds: int) -> tuple[float, float, float, float]:
    """Return the best seconds of curl, of curl and sha256sum, of a pull from ``place``, and the best MB/s of hashing, in turn."""
    keys = keys_of(open_store(place, allow_http=True))
    rows = []
    for _ in range(rounds):
        fetched, checked = time_curl(address, keys, folder / "curl")
        pulled = time_pull(place, folder / "pull")
        rows.append((fetched, checked, pulled, -time_hash()))
        for name in ("curl", "pull"):
            shutil.rmtree(folder / name)
    curl, checked, pulled, hashing = (min(column) for column in zip(*rows, strict=True))
    return curl, checked, pulled, -hashing


def main() -> int:
    """Measure; 1 when pulling is slower than asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--megabytes", type=int, default=256)
    parser.add_argument("--files", type=int, default=12)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--least", type=float, default=0.6, help="the least ratio of speeds")
    wanted = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        store = prepare(folder, wanted.megabytes, wanted.files)
        with serving(store) as address:
            figures = {"plain files": measure(address, address, folder, wanted.rounds)}
        with serving_s3(Registry(folder / "source")) as address:
            figures["S3"] = measure(address, "s3://bucket", folder, wanted.rounds)
    for name, (curl, checked, pulled, hashing) in figures.items():
        for what, seconds in (("curl", curl), ("curl and sha256sum", checked), ("tingshuo pull", pulled)):
            print(f"{name}, {what}: {wanted.megabytes / seconds:.0f} MB/s, a pull has {seconds / pulled:.2f} of its speed")
        print(f"{name}, SHA-256 on one core meanwhile: {hashing:.0f} MB/s")
    return 0 if all(curl / pulled >= wanted.least for curl, _, pulled, _ in figures.values()) else 1


if __name__ == "__main__":
    sys.exit(main())
