"""Which variant of a graph is run: what is asked for, and what the bundle says was fastest on a machine of this kind."""

import platform
from importlib.util import find_spec

from tingshuo.engine.cpu import has_bf16, has_fast_int8
from tingshuo.errors import BundleError
from tingshuo.store.manifest import GraphVariant, Manifest

SPEEDUP = "_speedup"
"""Ends the name of a figure in the manifest: how many times as fast as the float32 graph before it a graph's variant is."""
PRECISIONS = ("auto", "fp32", "int8")
ENGINES = ("auto", "onnx", "openvino")


def machine_kind() -> str:
    """Return what figures of a bundle hold for: the processor's family, and whether it is fast at int8."""
    return f"{platform.machine()}{'+int8' if has_fast_int8() else ''}"


def choose(manifest: Manifest, graph: str, precision: str = "auto", engine: str = "auto") -> GraphVariant:
    """Return the variant of a graph to run here.

    Parameters
    ----------
    manifest : Manifest
        Of the bundle.
    graph : str
        One of its graphs.
    precision : str
        ``fp32``, ``int8`` (float32 where a graph has no int8, because that did not pass its check), or ``auto``: what was
        measured to be the fastest on a machine of this kind, else int8 where the processor is fast at it.
    engine : str
        ``onnx``, ``openvino``, or ``auto``: OpenVINO only where it is installed and the bundle says it is faster.

    Raises
    ------
    BundleError
        It has no such graph, or none for this engine.
    """
    if graph not in manifest.graphs:
        return manifest.variant(graph, "fp32", "onnx")  # which says what there is
    variants = manifest.graphs[graph].variants
    if len(variants) == 1:
        precision = variants[0].precision  # it came in one precision, and there is nothing to choose
    usable = [one for one in variants if _is_usable(one, precision, engine)]
    if not usable:
        known = ", ".join(f"{one.engine}/{one.precision}" for one in variants)
        raise BundleError(f"graph {graph!r} of voice {manifest.name!r} has no variant for the engine {engine!r}; it has: {known}")
    speeds = _speeds(manifest, graph)
    wanted = precision if precision != "auto" else "int8" if has_fast_int8() else "fp32"

    def rank(one: GraphVariant) -> tuple[float, ...]:
        measured = speeds.get((one.engine, one.precision))
        if precision == "auto" and speeds:
            # What has not been measured is the stored graph that others were measured by, or slower.
            return (measured if measured is not None else 1.0, one.engine == "onnx", one.precision == wanted)
        return (one.precision == wanted, one.precision == "fp32", one.engine == engine, one.engine == "onnx", measured or 0.0)

    return max(usable, key=rank)


def _is_usable(one: GraphVariant, precision: str, engine: str) -> bool:
    if engine not in ("auto", one.engine) or (precision == "fp32" and one.precision != "fp32"):
        return False
    if precision == "int8" and one.precision not in ("int8", "fp32"):
        return False
    if one.precision == "int8" and precision == "auto" and not has_fast_int8():
        return False
    # An engine that was asked for by name and is missing is told when it is opened.
    lacking = what_is_missing(one)
    return lacking is None or (engine == one.engine and lacking == one.engine)


def what_is_missing(one: GraphVariant) -> str | None:
    """Return what this machine lacks for a variant of a graph: the package of its engine, or bfloat16; None for nothing."""
    if one.engine != "onnx" and find_spec(one.engine) is None:
        return one.engine
    return "bfloat16" if one.precision == "bf16" and not has_bf16() else None


def _speeds(manifest: Manifest, graph: str) -> dict[tuple[str, str], float]:
    here = [one for one in manifest.measured if one.machine == machine_kind() and one.threads == 1]
    return {(one.engine, one.precision): one.figures[graph + SPEEDUP] for one in here if graph + SPEEDUP in one.figures}
