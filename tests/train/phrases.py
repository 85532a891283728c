"""Sentences of a tiny language, in which some characters follow others, and a training of it that takes a second."""

import random

from tingshuo.models.language.config import LanguageConfig
from tingshuo.train.config import BundleConfig
from tingshuo.train.language_model_config import LanguageModelTraining
from tingshuo.train.loop_config import LoopConfig

WHO, HOW, WHAT = (
    ("我们", "他们", "老师", "孩子"),
    ("今天", "明天", "经常", "也许"),
    ("去公园", "喝绿茶", "看电影", "写作业", "唱歌"),
)
CONFIG = LanguageModelTraining(
    net=LanguageConfig(dim=16, heads=2, hidden=24),
    dropout=0.1,
    dev_share=0.2,
    order=3,
    loop=LoopConfig(
        steps=40, rate=0.02, warm_up=5, batch_frames=120, evaluate_every=20, checkpoint_every=20, log_every=10, average=0.9,
        precision="fp32",
    ),
    bundle=BundleConfig(name="tiny", licence="CC0-1.0", consent="nobody's voice", data_statement="Made by a test."),
)  # fmt: skip


def phrases():
    """All sentences, shuffled, the same each time."""
    made = [f"{who}{how}{what}" for who in WHO for how in HOW for what in WHAT]
    random.Random(0).shuffle(made)
    return made


def write_phrases(path):
    """Write them, a sentence a line, with punctuation."""
    path.write_text("".join(f"{one}。\n" for one in phrases()), "utf-8")
    return path
