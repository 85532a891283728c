"""Does a voice beat the seed weights? Every measure of `tingshuo evaluate`, side by side, on held-out rows and on texts.

    python benchmarks/against_seed.py [BUNDLE] [--out FOLDER] [--aligner FOLDER] [--again] [--only SUBJECT]

The seed weights (``../shared/seed_voice``) become a bundle with both of their speakers, in float32 and at their full size. Rows:
the dev splits of ``tan`` (``cmn_words``) and ``S0252`` (``aishell``), each spoken in the default style and in the speaker's own.
Texts: fifty lines of ``sentences_zh.txt`` by each speaker. Of a speaker whom BUNDLE has not, the figures of the seed alone are
told. What was measured of the seed is kept in FOLDER and used again unless ``--again``.
"""

import argparse
import itertools
import json
import math
from dataclasses import dataclass
from pathlib import Path
from statistics import NormalDist
from typing import Any

from tingshuo.app.cli.subjects import find_aligner, read_lines, read_rows
from tingshuo.config import MelConfig, SpeakerConfig, StyleConfig, VoiceConfig
from tingshuo.models.fastspeech.config import FastSpeechConfig
from tingshuo.models.source_filter.config import SourceFilterConfig
from tingshuo.port.export import export_graph
from tingshuo.port.nets import architecture, load_nets, voice_family
from tingshuo.port.optimize import optimize
from tingshuo.port.seed import read_seed
from tingshuo.port.voice import contexts, graph_entries, voice_files, voice_graphs
from tingshuo.store.bundle import write_bundle
from tingshuo.tasks.evaluate.figures import KINDS, MEASURES
from tingshuo.tasks.evaluate.page import to_html, to_json
from tingshuo.tasks.evaluate.versus import Difference, differences
from tingshuo.tasks.evaluate.voice import evaluate_rows, evaluate_texts
from tingshuo.tasks.tts import Voice
from tingshuo.tasks.voices import load
from tingshuo.text.symbols import PHONES
from tingshuo.train.aligner import Aligner, load_aligner
from tingshuo.train.timings import find_timings

SHARED = Path(__file__).parents[2] / "shared"
SPEAKERS = {"tan": "female", "S0252": "male"}
STYLES = {"cv168": "natural", "S0252": "steady", "cv155": "lively", "cv194": "brisk", "cv249": "smooth", "tan": "clear"}
"""The seed's rows of styles, as the built-in voice names them; the first is the default."""
OWN = {"tan": "clear", "S0252": "steady"}
LINES = 50


@dataclass(frozen=True, slots=True)
class Subject:
    """What both voices are evaluated on: ``part`` of the data pack, or texts where that is None; ``own`` names the style."""

    name: str
    speaker: str
    part: str | None = None
    own: bool = False


SUBJECTS = (
    Subject("tan-words", "tan", "cmn_words"),
    Subject("tan-words-own-style", "tan", "cmn_words", own=True),
    Subject("tan-texts", "tan"),
    Subject("S0252-sentences", "S0252", "aishell"),
    Subject("S0252-sentences-own-style", "S0252", "aishell", own=True),
    Subject("S0252-texts", "S0252"),
)


