"""How sure and how often right, drawn: the diagram of reliability."""

import math

from tingshuo.audio.page import card, table
from tingshuo.audio.plot import Series, line_plot
from tingshuo.tasks.evaluate.calibration import Calibration


def calibration_card(title: str, found: Calibration) -> str:
    """Return a card (HTML) with the diagram and the table of a calibration.

    Parameters
    ----------
    title : str
        What things it is of, plain text.
    found : Calibration
        From `tingshuo.tasks.evaluate.calibration.calibrate`.
    """
    sure = [one.confidence for one in found.bins]
    lines = [
        Series("实测 measured", sure, [one.accuracy for one in found.bins]),
        Series("理想 ideal", [0, 1], [0, 1], dashed=True, colour=5),
    ]
    ranking = "" if math.isnan(found.ranking) else f"<span>区分度 ranking (AUC) <b>{found.ranking:.3f}</b></span>"
    chips = (
        f"<span>n <b>{found.n}</b></span><span>平均置信度 mean confidence <b>{100 * found.confidence:.1f} %</b></span>"
        f"<span>实际正确 right <b>{100 * found.accuracy:.1f} %</b></span><span>ECE <b>{100 * found.ece:.1f} %</b></span>{ranking}"
    )
    rows = [
        [f"{one.low:.1f}-{one.high:.1f}", str(one.n), f"{100 * one.confidence:.1f}", f"{100 * one.accuracy:.1f}"]
        for one in found.bins
    ]
    header = ["置信度 confidence", "n", "平均 mean, %", "正确 right, %"]
    return card(
        line_plot(lines, title=title, x_label="置信度 confidence", y_label="正确 right", width=540, height=260),
        f'<p class="chips">{chips}</p>',
        table(header, rows, numbers=[1, 2, 3]),
    )
