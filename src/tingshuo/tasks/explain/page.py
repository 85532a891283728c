"""An explanation as JSON and as one self-contained HTML page: the sentence as spoken, maps of influence, words, and limits."""

import math
from collections.abc import Iterable
from html import escape
from typing import Any

from tingshuo.audio.page import card, page, player, section, table
from tingshuo.tasks.explain.contour import contour
from tingshuo.tasks.explain.heat import STYLE, heat_map
from tingshuo.tasks.explain.reading import HOW_TO_READ, LIMITS, MEANING, TOGETHER, noise
from tingshuo.tasks.explain.result import KINDS, LOCAL, MEASURES, Explained, Explanation
from tingshuo.tasks.explain.summary import FARTHEST, largest, reach
from tingshuo.tasks.explain.tell import in_chinese, in_english
from tingshuo.tasks.tts import Speech

TOLD = 3
"""Influences told in words, of each measure, on the input's own syllables and on others."""
NARROW = 8
"""Syllables of a sentence whose maps fit beside each other."""


def to_json(explanation: Explanation) -> dict[str, Any]:
    """Return everything but F0 by frame as plain values; what is not known is None."""
    return {
        "voice": explanation.voice,
        "version": explanation.version,
        "precision": explanation.precision,
        "style": explanation.style,
        "speaker": explanation.speaker,
        "emotion": explanation.emotion,
        "units": {name: measure.unit.split()[-1] for name, measure in MEASURES.items()},
        "floor": _plain_all(explanation.floor),
        "sentences": [_sentence_json(sentence) for sentence in explanation.sentences],
        "largest": [
            {"measure": measure, "own": own, "value": _plain(one.value), "zh": in_chinese(one), "en": in_english(one)}
            for measure in MEASURES
            for own in (False, True)
            for one in largest(explanation, measure, TOLD, own=own)
        ],
        "reach": {
            kind: {measure: {str(d): _plain(value) for d, value in each.items()} for measure, each in of.items()}
            for kind, of in reach(explanation).items()
        },
        "warnings": list(explanation.warnings),
    }


def to_html(explanation: Explanation, speech: Speech | None = None) -> str:
    """Return the page.

    Parameters
    ----------
    explanation : Explanation
        What to show.
    speech : Speech or None
        The same text as the voice speaks it, to listen to.
    """
    heard = card(player(speech.wav, speech.sample_rate)) if speech else ""
    warnings = [f'<p class="note">{escape(warning)}</p>' for warning in explanation.warnings]
    text = "".join(sentence.text for sentence in explanation.sentences)
    subtitle = (
        f"{explanation.voice} {explanation.version} · {explanation.precision} · 风格 style {explanation.style}"
        f" · 说话人 speaker {explanation.speaker} · 情感 emotion {explanation.emotion}"
    )
    html = page(
        f"{text} · 用了什么 what was used",
        subtitle,
        [
            *warnings,
            heard,
            _largest(explanation),
            section("怎样读 · How to read the maps", *_paragraphs(HOW_TO_READ)),
            *(_maps(sentence, explanation) for sentence in explanation.sentences),
            _reach(explanation),
            _limits(explanation),
        ],
    )
    return html.replace("</style>", f"{STYLE}</style>", 1)


def _plain(value: float) -> float | None:
    return round(value, 4) if math.isfinite(value) else None


def _plain_all(values: dict[str, float]) -> dict[str, float | None]:
    return {name: _plain(value) for name, value in values.items()}


def _sentence_json(sentence: Explained) -> dict[str, Any]:
    return {
        "text": sentence.text,
        "syllables": [
            {
                "text": one.text, "pinyin": one.pinyin, "tone": one.tone, "word": one.word, "start_s": _plain(one.start_s),
                "end_s": _plain(one.end_s), "duration_s": _plain(one.duration_s),
                "f0_hz": None if one.f0_hz is None else _plain(one.f0_hz), "level_db": _plain(one.level_db),
            }
            for one in sentence.syllables
        ],
        "influences": [
            {
                "kind": one.kind, "of": one.of, "value": one.value, "instead": one.instead, "span": list(one.span),
                **{measure: [_plain(float(value)) for value in change] for measure, change in one.change.items()},
            }
            for one in sentence.influences
        ],
        "together": [
            {"kind": one.kind, "n": one.n, "joint": _plain_all(one.joint), "gap": _plain_all(one.gap)}
            for one in sentence.together
        ],
    }  # fmt: skip


