"""What a voice costs as it is used: a fresh process opens it and speaks, so that nothing is warm that would not be."""

import re
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

TEXT = "今天天气真好，我们一起去公园看花吧。"
RUNS = 2
_PEAK = re.compile(r"^VmHWM:\s+(\d+) kB", re.M)


def measure(folder: Path, threads: int, precision: str = "auto") -> dict[str, float]:
    """Return figures of a voice: ``load_ms``, ``rtf``, ``first_audio_ms``, ``peak_mb`` (0 where that is not told).

    Parameters
    ----------
    folder : Path
        Of a bundle that speaks.
    threads : int
        Inside each graph. With one, seconds are those of the processor, which leaves out what other programs take.
    precision : str
        As for `tingshuo.tasks.tts.Voice`.
    """
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        return pool.submit(figures, folder, threads, precision).result()


def figures(folder: Path, threads: int, precision: str) -> dict[str, float]:
    """Do it in this process."""
    from tingshuo.store.bundle import open_bundle
    from tingshuo.tasks.tts import Voice

    clock = time.process_time if threads == 1 else time.perf_counter
    begin = clock()
    voice = Voice(open_bundle(folder), precision=precision, threads=threads)
    load_s = clock() - begin
    rtfs, firsts = [], []
    for _ in range(RUNS):
        begin = clock()
        stream, first_s, n = voice.stream(TEXT), 0.0, 0
        for chunk in stream:
            first_s = first_s or clock() - begin
            n += len(chunk.wav)
        rtfs.append((clock() - begin) * voice.sample_rate / max(n, 1))
        firsts.append(first_s)
    found = {"load_ms": load_s * 1e3, "rtf": min(rtfs), "first_audio_ms": min(firsts) * 1e3}
    return found | {"peak_mb": peak_mb()}


def peak_mb() -> float:
    """Return the most memory that this process has held, MB; 0 where the system does not tell."""
    if sys.platform != "linux":
        return 0.0
    found = _PEAK.search(Path("/proc/self/status").read_text("utf-8"))
    return int(found[1]) / 1024 if found else 0.0
