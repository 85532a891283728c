"""What was said of labels, at whichever door: for one piece of speech, or for all that a server gives out (docs/label.md)."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from tingshuo.errors import RequestError

if TYPE_CHECKING:
    from tingshuo.serve.labels import LabelRule
    from tingshuo.tasks.labelled import Label


@dataclass(frozen=True, slots=True)
class LabelOptions:
    """What was given; None is the default of each."""

    form: str | None = None
    position: str | None = None
    agreement: str | None = None
    producer: str | None = None
    watermark: Path | None = None

    def rule(self, agreements: Sequence[str]) -> "LabelRule":
        """Return the rule of a server that has these agreements with its users.

        Raises
        ------
        RequestError
            An unknown form or position, none without one agreement, a producer or key that cannot be, or no such file.
        """
        from tingshuo.audio.label.labelling import LabelSettings
        from tingshuo.serve.labels import NONE, LabelRule, check_form

        check_form(self.form)
        if self.form == NONE and self.position is not None:
            raise RequestError("a label that is not heard has no position; leave out --label-at", "label_at")
        heard = LabelSettings(self.form or "rhythm", self.position or "end") if self.form != NONE else None  # type: ignore[arg-type]
        return LabelRule(replace(self._label(), settings=heard), tuple(agreements))

    def decide(self, format: str, *, saved: bool) -> "tuple[Label | None, str]":
        """Return the label of speech in a file, None for bare samples, and the agreement under which nothing of it is heard.

        Parameters
        ----------
        format : str
            Of the file.
        saved : bool
            Whether there is one; what is played is not labelled.

        Raises
        ------
        RequestError
            As for `rule`, or a label was asked for where there is no place for it.
        """
        from tingshuo.serve.labels import LabelRule, Wish

        wish = Wish(self.form, self.position, self.agreement or "")
        if not saved:
            if wish != Wish():
                raise RequestError("what is played is not labelled: write a file with -o, or leave out the label", "label")
            return None, ""
        return LabelRule(self._label(), (self.agreement,) if self.agreement else ()).decide(wish, format)

    def _label(self) -> "Label":
        from tingshuo.store.key_files import read_key_file
        from tingshuo.tasks.labelled import PRODUCER, Label

        key = None if self.watermark is None else read_key_file(self.watermark, secret=True)
        return Label(producer=self.producer or PRODUCER, watermark=key)
