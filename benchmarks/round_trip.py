"""Whether the voice is understood: it speaks 300 sentences, a recogniser writes them down, what is misheard is counted.

    python benchmarks/round_trip.py [--ear BUNDLE] [--voice default] [--speaker NAME] [--limit 0.10]

Sentences are every tenth line of ``sentences_zh.txt`` of the data pack; they are not among the texts that the built-in recogniser
was taught words and speech with. Errors of all characters over all characters; figures are compared as they are said. Above
``--limit`` the exit code is 1: so this is the gate of a new voice. Its ear should have heard people only, as one that was taught
by a voice hears that voice better than people do.
"""

import argparse
import sys
from pathlib import Path

import tingshuo
from tingshuo.audio.resample import resample
from tingshuo.tasks.evaluate.listening import compared
from tingshuo.tasks.recognise.find import DEFAULT, load_recogniser
from tingshuo.tasks.recognise.hearing import heard
from tingshuo.text.metrics import Errors, count

PACK = Path(__file__).parents[2] / "shared/data/sentences_zh.txt"
EVERY = 10
WORST = 8


def main() -> None:
    """Speak, hear, count."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--ear", default=DEFAULT)
    parser.add_argument("--voice", default="default")
    parser.add_argument("--speaker", action="append")
    parser.add_argument("--sentences", type=Path, default=PACK)
    parser.add_argument("--limit", type=float, default=0.10)
    args = parser.parse_args()
    voice, ear = tingshuo.load(args.voice), load_recogniser(args.ear)
    texts = args.sentences.read_text("utf-8").splitlines()[::EVERY]
    worst = 0.0
    for speaker in args.speaker or voice.speakers:
        characters = syllables = Errors()
        found = []
        for text in texts:
            wav = resample(voice.synthesize(text, speaker=speaker).wav, voice.sample_rate, ear.sample_rate)
            best = ear.hear(wav)
            told = heard(ear, best[0]).text if best else ""
            pairs = compared(text, told, "spoken")
            errors = count(pairs["character"])
            characters += errors
            syllables += count(pairs.get("syllable", ()))
            found.append((errors.rate, text, told))
        print(f"{args.voice}/{speaker}, heard by {args.ear}: {len(texts)} sentences, {characters.reference} characters")
        print(f"  characters misheard {characters.rate:.2%}, syllables with their tones {syllables.rate:.2%}")
        for rate, text, told in sorted(found, reverse=True)[:WORST]:
            print(f"  {rate:5.0%}  {text}  ->  {told}")
        worst = max(worst, characters.rate)
    print(f"worst {worst:.2%}, limit {args.limit:.0%}: {'passed' if worst <= args.limit else 'NOT PASSED'}")
    sys.exit(worst > args.limit)


if __name__ == "__main__":
    main()
