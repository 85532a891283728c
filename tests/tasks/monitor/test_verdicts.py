from tingshuo.tasks.monitor.bands import ROUNDS, Band
from tingshuo.tasks.monitor.verdicts import ALARMS, VERDICTS, judge


def verdicts(judged):
    return {one.name: one.verdict for one in judged}


def test_before_enough_rounds_nothing_is_judged(read):
    judged = judge(read(rtf=99.0), [read(rtf=0.02)] * (ROUNDS - 1), None)
    assert verdicts(judged) == {"rtf": "learning"}
    assert not any(one.alarming for one in judged)


def test_after_that_learnt_bands_hold(read):
    earlier = [read(rtf=0.02, dnsmos_ovrl=3.2)] * ROUNDS
    assert verdicts(judge(read(rtf=0.02, dnsmos_ovrl=3.2), earlier, None)) == {"rtf": "inside", "dnsmos_ovrl": "inside"}
    assert verdicts(judge(read(rtf=0.2, dnsmos_ovrl=2.2), earlier, None)) == {"rtf": "above", "dnsmos_ovrl": "below"}


def test_written_bands_hold_from_the_first_round_and_leave_others_free(read):
    judged = judge(read(rtf=0.2, dnsmos_ovrl=3.0), [], {"rtf": Band(None, 0.1)})
    assert verdicts(judged) == {"rtf": "above", "dnsmos_ovrl": "free"}
    assert [one.alarming for one in judged] == [True, False]


def test_what_has_a_band_and_is_no_longer_measured_is_an_alarm(read):
    judged = judge(read(rtf=0.02), [], {"rtf": Band(None, 0.1), "dnsmos_ovrl": Band(2.9)})
    assert verdicts(judged) == {"rtf": "inside", "dnsmos_ovrl": "missing"}
    assert judged[1].alarming
    learnt = judge(read(rtf=0.02), [read(rtf=0.02, dnsmos_ovrl=3.2)] * ROUNDS, None)
    assert verdicts(learnt)["dnsmos_ovrl"] == "missing"


def test_sentences(read):
    above, missing = judge(read(rtf=0.2), [], {"rtf": Band(None, 0.1), "dnsmos_ovrl": Band(2.9)})
    assert above.sentence == "RTF is 0.20000, above its band (at most 0.10000)"
    assert missing.sentence == "DNSMOS OVRL is not measured, though it has a band (at least 2.900)"


def test_every_alarm_is_a_verdict():
    assert set(VERDICTS) > ALARMS
