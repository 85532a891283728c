"""What a person's consent to their cloned voice is good for on a day.

A record names who agreed, to what, from which day and until which; the recording or the signed paper itself stays with whoever
made the voice, and the record holds its SHA-256. Days are those of this machine's calendar. A record that was
given "in the future" is a sign of a clock in the past, where an ended consent looks valid: nothing is spoken then.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Literal

from tingshuo.errors import ConsentError
from tingshuo.store.blobs import hash_file
from tingshuo.store.manifest import UNLIMITED, ConsentRecord, Manifest

State = Literal["valid", "not yet valid", "ended", "missing"]


@dataclass(frozen=True, slots=True)
class Standing:
    """How a cloned speaker's consent stands on a day: ``record`` is the one that decides, None when there is none."""

    speaker: str
    state: State
    record: ConsentRecord | None

    @property
    def ok(self) -> bool:
        """Whether the voice may speak."""
        return self.state == "valid"

    @property
    def told(self) -> str:
        """The same in a few words, with the date that matters."""
        if self.record is None:
            return "no record of consent"
        if self.state == "not yet valid":
            return f"not yet valid: given on {self.record.given_on}, which is in the future"
        if self.state == "ended":
            return f"ended on {self.record.valid_until}"
        return "valid without end" if self.record.valid_until == UNLIMITED else f"valid until {self.record.valid_until}"


def standing(manifest: Manifest, day: date) -> tuple[Standing, ...]:
    """Return how the consent of each cloned speaker stands; nothing for a voice that is nobody's clone.

    Parameters
    ----------
    manifest : Manifest
        Of the voice.
    day : date
        Usually ``date.today()``; both the day on which a consent was given and its last day count as valid.
    """
    return standing_of(manifest.cloned, manifest.consents, day)


def standing_of(cloned: Iterable[str], consents: Sequence[ConsentRecord], day: date) -> tuple[Standing, ...]:
    """Do the same for speakers and records that are not in a manifest yet."""
    return tuple(_stand(speaker, [one for one in consents if one.speaker == speaker], day) for speaker in cloned)


def check_consent(manifest: Manifest, day: date) -> None:
    """Refuse a voice that was cloned from a person who has not agreed, or no longer agrees, to it.

    One speaker is enough: the timbre of each is in the weights, whichever of them is asked for.

    Raises
    ------
    ConsentError
        Says whose consent it is, since when, and what to do.
    """
    label = f"{manifest.name} {manifest.version}"
    for one in standing(manifest, day):
        if not one.ok:
            raise ConsentError(f"voice {label} may not speak: {complaint(one, day)}")


def complaint(one: Standing, day: date) -> str:
    """Say what is wrong with a consent that is not valid, and what to do about it."""
    record = one.record
    if record is None:
        return f"{one.speaker!r} was cloned from a person and there is no record of their consent; add one to consents"
    if one.state == "not yet valid":
        return (
            f"the consent to the cloned voice of {one.speaker!r} was given on {record.given_on} and this machine's clock says "
            f"{day}, so the clock may be in the past: set its date and time zone right, or the day in the record if that is wrong"
        )
    return (
        f"the consent of {record.given_by} to the cloned voice of {one.speaker!r} ended on {record.valid_until}; "
        "ask for a new one and add its record to consents, or publish the voice without this speaker"
    )


def record_of(recording: Path, *, speaker: str, given_by: str, given_on: str, purpose: str, valid_until: str) -> ConsentRecord:
    """Make a record of the recording, or the signed paper, in which a person agreed.

    Parameters
    ----------
    recording : Path
        Any file; it is read in pieces and hashed, and goes nowhere.
    speaker, given_by, given_on, purpose, valid_until : str
        As `ConsentRecord` has them; days are written ``2026-05-01``.

    Raises
    ------
    ConsentError
        The file cannot be read or is empty.
    ConfigError
        A day that no calendar has, or an empty word.
    """
    said = {"given_by": given_by, "given_on": given_on, "purpose": purpose, "valid_until": valid_until}
    return ConsentRecord.check(
        {"speaker": speaker, **said, "recording_sha256": hash_recording(recording)}, f"the consent to the voice of {speaker!r}"
    )


def matches(record: ConsentRecord, recording: Path) -> bool:
    """Tell whether a file is the one that a record was made of.

    Raises
    ------
    ConsentError
        The file cannot be read or is empty.
    """
    return hash_recording(recording) == record.recording_sha256


def hash_recording(recording: Path) -> str:
    """Return the SHA-256 of a recording or signed paper.

    Raises
    ------
    ConsentError
        The file cannot be read or is empty.
    """
    try:
        if not recording.stat().st_size:
            raise ConsentError(f"{recording}: is empty; give the recording or the signed paper in which the person agreed")
        return hash_file(recording)
    except OSError as error:
        raise ConsentError(
            f"{recording}: cannot be read: {error.strerror}; give the recording or the signed paper in which the person agreed"
        ) from error


def _stand(speaker: str, records: Sequence[ConsentRecord], day: date) -> Standing:
    """Judge a speaker by the record that lasts longest, unless one from the future shows that the clock is wrong."""
    if not records:
        return Standing(speaker, "missing", None)
    future = [one for one in records if date.fromisoformat(one.given_on) > day]
    if future:
        return Standing(speaker, "not yet valid", min(future, key=lambda one: one.given_on))
    last = max(records, key=_end)
    return Standing(speaker, "valid" if day <= _end(last) else "ended", last)


def _end(record: ConsentRecord) -> date:
    return date.max if record.valid_until == UNLIMITED else date.fromisoformat(record.valid_until)
