"""Strangers that teach: nets of other systems without an export, and the built-in voice as if nobody knew it."""

from pathlib import Path

import numpy as np

TEXTS = (
    "今天天气很好，我们去公园散步吧。",
    "你好。",
    "他昨天晚上十点才回家。",
    "请问火车站怎么走？",
    "小孩儿喜欢玩儿水。",
    "谢谢大家。",
    "春天来了，花都开了。",
    "快把窗户关上！",
)
FRAMES = 12
"""That `speaking_model` speaks each symbol for, so that a sentence has more of our frames than phones."""


class Net:
    """A graph's module in the place of an engine's session: no export."""

    def __init__(self, graph):
        from tingshuo.types import GraphSpec

        self.graph = graph
        free = graph.free
        shapes = {
            name: tuple(free.get(name, {}).get(axis, size) for axis, size in enumerate(value.shape))
            for name, value in graph.inputs.items()
        }
        self.spec = GraphSpec(
            {name: ("float32", shape) for name, shape in shapes.items()}, dict.fromkeys(graph.outputs, ("float32", ()))
        )

    def run(self, inputs):
        """Answer as the engine would."""
        from tingshuo.port.verify import reference_outputs

        return reference_outputs(self.graph, inputs)


class Longer(Net):
    """A graph that tells durations, all of them raised to `FRAMES`."""

    def run(self, inputs):
        """Answer with other durations."""
        answer = super().run(inputs)
        answer["log_duration"] = np.full_like(answer["log_duration"], np.log(FRAMES + 1))
        return answer


def speaking_model(system, folder):
    """A tiny voice of another system, with random weights, and what listens to it; as `open_model` returns them."""
    from tests.port.tiny_bundles import WRITERS

    from tingshuo.port.convert.converters import CONVERTERS
    from tingshuo.port.families import build_nets, fill
    from tingshuo.tasks.performance import MODELS
    from tingshuo.tasks.sambert.model import TABLES
    from tingshuo.train.imported_teacher import WATCHED, Witness

    draft = CONVERTERS.load(system)(WRITERS[system](Path(folder) / system), None)
    tensors = {part: dict(made.tensors) for part, made in draft.parts.items()}
    telling = {"sambert": "duration", "emotivoice": "encoder"}[system]
    graphs = {}
    for built in build_nets(draft.config.architecture):
        for graph in fill(built, tensors[built.part]).graphs:
            graphs[graph.name] = (Longer if graph.name == telling else Net)(graph)
    witnesses = {name: Witness(graphs[name]) for name in WATCHED if name in graphs}
    family = draft.config.family.partition("+")[0]
    return MODELS.load(family)(draft.name, draft.config, graphs | witnesses, {TABLES: tensors["acoustic"]}), witnesses


def read_own(model, sentence, witnesses):
    """What `tingshuo.train.imported_symbols.read` would tell of a voice of ours: it reads phones, and times each."""
    from tingshuo.tasks.acoustic import SentenceAcoustics
    from tingshuo.tasks.stopwatch import Stopwatch
    from tingshuo.train.imported_symbols import Read
    from tingshuo.types import SpeechRequest

    made = SentenceAcoustics(
        model.graphs, model.settings, sentence.words, model.timbre(), SpeechRequest(text=sentence.source), Stopwatch()
    )
    frame_s = model.settings.mel.hop_length / model.settings.mel.sample_rate
    hidden = witnesses["encoder"].answers[-1]["hidden"][0]
    return Read(made.phones.word_index, made.phones.syllable_index, made.durations * frame_s, hidden)


def write_texts(folder):
    """Write the texts."""
    path = Path(folder) / "texts.txt"
    path.write_text("\n".join(TEXTS), "utf-8")
    return path


def tiny_config(steps=4, **changes):
    """Settings of a training that takes a second or two."""
    from tingshuo.train.imported_config import ImportedConfig

    config = ImportedConfig(texts=len(TEXTS)).replace(**changes)
    pace = {"steps": steps, "threads": 1, "precision": "fp32", "batch_frames": 600, "log_every": 1}
    return config.replace(loop=config.loop.replace(**pace, evaluate_every=2, checkpoint_every=2))


def make_quickly(patch):
    """Publish and measure with few sentences, without networks that judge, and let a voice of ours tell its durations."""
    from tingshuo.train import imported, imported_lessons, imported_measure, publish
    from tingshuo.train.imported_measure import compare_imported

    patch.setattr(publish, "CALIBRATION_TEXTS", 2)
    patch.setattr(publish, "TEST_TEXTS", 2)
    patch.setattr(imported_measure, "heard", lambda *_: [])
    patch.setattr(imported_lessons, "read", read_own)
    patch.setattr(imported, "compare_imported", lambda *who: compare_imported(*who, texts=TEXTS[:2], repeats=1))
