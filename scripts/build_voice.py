"""Build the built-in voice from the seed weights.

    python scripts/build_voice.py WEIGHTS_DIR [--sentences FILE] [--out DIR]

Exports the graphs, and writes the bundle whole or not at all.
"""

import argparse
from pathlib import Path

from tingshuo.config import MelConfig, SpeakerConfig, StyleConfig, VoiceConfig
from tingshuo.models.fastspeech.config import FastSpeechConfig
from tingshuo.models.source_filter.config import SourceFilterConfig
from tingshuo.port.export import export_graph
from tingshuo.port.nets import FAMILY, architecture, load_nets
from tingshuo.port.seed import read_seed
from tingshuo.port.voice import contexts, graph_entries, voice_files, voice_graphs
from tingshuo.store.bundle import write_bundle
from tingshuo.text.symbols import PHONES
from tingshuo.types import EMOTIONS

VERSION = "1.0.0"
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
        "licence": "CC-BY-SA-4.0",
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
        "used_for": "rhythm and melody of sentences",
    },
]


def main() -> None:
    """Read the arguments and build."""
    parser = argparse.ArgumentParser(description="Build the built-in voice from the seed weights.")
    parser.add_argument("weights", type=Path, help="folder with acoustic.safetensors, vocoder.safetensors, speakers.json")
    parser.add_argument("--out", type=Path, default=Path(__file__).parents[1] / "src/tingshuo/voices/default")
    args = parser.parse_args()

    seed = read_seed(args.weights, speakers=[SPEAKER], styles=list(STYLES))
    mean, std = seed.log_f0[SPEAKER]
    acoustic = FastSpeechConfig(phonemes=len(PHONES), styles=len(STYLES), speakers=1)
    vocoder = SourceFilterConfig()
    config = VoiceConfig(
        family=FAMILY,
        mel=MelConfig(),
        phonemes=tuple(PHONES),
        speakers=(SpeakerConfig(name=SPEAKER, gender="female", log_f0_mean=mean, log_f0_std=std),),
        styles=tuple(STYLES.values()),
        architecture=architecture(acoustic, vocoder),
        **contexts(acoustic, vocoder),
    )
    nets = load_nets(config, seed.acoustic, seed.vocoder)
    models = {"fp32": {name: export_graph(graph) for name, graph in voice_graphs(nets).items()}}
    manifest = {
        "name": "default",
        "version": VERSION,
        "family": config.family,
        "task": "tts",
        "languages": ["zh-CN"],
        "speakers": [SPEAKER],
        "styles": [style.name for style in config.styles],
        "emotions": list(EMOTIONS),
        "sample_rate": config.mel.sample_rate,
        "licence": "CC-BY-SA-4.0",
        "attributions": CREDITS,
        "data_statement": (
            "Timbre: 140 minutes of single words by one woman. Rhythm and melody: sentences read by two AISHELL-1 speakers and "
            "volunteers of Common Voice, whose timbre is not in the bundle. Nothing in the timbre's recordings is above 11 kHz."
        ),
        "consent": "Published by the speakers for reuse under the licences given; no other person's timbre is included.",
        "graphs": graph_entries(models),
    }
    write_bundle(args.out, manifest, voice_files(config, nets, models), replace=True)
    print(f"{args.out}: {sum(p.stat().st_size for p in args.out.rglob('*') if p.is_file()) / 1e6:.1f} MB")


if __name__ == "__main__":
    main()
