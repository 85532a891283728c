import numpy as np
import pytest
from tests.tasks.hybrid.small import PHONES, settings

from tingshuo.errors import ConfigError, TextError
from tingshuo.tasks.hybrid.network import Network, phones_of, states_of


def test_a_syllable_is_its_initial_and_its_final_with_the_tone():
    assert phones_of("ma1") == ("m", "a1")
    assert phones_of("zhi4") == ("zh", "iii4")
    assert phones_of("yu2") == ("v2",)
    assert phones_of("er5") == ("er5",)
    with pytest.raises(TextError):
        phones_of("xq3")


def test_states_go_from_left_to_right():
    rows = {phone: row for row, phone in enumerate(PHONES)}
    np.testing.assert_array_equal(states_of(("n", "i3"), rows, 2), [6, 7, 14, 15])


def test_all_syllables_and_the_pause_lie_in_one_row():
    network = Network(settings())
    assert [len(range(a, b + 1)) for a, b in zip(network.starts, network.ends, strict=True)] == [4, 4, 4, 4, 2]
    assert network.pause == 4
    np.testing.assert_array_equal(network.states[network.starts[4] :], [0, 1])
    np.testing.assert_array_equal(network.states[network.starts[1] : network.ends[1] + 1], [4, 5, 8, 9])
    np.testing.assert_allclose(np.exp(network.stay) + np.exp(network.go), 1, atol=1e-5)
    np.testing.assert_allclose(np.exp(network.go), 1 / 3, atol=1e-5)


def test_a_state_that_lasts_a_frame_is_left_almost_for_certain():
    network = Network(settings(durations=[1.0] * 16))
    assert np.isfinite(network.stay).all()
    assert (np.exp(network.go) > 0.99).all()


def test_a_syllable_of_phones_that_the_net_does_not_tell_is_refused():
    with pytest.raises(ConfigError, match="'ba1' has the phone 'b'"):
        Network(settings(units=["hao3", "ma1", "ba1", "ni3"]))
