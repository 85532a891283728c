"""A Sambert answers to the folders of the original."""

import numpy as np
import pytest

pytest.importorskip("torch")

from tests.port.originals import compare_original

from tingshuo.tasks.golden_compare import run_case
from tingshuo.tasks.golden_draws import Draws
from tingshuo.tasks.golden_folder import Case, Stored
from tingshuo.tasks.sambert.golden import NO_MVN

pytestmark = pytest.mark.train
BORDERS = {"pitch", "energy", "log_duration", "duration", "n_frames", "band", "lr_text", "mel_decoder", "mel"}


def test_every_answer_is_the_original_s(golden):
    made, *_ = compare_original(golden, "sambert_16k", ["neutral"])
    assert not made.beyond
    assert not made.left
    assert {one.result for one in made.compared if one.where == "graph"} == BORDERS
    assert len(made.compared) == 14


def test_speakers_may_be_vectors_and_f0_is_read_as_the_voice_reads_it(golden):
    _, material, inside = compare_original(golden, "sambert_16k", [])
    table = material.tensors("weights/acoustic.safetensors")["speaker.weight"]
    ids, ling = np.array([1, 1, 1]), np.ones((3, 4), np.int16)

    def answer(**given):
        case = Case("a", given, {"mel": Stored(np.zeros(1), {"": 0.0}, "")}, {}, Draws("a", given, None))
        return run_case(inside.graphs, material, case)

    named = answer(ling=ling, emotion=np.zeros(3, np.int16), speaker=ids)
    vectors = answer(ling=ling, emotion=np.zeros(3, np.int16), speaker=table[ids])
    assert np.array_equal(named["pitch"], vectors["pitch"])
    columns = np.array([[0.5, 0.9], [-9, 0.1]], np.float32)
    told = answer(last2=columns)
    assert told["global"].tolist() == [[380, 1], [30, 0]]
    assert told["denormalised"].tolist() == [[30, 1], [30, 0]]  # this voice has a scale of one
    assert told["mean_std"] == NO_MVN
    given = answer(last2=columns, mvn=np.array([[200.0], [10.0]]))
    assert given["mean_std"].tolist() == [[205, 1], [110, 0]]
    assert answer(tokens=ids) is None
