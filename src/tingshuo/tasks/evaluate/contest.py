"""Two evaluations of recognisers on the same utterances side by side.

Works on what `tingshuo.tasks.evaluate.hearing_json.to_json` makes, so one that was saved can be compared with a new one. Both are
drawn together, utterance by utterance (`tingshuo.tasks.evaluate.significance.lead`).
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from tingshuo.data.utterance import Utterance
from tingshuo.errors import DataError
from tingshuo.tasks.evaluate.recogniser import RATES
from tingshuo.tasks.evaluate.significance import lead
from tingshuo.text.metrics import Errors


@dataclass(frozen=True, slots=True)
class Contest:
    """A rate of two recognisers over ``n`` utterances: ``difference`` is ``new`` minus ``old``, with its 95 % interval.

    ``better`` is the share of draws in which the new one has fewer errors (equal counts half). ``won``, ``lost`` and ``even``
    count utterances in which the new one has fewer, more and as many.
    """

    measure: str
    old: float
    new: float
    difference: float
    low: float
    high: float
    better: float
    won: int
    lost: int
    even: int

    @property
    def n(self) -> int:
        """Utterances."""
        return self.won + self.lost + self.even

    @property
    def verdict(self) -> str:
        """``better`` or ``worse`` where the interval leaves out zero, else ``same``."""
        if self.high < 0:
            return "better"
        return "worse" if self.low > 0 else "same"

    @property
    def text(self) -> str:
        """The difference in points of per cent, and its interval."""
        interval = "" if math.isnan(self.low) else f" [{100 * self.low:+.2f}, {100 * self.high:+.2f}]"
        return f"{100 * self.difference:+.2f}{interval}"

    def to_json(self) -> dict[str, Any]:
        """Return plain values; NaN becomes None."""
        plain = {name: None if isinstance(value, float) and math.isnan(value) else value for name, value in asdict(self).items()}
        return plain | {"n": self.n, "verdict": self.verdict}


def contests(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[Contest]:
    """Compare two evaluations of recognisers.

    Parameters
    ----------
    old, new : mapping
        From `tingshuo.tasks.evaluate.hearing_json.to_json`.

    Returns
    -------
    list of Contest
        In the order of `RATES`.

    Raises
    ------
    DataError
        They are not of the same utterances, or compared texts in different forms.
    """
    if old["form"] != new["form"] or [row["id"] for row in old["rows"]] != [row["id"] for row in new["rows"]]:
        raise _unlike(old, new["form"], f"{new['n']} of {new['subject']}")
    texts = [[row["text"] for row in side["rows"]] for side in (old, new)]
    if texts[0] != texts[1]:
        raise _unlike(old, new["form"], f"other texts of {new['subject']}")
    found = (_contest(measure, old["rows"], new["rows"]) for measure in RATES)
    return [one for one in found if one is not None]


def check_alike(old: Mapping[str, Any], form: str, rows: Sequence[Utterance], subject: str) -> None:
    """Check, before the work, that an evaluation that was saved is of these rows and this form.

    Parameters
    ----------
    old : mapping
        From `tingshuo.tasks.evaluate.hearing_json.to_json`.
    form : str
        One of `tingshuo.text.metrics.FORMS`.
    rows : sequence of Utterance
        That are to be heard.
    subject : str
        What they are, for the message.

    Raises
    ------
    DataError
        It is of others.
    """
    seen = {one["id"] for key in ("rows", "left_out") for one in old[key]}
    if old["form"] != form or seen != {row.id for row in rows}:
        raise _unlike(old, form, f"{len(rows)} of {subject}")


def _unlike(old: Mapping[str, Any], form: str, rows: str) -> DataError:
    return DataError(
        f"the evaluations are not alike: {old['n']} of {old['subject']} as {old['form']}, and {rows} as {form}; "
        "evaluate both with the same options"
    )


def _contest(measure: str, old: list[dict[str, Any]], new: list[dict[str, Any]]) -> Contest | None:
    known = [
        (row["speaker"], was, now)
        for row, other in zip(new, old, strict=True)
        if (now := errors_in(row, measure)).reference and (was := errors_in(other, measure)).reference
    ]
    if not known:
        return None
    speakers = [speaker for speaker, _, _ in known]
    olds, news = [one.count for _, one, _ in known], [one.count for _, _, one in known]
    units = [one.reference for _, _, one in known]
    ahead = lead(news, olds, units, speakers)
    before, after = sum(olds) / sum(units), sum(news) / sum(units)
    won = sum(a < b for a, b in zip(news, olds, strict=True))
    lost = sum(a > b for a, b in zip(news, olds, strict=True))
    return Contest(measure, before, after, *ahead, won, lost, len(known) - won - lost)


def errors_in(row: Mapping[str, Any], measure: str) -> Errors:
    """Return the errors that a row of a saved evaluation has in one of `RATES`; none where it has no such units."""
    if not RATES[measure].unit:
        wrong = Errors(*row["errors"]["character"]).count > 0
        return Errors(hits=not wrong, substitutions=wrong)
    return Errors(*row["errors"].get(RATES[measure].unit, ()))
