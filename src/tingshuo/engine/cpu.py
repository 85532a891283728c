"""What this machine's processor offers: instruction sets that decide between graph variants, and the cores we may use."""

import os
from functools import cache
from pathlib import Path

INT8_FEATURES = frozenset({"avx512_vnni", "avx_vnni", "amx_int8", "asimddp", "i8mm"})
"""Any of these multiplies int8 several times as fast as float32; without them int8 graphs are slower."""

BF16_FEATURES = frozenset({"avx512_bf16", "amx_bf16", "bf16"})
"""Any of these multiplies bfloat16."""


@cache
def cpu_features(cpuinfo: Path = Path("/proc/cpuinfo")) -> frozenset[str]:
    """Return the instruction-set flags of the processor; empty where the system does not tell (then assume none)."""
    try:
        lines = cpuinfo.read_text("utf-8", "replace").splitlines()
    except OSError:
        return frozenset()
    return next(
        (frozenset(v.split()) for k, _, v in (x.partition(":") for x in lines) if k.strip() in {"flags", "Features"}), frozenset()
    )


def has_bf16() -> bool:
    """Whether the processor multiplies bfloat16; where it does not, graphs of it cannot be opened."""
    return bool(cpu_features() & BF16_FEATURES)


def has_fast_int8() -> bool:
    """Whether int8 graphs are worth choosing here."""
    return bool(cpu_features() & INT8_FEATURES)


def usable_cpus(cgroup: Path = Path("/sys/fs/cgroup")) -> int:
    """Return the cores this process may use: the smaller of its affinity mask and its control group's quota, at least 1.

    Both cgroup v2 (``cpu.max``) and v1 (``cpu/cpu.cfs_quota_us``) are read, as the machine's core count misleads in containers.
    """
    cpus = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    quota = _quota(cgroup)
    return max(1, min(cpus, int(quota))) if quota is not None else cpus


def _quota(cgroup: Path) -> float | None:
    """Cores by the control group's quota, None when it has none."""
    try:
        limit, period = (cgroup / "cpu.max").read_text("utf-8").split()
    except (OSError, ValueError):
        try:
            limit = (cgroup / "cpu/cpu.cfs_quota_us").read_text("utf-8").strip()
            period = (cgroup / "cpu/cpu.cfs_period_us").read_text("utf-8").strip()
        except OSError:
            return None
    return None if limit in {"max", "-1"} else float(limit) / float(period)
