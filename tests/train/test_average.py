import pytest

torch = pytest.importorskip("torch")

from tingshuo.train.average import Average  # noqa: E402

pytestmark = pytest.mark.train


def net(value):
    linear = torch.nn.Linear(1, 1, bias=False)
    torch.nn.init.constant_(linear.weight, value)
    return linear


def test_it_follows_slowly_and_forgets_the_start_sooner():
    one = net(0.0)
    average = Average(one, 0.9)
    torch.nn.init.constant_(one.weight, 1.0)
    average.update(0)
    assert average.tensors["weight"].item() == pytest.approx(0.9)  # 1 / 10 of the old is kept at first
    torch.nn.init.constant_(one.weight, 2.0)
    average.update(1000)
    assert average.tensors["weight"].item() == pytest.approx(0.9 * 0.9 + 0.1 * 2.0)


def test_it_stands_in_for_the_net_and_steps_back_also_after_an_error():
    one = net(1.0)
    average = Average(one, 0.5)
    average.tensors["weight"].fill_(5.0)
    with pytest.raises(ZeroDivisionError), average.in_place():  # noqa: PT012
        assert one.weight.item() == 5.0
        1 / 0  # noqa: B018
    assert one.weight.item() == 1.0


def test_nothing_to_follow_is_nothing_to_do():
    average = Average(None, 0.9)
    average.update(0)
    with average.in_place():
        assert average.tensors == {}
