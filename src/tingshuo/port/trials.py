"""One graph: try passes on it, keep what is faster and passes its gate, and note what each gave."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from numpy.typing import NDArray

from tingshuo.engine.embed import embed
from tingshuo.errors import EngineError, PortError, RequestError, TingshuoError
from tingshuo.port.apart import open_and_run, outlives
from tingshuo.port.gates import refusal, worst_errors
from tingshuo.port.material import JUDGED_CALLS, TIMED_CALLS, spread
from tingshuo.port.passes.passes import PASSES, load_pass
from tingshuo.port.passes.subject import Inputs, NotApplicableError, Subject
from tingshuo.port.races import clock_for, race, turn
from tingshuo.types import Runs

Array = NDArray[Any]
Heard = Callable[[str, Runs], str]
"""Graph and a session of it -> why sentences spoken with it are not good enough, or nothing."""

LONG_S = 0.2
"""Where the judged calls take longer than this, one of them is enough to time."""
FRAGILE = "openvino"
"""An engine that some graphs make end the whole process."""
LEAST_GAIN = 1.03
"""Less is noise on a shared machine."""
DOUBTFUL = 1.15
"""A gain that is smaller is measured again: what else the machine does wins races of its own."""
NOT_SLOWER = 0.97
MOST_TOLD = 300
"""Letters of what an engine says against a graph."""
STORED, KEPT, SLOWER, GATE, NEVER, ABSENT, FAILED, UNMEASURED = (
    "stored", "kept", "no gain", "refused by its gate", "measured, never kept", "not applicable", "failed", "not measured",
)  # fmt: skip


@dataclass(slots=True)
class Trial:
    """What became of one attempt: ``ratio`` is the speed on one thread over that of the stored float32 graph in the same race."""

    graph: str
    passes: tuple[str, ...]
    engine: str = "onnx"
    precision: str = "fp32"
    status: str = SLOWER
    ratio: float | None = None
    ratio_2_threads: float | None = None
    ms: float | None = None
    size_bytes: int | None = None
    operators: int | None = None
    error_db: dict[str, float] = field(default_factory=dict)
    why: str = ""

    def to_json(self) -> dict[str, Any]:
        """Return plain values."""
        return asdict(self) | {"passes": list(self.passes)}


@dataclass
class Contest:
    """The stored float32 graph, what it is given, and what it answers: what every attempt is held against."""

    stored: Subject
    calls: Sequence[Inputs]
    heard: Heard
    measured: bool = True
    trials: list[Trial] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.session = self.stored.open()
        self.judged = spread(self.calls, JUDGED_CALLS)
        begin = time.process_time()
        self.expected = [self.session.run(inputs) for inputs in self.judged]
        is_long = time.process_time() - begin > LONG_S
        self.timed = self.judged[:1] if is_long else spread(self.calls, TIMED_CALLS)

    def attempt(self, base: Subject, names: Sequence[str], done: Sequence[str] = ()) -> tuple[Subject | None, Trial]:
        """Apply passes to a graph, judge what comes out and time it; None where it may not be used."""
        trial = Trial(self.stored.name, (*done, *names))
        self.trials.append(trial)
        try:
            subject = base
            for name in names:
                subject = load_pass(name)(subject)
            self.judge(subject, trial)
        except NotApplicableError as error:
            trial.status, trial.why = ABSENT, str(error)
        except (EngineError, PortError, RequestError) as error:
            trial.status, trial.why = FAILED, " ".join(str(error).split())[:MOST_TOLD]
        else:
            return (subject if trial.status not in (GATE, ABSENT) else None), trial
        return None, trial

    def judge(self, subject: Subject, trial: Trial) -> None:
        """Compare a graph's outputs with those expected and, where they are near enough, time it."""
        trial.engine, trial.precision = subject.engine, subject.precision
        trial.size_bytes, trial.operators = size_of(subject), len(subject.model.graph.node)
        if subject.engine == FRAGILE:
            _check_alone(subject, self.judged[0])
        session = subject.open()
        trial.error_db = {k: round(v, 1) for k, v in worst_errors(session, self.judged, self.expected).items()}
        trial.why = refusal(trial.error_db, subject.precision)
        trial.status = GATE if trial.why else SLOWER
        if self.measured and (not trial.why or subject.precision != "fp32"):
            self._time(session, trial)
        if not trial.why and subject.precision != "fp32" and (trial.ratio or 0) >= LEAST_GAIN:
            trial.why = self.heard(self.stored.name, session)
            trial.status = GATE if trial.why else trial.status

    def _time(self, session: Runs, trial: Trial) -> None:
        """Race a graph against the stored one; twice where it wins by little, and then the smaller of both ratios counts."""
        runners = {"stored": turn(self.session, self.timed), "new": turn(session, self.timed)}
        found = race(runners, clock_for(1))["new"]
        if LEAST_GAIN <= found.ratio < DOUBTFUL:
            found = min(found, race(runners, clock_for(1))["new"], key=lambda one: one.ratio)
        trial.ratio, trial.ms = round(found.ratio, 3), round(found.ms, 3)