def _largest(explanation: Explanation) -> str:
    """The largest influences, in words; those on other syllables first, as they are what one does not expect."""
    cards = []
    for measure, (chinese, english, *_) in MEASURES.items():
        parts = [f"<h3>{chinese} · {english}</h3>"]
        for own, heading in ((False, "对别的音节 · on other syllables"), (True, "对自己 · on its own")):
            found = largest(explanation, measure, TOLD, own=own)
            told = [f'<p>{escape(in_chinese(one))}<br><span class="soft">{escape(in_english(one))}</span></p>' for one in found]
            parts += [f'<p class="soft">{heading}</p>', *(told or ["<p>没有超过噪声的。None above the noise.</p>"])]
        cards.append(card(*parts))
    return section("最大的影响 · The largest influences", f'<div class="trio">{"".join(cards)}</div>')


def _maps(sentence: Explained, explanation: Explanation) -> str:
    """The picture of a sentence and its three maps, beside each other where they are narrow."""
    cards = [
        card(
            f"<h3>{chinese} · {english}, {unit}</h3>",
            *_paragraphs(MEANING[measure]),
            heat_map(sentence, measure, explanation.floor[measure]),
        )
        for measure, (chinese, english, unit, *_) in MEASURES.items()
    ]
    beside = len(sentence.syllables) <= NARROW
    return section(
        f"{sentence.text} · 照原样与换掉之后 as spoken, and with inputs replaced",
        card(f'<div class="wide">{contour(sentence)}</div>'),
        f'<div class="grid">{"".join(cards)}</div>' if beside else "".join(cards),
    )


def _reach(explanation: Explanation) -> str:
    """How far each kind of input is felt."""
    distances = range(-FARTHEST, FARTHEST + 1)
    rows = []
    for kind, of in reach(explanation).items():
        for measure, each in of.items():
            digits = MEASURES[measure].digits + 1
            cells = [f"{each[d]:.{digits}f}" if d in each else "" for d in distances]
            rows.append([f"{KINDS[kind].chinese} {KINDS[kind].english}", _unit(measure), *cells])
    header = ["", "", "≥3 前 before", "2 前", "1 前", "自己 own", "1 后 after", "2 后", "≥3 后"]
    return section(
        "影响有多远 · How far it reaches",
        card(table(header, rows, numbers=range(2, len(header)))),
        '<p class="soft">按距离（音节）平均的影响大小。Mean absolute influence by distance in syllables.</p>',
    )


def _limits(explanation: Explanation) -> str:
    rows = []
    for number, sentence in enumerate(explanation.sentences, 1):
        for one in sentence.together:
            kind = KINDS[one.kind] if one.kind in LOCAL else None
            name = f"{kind.chinese} {kind.english}" if kind else "以上全部 all of these"
            cells = [_beside(one.joint[m], one.gap[m], MEASURES[m].digits) for m in MEASURES]
            rows.append([str(number), name, str(one.n), *cells])
    header = ["句 sentence", "一起换 replaced together", "n", *(f"{m.chinese} {m.english}, {m.unit}" for m in MEASURES.values())]
    gaps = card(table(header, rows, numbers=range(2, len(header)))) if rows else ""
    points = "".join(f'<li>{escape(zh)}<br><span class="soft">{escape(en)}</span></li>' for zh, en in LIMITS)
    return section(
        "这张图没有说的 · What this does not show",
        card(f"<ul>{points}</ul>", *_paragraphs(noise(explanation))),
        gaps,
        *(_paragraphs(TOGETHER) if rows else []),
    )


def _beside(joint: float, gap: float, digits: int) -> str:
    return f'{joint:.{digits}f} <span class="soft">({gap:.{digits}f})</span>' if math.isfinite(joint) else "–"


def _unit(measure: str) -> str:
    return f'{MEASURES[measure].chinese} {MEASURES[measure].english} <span class="soft">{MEASURES[measure].unit}</span>'


def _paragraphs(texts: Iterable[str]) -> list[str]:
    return [f'<p class="soft">{escape(text)}</p>' for text in texts]
