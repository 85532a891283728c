"""Build the built-in voice from the seed weights.

    python scripts/build_voice.py WEIGHTS_DIR [--student FILE] [--sentences FILE] [--out DIR]

With a student from `distill_voice.py`, the smaller acoustic model is shipped in place of the seed's. Exports the graphs, makes
them fast, quantises them on the sentences, keeps what passes, and writes the bundle whole or not at all. Needs the ``train``
extra.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from safetensors.numpy import load_file

from tingshuo.config import MelConfig, SpeakerConfig, StyleConfig, VoiceConfig
from tingshuo.models.fastspeech.config import FastSpeechConfig
from tingshuo.models.source_filter.config import SourceFilterConfig
from tingshuo.port.calibration import pick_texts, record_inputs
from tingshuo.port.export import export_graph, half_tensors
from tingshuo.port.nets import VoiceNets, architecture, load_nets, voice_family
from tingshuo.port.prune import prune_voice
from tingshuo.port.seed import read_seed
from tingshuo.port.variants import Variants, build_variants
from tingshuo.port.verify import open_model, reference_outputs
from tingshuo.port.voice import contexts, graph_entries, voice_files, voice_graphs
from tingshuo.store.atomic import Content
from tingshuo.store.bundle import open_bundle, write_bundle
from tingshuo.text.symbols import PHONES
from tingshuo.train.aligner import bundle_files, bundled_aligner, load_aligner
from tingshuo.types import EMOTIONS

VERSION = "1.0.1"
STUDENT_SIZES = {"pitch_hidden": 96}
"""A fifth of the pitch predictor's multiplications."""
SPEAKER = "tan"
STYLES = {  # row of the seed's table -> how it is offered
    "cv168": StyleConfig(name="natural", description="reads sentences unhurriedly, with distinct tones"),
    "S0252": StyleConfig(name="steady", description="reads sentences at an even pace, like news"),
    "cv155": StyleConfig(name="lively", description="fast, with a wide melody", tempo=0.92),
    "cv194": StyleConfig(name="brisk", description="quick and clear"),
    "cv249": StyleConfig(name="smooth", description="even voicing and a soft melody"),
    "tan": StyleConfig(name="clear", description="slow, word by word, each tone in full"),
}
CREDITS = [
    {
        "work": "cmn-caen-tan (Shtooka collection), in audio-cmn",
        "author": "spoken by Yue Tan; Hugo Lopez, PLIDAM/INALCO; recording software Nicolas Vion",
        "licence": "CC-BY-SA-3.0-US",
        "url": "https://github.com/hugolpz/audio-cmn",
        "used_for": "timbre; trimmed, level-normalised, re-encoded",
    },
    {
        "work": "Mandarin syllables, in audio-cmn",
        "author": "spoken by Chen Wang; Hugo Lopez, PLIDAM/INALCO",
        "licence": "CC-BY-SA",
        "url": "https://github.com/hugolpz/audio-cmn",
        "used_for": "pronunciation; trimmed, level-normalised, re-encoded",
    },
    {
        "work": "AISHELL-1",
        "author": "Beijing Shell Shell Technology Co., Ltd; H. Bu, J. Du, X. Na, B. Wu, H. Zheng, O-COCOSDA 2017",
        "licence": "Apache-2.0",
        "url": "https://www.openslr.org/33",
        "used_for": "rhythm and melody of sentences",
    },
    {
        "work": "Mozilla Common Voice, Chinese (China)",
        "author": "its volunteers",
        "licence": "CC0-1.0",
        "url": "https://commonvoice.mozilla.org",
        "used_for": "rhythm and melody of sentences; vocoder",
    },
    {
        "work": "African Storybook Project, audio and text",
        "author": "its narrators and authors, by story",
        "licence": "CC-BY-4.0",
        "url": "https://github.com/global-asp/asp-audio",
        "used_for": "vocoder; some stories are CC BY 3.0, see docs/african_storybook.md of Tingshuo",
    },
]


GOLDEN_TEXT = "你好。"
CALIBRATION_TEXTS, TEST_TEXTS = 48, 24
DECODER_HIDDEN, VOCODER_HIDDEN = 576, 256
"""Hidden features of a decoder and vocoder block as shipped; the seed has 1152 and 768."""
CARDS = Path(__file__).parent / "voice"


def read_nets(weights: Path, student: Path | None = None) -> tuple[VoiceConfig, VoiceNets]:
    """Read the seed weights into our nets, the acoustic model from a student's tensors when there is one."""
    seed = read_seed(weights, speakers=[SPEAKER], styles=list(STYLES))
    mean, std = seed.log_f0[SPEAKER]
    sizes = STUDENT_SIZES if student else {}
    acoustic = FastSpeechConfig(phonemes=len(PHONES), styles=len(STYLES), speakers=1, **sizes)
    vocoder = SourceFilterConfig()
    config = VoiceConfig(
        family=voice_family(vocoder),
        mel=MelConfig(),
        phonemes=tuple(PHONES),
        speakers=(SpeakerConfig(name=SPEAKER, gender="female", log_f0_mean=mean, log_f0_std=std),),
        styles=tuple(STYLES.values()),
        architecture=architecture(acoustic, vocoder),
        **contexts(acoustic, vocoder),
    )
    return config, load_nets(config, load_file(student) if student else seed.acoustic, seed.vocoder)


