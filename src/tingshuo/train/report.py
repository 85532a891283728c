"""A training run as one self-contained HTML page: curves, what the nets make of a few clips, the config; and TensorBoard's files.

Reads what a run folder holds: ``log.jsonl`` (see `tingshuo.train.curves`), ``samples/*.npz``, written by `save_sample`, and
``config.yaml``. A run of several stages has the former two in a folder of each. Plain arrays in, no torch, so it may run beside a
training.
"""

import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tingshuo.audio.page import card, data_uri, figure, page, picture, player, section, table
from tingshuo.audio.picture import mel_png
from tingshuo.audio.plot import Series, line_plot
from tingshuo.store.atomic import replace_file
from tingshuo.train.curves import DEV, REST, TRAIN, Curves, read_log, write_events
from tingshuo.types import Wav

LOG, SAMPLES, CONFIG, REPORT, EVENTS = "log.jsonl", "samples", "config.yaml", "report.html", "tensorboard"
SHOWN_SAMPLES = 12
STAGE_NAMES = {"acoustic": "声学模型 acoustic model", "vocoder": "声码器 vocoder", "joint": "联合 joint"}
"""Folders of stages in a run, in their order."""
Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """A clip as it was recorded (``target``) and as the nets make it (``predicted``); what is None is not shown.

    ``mel_*`` (n_mels, F) natural log, ``f0_*`` (F,) Hz with 0 = unvoiced, ``durations_*`` (N,) frames of each of ``phones``,
    ``wav_*`` (T,) at ``sample_rate``. ``caption`` is what is said.
    """

    name: str
    step: int
    sample_rate: int
    hop_length: int
    caption: str = ""
    phones: tuple[str, ...] = ()
    mel_target: Floats | None = None
    mel_predicted: Floats | None = None
    f0_target: Floats | None = None
    f0_predicted: Floats | None = None
    durations_target: NDArray[np.int64] | None = None
    durations_predicted: NDArray[np.int64] | None = None
    wav_target: Wav | None = None
    wav_predicted: Wav | None = None


@dataclass(frozen=True, slots=True)
class Stage:
    """What there is to tell of a training: numbers by step, and samples, of which the first `SHOWN_SAMPLES` are shown."""

    curves: Curves
    samples: Sequence[Sample] = ()

    @property
    def steps(self) -> float:
        """The highest step with a number."""
        return max((step for kinds in self.curves.values.values() for found, _ in kinds.values() for step in found), default=0)


def save_sample(run: Path, sample: Sample) -> Path:
    """Keep a sample for the report, in ``samples/``; one of that name is replaced.

    Raises
    ------
    OutputError
        It cannot be written.
    """
    arrays = {name: getattr(sample, name) for name in Sample.__slots__ if isinstance(getattr(sample, name), np.ndarray)}
    words = {"name": sample.name, "step": sample.step, "sample_rate": sample.sample_rate, "hop_length": sample.hop_length,
             "caption": sample.caption, "phones": list(sample.phones)}  # fmt: skip
    buffer = io.BytesIO()
    np.savez_compressed(buffer, about=np.frombuffer(json.dumps(words).encode(), np.uint8), **arrays)
    path = run / SAMPLES / f"{_file_name(sample.name)}.npz"
    replace_file(path, buffer.getvalue())
    return path


def read_samples(run: Path) -> list[Sample]:
    """Return the samples of a run by name; files that are no samples are passed over."""
    return [sample for path in sorted((run / SAMPLES).glob("*.npz")) if (sample := _read_sample(path)) is not None]


def write_report(run: Path, *, events: bool = True) -> Path:
    """Write ``report.html``, and TensorBoard's files when that package is installed.

    Parameters
    ----------
    run : Path
        Folder of the training.
    events : bool
        Whether TensorBoard's files may be written.

    Returns
    -------
    Path
        The page.

    Raises
    ------
    TrainError
        The run has no log.
    OutputError
        The page cannot be written.
    """
    stages = {name: Stage(read_log(folder / LOG), read_samples(folder)) for name, folder in _folders(run).items()}
    replace_file(run / REPORT, render(run.resolve().name, stages, _config(run)).encode())
    if events and find_spec("tensorboard") is not None:
        for name, stage in stages.items():
            write_events(run / EVENTS / name, stage.curves)
    return run / REPORT


