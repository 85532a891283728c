"""The model card of an import tells what went over and how near it came."""

import onnx
import pytest

from tingshuo.config import FamilyConfig
from tingshuo.port.card import model_card
from tingshuo.port.draft import Draft, Part
from tingshuo.port.given import Moved
from tingshuo.port.importers.keys import KeyReport

pytestmark = pytest.mark.train
PARTS = {"acoustic": Part({}, KeyReport(12, ("optimizer", "ema")))}


def test_nets_and_given_graphs_have_a_table_each() -> None:
    draft = Draft(name="a", task="tts", config=FamilyConfig(family="x"), parts=PARTS, system="s", source="it", notes=("a note",))
    moved = {"vocoder": Moved(onnx.ModelProto(), {}, "vocoder", "int8", True)}
    card = model_card(draft, {"encoder": {"hidden": -101.25}, "vocoder": {"wav": -33.3}}, moved)
    assert card.startswith("# a 1.0.0\n\nImported from it.\n\nLicence: not stated by its files.")
    for row in (
        "- a note",
        "| acoustic | 12 | 2 | optimizer, ema |",
        "| vocoder | int8 | 0 | 0 | yes |",
        "| encoder | hidden | -101.2 |",
        "| vocoder | wav | -33.3 |",
    ):
        assert f"\n{row}\n" in card
    assert card.index("in PyTorch") < card.index("| encoder |") < card.index("what they were") < card.index("| vocoder | wav |")


def test_what_there_is_none_of_has_no_table() -> None:
    alone = Draft(name="a", task="tts", config=FamilyConfig(family="x"), parts=PARTS, system="s", source="it")
    card = model_card(alone, {"encoder": {"hidden": -101.0}}, {})
    assert "as they came" not in card
    assert "what they were" not in card
    assert "PyTorch" not in model_card(alone, {"g": {"y": -99.0}}, {"g": Moved(onnx.ModelProto(), {}, "g", "fp32", False)})
