"""An EmotiVoice answers to the folder of the original."""

import numpy as np
import pytest

pytest.importorskip("torch")

from tests.port.originals import compare_original

from tingshuo.tasks.emotivoice.golden import answers
from tingshuo.tasks.golden_draws import Draws
from tingshuo.tasks.golden_folder import Case

pytestmark = pytest.mark.train


def test_every_answer_is_the_original_s(golden):
    made, *_ = compare_original(golden, "emotivoice", ["sad"])
    assert not made.beyond
    assert not made.left
    borders = {one.result for one in made.compared if one.where == "graph"}
    assert borders == {"projected", "pitch", "energy", "log_duration", "duration", "latent", "wav"}
    assert {one.result for one in made.compared if one.where == "net"} >= {"enc_out", "upsampled", "stage0.head", "stage3.tail"}
    assert len(made.compared) == 17


def test_prompts_and_latents_alone(golden):
    _, material, inside = compare_original(golden, "emotivoice", [])

    class Prompt:
        def run(self, inputs):
            return {"prompt": inputs["piece_ids"].astype(np.float32)}

    def answer(**given):
        return answers({**inside.graphs, "prompt": Prompt()}, material, Case("a", given, {}, {}, Draws("a", given, None)))

    assert answer(piece_ids=np.array([2, 5, 3]))["prompt"].tolist() == [2, 5, 3]
    assert answer(latent=np.zeros((80, 3)))["wav"].shape == (768,)
    assert answer(ling=np.zeros((3, 4))) is None