def build_seed(weights: Path, out: Path) -> Path:
    """Make a bundle of the seed weights as they are."""
    seed = read_seed(weights, speakers=list(SPEAKERS), styles=list(STYLES))
    acoustic = FastSpeechConfig(phonemes=len(seed.acoustic["phoneme.weight"]), styles=len(STYLES), speakers=len(SPEAKERS))
    vocoder = SourceFilterConfig()
    config = VoiceConfig(
        family=voice_family(vocoder),
        mel=MelConfig(),
        phonemes=tuple(PHONES[: acoustic.phonemes]),
        speakers=tuple(SpeakerConfig(name, gender, *seed.log_f0[name]) for name, gender in SPEAKERS.items()),
        styles=tuple(StyleConfig(name, "", 0.92 if name == "lively" else 1.0) for name in STYLES.values()),
        architecture=architecture(acoustic, vocoder),
        **contexts(acoustic, vocoder),  # type: ignore[arg-type]
    )
    nets = load_nets(config, seed.acoustic, seed.vocoder)
    models = {"fp32": {name: optimize(export_graph(graph)) for name, graph in voice_graphs(nets).items()}}
    manifest = {
        "name": "seed",
        "version": "0.0.0",
        "family": config.family,
        "task": "tts",
        "languages": ["zh-CN"],
        "speakers": list(SPEAKERS),
        "styles": list(STYLES.values()),
        "emotions": ["neutral"],
        "sample_rate": config.mel.sample_rate,
        "licence": "CC-BY-SA-4.0",
        "attributions": [],
        "data_statement": "The seed weights, for measurements.",
        "consent": "Not for use.",
        "graphs": graph_entries(models),
    }
    write_bundle(out, manifest, dict(voice_files(config, nets, models)), replace=True)
    return out


def style_of(voice: Voice, subject: Subject) -> str | None:
    """The style in which a voice speaks a subject: None for its default; its own is called so, or like the speaker."""
    if not subject.own:
        return None
    return next((name for name in (OWN[subject.speaker], subject.speaker) if name in voice.styles), None)


def evaluate(voice: Voice, subject: Subject, aligner: Aligner | None, page: Path) -> dict[str, Any]:
    """Evaluate a voice on a subject; the page lies at ``page``."""
    style = style_of(voice, subject)
    print(f"{voice.name}, {subject.name}, style {style or voice.styles[0]}")
    if subject.part is None:
        texts = read_lines(SHARED / "data/sentences_zh.txt", LINES)
        evaluation = evaluate_texts(voice, texts.lines, texts.name, speaker=subject.speaker, style=style)
    else:
        found = read_rows(SHARED / "data", [subject.part], "dev", subject.speaker)
        timings = find_timings(aligner, found.rows, voice.config.mel) if aligner else None
        evaluation = evaluate_rows(voice, found.rows, found.name, style=style, timings=timings)
    page.parent.mkdir(parents=True, exist_ok=True)
    page.write_text(to_html(evaluation), "utf-8")
    return to_json(evaluation)


Compared = dict[str, tuple[dict[str, Any], dict[str, Any] | None]]
"""Subject to the evaluation of the seed and that of the voice, None where it has not the speaker."""


def to_markdown(name: str, subjects: Compared) -> str:
    """Return the tables, and a count of the verdicts before them."""
    found = {title: differences(old, new) for title, (old, new) in subjects.items() if new}
    verdicts = [d.verdict for differing in found.values() for d in differing]
    counts = ", ".join(f"{verdicts.count(verdict)} {verdict}" for verdict in ("better", "same", "worse"))
    certain = [d.verdict for d in hold_together([d for differing in found.values() for d in differing if d.verdict])]
    beyond = f"{certain.count('better')} better and {certain.count('worse')} worse hold together at 5 % (Holm)"
    parts = [f"# {name} against the seed weights\n\n{counts}; {beyond}. Brackets are 95 % intervals; * compared row by row.\n"]
    for title, (old, new) in subjects.items():
        styles = f"seed {old['style']}" + (f", voice {new['style']}" if new else "; the voice has not this speaker")
        parts.append(f"## {title}: {old['n']} of {old['subject']}; styles: {styles}\n")
        recordings = {f["measure"]: f["value"] for f in old["figures"] if f["kind"] == "recording"}
        parts += _compared(found[title], recordings) if new else _alone(old["figures"], recordings)
        parts.append("")
    return "\n".join(parts)


