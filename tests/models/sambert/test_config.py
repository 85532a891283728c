import json

from tingshuo.models.sambert.config import SambertConfig, memory_reach

CONFIG = SambertConfig(tables=(147, 10, 8, 8), emotions=36, speakers=4)


def test_sizes_that_follow_from_others():
    assert (CONFIG.symbol_dim, CONFIG.memory_dim) == (96, 160)
    vector = CONFIG.replace(speakers=0, speaker_dim=192)
    assert (vector.symbol_dim, vector.memory_dim) == (256, 320)


def test_a_memory_block_sees_as_many_steps_as_it_has_taps():
    assert memory_reach(41, 0) == (20, 20)
    assert memory_reach(41, 17) == (37, 3)
    assert CONFIG.sizes.postnet_context_frames == (148, 12)


def test_sizes_survive_json():
    assert SambertConfig.check(json.loads(json.dumps(CONFIG.fields())), "test") == CONFIG
