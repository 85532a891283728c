"""How soon work stops when somebody barges in or leaves: from the cancellation to the free thread.

    python benchmarks/cancel.py [VOICE] [--times 24]

A long text is spoken; each time it is called off at another moment of its second chunk.
"""

import argparse
import asyncio
import statistics
import time

from tingshuo.serve.opening import open_service
from tingshuo.serve.service import Service
from tingshuo.types import SpeechRequest

TEXT = "今天天气真好，我们一起去公园散步，晚上再回家吃饭，明天还要上班，早点休息，别忘了带上雨伞，路上小心。" * 3
STEP_S = 0.015


async def stop_once(service: Service, number: int) -> float:
    """Return the milliseconds that a job takes to stop when it is called off in the middle of a chunk."""
    take = service.take(service.order("default", SpeechRequest(text=TEXT, seed=number), "pcm"), live=True)
    job = service.workers.start(take.encoded, take, live=True)
    await anext(job)
    waiting = asyncio.ensure_future(anext(job))
    await asyncio.sleep(STEP_S * number)
    while waiting.done():  # that chunk was quicker: in the middle of the next, then
        waiting = asyncio.ensure_future(anext(job))
        await asyncio.sleep(STEP_S / 2)
    waiting.cancel()
    begun = time.perf_counter()
    await job.aclose()
    return (time.perf_counter() - begun) * 1e3


async def main() -> None:
    """Read the arguments and measure."""
    parser = argparse.ArgumentParser(description="How soon work stops when somebody barges in.")
    parser.add_argument("voice", nargs="?", default="default")
    parser.add_argument("--times", type=int, default=24)
    args = parser.parse_args()
    service = open_service(args.voice)
    await asyncio.wrap_future(service.open())
    service.ready = True
    found = sorted([await stop_once(service, number) for number in range(args.times)])
    service.workers.close()
    service.results.close()
    middle, late = statistics.median(found), found[int(0.95 * len(found))]
    print(f"stopped after p50 {middle:.1f} ms, p95 {late:.1f} ms, longest {found[-1]:.1f} ms")


if __name__ == "__main__":
    asyncio.run(main())
