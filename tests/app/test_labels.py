"""What was said of labels becomes one label, or the rule of a server."""

import pytest

from tingshuo.app.labels import LabelOptions
from tingshuo.audio.label.labelling import LabelSettings
from tingshuo.errors import RequestError


def test_what_is_played_is_not_labelled():
    assert LabelOptions().decide("wav", saved=False) == (None, "")
    with pytest.raises(RequestError, match="what is played is not labelled"):
        LabelOptions(form="rhythm").decide("wav", saved=False)


def test_the_rule_of_a_server():
    rule = LabelOptions("speech", "start", producer="we").rule(["contract-1"])
    assert (rule.label.settings, rule.label.producer, rule.agreements) == (
        LabelSettings("speech", "start"),
        "we",
        ("contract-1",),
    )
    assert LabelOptions("none").rule(["contract-1"]).label.settings is None
    for options, agreements, why in (
        (LabelOptions("none"), [], "with --agreement"),
        (LabelOptions("none", "end"), ["a"], "leave out --label-at"),
        (LabelOptions("beep"), [], "accepted: rhythm, speech, none"),
    ):
        with pytest.raises(RequestError, match=why):
            options.rule(agreements)
