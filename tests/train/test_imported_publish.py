"""What the bundle of a student says: what it owes to its teacher, and what to the voice that it began as."""

import dataclasses
from datetime import date

import pytest

pytest.importorskip("torch")

from tingshuo.config import PersonConfig, StyleConfig
from tingshuo.errors import ConsentError
from tingshuo.store.manifest import Attribution, ConsentRecord
from tingshuo.train.imported_config import ImportedConfig
from tingshuo.train.imported_publish import check_people, describe, licence_of

pytestmark = pytest.mark.train
RECORD = ConsentRecord(
    speaker="S0252", given_by="him", given_on="2026-01-01", purpose="tests", valid_until="2027-01-01", recording_sha256="0" * 64
)


@pytest.fixture
def teacher(stranger):
    """One of two speakers is cloned, with a consent."""
    teacher, _ = stranger
    credit = Attribution(work="W", author="A", licence="MIT", url="https://example.org", used_for="layout")
    manifest = teacher.bundle.manifest.replace(
        name="old", version="3.2.1", licence="Apache-2.0", languages=("zh-CN", "en-US", "ja"), consent="They agreed.",
        attributions=(credit,), cloned=("S0252",), consents=(RECORD,), data_statement="Studio speech.",
    )  # fmt: skip
    bundle = dataclasses.replace(teacher.bundle, manifest=manifest)
    styles = StyleConfig("natural", "as she is"), StyleConfig("loud", "")
    return dataclasses.replace(teacher, bundle=bundle, styles=styles, emotions=("sad", "lyrical"))


def test_what_the_teacher_is_under_the_student_is_under_too(teacher, stranger, tmp_path):
    said = describe(tmp_path / "my small!", teacher, stranger[0].bundle, ImportedConfig(), 40)
    assert (said.name, said.version) == ("my-small-", "4.0.0")
    assert said.licence == "Apache-2.0 AND CC-BY-SA-4.0"
    assert (said.consent, said.languages, said.speakers) == ("They agreed.", ("zh-CN", "en-US"), ("tan",))
    assert [one.work for one in said.attributions] == ["W"]
    assert said.data_statement == (
        "Studio speech. This student has learnt from the speech of old@3.2.1 alone, 40 sentences that it spoke, and from no "
        "recording."
    )
    assert {name: offer.description for name, offer in said.styles.items()} == {
        "natural": "as she is", "loud": "", "lyrical": "with the emotion lyrical",
    }  # fmt: skip


def test_licences_are_joined_where_they_differ(teacher, stranger):
    base = stranger[0].bundle.manifest
    assert licence_of(base, base) == "CC-BY-SA-4.0"
    assert licence_of(teacher.bundle.manifest, base) == "Apache-2.0 AND CC-BY-SA-4.0"
    assert licence_of(teacher.bundle.manifest, base, "CC-BY-SA-4.0") == "CC-BY-SA-4.0"


def test_a_clone_stays_a_clone_and_its_consent_goes_along(teacher):
    day = date(2026, 6, 1)
    assert check_people(teacher, day).fields() == {"cloned": [], "consents": []}, "he does not teach"
    both = dataclasses.replace(teacher, speakers=(PersonConfig("S0252", "male"), PersonConfig("tan", "female")))
    people = check_people(both, day)
    assert (people.cloned, people.consents) == (("S0252",), (RECORD,))
    with pytest.raises(ConsentError, match="before the training begins"):
        check_people(both, date(2027, 6, 1))