def narrow(config: VoiceConfig, nets: VoiceNets, texts: Sequence[str], tests: Sequence[str]) -> tuple[VoiceConfig, VoiceNets]:
    """Narrow decoder and vocoder to the sizes that the voice ships with, where they are wider; print what that changes."""
    tensors = half_tensors(nets.acoustic) | half_tensors(nets.vocoder)
    sessions = {name: open_model(export_graph(graph), tensors) for name, graph in voice_graphs(nets).items()}
    seen = record_inputs(sessions, config, tensors, texts)
    small = prune_voice(nets, seen, decoder_hidden=DECODER_HIDDEN, vocoder_hidden=VOCODER_HIDDEN)
    before, after = voice_graphs(nets), voice_graphs(small)
    heard = record_inputs(sessions, config, tensors, tests)
    for name, output in (("decoder", "mel"), ("vocoder", "gain"), ("vocoder", "noise_gain"), ("vocoder", "phase")):
        pairs = [[reference_outputs(graphs[name], x)[output] for graphs in (before, after)] for x in heard[name]]
        print(f"narrow {name}: {output} moves by {np.mean([np.abs(a - b).mean() for a, b in pairs]):.4f} on average")
    sizes = architecture(small.acoustic.config, small.vocoder.config)
    return config.replace(architecture=sizes), small


def describe(config: VoiceConfig, built: Variants) -> dict[str, Any]:
    """Return the fields of the manifest."""
    return {
        "name": "default",
        "version": VERSION,
        "family": config.family,
        "task": "tts",
        "languages": ["zh-CN"],
        "speakers": [speaker.name for speaker in config.speakers],
        "styles": [style.name for style in config.styles],
        "emotions": list(EMOTIONS),
        "sample_rate": config.mel.sample_rate,
        "licence": "CC-BY-SA-4.0",
        "attributions": CREDITS,
        "data_statement": (
            "Timbre: 140 minutes of single words by one woman. Rhythm and melody: sentences read by two AISHELL-1 speakers and "
            "volunteers of Common Voice, whose timbre is not in the bundle. The vocoder also heard an English narrator. "
            "Nothing in the timbre's recordings is above 11 kHz."
        ),
        "consent": "Published by the speakers for reuse under the licences given; no other person's timbre is included.",
        "graphs": graph_entries(built.models),
        "measured": built.measured,
    }


def main() -> None:
    """Read the arguments and build."""
    root = Path(__file__).parents[1]
    parser = argparse.ArgumentParser(description="Build the built-in voice from the seed weights.")
    parser.add_argument("weights", type=Path, help="folder with acoustic.safetensors, vocoder.safetensors, speakers.json")
    parser.add_argument("--student", type=Path, help="tensors that distill_voice.py wrote")
    parser.add_argument("--aligner", type=Path, help="of build_aligner.py; without it that of the voice at OUT stays")
    parser.add_argument("--sentences", type=Path, default=root / "../shared/data/sentences_zh.txt", help="one a line")
    parser.add_argument("--out", type=Path, default=root / "src/tingshuo/voices/default")
    args = parser.parse_args()
    lines = args.sentences.read_text("utf-8").splitlines()

    calibration, test = pick_texts(lines, CALIBRATION_TEXTS), pick_texts(lines, TEST_TEXTS, offset=7)
    config, nets = narrow(*read_nets(args.weights, args.student), calibration, test)
    built = build_variants(config, nets, calibration, test, GOLDEN_TEXT)
    for precision, errors in built.errors.items():
        print(precision, ", ".join(f"{name} {error:.1f} dB" for name, error in errors.items()))
    print("int8", ", ".join(f"{name} {value:.4g}" for name, value in built.figures.items()))
    for name, reason in built.refused.items():
        print(f"int8 {name} refused: {reason}")

    files: dict[str, Content] = dict(voice_files(config, nets, built.models) | built.golden)
    files |= {name: CARDS / name for name in ("MODELCARD.md", "CHANGELOG.md")}
    old = bundled_aligner(open_bundle(args.out)) if args.out.exists() else None
    aligner = load_aligner(args.aligner) if args.aligner else old
    files |= bundle_files(aligner) if aligner else {}
    write_bundle(args.out, describe(config, built), files, replace=True)
    print(f"{args.out}: {sum(path.stat().st_size for path in args.out.rglob('*') if path.is_file()) / 1e6:.1f} MB")


if __name__ == "__main__":
    main()
