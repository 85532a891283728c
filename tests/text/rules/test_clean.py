import pytest

from tingshuo.text.rules.clean import clean, decode_entities


@pytest.mark.parametrize(
    ("written", "plain"),
    [
        ("ＡＢ１２", "AB12"),
        ("㎏", "kg"),
        ("𝟙", "1"),
        ("٣", "3"),
        ("e\u0301", "é"),
        ("ﬁ", "fi"),
        ("⑫", "12"),
        ("−5", "-5"),
        ("\u2003", " "),
        ("⼈", "人"),
        ("，。！", "，。！"),
    ],
)
def test_compatibility_forms_become_plain(written, plain):
    assert clean(written, {}) == plain


@pytest.mark.parametrize("code", [0x00, 0x1B, 0x9F, 0xD800, 0xDFFF, 0x200B, 0x202E, 0xFEFF, 0xFFFD, 0xFFFF, 0xE0041])
def test_what_cannot_be_seen_or_spoken_is_removed_with_a_warning(code):
    warnings = {}
    assert clean(f"一{chr(code)}二", warnings) == "一二"
    assert len(warnings) == 1


def test_joiners_and_variation_selectors_go_without_a_word():
    warnings = {}
    assert clean("一\u200d二\ufe0f", warnings) == "一二"
    assert warnings == {}


def test_private_use_stays():
    assert clean("\ue000", {}) == "\ue000"


def test_entities():
    assert decode_entities("A&amp;B &lt; &#20320; &#x597d; &unknown; &") == "A&B < 你 好 &unknown; &"
