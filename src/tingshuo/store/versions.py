"""Versions of a voice: SemVer, and the least step that a change asks for.

Major: what is put in or who speaks has changed, so that programs that used the voice may fail or sound like somebody else.
Minor: quality or speed, or something more to choose from. Patch: packaging alone. Source of the form: https://semver.org, 2.0.0.
"""

from collections.abc import Iterator, Sequence
from enum import IntEnum
from typing import NamedTuple, Self

from tingshuo.store.blobs import hash_file
from tingshuo.store.bundle import Bundle
from tingshuo.store.manifest import MANIFEST


class Step(IntEnum):
    """How far a version lies from the one before."""

    PATCH = 0
    MINOR = 1
    MAJOR = 2

    @property
    def word(self) -> str:
        """``patch``, ``minor`` or ``major``."""
        return self.name.lower()


STEPS = {step.word: step for step in Step}


class Version(NamedTuple):
    """A version without its pre-release part; versions compare as their numbers do."""

    major: int
    minor: int
    patch: int

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read ``1.2.3`` or ``1.2.3-rc.1``, of which the last part is left out.

        Raises
        ------
        ValueError
            It is neither.
        """
        numbers = text.split("-", 1)[0].split(".")
        if len(numbers) != 3 or not all(part.isascii() and part.isdigit() for part in numbers):
            raise ValueError(f"{text!r} is not a version such as 1.2.3")
        return cls(*map(int, numbers))

    def next(self, step: Step) -> Self:
        """Return the version a step further."""
        major, minor, patch = self
        if step is Step.MAJOR:
            return type(self)(major + 1, 0, 0)
        return type(self)(major, minor + 1, 0) if step is Step.MINOR else type(self)(major, minor, patch + 1)

    def __str__(self) -> str:
        """``1.2.3``."""
        return f"{self.major}.{self.minor}.{self.patch}"


class Change(NamedTuple):
    """One thing that differs between two bundles, and the least step that it asks for."""

    step: Step
    what: str


SPOKEN_WITH = ("config.json", "weights/", "graphs/", "text/", "speakers/")
"""Files, or folders of them, that decide how a voice sounds and how fast it is."""


def changes(old: Bundle, new: Bundle) -> tuple[Change, ...]:
    """Return what makes a new version of a voice more than packaging, the gravest first; nothing means a patch.

    Parameters
    ----------
    old, new : Bundle
        Of the same name. Of an encrypted one no more is known than its manifest tells, and whether what it holds has changed.
    """
    return tuple(sorted(_changes(old, new), key=lambda change: -change.step))


def least_step(found: Sequence[Change]) -> Step:
    """Return the least step that changes ask for."""
    return max((change.step for change in found), default=Step.PATCH)


def _changes(old: Bundle, new: Bundle) -> Iterator[Change]:
    before, after = old.manifest, new.manifest
    for field in ("task", "sample_rate"):
        if getattr(before, field) != getattr(after, field):
            yield Change(Step.MAJOR, f"{field} is {getattr(after, field)}, it was {getattr(before, field)}")
    for field in ("languages", "speakers", "styles", "emotions"):
        yield from _choices(field, getattr(before, field), getattr(after, field))
    yield from _plain_contents(old, new) if before.sealed is None and after.sealed is None else _sealed_contents(old, new)


def _plain_contents(old: Bundle, new: Bundle) -> Iterator[Change]:
    before, after = old.manifest, new.manifest
    kinds = [one.family.partition("+")[0] for one in (before, after)]
    symbols, known = old.settings.symbols, new.settings.symbols
    if kinds[0] != kinds[1]:
        yield Change(Step.MAJOR, f"family is {kinds[1]}, it was {kinds[0]}")
    elif known[: len(symbols)] != symbols:
        yield Change(Step.MAJOR, "phonemes that were there are gone or have moved")
    elif known != symbols:
        yield Change(Step.MINOR, f"{len(known) - len(symbols)} phonemes are new")
    for name in sorted({*before.files, *after.files}):
        if name.startswith(SPOKEN_WITH) and before.files.get(name) != after.files.get(name):
            how = "is new" if name not in before.files else "is gone" if name not in after.files else "differs"
            yield Change(Step.MINOR, f"{name} {how}")


def _sealed_contents(old: Bundle, new: Bundle) -> Iterator[Change]:
    """What is encrypted is the same where the manifest inside is: encrypted once more, every file has other bytes."""
    if _inner_digest(old) == _inner_digest(new):
        return
    before, after = (bundle.manifest.sealed is not None for bundle in (old, new))
    if before and after:
        yield Change(Step.MINOR, "what is encrypted differs")
    else:
        yield Change(Step.MINOR, f"it is {'' if after else 'not '}encrypted now, and what it holds may differ")


def _inner_digest(bundle: Bundle) -> str:
    """SHA-256 of the manifest of what a bundle holds, encrypted or not."""
    sealed = bundle.manifest.sealed
    return sealed.plain_sha256 if sealed is not None else hash_file(bundle.path / MANIFEST)


def _choices(field: str, before: tuple[str, ...], after: tuple[str, ...]) -> Iterator[Change]:
    """What may be chosen by name: nothing may go, and the first, which is what one gets without choosing, stays the first."""
    gone, added = ([name for name in a if name not in b] for a, b in ((before, after), (after, before)))
    if gone:
        yield Change(Step.MAJOR, f"{field}: {', '.join(gone)} is gone")
    elif before and after[0] != before[0]:
        yield Change(Step.MAJOR, f"{field}: {after[0]} is the default now, it was {before[0]}")
    if added:
        yield Change(Step.MINOR, f"{field}: {', '.join(added)} is new")
