"""From what an operator says to the state of a server."""

from collections.abc import Sequence
from functools import partial

from tingshuo.engine.cpu import usable_cpus
from tingshuo.serve.access.scoped_voices import ScopedVoices
from tingshuo.serve.catalogue import read_catalogue
from tingshuo.serve.labels import LabelRule
from tingshuo.serve.listeners import find_listeners
from tingshuo.serve.results import Results
from tingshuo.serve.service import QUEUE, Service
from tingshuo.serve.workers import MAX_WAIT_S, Workers
from tingshuo.store.policy import Policy
from tingshuo.tasks.tts import Voice


def open_service(
    voice: str = "default",
    threads: int | None = None,
    policy: Policy | None = None,
    *,
    paranoid: bool = False,
    graph_threads: int = 1,
    budget_bytes: int | None = None,
    residents: Sequence[str] = (),
    max_wait_s: float = MAX_WAIT_S,
    lead_s: float | None = None,
    chunk_s: float | None = None,
    results: Results | None = None,
    labels: LabelRule | None = None,
    listener: str | None = None,
) -> Service:
    """Return the state of a server for the installed voices and recognisers.

    Parameters
    ----------
    voice, policy, paranoid
        See `read_catalogue`, whose errors it raises.
    threads : int or None
        Chunks computed at the same time; None is one per usable core, two at most.
    graph_threads : int
        Threads inside each graph.
    budget_bytes, residents
        Of weights in memory, and what is opened at the start: see `Voices`.
    max_wait_s, lead_s, chunk_s : float
        See `Workers`.
    results : Results or None
        The finished audio; None is kept for this process alone.
    labels : LabelRule or None
        How speech is labelled; None is as the law asks.
    listener : str or None
        Name or path of the recogniser that hears by default: see `find_listeners`, whose errors it raises too.
    """
    catalogue = read_catalogue(voice, policy, paranoid=paranoid)
    load = partial(Voice, threads=graph_threads)
    voices = ScopedVoices(load, catalogue, budget_bytes=budget_bytes, residents=residents)
    workers = Workers(threads or min(2, usable_cpus()), QUEUE, max_wait_s=max_wait_s, lead_s=lead_s, chunk_s=chunk_s)
    listeners = find_listeners(listener, policy, paranoid=paranoid, threads=graph_threads)
    return Service(voices, workers, results or Results(), labels=labels or LabelRule(), listeners=listeners)
