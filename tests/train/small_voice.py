"""A small voice with random weights, what it says, and its bundle: quick to make smaller still."""

from functools import cache

TEXTS = ("今天天气很好，我们去公园。", "你好。", "他昨天晚上十点才回家。", "请问火车站怎么走？", "春天来了，花都开了。",
         "谢谢大家。", "孩子们在操场上跑来跑去。", "快把窗户关上！", "这件衣服多少钱？", "老师说，明天要考试。")  # fmt: skip


def make_nets(seed=0, english=False):
    """Config and nets of a voice with two styles, two speakers and energy."""
    import torch

    from tingshuo.config import MelConfig, SpeakerConfig, StyleConfig, VoiceConfig
    from tingshuo.models.fastspeech.config import FastSpeechConfig
    from tingshuo.models.fastspeech.net import FastSpeech
    from tingshuo.models.source_filter.config import SourceFilterConfig
    from tingshuo.models.source_filter.net import SourceFilter
    from tingshuo.port.nets import VoiceNets, architecture, voice_family
    from tingshuo.port.voice import contexts
    from tingshuo.text.symbols import ALL_PHONES, ALL_TONES, MANDARIN_TONES, PHONES

    torch.manual_seed(seed)
    sizes = {"dim": 32, "heads": 2, "encoder_layers": 2, "encoder_hidden": 128, "duration_layers": 1, "pitch_hidden": 24,
             "pitch_layers": 1, "decoder_dim": 48, "decoder_hidden": 160, "decoder_layers": 2}  # fmt: skip
    phonemes, tones = (ALL_PHONES, ALL_TONES) if english else (PHONES, MANDARIN_TONES)
    acoustic = FastSpeechConfig(phonemes=len(phonemes), tones=tones, styles=2, speakers=2, energy=1, **sizes)
    vocoder = SourceFilterConfig(dim=16, hidden=24, layers=1)
    config = VoiceConfig(
        family=voice_family(vocoder),
        mel=MelConfig(),
        phonemes=phonemes,
        speakers=tuple(SpeakerConfig(name=name, gender="female", log_f0_mean=5.3, log_f0_std=0.2) for name in "ab"),
        styles=tuple(StyleConfig(name=name, description="") for name in "xy"),
        architecture=architecture(acoustic, vocoder),
        **contexts(acoustic, vocoder),
    )
    net = FastSpeech(acoustic).eval()
    with torch.no_grad():
        net.duration.out.bias.fill_(1.6)  # five frames
        net.pitch.out.bias[1] = -0.5  # mostly voiced
    nets = VoiceNets(net, SourceFilter(vocoder).eval())
    for part in (nets.acoustic, nets.vocoder):  # as a bundle keeps them
        part.load_state_dict({name: value.half().float() for name, value in part.state_dict().items()})
    return config, nets


class NetSession:
    """A graph's module in the place of an engine's session: no export."""

    def __init__(self, graph):
        self.graph = graph

    def run(self, inputs):
        """Answer as the engine would."""
        from tingshuo.port.verify import reference_outputs

        return reference_outputs(self.graph, inputs)


def make_lessons(config, nets, texts=TEXTS):
    """What the voice answers."""
    from tingshuo.port.voice import voice_graphs
    from tingshuo.train.lessons import record_lessons

    tables = {name: value.numpy() for name, value in nets.acoustic.state_dict().items()}
    return record_lessons({name: NetSession(graph) for name, graph in voice_graphs(nets).items()}, config, tables, texts)


def write_voice(folder, seed=0, english=False, **manifest):
    """The voice as a bundle."""
    from tingshuo.port.variants import build_variants
    from tingshuo.port.voice import graph_entries, voice_files
    from tingshuo.store.bundle import write_bundle

    config, nets = make_nets(seed, english)
    built = _variants(seed, english, build_variants)
    fields = {
        "name": folder.name, "version": "1.2.0", "family": config.family, "task": "tts", "languages": ["zh-CN"],
        "speakers": ["a", "b"], "styles": ["x", "y"], "emotions": ["neutral"], "sample_rate": 24000, "licence": "CC-BY-4.0",
        "data_statement": "Random numbers.", "consent": "Nobody's voice.", "graphs": graph_entries(built.models),
    }  # fmt: skip
    return write_bundle(folder, fields | manifest, dict(voice_files(config, nets, built.models) | built.golden))


@cache
def _variants(seed, english, build):
    return build(*make_nets(seed, english), TEXTS[:3], TEXTS[3:5], "你好。")


def make_quickly(patch, texts=3):
    """Let bundles be made with few sentences to choose scales and to measure by; ``patch`` is a MonkeyPatch."""
    from tingshuo.train import distill_voice, shrink
    from tingshuo.train.shrink_measure import compare

    patch.setattr(shrink, "CALIBRATION_TEXTS", 3)
    patch.setattr(shrink, "TEST_TEXTS", 2)
    patch.setattr(distill_voice, "compare", lambda before, after: compare(before, after, TEXTS[:texts], repeats=1))