def render(title: str, stages: Mapping[str, Stage], config: str = "") -> str:
    """Return the page.

    Parameters
    ----------
    title : str
        Name of the run.
    stages : Mapping of str to Stage
        By name, in their order; the name is empty where a run is a single training.
    config : str
        The config's text.
    """
    parts = [part for name, stage in stages.items() for part in _stage_sections(name, stage)]
    if config:
        fold = f'<details><summary>config.yaml</summary><pre class="scroll">{escape(config)}</pre></details>'
        parts.append(section("配置 · Config", card(fold)))
    steps = "，".join(f"{STAGE_NAMES.get(name, name)} {stage.steps:.0f} 步 steps".strip() for name, stage in stages.items())
    return page(f"训练报告 · Training report: {title}", steps, parts)


def _stage_sections(name: str, stage: Stage) -> list[str]:
    """Figures, losses, pace and samples of a stage."""
    of, curves, parts = f"{STAGE_NAMES.get(name, name)}：" if name else "", stage.curves, []
    if curves.broken:
        parts.append(f'<p class="note">日志有 {curves.broken} 行读不出 · {curves.broken} lines of the log cannot be read.</p>')
    parts.append(section(f"{of}数字 · Figures", card(_figure_table(curves))))
    parts.append(section(f"{of}损失 · Losses", f'<div class="grid">{"".join(_loss_cards(curves))}</div>'))
    parts.append(section(f"{of}进度 · Pace and the rest", f'<div class="grid">{"".join(_rest_cards(curves))}</div>'))
    if stage.samples:
        parts.append(section(f"{of}样本 · Samples", *(_sample_card(sample) for sample in stage.samples[:SHOWN_SAMPLES])))
    return parts


def _folders(run: Path) -> dict[str, Path]:
    """Return the folders with a log: those of the stages in their order, else that of the run itself."""
    found = {name: run / name for name in STAGE_NAMES if (run / name / LOG).exists()}
    return found or {"": run}


def _figure_table(curves: Curves) -> str:
    """The latest value of each loss in training, and the lowest on held-out clips."""
    train, dev = curves.values.get(TRAIN, {}), curves.values.get(DEV, {})
    rows = []
    for name in dict.fromkeys((*train, *dev)):
        row = [escape(name), "", "", "", ""]
        if name in train:
            steps, values = train[name]
            row[1], row[2] = f"{values[-1]:.4g}", f"{steps[-1]:.0f}"
        if name in dev and np.isfinite(dev[name][1]).any():
            steps, values = dev[name]
            best = int(np.nanargmin(values))
            row[3], row[4] = f"{values[best]:.4g}", f"{steps[best]:.0f}"
        rows.append(row)
    header = ["", "训练，最近 · training, latest", "步 step", "验证，最低 · held out, lowest", "步 step"]
    return table(header, rows, numbers=range(1, 5))


def _loss_cards(curves: Curves) -> list[str]:
    """A plot of each loss, training and held out; the same on a logarithmic axis one click away."""
    train, dev = curves.values.get(TRAIN, {}), curves.values.get(DEV, {})
    cards = []
    for name in dict.fromkeys((*train, *dev)):
        lines = [Series("训练 · training", *train[name], colour=0)] if name in train else []
        if name in dev:
            lines.append(Series("验证 · held out", *dev[name], colour=1))
        plain, logarithmic = (
            line_plot(lines, title=name, x_label="步 step", log_y=log_y, width=540, height=240) for log_y in (False, True)
        )
        fold = f"<details><summary>对数轴 · logarithmic</summary>{logarithmic}</details>"
        cards.append(card(plain, fold))
    return cards


def _rest_cards(curves: Curves) -> list[str]:
    rest = dict(curves.values.get(REST, {}))
    cards = []
    if "seconds" in rest:
        logged, seconds = (np.array(values) for values in rest.pop("seconds"))
        # Several lines may be of one step: an evaluation follows the losses.
        at, first = np.unique(logged, return_index=True)
        took = np.diff(seconds[first])
        pace = np.where(took > 0, np.diff(at) / np.where(took > 0, took, 1), np.nan)
        line = Series("步每秒 · steps per second", at[1:], pace)
        cards.append(card(line_plot([line], title="步每秒 · steps per second", x_label="步 step", width=540, height=220)))
    for name, (steps, values) in rest.items():
        cards.append(card(line_plot([Series(name, steps, values)], title=name, x_label="步 step", width=540, height=220)))
    return cards


