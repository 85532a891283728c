from tingshuo.models.hmm.config import HmmConfig


def test_a_document_gives_the_same_config():
    config = HmmConfig(iterations=4, splits=(1, 2))
    assert HmmConfig.check(config.fields(), "a test") == config


def test_gaussians_are_at_most_four_by_default():
    assert 2 ** len(HmmConfig().splits) == 4
    assert HmmConfig().broad_iterations < min(HmmConfig().splits)
    assert max(HmmConfig().splits) < HmmConfig().iterations
