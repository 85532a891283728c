"""One utterance, with a recogniser that hears chunks and with one that does not."""

import numpy as np
import pytest
from tests.tasks.recognise.chunked import bursts, chunked
from tests.tasks.recognise.counting import Counting

from tingshuo.tasks.recognise import utterance
from tingshuo.tasks.recognise.utterance import Ear, Utterance


def ear(recogniser, partials=True, second_pass=True):
    return Ear(recogniser, 5, None, partials, second_pass, 0.24)


def said(found, recogniser):
    return recogniser.text(found[0].units)


@pytest.mark.parametrize("make", [chunked, Counting])
def test_news_are_told_once(make):
    going, wav, news = Utterance(ear(make()), 320), bursts(5), []
    assert going.news() is None
    for begin in range(0, len(wav), 640):
        going.follow(wav[begin : begin + 640])
        news.append(going.news())
        assert going.news() is None
    told = [one for one in news if one is not None]
    assert len(told) == len(set(told)) >= 3
    assert (going.begin, going.end) == (320, 320 + len(wav))


@pytest.mark.parametrize("second_pass", [True, False])
@pytest.mark.parametrize("is_cut", [True, False])
def test_a_cut_is_heard_to_the_cut_alone(second_pass, is_cut):
    recogniser, wav = chunked(), bursts(6)
    going = Utterance(ear(recogniser, second_pass=second_pass), 0)
    going.follow(wav)
    found = said(going.texts(wav[: round((0.5 + 3 * 0.34) * 16000)], is_cut=is_cut), recogniser)
    assert len(found) == (6 if not second_pass and not is_cut else 3)


def test_what_is_too_long_is_not_heard_once_more(monkeypatch):
    monkeypatch.setattr(utterance, "SECOND_MOST_S", 1.0)
    recogniser, wav = chunked(), bursts(6)
    going = Utterance(ear(recogniser), 0)
    going.follow(wav)
    assert said(going.texts(wav, is_cut=False), recogniser) == "嘟" * 6
    assert not recogniser.graphs["encoder"].frames
    assert said(Utterance(ear(recogniser), 0).texts(wav, is_cut=False), recogniser) == "嘟" * 6, "though it was not followed"
    assert not recogniser.graphs["encoder"].frames
    assert said(Utterance(ear(Counting()), 0).texts(wav, is_cut=False), Counting()) == "嘟" * 6


@pytest.mark.parametrize("make", [lambda: Counting(8000), lambda: Counting(22050)])
def test_a_recogniser_of_another_rate_hears_its_own(make):
    recogniser, wav = make(), bursts(6)
    going = Utterance(ear(recogniser, second_pass=False), 0)
    for begin in range(0, len(wav), 640):
        going.follow(wav[begin : begin + 640])
    assert said(going.texts(wav, is_cut=False), recogniser) == "嘟" * 6
    assert recogniser.heard_s[-1] == pytest.approx(len(wav) / 16000, abs=0.001)


def test_partials_of_the_whole_are_not_made_where_nobody_wants_them():
    recogniser = Counting()
    going = Utterance(ear(recogniser, partials=False), 0)
    going.follow(np.zeros(160000, np.float32))
    assert recogniser.heard_s == []
