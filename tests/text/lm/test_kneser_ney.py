"""The estimate is that of the paper, written down a second time, slowly."""

import math
import random
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tingshuo.errors import DataError
from tingshuo.text.lm.arpa import read_arpa
from tingshuo.text.lm.kneser_ney import DISCOUNTS, estimate, estimate_discounts
from tingshuo.text.lm.ngram import BEGIN, END, UNKNOWN


class Slow:
    """Interpolated modified Kneser-Ney by its definition, each figure from the texts."""

    def __init__(self, texts, order):
        self.rows = [(BEGIN, *text, END) for text in texts]
        self.order = order
        self.units = {unit for row in self.rows for unit in row} - {BEGIN} | {UNKNOWN}

    def grams(self, length):
        return [row[i : i + length] for row in self.rows for i in range(len(row) - length + 1)]

    def count(self, gram):
        if len(gram) == self.order or gram[0] == BEGIN:
            return self.grams(len(gram)).count(gram)
        return len({longer[0] for longer in self.grams(len(gram) + 1) if longer[1:] == gram})

    def prob(self, context, unit):
        length = len(context) + 1
        discounts = estimate_discounts(self.count(gram) for gram in set(self.grams(length)) if gram != (BEGIN,))
        followers = {gram[-1] for gram in self.grams(length) if gram[:-1] == context} - ({BEGIN} if length == 1 else set())
        shorter = self.prob(context[1:], unit) if context else 1 / len(self.units)
        if not followers:
            return shorter
        total = sum(self.count((*context, one)) for one in followers)
        left = sum(discounts.of(self.count((*context, one))) for one in followers) / total
        own = 0.0
        if unit in followers:
            count = self.count((*context, unit))
            own = (count - discounts.of(count)) / total
        return own + left * shorter


@given(st.lists(st.text("甲乙丙丁", min_size=0, max_size=6), min_size=1, max_size=8), st.integers(1, 3))
@settings(max_examples=25, deadline=None)
def test_every_probability_is_that_of_the_definition(texts, order):
    model, slow = estimate(texts, order), Slow([tuple(text) for text in texts], order)
    for text in (*texts, "乙甲丁"):
        context, said = model.start, (BEGIN,)
        for unit in (*text, END):
            expected = slow.prob(
                said[max(0, len(said) - order + 1) :] if order > 1 else (), unit if unit in slow.units else UNKNOWN
            )
            found, context = model.extend(context, model.id(unit))
            assert math.exp(found) == pytest.approx(expected, rel=1e-4)
            said = (*said, unit)


def test_discounts_are_those_of_the_paper():
    counts = [1] * 40 + [2] * 20 + [3] * 10 + [4] * 5 + [9] * 3
    share = 40 / (40 + 2 * 20)
    found = estimate_discounts(counts)
    assert found.estimated
    assert found.values == pytest.approx((1 - 2 * share * 20 / 40, 2 - 3 * share * 10 / 20, 3 - 4 * share * 5 / 10))
    assert (found.of(1), found.of(2), found.of(3), found.of(90)) == (*found.values, found.values[2])


@pytest.mark.parametrize("counts", [[], [1, 1, 2], [1, 2] + [3] * 50 + [4] * 9, [1, 2, 3] * 3 + [4] * 90])
def test_discounts_that_cannot_be_estimated_are_the_usual_ones(counts):
    found = estimate_discounts(counts)
    assert not found.estimated
    assert found.values == DISCOUNTS


def test_what_was_seen_seldom_can_be_left_out_and_all_is_still_one():
    texts = ["甲乙丙丁", "甲乙丁丙", "甲乙丙丁", "丙丁甲乙", "丁甲乙丙"] * 2 + ["丁丁丙乙"]
    whole, pruned = estimate(texts, 3), estimate(texts, 3, prune=(0, 2))
    assert len(pruned.levels[1].units) == len(whole.levels[1].units)
    seen = Counter(row[i : i + 3] for row in (f"^{text}$" for text in texts) for i in range(len(row) - 2))
    assert len(pruned.levels[2].units) == sum(count > 2 for count in seen.values()) < len(seen)
    predicted = [n for n in range(len(pruned.units)) if n != pruned.begin]
    for context in [pruned.start, *((pruned.id(a), pruned.id(b)) for a in "甲乙" for b in "乙丙")]:
        assert sum(np.exp(pruned.extend(context, unit)[0]) for unit in predicted) == pytest.approx(1, abs=1e-5)


@pytest.mark.parametrize(
    ("texts", "options", "message"),
    [
        ([], {}, "no text"),
        (["一"], {"order": 0}, "order of 1"),
        (["一"], {"prune": (2, 1)}, "do not fall"),
        ([["一", "<s>"]], {}, "'<s>' is a unit"),
    ],
)
def test_what_cannot_be_estimated_is_said(texts, options, message):
    with pytest.raises(DataError, match=message):
        estimate(texts, **options)


def test_texts_that_are_empty_end_at_once():
    # Seen twice, less 1, and half of what the shorter context says: seen behind one unit, less a half, which goes to two units.
    assert math.exp(estimate(["", ""], 2).log_prob("")) == pytest.approx((2 - 1) / 2 + 0.5 * (0.5 + 0.5 / 2))


def test_what_is_not_known_is_as_likely_as_a_prior_says():
    prior = {"甲": 0.7, "乙": 0.2, "丙": 0.1}
    model = estimate(["甲乙", "乙甲"], 2, prior=prior)
    rest = {unit: math.exp(model.extend((), model.id(unit))[0]) for unit in "甲乙丙"}
    total = sum(math.exp(model.extend((), n)[0]) for n, unit in enumerate(model.units) if unit != BEGIN)
    assert total == pytest.approx(1)
    # Each of the two that were read, and the end, was behind two units or one; all the rest goes by the prior.
    assert rest["甲"] > rest["乙"] > rest["丙"] > 0
    weights = sum(prior.values()) + 2 / 5  # the end and what is unknown have no prior, and are as likely as any of five
    discounts, total_count = estimate_discounts([2, 2, 2]), 6
    assert rest["丙"] == pytest.approx(3 * discounts.of(2) / total_count * 0.1 / weights)


def test_a_prior_without_a_chance_is_refused():
    with pytest.raises(DataError, match="above 0"):
        estimate(["甲"], 2, prior={"甲": 0.0})


def drawn_texts():
    """Of letters that follow each other as in no language, but always in the same way."""
    chance = random.Random(0)
    letters = "甲乙丙丁戊己庚辛壬癸子丑"
    return ["".join(chance.choices(letters, [1 / n for n in range(1, 13)], k=chance.randint(1, 8))) for _ in range(300)]


def test_the_model_is_that_of_kenlm():
    """``lmplz -o 3 --discount_fallback --prune 0 0 1`` of https://github.com/kpu/kenlm wrote the file, of the texts above."""
    expected, found = read_arpa(Path(__file__).with_name("kenlm.arpa.gz")), estimate(drawn_texts(), 3, prune=(0, 1))
    for length in (1, 2, 3):
        figures = [
            {tuple(model.units[unit] for unit in gram): values for gram, *values in model.grams(length)}
            for model in (expected, found)
        ]
        assert figures[0].keys() == figures[1].keys()
        for gram, values in figures[0].items():
            if gram != (BEGIN,):
                assert figures[1][gram] == pytest.approx(values, abs=1e-5)
    texts = ["甲乙丙", "癸丑子甲", "", "戊己庚辛壬", "未知"]
    assert [found.log_prob(text) for text in texts] == pytest.approx([expected.log_prob(text) for text in texts], abs=1e-4)
