"""The runtime of the web page: onnxruntime-web, which the user fetches once, and where it lies.

The package is 130 MB unpacked, of which a page needs three files, 14 MB; so it is neither in this repository nor fetched unasked.
A version is pinned with the hash that npm's registry states for it. Which registry that is, npm says itself, or the user.

Source: the package ``onnxruntime-web`` of Microsoft Corporation, MIT licence, https://github.com/microsoft/onnxruntime.
"""

import base64
import hashlib
import io
import json
import shutil
import subprocess
import tarfile
import urllib.request
from http.client import HTTPException
from pathlib import Path
from typing import Any

from tingshuo.errors import PortError
from tingshuo.store.atomic import new_folder, write_file
from tingshuo.store.home import home

PACKAGE, VERSION = "onnxruntime-web", "1.30.0"
INTEGRITY = "sha512-q0y+JrrtukXSzsBWEMccVfqX25LRmosXHF+CaRJmg8pZClzcV7svNc4rKY3jL02Vb7QmRMDs1SigqR4CXAfKYQ=="
"""Of the pinned archive, as npm writes it: the algorithm, and the digest in base64."""
SCRIPT, MODULE, WASM = "dist/ort.wasm.min.js", "dist/ort-wasm-simd-threaded.mjs", "dist/ort-wasm-simd-threaded.wasm"
FILES = ("package.json", SCRIPT, MODULE, WASM)
"""What is unpacked: the runtime for processors alone, without the variants for graphics cards."""
NAME = "web"
"""Of the folder in ``home() / "env"``."""
LARGEST_BYTES = 256 << 20
_TIMEOUT_S = 60


def runtime_folder() -> Path:
    """Return the folder that `fetch_runtime` fills; it need not exist."""
    return home() / "env" / NAME


def find_runtime(folder: Path | None = None) -> Path:
    """Return a folder that holds the runtime's files.

    Parameters
    ----------
    folder : Path or None
        Where the user has the package: its own folder, or one that npm installed it into. None is `runtime_folder`.

    Raises
    ------
    PortError
        It is not there, a file of it is missing, or it is another version than the pinned one; the message says how to get it.
    """
    asked = folder if folder is not None else runtime_folder()
    for place in (asked, asked / "node_modules" / PACKAGE, asked / "package"):
        if (place / "package.json").is_file() and _package(place).get("name") == PACKAGE:
            return _checked(place)
    raise PortError(f"{asked}: there is no {PACKAGE} {VERSION} here, which speaks in the browser; {_REMEDY}")


_REMEDY = (
    f"`tingshuo env make {NAME}` fetches it, or give the folder of the unpacked npm package {PACKAGE}@{VERSION} with --runtime"
)


def fetch_runtime(*, registry: str | None = None, destination: Path | None = None) -> Path:
    """Fetch the pinned package from an npm registry, check its hash, and unpack what a page needs.

    Parameters
    ----------
    registry : str or None
        Address of the registry; None is the one that npm on this machine is configured for.
    destination : Path or None
        Folder to make, in place of one that is there; None is `runtime_folder`.

    Returns
    -------
    Path
        The folder.

    Raises
    ------
    PortError
        No registry is known, it cannot be reached, or what it sent is not the pinned package; nothing is left behind.
    OutputError
        The folder cannot be written.
    """
    place = destination if destination is not None else runtime_folder()
    archive = _download(f"{(registry or _configured_registry()).rstrip('/')}/{PACKAGE}/-/{PACKAGE}-{VERSION}.tgz")
    found = "sha512-" + base64.b64encode(hashlib.sha512(archive).digest()).decode()
    if found != INTEGRITY:
        raise PortError(f"the registry sent a {PACKAGE} {VERSION} whose hash is {found}, not {INTEGRITY}; use another registry")
    with new_folder(place, replace=True) as folder, tarfile.open(fileobj=io.BytesIO(archive), mode="r:gz") as tar:
        for name in FILES:
            member = tar.extractfile(f"package/{name}")
            assert member is not None, "the hash fits, so every file is there"
            write_file(folder / name, member.read())
    return place


def runtime_version(folder: Path) -> str:
    """Return the version of a folder that `find_runtime` found."""
    return str(_package(folder)["version"])


def _checked(place: Path) -> Path:
    version = _package(place).get("version")
    if version != VERSION:
        raise PortError(f"{place}: is {PACKAGE} {version}, but pages are made with {VERSION}; {_REMEDY}")
    missing = [name for name in FILES if not (place / name).is_file()]
    if missing:
        raise PortError(f"{place}: lacks {missing[0]}; {_REMEDY}")
    return place


def _package(place: Path) -> dict[str, Any]:
    try:
        found = json.loads((place / "package.json").read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise PortError(f"{place / 'package.json'}: cannot be read as JSON: {error}") from error
    return found if isinstance(found, dict) else {}


def _configured_registry() -> str:
    """Ask npm which registry it uses."""
    npm = shutil.which("npm")
    if npm is None:
        raise PortError("npm is not installed, so no registry is known; install npm, or give the registry's address")
    try:
        asked = subprocess.run([npm, "config", "get", "registry"], capture_output=True, text=True, timeout=_TIMEOUT_S, check=True)  # noqa: S603
    except (OSError, subprocess.SubprocessError) as error:
        raise PortError(f"npm does not say which registry it uses ({error}); give the registry's address") from error
    return asked.stdout.strip()


def _download(url: str) -> bytes:
    if not url.startswith(("https://", "http://")):
        raise PortError(f"{url!r} is not the address of a registry; it begins with https://")
    try:
        with urllib.request.urlopen(url, timeout=_TIMEOUT_S) as reply:  # noqa: S310
            data: bytes = reply.read(LARGEST_BYTES + 1)
    except (OSError, HTTPException, ValueError) as error:
        raise PortError(f"{url}: cannot be fetched: {error}; check the network, or give another registry") from error
    if len(data) > LARGEST_BYTES:
        raise PortError(f"{url}: is larger than {LARGEST_BYTES >> 20} MB, which {PACKAGE} is not; use another registry")
    return data
