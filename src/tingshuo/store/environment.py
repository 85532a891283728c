"""With what a bundle was made: recorded when it is written, and told as a requirements file."""

import platform
from collections.abc import Iterable

from tingshuo.store.manifest import Manifest

LIBRARIES = ("numpy", "onnxruntime", "safetensors", "tingshuo")
"""Recorded in every bundle."""
TRAINING = ("onnx", "onnxscript", "torch")
"""Recorded in bundles that a training has made."""
MACHINE = ("python", "system", "processor")
"""What is recorded beside libraries, which no package index has."""


def environment(libraries: Iterable[str] = LIBRARIES) -> dict[str, str]:
    """Return versions by name: of Python, of the system, of the processor's architecture, and of libraries that are installed."""
    from importlib import metadata  # reads the parsers of e-mail: nothing that a voice should wait for

    found = {
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.release()}",
        "processor": _processor(),
    }
    for library in libraries:
        try:
            found[library] = metadata.version(library)
        except metadata.PackageNotFoundError:
            continue
    return found


def requirements(manifest: Manifest) -> str:
    """Return a requirements file of the libraries that a bundle was made with; the rest is comments."""
    made = manifest.created_with
    lines = [f"# {manifest.name} {manifest.version} was made with"]
    lines += [f"# {name}: {made[name]}" for name in MACHINE if name in made]
    lines += [f"{name}=={version}" for name, version in sorted(made.items()) if name not in MACHINE]
    return "\n".join(lines) + "\n"


def _processor() -> str:
    """Architecture and model of the processor, where the system tells it."""
    try:
        with open("/proc/cpuinfo", encoding="ascii", errors="replace") as file:
            model = next((line.split(":", 1)[1].strip() for line in file if line.startswith("model name")), "")
    except OSError:
        model = ""
    return f"{platform.machine()} {model}".strip()
