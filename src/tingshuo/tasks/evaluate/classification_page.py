"""What became of single words, as parts of a page and as one of its own."""

import math
from collections.abc import Sequence
from html import escape

from tingshuo.audio.page import card, page, section, table
from tingshuo.tasks.evaluate.calibration_plot import calibration_card
from tingshuo.tasks.evaluate.classification import Classification
from tingshuo.tasks.evaluate.matrix_plot import matrix_plot


def to_html(name: str, subject: str, found: Classification, notes: Sequence[str] = ()) -> str:
    """Return a page of its own, one file that works offline.

    Parameters
    ----------
    name : str
        Of the model that heard the words.
    subject : str
        What it heard.
    found : Classification
        From `tingshuo.tasks.evaluate.classification.classify`.
    notes : sequence of str
        Sentences on what to know.
    """
    said = [f'<p class="note">{escape(note)}</p>' for note in notes]
    words = sum(one.n > 0 for one in found.classes)
    subtitle = f"{subject} · {found.n} 条 clips · {words} 词 words"
    cards = section("逐词 · Word by word", *classification_cards(found))
    return page(f"词的评测 · Evaluation of {name}", subtitle, [*said, cards])


def classification_cards(found: Classification) -> list[str]:
    """Return parts (HTML): figures with the confusion matrix, then each class, with confidence beside it where it is known.

    Parameters
    ----------
    found : Classification
        From `tingshuo.tasks.evaluate.classification.classify`.
    """
    names = [one.name for one in found.classes]
    sure = found.calibration
    beside = [] if sure is None else [calibration_card("词的置信度 · Confidence of words", sure)]
    return [
        card(
            _figures(found),
            f'<div class="scroll">{matrix_plot(names, found.matrix, "混淆矩阵 confusion matrix")}</div>',
            '<p class="soft">行是说的，列是听成的；绿为对，橙为错，越深占该行越多。· '
            "Rows are what was said, columns what was heard; green is right, orange wrong, darker is more of the row.</p>",
        ),
        f'<div class="grid">{"".join([card(_classes(found)), *beside])}</div>',
    ]


def _figures(found: Classification) -> str:
    low, high = found.interval
    interval = "" if math.isnan(low) else f" [{100 * low:.2f}, {100 * high:.2f}]"
    figures = {
        "正确率 accuracy": f"<b>{100 * found.accuracy:.2f} %</b>{interval}",
        "宏平均 macro F1": f"<b>{100 * found.macro_f1:.2f} %</b>",
        "精确率 precision": f"<b>{100 * found.macro_precision:.2f} %</b>",
        "召回率 recall": f"<b>{100 * found.macro_recall:.2f} %</b>",
        "n": f"<b>{found.n}</b>",
    }
    return f'<p class="chips">{"".join(f"<span>{name} {value}</span>" for name, value in figures.items())}</p>'


def _classes(found: Classification) -> str:
    header = ["词 word", "次数 n", "听成 heard", "对 right", "精确率 P, %", "召回率 R, %", "F1, %"]
    rows = [
        [escape(one.name), str(one.n), str(one.heard), str(one.hits)]
        + [f"{100 * value:.1f}" for value in (one.precision, one.recall, one.f1)]
        for one in sorted(found.classes, key=lambda one: (one.n == 0, one.f1))
    ]
    return table(header, rows, numbers=range(1, 7))
