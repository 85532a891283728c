"""Nobody is cloned by a training without their consent, and what was agreed to goes along."""

import hashlib
from datetime import date

import pytest

from tingshuo.errors import ConsentError
from tingshuo.store.manifest import ConsentRecord, read_manifest
from tingshuo.tasks.voices import find_voice
from tingshuo.train.config import BundleConfig
from tingshuo.train.consents import KEYS, People, card_line, check_people, settle_people, with_hashes

TODAY = date(2026, 6, 1)


def record(speaker="anna", **changes):
    fields = {"given_by": "Anna Li", "given_on": "2026-05-01", "purpose": "audio books", "valid_until": "2027-05-01"}
    return ConsentRecord.check({"speaker": speaker, "recording_sha256": "0" * 64, **fields, **changes}, "test")


def test_a_training_that_copies_timbres_asks_for_consent_with_the_keys_to_add():
    with pytest.raises(ConsentError) as caught:
        check_people(BundleConfig(), True, TODAY)
    assert KEYS in str(caught.value)
    assert "bundle.cloned: [] when nobody's voice is cloned" in str(caught.value)
    check_people(BundleConfig(), False, TODAY)
    check_people(BundleConfig(cloned=()), True, TODAY)
    check_people(BundleConfig(consents=(record(),)), True, TODAY)


@pytest.mark.parametrize(
    ("bundle", "clones", "message"),
    [
        (BundleConfig(cloned=("anna",)), False, r"'anna' is cloned from a person .* bundle.consents: \[{speaker: NAME"),
        (BundleConfig(cloned=("anna",), consents=(record("ben"),)), True, "'anna' is cloned"),
        (BundleConfig(speakers=("anna", "ben"), consents=(record(),)), True, "'ben' is cloned"),
        (
            BundleConfig(cloned=("anna",), consents=(record(valid_until="2026-05-31"),)),
            False,
            "ended on 2026-05-31.*before the tr",
        ),
        (BundleConfig(consents=(record(given_on="2026-06-02"),)), True, "clock says 2026-06-01, so the clock may be in the past"),
    ],
)
def test_what_would_not_speak_is_not_begun(bundle, clones, message):
    with pytest.raises(ConsentError, match=message):
        check_people(bundle, clones, TODAY)


def test_everybody_is_cloned_unless_the_recipe_says_who():
    both = (record(), record("ben"))
    assert settle_people(BundleConfig(consents=both), ["anna", "ben"], clones=True, day=TODAY).cloned == ("anna", "ben")
    assert settle_people(BundleConfig(), ["anna", "ben"], day=TODAY) == People()
    some = BundleConfig(cloned=("ben",), consents=both)
    assert settle_people(some, ["anna", "ben"], clones=True, day=TODAY) == People(("ben",), both)
    with pytest.raises(ConsentError, match="'ben' is cloned from a person and there is no record"):
        settle_people(BundleConfig(consents=both[:1]), ["anna", "ben"], clones=True, day=TODAY)


@pytest.mark.parametrize(
    ("bundle", "message"),
    [
        (BundleConfig(cloned=("ana",)), "bundle.cloned names 'ana', who is not among the speakers of the bundle: anna, ben"),
        (BundleConfig(cloned=(), consents=(record("ana"),)), "bundle.consents names 'ana', who is not among the speakers"),
    ],
)
def test_a_name_that_is_nobodys_is_refused(bundle, message):
    with pytest.raises(ConsentError, match=message):
        settle_people(bundle, ["anna", "ben"], day=TODAY)


def test_who_is_cloned_in_the_base_voice_stays_so_with_the_record():
    base = read_manifest(find_voice("default"))
    name, other = base.speakers
    base = base.replace(cloned=(name,), consents=(record(name), record(other)))
    kept = settle_people(BundleConfig(cloned=()), base.speakers, kept=base, day=TODAY)
    assert kept == People((name,), base.consents)
    assert settle_people(BundleConfig(), [other], kept=base, day=TODAY) == People((), (record(other),))
    with pytest.raises(ConsentError, match="ended on 2027-05-01"):
        settle_people(BundleConfig(), base.speakers, kept=base, day=date(2027, 6, 1))
    renewed = BundleConfig(consents=(record(name, valid_until="unlimited"),))
    assert settle_people(renewed, base.speakers, kept=base, day=date(2027, 6, 1)).cloned == (name,)


def test_a_recording_is_hashed_where_the_recipe_lies_and_days_become_text(tmp_path):
    (tmp_path / "yes.wav").write_bytes(b"I agree")
    consent = {"speaker": "anna", "given_on": date(2026, 5, 1), "recording": "yes.wav"}
    found = with_hashes({"loop": {}, "bundle": {"name": "x", "consents": [consent]}}, tmp_path)
    digest = hashlib.sha256(b"I agree").hexdigest()
    assert found == {
        "loop": {},
        "bundle": {"name": "x", "consents": [{"speaker": "anna", "given_on": "2026-05-01", "recording_sha256": digest}]},
    }
    with pytest.raises(ConsentError, match="is not the recording whose SHA-256 is given"):
        with_hashes({"bundle": {"consents": [{"recording": "yes.wav", "recording_sha256": "0" * 64}]}}, tmp_path)
    with pytest.raises(ConsentError, match=r"no.wav: cannot be read"):
        with_hashes({"bundle": {"consents": [{"recording": "no.wav"}]}}, tmp_path)


@pytest.mark.parametrize("fields", [{}, {"bundle": None}, {"bundle": {"consents": "x"}}, {"bundle": {"consents": ["x"]}}])
def test_what_is_no_consent_is_left_to_the_check_of_values(tmp_path, fields):
    assert with_hashes(fields, tmp_path) == fields


def test_the_card_says_for_what_and_until_when_but_not_who_agreed():
    line = card_line(People(("anna",), (record(),)))
    assert line == "Cloned from people who agreed: anna, for audio books, until 2027-05-01.\n\n"
    assert card_line(People((), (record(),))) == ""
