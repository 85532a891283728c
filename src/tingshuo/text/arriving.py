"""Text that comes in pieces, as a language model writes it: what can be spoken already, and what has to wait for more."""

from tingshuo.text.split import FIRST_BUDGET, split

AHEAD = 10
"""Characters that have to follow the end of a sentence: ``“好。”他说道：`` goes on, and ``3.`` may become ``3.5``."""
_FINAL = frozenset("。！？；!?;｡")
_BEHIND = "”’」』》〉）)]】〕｝}\"' \t\u3000"
"""What may stand between the mark that ends a sentence and the next."""


class Arriving:
    """Collects pieces of a text and gives back whole sentences; together they are the text.

    Sentences are cut where they are cut in the whole text, so what is spoken is the same. Markup is read as a whole: a text that
    begins with ``<`` waits for its end.
    """

    def __init__(self) -> None:
        self._waiting = ""
        self._begun = False

    def __len__(self) -> int:
        """How many characters wait."""
        return len(self._waiting)

    def add(self, piece: str) -> str:
        """Take a piece; returns the sentences that are whole by now, as one text, or nothing."""
        self._waiting += piece
        if not self._begun and self._waiting.lstrip()[:1] in ("", "<"):
            return ""
        end = self._end()
        whole, self._waiting = self._waiting[:end], self._waiting[end:]
        self._begun = self._begun or bool(whole)
        return whole

    def rest(self) -> str:
        """Return what still waits, as the text is over; what comes next is a new text."""
        rest, self._waiting, self._begun = self._waiting, "", False
        return rest

    def _end(self) -> int:
        """Return where the last sentence ends that nothing to come can change."""
        line = self._waiting.rfind("\n") + 1
        end = line if self._waiting[line:].strip() else 0  # blank lines make a longer pause, so they have to be over
        begin = end
        for piece in split(self._waiting[begin:], first_budget=0 if self._begun or begin else FIRST_BUDGET):
            after = begin + piece.end
            if len(self._waiting) - after < AHEAD:
                break
            if self._waiting[:after].rstrip(_BEHIND)[-1:] in _FINAL:
                end = after
        return end