def _sample_card(sample: Sample) -> str:
    pairs = []
    sounds = (
        ("录音 · recorded", sample.mel_target, sample.wav_target),
        ("预测 · predicted", sample.mel_predicted, sample.wav_predicted),
    )
    for caption, mel, wav in sounds:
        drawn = picture(mel_png(mel, scale=1), f"{caption}, mel") if mel is not None else ""
        drawn += player(wav, sample.sample_rate) if wav is not None and len(wav) else ""
        if drawn:
            pairs.append(figure(drawn, caption))
    frame_s = sample.hop_length / sample.sample_rate
    lines = [
        Series(name, np.arange(len(f0)) * frame_s, np.where(f0 > 0, f0, np.nan), colour=colour)
        for colour, (name, f0) in enumerate((("录音 · recorded", sample.f0_target), ("预测 · predicted", sample.f0_predicted)))
        if f0 is not None
    ]
    parts = [
        f"<h3>{escape(sample.caption or sample.name)}</h3>",
        f'<p class="soft">{escape(sample.name)}, step {sample.step}</p>',
    ]
    parts.append(f'<div class="grid">{"".join(pairs)}</div>')
    if sample.durations_target is not None or sample.durations_predicted is not None:
        parts.append(alignment_picture(sample))
    if lines:
        parts.append(line_plot(lines, title="F0", x_label="s", y_label="Hz", width=1080, height=200))
    return card(*parts)


def alignment_picture(sample: Sample, width: int = 1080) -> str:
    """Return an ``<svg>``: where each phone lies, over the recorded mel where there is one, recorded above predicted."""
    rows = [
        (name, durations)
        for name, durations in (("录音", sample.durations_target), ("预测", sample.durations_predicted))
        if durations is not None
    ]
    total = max(int(durations.sum()) for _, durations in rows)
    scale, top = (width - 50) / max(total, 1), 0
    parts = []
    if sample.mel_target is not None:
        address = data_uri(mel_png(sample.mel_target, scale=1), "image/png")
        span = sample.mel_target.shape[1] * scale
        parts.append(f'<image x="50" y="0" width="{span:.1f}" height="110" preserveAspectRatio="none" href="{address}"/>')
        top = 116
    for row, (name, durations) in enumerate(rows):
        y = top + 30 * row
        parts.append(f'<text x="0" y="{y + 17}" fill="var(--soft, #4c5f59)" font-size="12">{name}</text>')
        ends = np.cumsum(durations)
        for k, end in enumerate(ends.tolist()):
            x, wide = 50 + (end - int(durations[k])) * scale, int(durations[k]) * scale
            phone = escape(sample.phones[k]) if k < len(sample.phones) else ""
            fill = f"var(--series-{1 + row}, #0f6b5c)"
            box = f'x="{x:.1f}" y="{y}" width="{wide:.1f}" height="24" fill="{fill}" fill-opacity="{0.18 + 0.18 * (k % 2)}"'
            parts.append(f"<rect {box}><title>{phone} {int(durations[k])}</title></rect>")
            if wide > 7 * len(phone):
                middle = f'x="{x + wide / 2:.1f}" y="{y + 16}" text-anchor="middle"'
                parts.append(f'<text {middle} fill="currentColor" font-size="11">{phone}</text>')
    height = top + 30 * len(rows)
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" role="img"'
    return f'{head} aria-label="alignment" font-family="system-ui, sans-serif">{"".join(parts)}</svg>'


def _read_sample(path: Path) -> Sample | None:
    try:
        with np.load(path, allow_pickle=False) as stored:
            arrays = {name: stored[name] for name in stored.files}
        words = json.loads(arrays.pop("about").tobytes())
        words["phones"] = tuple(words["phones"])
        return Sample(**words, **arrays)
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _config(run: Path) -> str:
    try:
        return (run / CONFIG).read_text("utf-8")
    except (OSError, UnicodeDecodeError):
        return ""


def _file_name(name: str) -> str:
    """Keep letters, digits and hanzi; a name may come from a corpus."""
    return "".join(c if c.isalnum() or c in "-_" else "_" for c in name)[:80] or "sample"
