import dataclasses
import gc
import json
import resource
from dataclasses import replace

import pytest

torch = pytest.importorskip("torch")

import numpy as np  # noqa: E402
from tests.train.conftest import make_recipe  # noqa: E402

from tingshuo.errors import TrainError  # noqa: E402
from tingshuo.train.acoustic import acoustic_losses, answers, choose_parameters, use_bf16  # noqa: E402
from tingshuo.train.checkpoint import load_checkpoint  # noqa: E402
from tingshuo.train.loop import fit  # noqa: E402

pytestmark = pytest.mark.train

WIDE = {"dim": 64, "encoder_hidden": 64, "pitch_hidden": 32, "decoder_dim": 64, "decoder_hidden": 128}


def learn(recipe, steps):
    losses = {}
    for step in range(steps):
        batches = recipe.batches(step)
        losses = recipe.step(batches[step % len(batches)], step)
    return losses


def all_learnt_from(corpus):
    """The corpus with nothing held out: eight utterances."""
    features, examples = corpus
    learnt = [replace(example, clip=replace(example.clip, split="train")) for example in examples]
    assert len(learnt) == 8
    return features, learnt


def test_eight_utterances_are_learnt_by_heart(corpus):
    """100 steps of a net of 0.2 million parameters; the mel's L1 begins at about 2 nepers."""
    recipe, _ = make_recipe(all_learnt_from(corpus), ["loop.batch_frames=2000", "loop.rate=3e-3"], **WIDE)
    first = learn(recipe, 1)
    last = learn(recipe, 100)
    assert first["mel"] > 1.5
    assert last["mel"] < 0.5
    assert last["duration"] < 0.1
    assert last["f0"] < 0.3
    assert last["voicing"] < 0.2


@pytest.mark.slow
def test_longer_they_are_learnt_to_a_seventh_of_a_neper(corpus):
    """400 steps of a net of two million parameters: 70 seconds of a processor."""
    sizes = {
        "dim": 128,
        "encoder_hidden": 256,
        "pitch_hidden": 64,
        "decoder_dim": 192,
        "decoder_hidden": 384,
        "decoder_layers": 4,
    }
    settings = ["loop.batch_frames=2000", "loop.rate=2e-3"]
    recipe, _ = make_recipe(all_learnt_from(corpus), settings, energy=1, emotions=2, **sizes)
    assert learn(recipe, 400)["mel"] < 0.15


@pytest.mark.parametrize("extras", [{}, {"energy": 1, "emotions": 2}])
def test_every_parameter_gets_a_gradient(corpus, extras):
    recipe, _ = make_recipe(corpus, ["loop.batch_frames=2000"], **extras)
    recipe.step(recipe.batches(0)[0], 0)
    for name, parameter in recipe.net.named_parameters():
        assert parameter.grad is not None, name
        assert bool(parameter.grad.isfinite().all()), name
        assert float(parameter.grad.abs().max()) > 0, name


def test_what_is_not_to_learn_stays_as_it_is(corpus):
    recipe, _ = make_recipe(corpus, ["acoustic.learn=[speaker, decoder, mel]"])
    before = {name: value.clone() for name, value in recipe.net.state_dict().items()}
    learn(recipe, 2)
    moved = {name.split(".")[0] for name, value in recipe.net.state_dict().items() if not torch.equal(value, before[name])}
    assert moved == {"speaker", "decoder", "mel"}


def test_an_unknown_part_to_learn_is_refused(corpus):
    with pytest.raises(TrainError, match=r"'vocoder', which the net does not have; accepted: decoder, decoder_in"):
        choose_parameters(make_recipe(corpus)[0].net, ["vocoder"])


