"""Which label a request gets, and what needs an agreement."""

import pytest

from tingshuo.audio.label.labelling import LabelSettings
from tingshuo.errors import AccessError, RequestError
from tingshuo.serve.labels import LabelRule, Wish, record_use
from tingshuo.store.agreements import AgreementLog
from tingshuo.tasks.labelled import Label
from tingshuo.types import SpeechRequest

RULE = LabelRule(Label(producer="we"), ("contract-1", "contract-2"))


@pytest.mark.parametrize(
    ("wish", "heard"),
    [
        (Wish(), LabelSettings("rhythm", "end")),
        (Wish(position="start"), LabelSettings("rhythm", "start")),
        (Wish(form="speech"), LabelSettings("speech", "end")),
        (Wish(form="rhythm", position="middle"), LabelSettings("rhythm", "middle")),
    ],
)
def test_a_request_may_choose_how_it_is_heard(wish, heard):
    assert RULE.decide(wish, "mp3") == (Label(heard, "we"), "")


def test_what_the_server_has_counts_where_nothing_is_said():
    rule = LabelRule(Label(LabelSettings("speech", "start")))
    assert rule.decide(Wish(), "wav")[0].settings == LabelSettings("speech", "start")
    assert rule.decide(Wish(form="rhythm"), "wav")[0].settings == LabelSettings("rhythm", "start")


def test_nothing_is_heard_under_an_agreement_alone():
    assert RULE.decide(Wish("none", agreement="contract-2"), "mp3") == (Label(None, "we"), "contract-2")
    for agreement, why in (("", "needs the id of an agreement"), ("contract-3", "has no agreement 'contract-3'")):
        with pytest.raises(AccessError, match=why) as refused:
            RULE.decide(Wish("none", agreement=agreement), "mp3")
        assert refused.value.param == "agreement"


def test_a_server_whose_speech_all_falls_under_an_agreement():
    rule = LabelRule(Label(None), ("contract-1",))
    assert rule.decide(Wish(), "mp3") == (Label(None), "contract-1")
    assert rule.decide(Wish(form="rhythm"), "mp3") == (Label(), "")
    for agreements in ((), ("contract-1", "contract-2")):
        with pytest.raises(RequestError, match="name it, and no other, with --agreement"):
            LabelRule(Label(None), agreements)


def test_bare_samples_carry_none_and_say_so():
    assert RULE.decide(Wish(), "pcm") == (None, "")
    for wish in (Wish("rhythm"), Wish(position="start"), Wish("none", agreement="contract-1")):
        with pytest.raises(RequestError, match="pcm is bare samples"):
            RULE.decide(wish, "pcm")


@pytest.mark.parametrize(
    ("wish", "why"),
    [
        (Wish("beep"), "'beep' is not known; accepted: rhythm, speech, none"),
        (Wish(position="top"), "position 'top' is not known; accepted: start, middle, end"),
        (Wish("rhythm", agreement="contract-1"), "an agreement is for label none"),
        (Wish("none", "end", "contract-1"), "has no position"),
    ],
)
def test_what_makes_no_sense_is_refused(wish, why):
    with pytest.raises(RequestError, match=why):
        RULE.decide(wish, "mp3")


def test_each_use_is_kept_without_the_text(tmp_path, monkeypatch):
    monkeypatch.setenv("TINGSHUO_HOME", str(tmp_path))
    for text in ("秘密。", "另一句。"):
        record_use(SpeechRequest(text=text), "mp3", "contract-1")
    log = AgreementLog()
    assert [(use.n, use.agreement, use.what) for use in log.uses()] == [
        (1, "contract-1", "speech mp3"),
        (2, "contract-1", "speech mp3"),
    ]
    assert log.problems() == ()
    assert len({use.sha256 for use in log.uses()}) == 2
    assert "秘密" not in "".join(path.read_text() for path in log.folder.iterdir())
