"""The implicit label: one field named AIGC with seven elements, as JSON.

Sources: GB 45438-2025, annex E (normative): the name holds "AIGC" (a), the value is the text ``{"AIGC":{...}}`` (b), the seven
elements and their order (c to i), their characters (j: 0x21, 0x23-0x5B, 0x5D-0x7E), and note 1: whoever writes the field first
repeats the elements of the producer as those of the propagator. TC260-PG-202511A puts an object with signatures into the
reserved codes. All read in public copies, not in the originals.
"""

import json
from dataclasses import dataclass
from typing import Any, Self

from tingshuo.errors import RequestError

NAME = "AIGC"
ELEMENTS = ("Label", "ContentProducer", "ProduceID", "ReservedCode1", "ContentPropagator", "PropagateID", "ReservedCode2")
REQUIRED = ELEMENTS[:3]
RESERVED = ("ReservedCode1", "ReservedCode2")
LABELS = {"1": "generated", "2": "possibly generated", "3": "suspected to be generated"}
"""What the element Label says."""
LONGEST = 128
"""Characters of an element; the standard names no limit, provider codes have 27 and UUIDs 36."""
LONGEST_RESERVED = 2048
"""Characters of a reserved code, which may hold signatures."""
LONGEST_VALUE = 16384
"""Bytes of a whole field; a longer one is not read."""


@dataclass(frozen=True, slots=True)
class AigcField:
    """The seven elements; checked once, here.

    Parameters
    ----------
    label : str
        "1" generated, "2" possibly, "3" suspected.
    content_producer, content_propagator : str
        Who generated it, who spread it: a code (27 characters by TC260-PG-20252A) or a name in visible ASCII.
    produce_id, propagate_id : str
        Their numbers for this content.
    reserved_code1, reserved_code2 : str
        For their own protection: a text, or a JSON object with signatures.

    Raises
    ------
    RequestError
        An element is missing, too long or has a character that the standard does not allow; the message names it.
    """

    label: str
    content_producer: str
    produce_id: str
    reserved_code1: str = ""
    content_propagator: str = ""
    propagate_id: str = ""
    reserved_code2: str = ""

    def __post_init__(self) -> None:
        """Check every element."""
        for problem in problems_of(dict(zip(ELEMENTS, self.values, strict=True))):
            raise RequestError(f"the AIGC field cannot be made: {problem}", "label")

    @classmethod
    def first(cls, content_producer: str, produce_id: str, label: str = "1") -> Self:
        """Return the field of whoever writes it first: the propagator is the producer.

        Raises
        ------
        RequestError
            As for the class.
        """
        return cls(label, content_producer, produce_id, "", content_producer, produce_id, "")

    @property
    def values(self) -> tuple[str, ...]:
        """The elements in the order of `ELEMENTS`."""
        first = (self.label, self.content_producer, self.produce_id, self.reserved_code1)
        return (*first, self.content_propagator, self.propagate_id, self.reserved_code2)

    def elements(self) -> dict[str, str]:
        """Return the elements by their names in the standard."""
        return dict(zip(ELEMENTS, self.values, strict=True))

    def to_json(self) -> str:
        """Return the value of the field: ASCII, no blanks between the elements."""
        inner: dict[str, Any] = self.elements()
        for name in RESERVED:
            inner[name] = _object_of(inner[name]) or inner[name]
        return json.dumps({NAME: inner}, separators=(",", ":"))

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Return the field that a value holds, with or without the outer ``{"AIGC":...}``.

        Raises
        ------
        RequestError
            It is not such a value; the message says why.
        """
        elements, problems = read_value(text)
        if problems:
            raise RequestError(f"the AIGC field is wrong: {'; '.join(problems)}", "label")
        return cls(*(elements[name] for name in ELEMENTS))


def read_value(text: str) -> tuple[dict[str, str], tuple[str, ...]]:
    """Read a value that somebody else may have written.

    Parameters
    ----------
    text : str
        What the file has as the field's value.

    Returns
    -------
    tuple
        The elements of the seven that were found, and what is wrong; nothing is wrong with a field that follows the standard.
    """
    try:
        found = json.loads(text, object_pairs_hook=_no_twins)
    except (ValueError, RecursionError) as error:
        return {}, (f"its value is no JSON ({str(error)[:80]})",)
    wrapped = next((found[key] for key in (NAME, NAME.lower()) if isinstance(found, dict) and key in found), found)
    if not isinstance(wrapped, dict):
        return {}, ("its value is no JSON object",)
    elements = {name: _text(wrapped[name]) for name in ELEMENTS if name in wrapped}
    missing = tuple(f"{name} is missing" for name in ELEMENTS if name not in wrapped)
    unknown = sorted(ascii(name[:40]) for name in wrapped if name not in ELEMENTS)
    strange = (f"it has elements that the standard does not name: {', '.join(unknown[:5])}",) if unknown else ()
    objects = {name for name in RESERVED if isinstance(wrapped.get(name), dict)}
    no_text = [name for name in elements if not isinstance(wrapped[name], str) and name not in objects]
    return elements, (*missing, *strange, *(f"{name} is no text" for name in no_text), *problems_of(elements))


def problems_of(elements: dict[str, str]) -> tuple[str, ...]:
    """Return what is wrong with the elements that are there; an empty tuple when nothing is."""
    found = []
    for name, value in elements.items():
        longest = LONGEST_RESERVED if name in RESERVED else LONGEST
        if name == "Label" and value not in LABELS:
            found.append(f"Label is {value[:20]!r}; accepted: 1 (generated), 2 (possibly), 3 (suspected)")
        elif name in REQUIRED and not value:
            found.append(f"{name} is empty")
        elif len(value) > longest:
            found.append(f"{name} has {len(value)} characters; at most {longest}")
        elif wrong := _strange(name, value):
            found.append(f"{name} has the character {wrong!r}; accepted: visible ASCII without blank, quote and backslash")
    return tuple(found)


def _strange(name: str, value: str) -> str:
    """Return the first character that annex E j) does not allow, or nothing."""
    if name in RESERVED and _object_of(value) is not None and value.isascii():
        return ""
    return next((c for c in value if not 0x21 <= ord(c) <= 0x7E or c in '"\\'), "")


def _object_of(value: str) -> Any:
    """Return the JSON object that a reserved code is, or None."""
    if not value.startswith("{"):
        return None
    try:
        found = json.loads(value)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, separators=(",", ":"))


def _no_twins(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    names = [name for name, _ in pairs]
    if len(set(names)) < len(names):
        raise ValueError("a name is there twice")
    return dict(pairs)
