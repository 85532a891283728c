"""CHANGELOG.md of a bundle: each saved version adds what its maker says and what was measured."""

from collections.abc import Sequence
from datetime import date

from tingshuo.store.manifest import Manifest, Measurement

TITLE = "# Changelog"
NAME = "CHANGELOG.md"


def grown(text: str, before: str, version: str, day: date, note: str, lines: Sequence[str]) -> str:
    """Return a changelog with a version on top.

    Parameters
    ----------
    text : str
        The changelog that comes with the bundle; empty when there is none. What it says of this version stays.
    before : str
        That of the version before; what it says of versions that ``text`` does not mention is added.
    version : str
        Of the new section.
    day : date
        When it was saved.
    note : str
        In its maker's words; may be empty.
    lines : sequence of str
        What has changed and what was measured, an item each.
    """
    title, sections = _sections(text)
    older_title, older = _sections(before)
    rest = [
        body for number, body in (sections | {n: b for n, b in older.items() if n not in sections}).items() if number != version
    ]
    said = sections.get(version, "").partition("\n")[2].strip()
    parts = [part for part in (said, note.strip(), "\n".join(f"- {line}" for line in lines)) if part]
    top = "\n\n".join([f"{version} - {day.isoformat()}", *parts])
    return "\n\n".join([title or older_title or TITLE, *(f"## {body}" for body in (top, *rest))]) + "\n"


def figures_of(new: Manifest, old: Manifest | None) -> list[str]:
    """Return a line for each engine and precision that was measured, with what it was before where that is known."""
    before = {_of(one): one.figures for one in old.measured} if old else {}
    lines = []
    for one in new.measured:
        was = before.get(_of(one), {})
        parts = [
            f"{name} {value:.4g}" + (f" (was {was[name]:.4g})" if name in was and was[name] != value else "")
            for name, value in one.figures.items()
        ]
        if parts:
            lines.append(f"{one.engine} {one.precision}, {one.machine}: {', '.join(parts)}")
    return lines


def _of(one: Measurement) -> tuple[str, str, str, int]:
    return one.engine, one.precision, one.machine, one.threads


def _sections(text: str) -> tuple[str, dict[str, str]]:
    """The part above the sections, and each section by its version, without the marks of its title."""
    above, *sections = ("\n" + text.strip()).split("\n## ")
    return above.strip(), {section.split(maxsplit=1)[0]: section.strip() for section in sections if section.strip()}
