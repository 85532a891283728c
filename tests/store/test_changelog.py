from datetime import date

from tingshuo.store.bundle import open_bundle
from tingshuo.store.changelog import figures_of, grown
from tingshuo.store.manifest import Measurement

DAY = date(2026, 3, 1)
OWN = "# Changelog of a voice\n\n## 1.1.0\n\nA second style.\n\n## 1.0.0\n\nThe first.\n"


def test_a_version_comes_on_top() -> None:
    text = grown(OWN, "", "1.2.0", DAY, "高音区更稳", ["weights differ"])
    assert text == OWN.replace("## 1.1.0", "## 1.2.0 - 2026-03-01\n\n高音区更稳\n\n- weights differ\n\n## 1.1.0")


def test_what_the_bundle_says_of_this_version_stays() -> None:
    text = grown(OWN, "", "1.1.0", DAY, "", [])
    assert text == OWN.replace("## 1.1.0", "## 1.1.0 - 2026-03-01")
    assert grown(OWN, "", "1.1.0", DAY, "Also calmer.", []).count("A second style.\n\nAlso calmer.\n\n## 1.0.0") == 1


def test_a_bundle_without_one_goes_on_with_that_of_the_version_before() -> None:
    text = grown("", OWN, "1.2.0", DAY, "", [])
    assert text.startswith("# Changelog of a voice\n\n## 1.2.0 - 2026-03-01\n\n## 1.1.0\n\nA second style.")
    both = grown("# Log\n\n## 1.1.0\n\nOther words.\n", OWN, "1.2.0", DAY, "", [])
    assert both.count("## 1.1.0") == 1
    assert "Other words.\n\n## 1.0.0\n\nThe first." in both


def test_without_any_it_begins() -> None:
    assert grown("", "", "1.0.0", DAY, "", []) == "# Changelog\n\n## 1.0.0 - 2026-03-01\n"


def test_figures_are_told_beside_what_they_were(tiny) -> None:
    manifest = open_bundle(tiny).manifest
    old, new = (
        manifest.replace(measured=(Measurement("onnx", "int8", "x86_64", 1, figures),))
        for figures in ({"rtf": 0.0125, "mel_l1": 0.1}, {"rtf": 0.011, "mel_l1": 0.1, "f0_cents": 2.0})
    )
    assert figures_of(new, None) == ["onnx int8, x86_64: rtf 0.011, mel_l1 0.1, f0_cents 2"]
    assert figures_of(new, old) == ["onnx int8, x86_64: rtf 0.011 (was 0.0125), mel_l1 0.1, f0_cents 2"]
