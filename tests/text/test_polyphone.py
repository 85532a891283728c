import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

from tingshuo.text.polyphone import load_polyphones

ROOT = Path(__file__).parents[2]
DATA = ROOT.parent / "shared" / "data" / "polyphones.tsv"


def best(text: str, char: str) -> str:
    (scores,) = load_polyphones().scores(text, [text.index(char)])
    assert sum(2.718281828**s for s in scores.values()) == pytest.approx(1.0, abs=1e-3)
    return max(scores, key=scores.__getitem__)


@pytest.mark.parametrize(
    ("text", "char", "pinyin"),
    [
        ("重新开始。", "重", "chong2"),
        ("这件事非常重要。", "重", "zhong4"),
        ("他是这所学校的校长。", "长", "zhang3"),
        ("长江是中国最长的河流。", "长", "chang2"),
        ("他喜欢古典音乐。", "乐", "yue4"),
        ("他们都很快乐。", "乐", "le4"),
    ],
)
def test_the_net_reads_by_context(text: str, char: str, pinyin: str) -> None:
    assert best(text, char) == pinyin


def test_the_net_knows_what_it_decides() -> None:
    net = load_polyphones()
    assert "重" in net
    assert "猫" not in net
    assert net.scores("重", []) == []
    assert net.scores("龘" * 50 + "重", [50])[0].keys() == {"zhong4", "chong2"}


def benchmark() -> ModuleType:
    spec = importlib.util.spec_from_file_location("polyphones_benchmark", ROOT / "benchmarks" / "polyphones.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.skipif(not DATA.exists(), reason="the labelled sentences are not here")
def test_held_out_sentences_are_read_right() -> None:
    polyphones = benchmark()
    rows = [row for row in polyphones.read_labelled(str(DATA)) if not polyphones.is_tuning(row.sentence)]
    rows = rows[:: max(1, len(rows) // 1000)]
    readings = polyphones.readings_by_method(rows)["both"]
    right = sum(polyphones.agrees(reading, row.pinyin, True) for reading, row in zip(readings, rows, strict=True))
    assert right / len(rows) >= 0.97