def _check_alone(subject: Subject, inputs: Inputs) -> None:
    """Refuse a graph that ends the process in which it is opened or run."""
    model = embed(subject.model.SerializeToString(), subject.tensors)
    if not outlives(open_and_run, subject.engine, subject.options, model, dict(inputs)):
        raise EngineError(f"graph {subject.name!r} makes {subject.engine} break down, with all that runs in its process")


def size_of(subject: Subject) -> int:
    """Return the bytes of a graph and the tensors that it names."""
    return int(subject.model.ByteSize()) + sum(tensor.nbytes for tensor in subject.named().values())


def improve(contest: Contest, names: Sequence[str]) -> tuple[Subject | None, Trial | None]:
    """Find the best float32 graph: every exact pass alone, then together those that helped, the most helpful first.

    Returns
    -------
    tuple
        The graph and its trial; None twice where the stored one stays.
    """
    helped: list[tuple[float, str, Subject, Trial]] = []
    for name in names:
        if not PASSES[name].exact:
            continue
        subject, trial = contest.attempt(contest.stored, [name])
        if subject is not None and is_gain(contest, trial, name):
            helped.append((_score(contest, trial), name, subject, trial))
    if not helped:
        return None, None
    helped.sort(key=lambda row: -row[0])
    best, best_trial = helped[0][2], helped[0][3]
    done = [helped[0][1]]
    for _, name, _, _ in helped[1:]:
        subject, trial = contest.attempt(best, [name], done)
        if subject is not None and _score(contest, trial) >= _score(contest, best_trial) * _step(contest, name):
            best, best_trial = subject, trial
            done.append(name)
    best_trial.status = KEPT
    return best, best_trial


def is_gain(contest: Contest, trial: Trial, name: str) -> bool:
    """Whether an exact pass is worth keeping: it is faster, or smaller where that is what it is for."""
    if not contest.measured:
        return _score(contest, trial) > 1.0
    if PASSES[name].smaller:
        return (trial.ratio or 0) >= NOT_SLOWER and (trial.size_bytes or 0) < 0.9 * size_of(contest.stored)
    return (trial.ratio or 0) >= LEAST_GAIN


def _step(contest: Contest, name: str) -> float:
    if not contest.measured:
        return 1.0
    return NOT_SLOWER if PASSES[name].smaller else LEAST_GAIN


def _score(contest: Contest, trial: Trial) -> float:
    """What is to be large: speed where it is measured, else fewer operators and bytes."""
    if contest.measured:
        return trial.ratio or 0.0
    operators = len(contest.stored.model.graph.node) / max(trial.operators or 1, 1)
    return float((operators * size_of(contest.stored) / max(trial.size_bytes or 1, 1)) ** 0.5)


def variants(
    contest: Contest, names: Sequence[str], exact: Subject | None, exact_ratio: float, done: Sequence[str] = ()
) -> dict[tuple[str, str], tuple[Subject, Trial]]:
    """Try what makes variants beside the float32 graph, on the stored one and on the improved one.

    Parameters
    ----------
    contest : Contest
        The stored one.
    names : Sequence[str]
        Of passes.
    exact : Subject or None
        The improved one.
    exact_ratio : float
        What a variant has to be faster than.
    done : Sequence[str]
        Passes that made the improved one.

    Returns
    -------
    dict
        Engine and precision to the fastest that passes its gate and is faster than float32, with its trial.
    """
    best: dict[tuple[str, str], tuple[Subject, Trial]] = {}
    for name in names:
        one = PASSES[name]
        if one.exact:
            continue
        for base in (contest.stored, exact):
            if base is None or (one.plain and _is_laid_out(base)) or (one.asked and base is exact):
                continue
            subject, trial = contest.attempt(base, [name], () if base is contest.stored else done)
            if trial.status == ABSENT:
                break
            ratio = trial.ratio or 0.0
            if subject is None or ratio < LEAST_GAIN:
                continue
            if one.never:
                trial.status, trial.why = NEVER, one.never
                continue
            if ratio < exact_ratio * LEAST_GAIN:
                trial.why = f"what is there or kept already has {exact_ratio:.2f}x"
                continue
            trial.status = KEPT
            key = (subject.engine, subject.precision)
            if key in best:
                slower = min(best[key][1], trial, key=lambda row: row.ratio or 0.0)
                slower.status, slower.why = SLOWER, "another one of its kind is faster"
            if trial.status == KEPT:
                best[key] = (subject, trial)
    return best


def _is_laid_out(subject: Subject) -> bool:
    """Whether a graph has operators of one engine."""
    return any(node.domain not in ("", "ai.onnx") for node in subject.model.graph.node)


def two_threads(contest: Contest, kept: Mapping[str, tuple[Subject, Trial]]) -> None:
    """Time what is kept on two threads as well."""
    base = contest.stored.open(2)
    for subject, trial in kept.values():
        try:
            runners = {"stored": turn(base, contest.timed), "new": turn(subject.open(2), contest.timed)}
            trial.ratio_2_threads = round(race(runners, clock_for(2), 5)["new"].ratio, 3)
        except TingshuoError as error:
            trial.why = str(error)
