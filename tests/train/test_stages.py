"""Each stage begins with what those before it have learnt, and leaves the averaged weights."""

import pytest

torch = pytest.importorskip("torch")

from tests.train.conftest import make_recipe  # noqa: E402

from tingshuo.config import SpeakerConfig, StyleConfig  # noqa: E402
from tingshuo.errors import TrainError  # noqa: E402
from tingshuo.models.hifigan.config import LIGHT  # noqa: E402
from tingshuo.models.hifigan.net import HiFiGan  # noqa: E402
from tingshuo.models.source_filter.config import SourceFilterConfig  # noqa: E402
from tingshuo.models.source_filter.net import SourceFilter  # noqa: E402
from tingshuo.train import stages as module  # noqa: E402
from tingshuo.train.checkpoint import load_checkpoint  # noqa: E402
from tingshuo.train.config import read_config  # noqa: E402
from tingshuo.train.distributed import World  # noqa: E402
from tingshuo.train.generator import build_generator  # noqa: E402
from tingshuo.train.material import Material  # noqa: E402
from tingshuo.train.stages import Stages, plain  # noqa: E402
from tingshuo.train.start import Start  # noqa: E402
from tingshuo.train.told import Told  # noqa: E402

pytestmark = pytest.mark.train

CONFIG = read_config(
    "tiny", settings=["loop.precision=fp32", "vocoder.loop.steps=3", "joint.loop.steps=2", "stages=[vocoder, joint]"]
)
SIZES = SourceFilterConfig(dim=16, hidden=24, layers=1)


def generator(config=CONFIG):
    torch.manual_seed(2)
    return build_generator(config.vocoder, config.features.mel, SourceFilter(SIZES))


@pytest.fixture
def settings(monkeypatch):
    """The settings and critics that each vocoder recipe is made with."""
    made = []

    class Seen(module.VocoderRecipe):
        def __init__(self, net, features, config, loop, **more):
            weights = [parameter.detach().clone() for parameter in more["critics"].parameters()]
            made.append((config, weights, [parameter.detach().clone() for parameter in net.parameters()]))
            super().__init__(net, features, config, loop, **more)

    monkeypatch.setattr(module, "VocoderRecipe", Seen)
    return made


def stages(run, corpus, config=CONFIG, told=None):
    return Stages(run, config, Material((), *corpus), "base@1.0.0", World(), Told(told))


def same(ours, theirs):
    return all(torch.equal(a, b) for a, b in zip(ours, theirs, strict=True))


def test_a_vocoder_leaves_its_last_average(corpus, tmp_path, settings):
    work, net = stages(tmp_path, corpus), generator()
    assert work.vocoder(net)
    average = load_checkpoint(tmp_path / "vocoder")[0]
    assert all(torch.equal(value, average[f"average/{name}"]) for name, value in net.state_dict().items())
    assert [(one.stage, one.step, one.finished) for one in work.learnt] == [("vocoder", 3, True)]
    assert (tmp_path / "report.html").is_file()
    [(config, _, _)] = settings
    assert (config.warm_up, config.critics_alone) == (0, CONFIG.vocoder.critics_alone), (
        "it has learnt already, its critics have not"
    )


def test_both_together_go_on_with_vocoder_and_critics(corpus, tmp_path, settings):
    recipe, _ = make_recipe(corpus)
    named = tuple(SpeakerConfig(name, "female", 5.3, 0.2) for name in "ab"), tuple(StyleConfig(name, "") for name in "ab")
    start, net = Start(recipe.net, *named, ()), generator()
    work = stages(tmp_path, corpus)
    assert work.vocoder(net)
    assert work.joint(net, start, True)
    (_, _, _), (config, critics, weights) = settings
    assert (config.warm_up, config.critics_alone) == (0, 0), "its critics have learnt too"
    before = load_checkpoint(tmp_path / "vocoder")[0]
    assert same(critics, [before[f"critics/{name}"] for name, _ in module.Critics().named_parameters()])
    assert same(weights, [before[f"average/{name}"] for name, _ in net.named_parameters()])
    after = load_checkpoint(tmp_path / "joint")[0]
    assert torch.equal(net.gain.weight, after["average/0.gain.weight"])
    assert torch.equal(start.net.mel.weight, after["average/1.mel.weight"])


def test_a_new_vocoder_begins_without_critics(corpus, tmp_path, settings):
    config = read_config("tiny", settings=["vocoder.family=source_filter", "vocoder.loop.steps=1", "stages=[vocoder]"])
    config = config.replace(vocoder=config.vocoder.replace(sizes={"dim": 16, "hidden": 24, "layers": 1}))
    assert stages(tmp_path, corpus, config).vocoder(generator(config))
    assert (settings[0][0].warm_up, settings[0][0].critics_alone) == (config.vocoder.warm_up, 0)


def test_how_far_it_is_is_told_in_words(corpus, tmp_path):
    told = []
    stages(tmp_path, corpus, told=lambda *what: told.append(what)).vocoder(generator())
    assert [(stage, round(done, 2)) for stage, done, _ in told] == [("vocoder", 0.33), ("vocoder", 0.67), ("vocoder", 1.0)]
    assert told[0][2].startswith("step 1 of 3, mel ")


def test_other_settings_are_refused_before_a_stage_goes_on(corpus, tmp_path):
    stages(tmp_path, corpus).vocoder(generator())
    other = CONFIG.replace(vocoder=CONFIG.vocoder.replace(clip=3.0))
    with pytest.raises(TrainError, match=r"vocoder.clip was 10.0 and is 3.0"):
        stages(tmp_path, corpus, other).check(True)
    stages(tmp_path, corpus).check(True)


def test_a_vocoder_in_use_has_plain_weights():
    config = read_config("tiny").vocoder
    net = build_generator(config, CONFIG.features.mel, HiFiGan(LIGHT.replace(channels=16))).train()
    bare = plain(net)
    assert not bare.training
    assert not any("parametrizations" in name for name in bare.state_dict())
    assert any("parametrizations" in name for name in net.state_dict())