def test_bands_above_the_bandwidth_and_padding_have_no_weight(corpus):
    recipe, _ = make_recipe(corpus)
    recipe.net.eval()
    batch = recipe.tensors(recipe.train[:3])
    with torch.no_grad():
        log_duration, pitch, mel = answers(recipe.net, batch)
    losses = acoustic_losses(batch, log_duration, pitch, mel)
    spoilt = mel.clone()
    spoilt[1, 84:] += 100  # the second clip ends at 8 kHz, and its last 8 % teach nothing
    for row, frames in enumerate(batch.frames.sum(1).int().tolist()):
        spoilt[row, :, frames:] += 100
        pitch[row, frames:] += 100
    for row, phones in enumerate(batch.valid.sum(1).int().tolist()):
        log_duration[row, phones - 1 :] += 100  # the closing silence and the padding
        log_duration[row, 0] += 100
    again = acoustic_losses(batch, log_duration, pitch, spoilt)
    for name, (total, count) in losses.items():
        assert torch.equal(count, again[name][1])
        assert total.item() == pytest.approx(again[name][0].item()), name
    spoilt[1, 83] += 100
    assert acoustic_losses(batch, log_duration, pitch, spoilt)["mel"][0] > losses["mel"][0] + 1000


def test_losses_are_means_over_frames_not_over_batches(corpus):
    recipe, _ = make_recipe(corpus)
    recipe.held_out = recipe.train
    whole = recipe.evaluate()
    recipe.config = recipe.config.replace(loop=recipe.config.loop.replace(batch_frames=200))
    assert recipe.evaluate() == pytest.approx(whole, rel=1e-5)


def test_without_clips_there_is_nothing_to_train(corpus):
    features, examples = corpus
    with pytest.raises(TrainError, match="no clip to learn from"):
        make_recipe((features, [example for example in examples if example.clip.split == "dev"]))


def test_a_nan_in_a_recording_ends_the_training_with_its_name(corpus, tmp_path):
    recipe, config = make_recipe(corpus, ["loop.batch_frames=100"])
    damaged = recipe.features.f0.copy()  # the corpus belongs to other tests too
    damaged[recipe.train[2].clip.f0_start + 5] = np.nan
    recipe.features = dataclasses.replace(recipe.features, f0=damaged)
    with pytest.raises(TrainError, match=r"step \d: .* not finite, on the clips c2;"):
        fit(recipe, tmp_path, config.loop, config.identity("acoustic"))


def test_an_interrupted_training_of_a_real_net_goes_on_to_the_last_bit(corpus, tmp_path):
    def lines(run):
        records = [json.loads(line) for line in (run / "log.jsonl").read_text().splitlines()]
        return [(record["step"], record.get("losses"), record.get("held_out")) for record in records]

    settings = ["loop.steps=12", "loop.evaluate_every=5", "loop.checkpoint_every=4", "loop.batch_frames=400"]
    recipe, config = make_recipe(corpus, settings)
    fit(recipe, tmp_path / "whole", config.loop, config.identity("acoustic"))

    class Killed(BaseException):
        """As sudden as a kill: nothing of it is caught."""

    def kill(seen):
        if seen.step == 7:
            raise Killed

    recipe, _ = make_recipe(corpus, settings)
    with pytest.raises(Killed):
        fit(recipe, tmp_path / "killed", config.loop, config.identity("acoustic"), watch=kill)
    recipe, _ = make_recipe(corpus, settings, seed=99)
    fit(recipe, tmp_path / "killed", config.loop, config.identity("acoustic"), resume=True)
    assert lines(tmp_path / "killed") == lines(tmp_path / "whole")
    for name, value in load_checkpoint(tmp_path / "whole")[0].items():
        assert torch.equal(value, load_checkpoint(tmp_path / "killed")[0][name]), name


def resident_mb():
    with open("/proc/self/statm", encoding="ascii") as file:
        return int(file.read().split()[1]) * resource.getpagesize() / 1e6


def test_memory_stays_flat_over_five_hundred_steps(corpus):
    recipe, _ = make_recipe(corpus, ["loop.batch_frames=130"], decoder_layers=1)
    learn(recipe, 50)
    gc.collect()
    before = resident_mb()
    learn(recipe, 500)
    gc.collect()
    assert resident_mb() < before + 15


def test_bf16_where_it_is_asked_for_or_pays():
    cpu = torch.device("cpu")
    assert use_bf16("bf16", cpu)
    assert not use_bf16("fp32", cpu)
    assert use_bf16("auto", cpu) == bool(torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported())


def test_it_learns_in_bf16_too(corpus):
    recipe, _ = make_recipe(corpus, ["loop.precision=bf16", "loop.batch_frames=2000"])
    first, last = learn(recipe, 1), learn(recipe, 15)
    assert last["loss"] < first["loss"]
