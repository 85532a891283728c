"""Which label a request gets: the server's own, another that it asks for, or none that is heard, where that was agreed."""

import hashlib
import json
from collections.abc import Collection
from dataclasses import asdict, dataclass, field, replace

from tingshuo.audio.formats import find_format
from tingshuo.audio.label.labelling import FORMS, LabelSettings
from tingshuo.errors import AccessError, RequestError
from tingshuo.store.agreements import AgreementLog
from tingshuo.tasks.labelled import Label
from tingshuo.types import SpeechRequest

NONE = "none"
"""The form of a label that is not heard."""


@dataclass(frozen=True, slots=True)
class Wish:
    """What a request says of its label; None and "" are what the server has.

    ``form`` is ``rhythm``, ``speech`` or ``none``; ``position`` is ``start``, ``middle`` or ``end``; ``agreement`` is the id of
    that under which nothing is to be heard.
    """

    form: str | None = None
    position: str | None = None
    agreement: str = ""


@dataclass(frozen=True, slots=True)
class LabelRule:
    """The labels of a server.

    Parameters
    ----------
    label : Label
        Of requests that wish for nothing. When nothing of it is heard there must be one agreement, which all of them fall under.
    agreements : collection of str
        Ids of the agreements with users who label the speech themselves.

    Raises
    ------
    RequestError
        Nothing is to be heard, and it cannot be told under which agreement.
    """

    label: Label = field(default_factory=Label)
    agreements: Collection[str] = ()

    def __post_init__(self) -> None:
        """Check."""
        if self.label.settings is None and len(self.agreements) != 1:
            raise RequestError(
                "speech may go out without a label that is heard only under an agreement with whoever gets it: "
                "name it, and no other, with --agreement",
                "label",
            )

    def decide(self, wish: Wish, format: str) -> tuple[Label | None, str]:
        """Return the label of a reply, None for bare samples, and the agreement under which nothing of it is heard.

        Raises
        ------
        RequestError
            An unknown form or position, a label for bare samples, or an agreement for one that is heard.
        AccessError
            Nothing is to be heard, and there is no such agreement.
        """
        if not find_format(format).carries_field:
            if wish != Wish():
                raise RequestError(f"{format} is bare samples, which carry no label; choose another format", "label")
            return None, ""
        check_form(wish.form)
        mine = self.label.settings
        form = wish.form or (mine.form if mine else NONE)
        if form == NONE:
            return replace(self.label, settings=None), self._agreement(wish)
        if wish.agreement:
            raise RequestError("an agreement is for label none; leave it out, or ask for none", "agreement")
        position = wish.position or (mine or LabelSettings()).position
        return replace(self.label, settings=LabelSettings(form, position)), ""  # type: ignore[arg-type]

    def _agreement(self, wish: Wish) -> str:
        if wish.position is not None:
            raise RequestError("a label that is not heard has no position; leave label_position out", "label_position")
        agreement = wish.agreement or (next(iter(self.agreements)) if self.label.settings is None else "")
        if agreement not in self.agreements:
            named = f"has no agreement {agreement[:40]!r}" if agreement else "needs the id of an agreement for that"
            refused = AccessError(f"speech may not go out without a label that is heard: this server {named}")
            refused.param = "agreement"
            raise refused
        return agreement


def record_use(request: SpeechRequest, format: str, agreement: str) -> None:
    """Keep that speech goes out without a label that is heard; before it does. Blocks until it is on the disk.

    Raises
    ------
    OutputError
        It cannot be kept, so the speech must not go out.
    """
    digest = hashlib.sha256(json.dumps(asdict(request), sort_keys=True).encode()).hexdigest()
    AgreementLog().record(agreement, f"speech {format}", digest)


def check_form(form: str | None) -> None:
    """Refuse a form of the label that there is not.

    Raises
    ------
    RequestError
        The message lists those there are.
    """
    if form is not None and form not in (*FORMS, NONE):
        raise RequestError(f"label {form[:40]!r} is not known; accepted: {', '.join(FORMS)}, {NONE}", "label")
