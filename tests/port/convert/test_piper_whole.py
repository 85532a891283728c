"""A voice of Piper that cannot be taken apart keeps its graph, with Piper's own table of phonemes."""

from pathlib import Path

import pytest

pytest.importorskip("onnx")
pytest.importorskip("torch")

from tests.port.tiny_sherpa import HOP, write_vits

from tingshuo.config.graph_voice import GraphVoiceConfig
from tingshuo.errors import PortError
from tingshuo.port.convert.piper import WORK
from tingshuo.port.convert.piper_whole import whole_draft
from tingshuo.port.importers.piper import PiperVoice
from tingshuo.port.importers.piper_files import Settings
from tingshuo.tasks.piper.loop import Scales
from tingshuo.text.foreign.piper import Inventory

pytestmark = pytest.mark.train
IDS = {"_": (0,), "^": (1,), "$": (2,), "n": (3,), "i": (4,), "h": (5,), "ao": (6,), "2": (7,), "3": (8,)}


def voice(path: Path, speakers: tuple[str, ...] = (), ids: dict[str, tuple[int, ...]] = IDS) -> PiperVoice:
    settings = Settings(22050, "medium", Inventory("pinyin", ids), Scales(0.4, 1.2, 0.6), speakers, 9, "zh_CN")
    return PiperVoice(path.stem, (path, path), settings, None, path, None, "CC0", ("the graph is kept whole: it has an If",))


def rename(path: Path) -> Path:
    """Give inputs and output the names that Piper has."""
    import onnx

    model = onnx.load(path)
    names = {"x": "input", "x_length": "input_lengths", "y": "output"}
    for value in (*model.graph.input, *model.graph.output):
        value.name = names.get(value.name, value.name)
    for node in model.graph.node:
        for side in (node.input, node.output):
            for place, name in enumerate(side):
                side[place] = names.get(name, name)
    onnx.save(model, path)
    return path


def test_the_graph_is_kept_with_all_that_its_settings_say(tmp_path: Path):
    path = rename(write_vits(tmp_path / "voice.onnx", vector=True, speakers=2))
    made = whole_draft(voice(path, ("anna", "bo")), WORK)
    config = made.config
    assert isinstance(config, GraphVoiceConfig)
    assert (made.system, made.languages, made.licence, made.attributions) == ("piper", ("zh-CN",), "CC0", (WORK,))
    assert made.notes[0] == "the graph is kept whole: it has an If"
    assert (config.inputs.speaker, config.outputs.durations, config.frames.hop_length) == ("sid", "durations", HOP)
    assert (config.text.kind, config.text.phonemes, config.text.phoneme_ids) == ("piper", "pinyin", IDS)
    assert (config.scales.noise, config.scales.length, config.scales.duration_noise) == (0.4, 1.2, 0.6)
    assert [one.name for one in config.speakers] == ["anna", "bo"]
    alone = whole_draft(voice(rename(write_vits(tmp_path / "alone.onnx", vector=True))), WORK)
    assert [one.name for one in alone.config.speakers] == ["alone"]


def test_a_table_of_another_voice_is_refused(tmp_path: Path):
    path = rename(write_vits(tmp_path / "voice.onnx", vector=True))
    with pytest.raises(PortError, match=r"voice\.onnx: graph 'acoustic' cannot be run"):
        whole_draft(voice(path, ids={**IDS, "x": (99999,)}), WORK)
