import numpy as np
import pytest

torch = pytest.importorskip("torch")

from tingshuo.errors import PortError  # noqa: E402
from tingshuo.port.export import half_tensors  # noqa: E402
from tingshuo.port.nets import load_nets  # noqa: E402

pytestmark = pytest.mark.train


@pytest.fixture
def parts(tiny):
    config, nets = tiny
    return config, half_tensors(nets.acoustic), half_tensors(nets.vocoder)


def test_saving_and_loading_gives_the_same_nets(tiny, parts):
    loaded = load_nets(*parts)
    assert loaded.acoustic.config == tiny[1].acoustic.config
    assert loaded.vocoder.config == tiny[1].vocoder.config
    for name, tensor in loaded.acoustic.state_dict().items():
        assert np.array_equal(tensor.numpy().astype(np.float16), parts[1][name])
    assert not loaded.acoustic.training


@pytest.mark.parametrize("change", [{"mel.weight": None}, {"extra": np.zeros(1)}, {"mel.bias": np.zeros(3)}])
def test_tensors_that_do_not_fit_are_refused(parts, change):
    config, acoustic, vocoder = parts
    changed = {name: tensor for name, tensor in (acoustic | change).items() if tensor is not None}
    with pytest.raises(PortError, match="do not fit"):
        load_nets(config, changed, vocoder)


def test_another_family_and_unknown_sizes_are_refused(parts):
    config, acoustic, vocoder = parts
    with pytest.raises(PortError, match="'other'"):
        load_nets(config.replace(family="other"), acoustic, vocoder)
    sizes = config.architecture | {"fastspeech.colour": 3}
    with pytest.raises(PortError, match="colour"):
        load_nets(config.replace(architecture=sizes), acoustic, vocoder)