def hold_together(found: list[Difference]) -> list[Difference]:
    """Return the differences of which, all taken together, not one is chance, but for five cases in a hundred.

    Of two hundred measures that are the same ten leave out zero in their 95 % intervals. The chance of each is the normal one of
    its interval. Source: Holm 1979, "A simple sequentially rejective multiple test procedure".
    """
    normal = NormalDist()
    spread = [(d.high - d.low) / 2 / normal.inv_cdf(0.975) for d in found]
    chance = [2 * normal.cdf(-abs(d.difference) / s) if s > 0 else math.nan for d, s in zip(found, spread, strict=True)]
    ranked = sorted((p, number) for number, p in enumerate(chance) if not math.isnan(p))
    kept = itertools.takewhile(lambda row: row[1][0] <= 0.05 / (len(ranked) - row[0]), enumerate(ranked))
    return [found[number] for _, (_, number) in kept]


def _compared(found: list[Difference], recordings: dict[str, float]) -> list[str]:
    lines = [
        "| measure | better | of | recordings | seed | voice | voice - seed | verdict |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for d in found:
        m = MEASURES[d.measure]
        own, old, new = (f"{v:.{m.digits + 1}f}" if v is not None else "" for v in (recordings.get(d.measure), d.old, d.new))
        verdict = f"**{d.verdict}**" if d.verdict == "worse" else d.verdict
        cells = [
            f"`{d.measure}`",
            m.better,
            KINDS[d.kind][1],
            own,
            old,
            new,
            f"{d.text} n={d.n}",
            verdict,
        ]
        lines.append(f"| {' | '.join(cells)} |")
    return lines


def _alone(figures: list[dict[str, Any]], recordings: dict[str, float]) -> list[str]:
    lines = ["| measure | better | of | recordings | seed |", "|---|---|---|---|---|"]
    for f in figures:
        if f["kind"] == "recording":
            continue
        m = MEASURES[f["measure"]]
        own = f"{recordings[f['measure']]:.{m.digits + 1}f}" if f["measure"] in recordings else ""
        interval = f" [{f['low']:.{m.digits + 1}f}, {f['high']:.{m.digits + 1}f}]" if f["low"] is not None else ""
        cells = [f"`{f['measure']}`", m.better, KINDS[f["kind"]][1], own, f"{f['value']:.{m.digits + 1}f}{interval} n={f['n']}"]
        lines.append(f"| {' | '.join(cells)} |")
    return lines


def main() -> None:
    """Read the arguments, evaluate both, print and write the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("bundle", nargs="?", default="default", help="name or folder of the voice")
    parser.add_argument("--out", type=Path, default=Path("against_seed"))
    parser.add_argument("--again", action="store_true", help="measure the seed again")
    parser.add_argument("--aligner", type=Path, help="folder of one (scripts/build_aligner.py); else the voice's own")
    parser.add_argument("--only", action="append", choices=[s.name for s in SUBJECTS], help="may be repeated")
    arguments = parser.parse_args()
    out: Path = arguments.out
    voice = load(arguments.bundle)
    aligner = load_aligner(arguments.aligner) if arguments.aligner else find_aligner(arguments.bundle)
    seed: Voice | None = None
    subjects: Compared = {}
    for subject in SUBJECTS:
        if arguments.only and subject.name not in arguments.only:
            continue
        kept = out / "seed" / f"{subject.name}.json"
        if arguments.again or not kept.is_file():
            seed = seed or load(build_seed(SHARED / "seed_voice/weights", out / "seed/bundle"))
            measured = evaluate(seed, subject, aligner, kept.with_suffix(".html"))
            kept.write_text(json.dumps(measured, ensure_ascii=False), "utf-8")
        new = None
        if subject.speaker in voice.speakers:
            new = evaluate(voice, subject, aligner, out / f"{subject.name}.html")
            (out / f"{subject.name}.json").write_text(json.dumps(new, ensure_ascii=False), "utf-8")
        subjects[subject.name] = json.loads(kept.read_text("utf-8")), new
    tables = to_markdown(f"{voice.name} {voice.manifest.version}", subjects)
    (out / "against_seed.md").write_text(tables, "utf-8")
    print(tables)


if __name__ == "__main__":
    main()
