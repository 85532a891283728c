"""The net by itself; that it computes what the original computes is proved in ``tests/port/importers/test_bert.py``."""

import pytest

torch = pytest.importorskip("torch")

from tingshuo.models.bert.config import BertConfig  # noqa: E402
from tingshuo.models.bert.net import Bert  # noqa: E402
from tingshuo.models.layers.cost import count_parameters  # noqa: E402

pytestmark = pytest.mark.train
TINY = BertConfig(vocabulary=11, dim=8, layers=2, heads=2, hidden=12, positions=9)


def test_the_size_is_that_of_bert_base():
    with torch.device("meta"):
        assert count_parameters(Bert(BertConfig(vocabulary=21128))) == 102_267_648  # what bert-base-chinese has


@torch.inference_mode()
def test_the_vector_hears_every_piece_and_its_place():
    torch.manual_seed(0)
    net = Bert(TINY).eval()
    vectors = [net(torch.tensor([ids])) for ids in ([2, 5, 6, 3], [2, 6, 5, 3], [2, 5, 7, 3])]
    assert all(vector.shape == (1, 8) and vector.abs().max() < 1 for vector in vectors)
    assert all((vectors[0] - other).abs().max() > 1e-3 for other in vectors[1:])
