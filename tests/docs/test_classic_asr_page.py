"""docs/recipes/classic-asr.md shows what there is: its Python runs on a toy, and its defaults are those of the code."""

import re
from pathlib import Path

import pytest

pytest.importorskip("torch")

from tests.train.chimes import write_chimes

from tingshuo.train import hybrid
from tingshuo.train.hybrid_config import HybridTraining

pytestmark = pytest.mark.train
PAGE = (Path(__file__).parents[2] / "docs" / "recipes" / "classic-asr.md").read_text("utf-8")
BLOCKS = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)


def test_the_python_runs(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write_chimes(Path("cleaned"), 4, 1)
    Path("sentences.txt").write_text("今天天气很好。\n", "utf-8")
    Path("statements.yaml").write_text("bundle: {licence: CC0-1.0, consent: nobody speaks, data_statement: Chimes.}\n")
    taught = []
    monkeypatch.setattr(hybrid, "train_hybrid", lambda config, *where, **_: taught.append((config, *where)))
    names: dict[str, object] = {}
    for block in BLOCKS:
        exec(compile(block, "classic-asr.md", "exec"), names)
    assert names["seen"].shape == (len(names["frames"]), 660)
    ((config, data, run),) = taught
    assert config.language.texts == ("sentences.txt",)
    assert (data, run) == (Path("cleaned"), Path("run"))


def test_the_defaults_are_those_of_the_code():
    config = HybridTraining()
    shown = dict(re.findall(r"^\| `(beam\.\w+)` \| (\S+) \|", PAGE, re.MULTILINE))
    assert {name: float(value) for name, value in shown.items()} == {
        f"beam.{name}": value for name, value in config.beam.fields().items()
    }
    weight, bonus = re.search(r"`language.weight`, `language.bonus` \| (\S+), (\S+) \|", PAGE).groups()
    assert (float(weight), float(bonus)) == (config.language.weight, config.language.bonus)
    assert f"{config.offsets}" in PAGE


def test_the_stages_are_told_in_their_order():
    stages = re.findall(r"^\| `(\w+)` \|", PAGE, re.MULTILINE)
    assert stages == ["features", "align", "teach", "realign", "reteach", "language", "publish"]


def test_links_lead_somewhere():
    folder = Path(__file__).parents[2] / "docs" / "recipes"
    links = re.findall(r"\]\(([\w./-]+)\)", PAGE)
    assert len(links) > 4
    assert not [link for link in links if not (folder / link).exists()]
