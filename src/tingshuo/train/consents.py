"""Whose voices a training clones, and that these people agreed: asked for before anything is learnt, published with the voice.

A speaker is cloned when the recipe says so in ``bundle.cloned``. Where it says nothing, a training that copies timbres clones
everybody whom it publishes. Cloned speakers of a base voice whose timbres stay in the new bundle stay cloned, with their records.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tingshuo.errors import ConsentError
from tingshuo.store.consent import complaint, hash_recording, standing_of
from tingshuo.store.manifest import ConsentRecord, Manifest

if TYPE_CHECKING:
    from tingshuo.train.config import BundleConfig

KEYS = (
    "bundle.consents: [{speaker: NAME, given_by: WHO, given_on: 2026-05-01, purpose: WHAT FOR, valid_until: 2027-05-01 or "
    "unlimited, recording: FILE}]"
)
"""What a recipe has to have; shown as it is."""


@dataclass(frozen=True, slots=True)
class People:
    """What a manifest says of the people in a bundle."""

    cloned: tuple[str, ...] = ()
    consents: tuple[ConsentRecord, ...] = ()

    def fields(self) -> dict[str, Any]:
        """Return the fields of the manifest."""
        return {"cloned": list(self.cloned), "consents": [one.fields() for one in self.consents]}


def with_hashes(fields: Mapping[str, Any], folder: Path) -> dict[str, Any]:
    """Return the fields of a recipe with ``recording`` of each consent as ``recording_sha256``, and its days as text.

    Parameters
    ----------
    fields : mapping
        As YAML has them, where ``2026-05-01`` is a date. What is no consent is left for the check of values to refuse.
    folder : Path
        That relative paths of recordings are meant from.

    Raises
    ------
    ConsentError
        A recording cannot be read, is empty, or is not the one whose hash is given too.
    """
    bundle = fields.get("bundle")
    if not isinstance(bundle, dict) or not isinstance(bundle.get("consents"), list):
        return dict(fields)
    consents = [_hashed(one, folder) if isinstance(one, dict) else one for one in bundle["consents"]]
    return {**fields, "bundle": {**bundle, "consents": consents}}


def check_people(bundle: "BundleConfig", clones: bool, day: date) -> None:
    """Refuse to begin what clones a person who has not agreed to it, as far as is known before the recordings are read.

    Parameters
    ----------
    bundle : BundleConfig
        What the recipe says.
    clones : bool
        Whether the training copies timbres, so that everybody is cloned unless ``bundle.cloned`` says who is.
    day : date
        Today.

    Raises
    ------
    ConsentError
        A record is missing, has ended, or is from the future; the message has the keys to add.
    """
    everybody = clones and bundle.cloned is None
    if everybody and not bundle.consents:
        raise ConsentError(
            f"this training clones the voices of those who speak in the recordings: add a record of their consent to the config, "
            f"{KEYS}; or bundle.cloned: [] when nobody's voice is cloned, as with synthetic speech"
        )
    named = bundle.speakers or tuple(dict.fromkeys(one.speaker for one in bundle.consents))
    _check(_cloned(bundle, named, clones), bundle.consents, day)


def settle_people(
    bundle: "BundleConfig",
    speakers: Sequence[str],
    *,
    clones: bool = False,
    kept: Manifest | None = None,
    day: date | None = None,
) -> People:
    """Return who of the speakers of a new bundle is cloned, with the records of their consent.

    Parameters
    ----------
    bundle : BundleConfig
        What the recipe says.
    speakers : sequence of str
        Whose timbres will be in the bundle.
    clones : bool
        Whether the training copies timbres.
    kept : Manifest or None
        Of the base voice, where these are its speakers: who is cloned there stays cloned, whatever the recipe says.
    day : date or None
        On which the consents have to be valid; None is today.

    Raises
    ------
    ConsentError
        A name is not among the speakers, or a record is missing, has ended, or is from the future.
    """
    for key, names in (("cloned", bundle.cloned or ()), ("consents", [one.speaker for one in bundle.consents])):
        unknown = [name for name in names if name not in speakers]
        if unknown:
            raise ConsentError(
                f"bundle.{key} names {unknown[0]!r}, who is not among the speakers of the bundle: {', '.join(speakers)}"
            )
    before = People(kept.cloned, kept.consents) if kept is not None else People()
    cloned = {*_cloned(bundle, speakers, clones), *before.cloned}
    consents = dict.fromkeys((*(one for one in before.consents if one.speaker in speakers), *bundle.consents))
    found = People(tuple(name for name in speakers if name in cloned), tuple(consents))
    _check(found.cloned, found.consents, day or date.today())
    return found


def card_line(people: People) -> str:
    """Return what the model card says of them: nothing when nobody is cloned. Who agreed is in the manifest alone."""
    if not people.cloned:
        return ""
    records = [one for one in people.consents if one.speaker in people.cloned]
    told = "; ".join(f"{one.speaker}, for {one.purpose}, until {one.valid_until}" for one in records)
    return f"Cloned from people who agreed: {told}.\n\n"


def _cloned(bundle: "BundleConfig", speakers: Sequence[str], clones: bool) -> tuple[str, ...]:
    return bundle.cloned if bundle.cloned is not None else tuple(speakers) if clones else ()


def _check(cloned: Iterable[str], consents: Sequence[ConsentRecord], day: date) -> None:
    for one in standing_of(cloned, consents, day):
        if one.state == "missing":
            raise ConsentError(
                f"{one.speaker!r} is cloned from a person and there is no record of their consent: add it to the config, {KEYS}"
            )
        if not one.ok:
            raise ConsentError(f"{complaint(one, day)}, before the training begins")


def _hashed(fields: Mapping[str, Any], folder: Path) -> dict[str, Any]:
    record = {key: value.isoformat() if isinstance(value, date) else value for key, value in fields.items()}
    recording = record.pop("recording", None)
    if not isinstance(recording, str):
        return record if recording is None else {**record, "recording": recording}
    digest = hash_recording(folder / recording)
    if record.get("recording_sha256", digest) != digest:
        raise ConsentError(f"{folder / recording}: is not the recording whose SHA-256 is given: it has {digest}")
    return {**record, "recording_sha256": digest}
