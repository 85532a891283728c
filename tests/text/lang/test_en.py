import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tingshuo.text.lang.en import cardinal, digits, in_small_letters, is_english, ordinal, spell_english, spell_numbers, year


@pytest.mark.parametrize(
    ("number", "said"),
    [
        (0, "zero"),
        (13, "thirteen"),
        (40, "forty"),
        (99, "ninety nine"),
        (100, "one hundred"),
        (1205, "one thousand two hundred five"),
        (1_000_000, "one million"),
        (7_654_021_012, "seven billion six hundred fifty four million twenty one thousand twelve"),
    ],
)
def test_cardinals(number: int, said: str) -> None:
    assert cardinal(number) == said


@pytest.mark.parametrize(
    ("number", "said"),
    [(1, "first"), (2, "second"), (3, "third"), (5, "fifth"), (8, "eighth"), (12, "twelfth"), (20, "twentieth"),
     (21, "twenty first"), (100, "one hundredth")],
)  # fmt: skip
def test_ordinals(number: int, said: str) -> None:
    assert ordinal(number) == said


@pytest.mark.parametrize(
    ("number", "said"),
    [(1066, "ten sixty six"), (1900, "nineteen hundred"), (1905, "nineteen oh five"), (2000, "two thousand"),
     (2003, "two thousand three"), (2019, "twenty nineteen"), (476, "four hundred seventy six")],
)  # fmt: skip
def test_years(number: int, said: str) -> None:
    assert year(number) == said


def test_digits() -> None:
    assert digits("0-42") == "zero four two"


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("in 2019", "in twenty nineteen"),
        ("3 dogs, 21 cats.", "three dogs, twenty one cats."),
        ("the 1st and the 22nd", "the first and the twenty second"),
        ("the 1990s and the '80s", "the nineteen nineties and the eighties"),
        ("from 1990-1995", "from nineteen ninety to nineteen ninety five"),
        ("10-15 days", "ten to fifteen days"),
        ("1,234.50", "one thousand two hundred thirty four point five zero"),
        ("$5", "five dollars"),
        ("$1", "one dollar"),
        ("$5.20", "five dollars and twenty cents"),
        ("£0.01", "one penny"),
        ("€3 million", "three million euros"),
        ("50% off, -2%", "fifty percent off, minus two percent"),
        ("at 7:30 pm, 8:00, 9:05 and 10 a.m.", "at seven thirty PM, eight o'clock, nine oh five and ten AM."),
        ("May 5, 2019", "May fifth, twenty nineteen"),
        ("1 ft, 6 ft, 80 kg, 1 km/h", "one foot, six feet, eighty kilograms, one kilometer per hour"),
        ("1/2 of it, 2/3, 3/4", "one half of it, two thirds, three quarters"),
        ("-5 degrees", "minus five degrees"),
        ("call 13800138000", "call one three eight zero zero one three eight zero zero zero"),
        ("agent 007", "agent zero zero seven"),
        ("GPT-4 and 5G", "GPT four and five G"),
        ("Mr. Smith & Dr. Brown, No. 5", "Mister Smith and Doctor Brown, number five"),
        ("no numbers here", "no numbers here"),
    ],
)
def test_english_text_is_spelled(written: str, said: str) -> None:
    assert spell_numbers(written) == said


@settings(deadline=None)
@given(st.text(st.sampled_from("0123456789 .,-/:$%&£aAsthrdMNok'（"), max_size=40))
def test_no_digit_is_left_and_nothing_fails(text: str) -> None:
    assert not any(char.isdecimal() for char in spell_numbers(text))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("他说 I have 3 dogs，不是 iPhone 15 吧", "他说 I have three dogs，不是 iPhone 15 吧"),
        ("iPhone 15 Pro", "iPhone 15 Pro"),
        ("5G和GPT-4", "5G和GPT-4"),
        ("in 2019", "in twenty nineteen"),
        ("今天25℃", "今天25℃"),
    ],
)
def test_only_english_stretches_are_spelled_in_english(text: str, said: str) -> None:
    assert spell_english(text) == said


def test_words_of_grammar_make_a_stretch_english() -> None:
    assert is_english("the cat")
    assert not is_english("Windows 11")
    assert not is_english("A 4")


def test_capitals_are_made_small_where_all_is_capitals() -> None:
    assert in_small_letters("WE WENT HOME") == "we went home"
    assert in_small_letters("We saw NASA") == "We saw NASA"
    assert in_small_letters("NASA") == "NASA"
