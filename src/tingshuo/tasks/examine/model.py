"""Everything that can be said of a model on this machine."""

from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

from tingshuo.engine.cpu import has_fast_int8, usable_cpus
from tingshuo.store.bundle import Bundle, open_bundle, verify_bundle
from tingshuo.tasks.examine.features import examine_input
from tingshuo.tasks.examine.finding import Finding
from tingshuo.tasks.examine.graphs import examine_graphs

FEW_MB = 200.0
"""Of memory left beside the weights, below which a machine will swap."""
RUNTIME = "onnxruntime"


def examine_model(folder: Path, given: Path | None = None) -> Iterator[Finding]:
    """Yield what is found of a bundle, and of a user's sound or features for it.

    Parameters
    ----------
    folder : Path
        Of the bundle.
    given : Path or None
        A sound file, or features in a ``.npy`` file.

    Raises
    ------
    BundleError
        It is not a bundle, or of a schema that is not known.
    AudioError, DataError
        What was given cannot be read.
    """
    report = verify_bundle(folder)
    for problem in report.problems:
        yield Finding("files", "broken", problem, "get the bundle again")
    if report.problems:
        return
    yield Finding("files", "ok", f"{report.name} {report.version}, {report.n_files} files, {report.n_bytes / 1e6:.1f} MB")
    bundle = open_bundle(folder)
    yield from _versions(bundle)
    yield from _hardware(bundle)
    yield from examine_graphs(bundle)
    if given is not None:
        yield from examine_input(bundle, given)


def _versions(bundle: Bundle) -> Iterator[Finding]:
    """What it was made with against what is installed: an engine that is older than the graphs may not know their operators."""
    for library in (RUNTIME, "tingshuo"):
        made = bundle.manifest.created_with.get(library)
        if made is None:
            continue
        here = metadata.version(library)
        if _release(here) < _release(made):
            yield Finding(
                f"version of {library}", "note", f"{here} is here, it was made with {made}", f"pip install '{library}>={made}'"
            )
        else:
            yield Finding(f"version of {library}", "ok", f"{here}, made with {made}")


def _release(version: str) -> tuple[int, ...]:
    """Return the first two numbers of a version: between patches graphs do not change."""
    return tuple(int(part) for part in version.split(".")[:2] if part.isdigit())


def _hardware(bundle: Bundle) -> Iterator[Finding]:
    precisions = {variant.precision for entry in bundle.manifest.graphs.values() for variant in entry.variants}
    if "int8" in precisions:
        faster = "int8" if has_fast_int8() else "fp32"
        yield Finding("precision", "ok", f"it has {', '.join(sorted(precisions))}; {faster} is faster on this processor")
    elif has_fast_int8():
        yield Finding(
            "precision",
            "note",
            "it has float32 graphs alone, and this processor is fast at int8",
            "tingshuo optimize, which tries it",
        )
    else:
        yield Finding("precision", "ok", f"it has {', '.join(sorted(precisions))}")
    weights = sum(entry.size for name, entry in bundle.manifest.files.items() if name.endswith(".safetensors")) / 1e6
    free = available_mb()
    cores = usable_cpus()
    if free is not None and free < weights + FEW_MB:
        yield Finding(
            "memory", "broken", f"{free:.0f} MB are free, its weights are {weights:.0f} MB",
            "close other programs, or make it smaller: tingshuo distill, tingshuo optimize",
        )  # fmt: skip
    else:
        left = f"{free:.0f} MB are free" if free is not None else "how much is free is not known here"
        yield Finding("memory", "ok", f"its weights are {weights:.0f} MB, {left}; {cores} cores may be used")


def available_mb(meminfo: Path = Path("/proc/meminfo")) -> float | None:
    """Return the memory that is free for a program, MB, None where the system does not tell."""
    try:
        lines = meminfo.read_text("ascii").splitlines()
    except OSError:
        return None
    return next((int(line.split()[1]) * 1024 / 1e6 for line in lines if line.startswith("MemAvailable:")), None)
