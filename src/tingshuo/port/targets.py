"""What a bundle can be made fast for, and what of it can be measured on this machine."""

import platform
from collections.abc import Sequence

from tingshuo.engine.engines import ENGINES
from tingshuo.errors import EngineNotInstalledError, RequestError
from tingshuo.port.passes.passes import PASSES, TARGETS

ARM = ("aarch64", "arm64")
COUNTED = ("fold", "repeats", "attention", "step", "half")
"""Passes that leave fewer operators or smaller files; these can be decided without the device."""


def check_target(target: str) -> None:
    """Refuse a target that this machine cannot serve.

    Raises
    ------
    RequestError
        There is no such target.
    EngineNotInstalledError
        Its device or engine is missing here.
    """
    if target not in TARGETS:
        raise RequestError(f"unknown target {target!r}; accepted: {', '.join(TARGETS)}", "target")
    if target in ("cuda", "tensorrt") and target not in ENGINES:
        raise EngineNotInstalledError(
            f"target {target!r} needs an NVIDIA GPU and an engine for it, which are not here; possible are cpu, pi and openvino"
        )
    if target == "openvino":
        ENGINES.load(target)


def is_measured(target: str) -> bool:
    """Whether speed on the target can be measured here."""
    return target != "pi" or platform.machine() in ARM


def chosen_passes(target: str, only: Sequence[str] = (), skip: Sequence[str] = ()) -> list[str]:
    """Return the passes that are tried for a target, in order.

    Raises
    ------
    RequestError
        A pass is unknown, or not for this target.
    """
    for name in (*only, *skip):
        if name not in PASSES:
            raise RequestError(f"unknown pass {name!r}; known: {', '.join(PASSES)}", "passes")
    for name in only:
        if target not in PASSES[name].targets:
            raise RequestError(f"pass {name!r} is for {', '.join(PASSES[name].targets)}, not for {target}", "passes")
    wanted = [name for name in only or _all(target, asked=False) if name not in skip]
    return [name for name in PASSES if name in wanted and (is_measured(target) or name in COUNTED)]


def unasked(target: str) -> list[str]:
    """Return the passes of a target that are tried only where they are named."""
    return _all(target, asked=True)


def _all(target: str, *, asked: bool) -> list[str]:
    return [name for name, one in PASSES.items() if target in one.targets and one.asked is asked]
