import pytest

torch = pytest.importorskip("torch")

from tingshuo.models.sambert.fsmn import Fsmn, MemoryBlock  # noqa: E402

pytestmark = pytest.mark.train


@torch.inference_mode()
@pytest.mark.parametrize(("kernel", "shift", "before", "after"), [(5, 0, 2, 2), (7, 2, 5, 1)])
def test_a_block_sees_its_window_and_no_more(kernel, shift, before, after):
    torch.manual_seed(0)
    block = MemoryBlock(6, 9, 6, kernel, shift)
    x = torch.randn(1, 21, 6)
    changed = x.clone()
    changed[:, 10] += 1
    touched = (block(x) != block(changed)).any(2)[0].nonzero()[:, 0].tolist()
    assert touched == list(range(10 - after, 10 + before + 1))


@torch.inference_mode()
def test_a_step_is_added_to_its_memory_and_the_input_where_the_width_is_the_same():
    torch.manual_seed(0)
    x = torch.randn(1, 4, 6)
    for dim, skip in ((6, x), (5, 0)):
        block = MemoryBlock(6, 9, dim, 3, 0)
        block.taps.weight.zero_()
        context = block.outer(torch.relu(block.inner(x)))
        assert torch.allclose(block(x), context + skip)


def test_only_the_first_of_several_changes_the_width():
    net = Fsmn(6, 9, 5, 3, 3, 0)
    assert [block.has_skip for block in net] == [False, True, True]
    assert net(torch.zeros(2, 7, 6)).shape == (2, 7, 5)
