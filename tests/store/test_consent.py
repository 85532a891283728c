"""Consent: valid between two days, ended after the last, and nothing is spoken by a clock that must be wrong."""

import hashlib
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from tingshuo.errors import ConfigError, ConsentError, outcome
from tingshuo.store.consent import check_consent, complaint, matches, record_of, standing, standing_of
from tingshuo.store.manifest import ConsentRecord, Manifest, read_manifest

SAID = {
    "speaker": "one",
    "given_by": "Zhang San",
    "given_on": "2026-05-01",
    "purpose": "audio books",
    "valid_until": "2026-08-31",
}
Make = Callable[..., Manifest]


def record(**changes: Any) -> ConsentRecord:
    return ConsentRecord.check({**SAID, "recording_sha256": "0" * 64, **changes}, "test")


@pytest.fixture
def clone(make: Callable[..., Path]) -> Make:
    """A manifest with one cloned speaker and these records."""

    def build(*records: ConsentRecord) -> Manifest:
        fields = [one.fields() for one in records]
        return read_manifest(make(1, cloned=["one"], consents=fields))

    return build


@pytest.mark.parametrize(
    ("until", "day", "state", "told"),
    [
        ("2026-08-31", "2026-05-01", "valid", "valid until 2026-08-31"),
        ("2026-08-31", "2026-08-31", "valid", "valid until 2026-08-31"),
        ("2026-08-31", "2026-09-01", "ended", "ended on 2026-08-31"),
        ("2026-08-31", "2026-04-30", "not yet valid", "not yet valid: given on 2026-05-01, which is in the future"),
        ("unlimited", "9999-12-31", "valid", "valid without end"),
    ],
)
def test_a_consent_is_valid_from_its_first_day_to_its_last(clone: Make, until: str, day: str, state: str, told: str) -> None:
    [one] = standing(clone(record(valid_until=until)), date.fromisoformat(day))
    assert (one.speaker, one.state, one.told, one.ok) == ("one", state, told, state == "valid")


def test_a_new_consent_takes_over_from_one_that_has_ended(clone: Make) -> None:
    renewed = record(given_on="2026-09-02", valid_until="2027-08-31")
    for records in ((record(), renewed), (renewed, record())):
        check_consent(clone(*records), date(2026, 9, 3))
    [one] = standing(clone(record(), renewed), date(2027, 9, 1))
    assert one.told == "ended on 2027-08-31"


def test_a_record_from_the_future_shows_that_the_clock_is_wrong_whatever_the_others_say(clone: Make) -> None:
    with pytest.raises(
        ConsentError, match=r"given on 2027-01-02 and this machine's clock says 2026-06-01, so the clock may be in"
    ):
        check_consent(
            clone(record(valid_until="unlimited"), record(given_on="2027-01-02", valid_until="2027-08-31")), date(2026, 6, 1)
        )


def test_an_ended_consent_is_refused_with_who_and_when_and_what_to_do(clone: Make) -> None:
    with pytest.raises(ConsentError) as caught:
        check_consent(clone(record()), date(2026, 9, 1))
    assert str(caught.value) == (
        "voice tiny 1.0.0 may not speak: the consent of Zhang San to the cloned voice of 'one' ended on 2026-08-31; "
        "ask for a new one and add its record to consents, or publish the voice without this speaker"
    )
    assert outcome(caught.value) == (403, 15)


def test_one_speaker_without_consent_is_enough(make: Callable[..., Path]) -> None:
    fields = [record(speaker=name, valid_until=until).fields() for name, until in (("one", "unlimited"), ("two", "2026-06-01"))]
    manifest = read_manifest(make(1, speakers=["one", "two"], cloned=["one", "two"], consents=fields))
    assert [one.state for one in standing(manifest, date(2026, 7, 1))] == ["valid", "ended"]
    with pytest.raises(ConsentError, match="'two' ended on 2026-06-01"):
        check_consent(manifest, date(2026, 7, 1))


def test_before_there_is_a_manifest_a_record_may_be_missing() -> None:
    [one] = standing_of(["two"], [record()], date(2026, 6, 1))
    assert (one.state, one.told) == ("missing", "no record of consent")
    assert complaint(one, date(2026, 6, 1)).startswith("'two' was cloned from a person and there is no record of their consent")


def test_a_voice_that_is_nobodys_clone_needs_none(make: Callable[..., Path]) -> None:
    manifest = read_manifest(make(1, consents=[record().fields()]))
    assert standing(manifest, date(1970, 1, 1)) == ()
    check_consent(manifest, date(1970, 1, 1))


def test_a_record_is_made_of_a_file_and_known_again_by_it(tmp_path: Path) -> None:
    paper = tmp_path / "signed.pdf"
    paper.write_bytes(b"I agree." * 300_000)
    made = record_of(paper, **SAID)
    assert made.recording_sha256 == hashlib.sha256(b"I agree." * 300_000).hexdigest()
    assert matches(made, paper)
    paper.write_bytes(b"I agree!")
    assert not matches(made, paper)


@pytest.mark.parametrize(("content", "message"), [(b"", "is empty; give the recording"), (None, "cannot be read: No such file")])
def test_a_recording_that_says_nothing_makes_no_record(tmp_path: Path, content: bytes | None, message: str) -> None:
    paper = tmp_path / "signed.pdf"
    if content is not None:
        paper.write_bytes(content)
    with pytest.raises(ConsentError, match=message):
        record_of(paper, **SAID)
    with pytest.raises(ConsentError, match=message):
        matches(record(), paper)


@pytest.mark.parametrize(
    "changes",
    [
        {"given_on": "2026-02-30"},
        {"given_on": "1.5.2026"},
        {"valid_until": "soon"},
        {"valid_until": ""},
        {"purpose": ""},
        {"given_by": ""},
    ],
)
def test_a_record_that_says_nothing_sensible_is_refused(tmp_path: Path, changes: dict[str, str]) -> None:
    (tmp_path / "signed.pdf").write_bytes(b"x")
    with pytest.raises(ConfigError, match=f"the consent to the voice of 'one': {next(iter(changes))}|whole file"):
        record_of(tmp_path / "signed.pdf", **SAID | changes)
