"""Build the polyphone model that `tingshuo.text.polyphone` runs.

    python scripts/build_polyphones.py G2PM_FOLDER DATA.tsv

``G2PM_FOLDER`` is the unpacked PyPI package g2pM 0.1.2.5 (Apache-2.0, https://github.com/kakaobrain/g2pM; Park and Lee, "A
Neural Grapheme-to-Phoneme Conversion Package for Mandarin Chinese Based on a New Open Benchmark Dataset", Interspeech 2020).
``DATA.tsv`` holds labelled sentences (index, pinyin, sentence); only the labels of the tuning half (`benchmarks/polyphones.py`
says which) are used. The weights are read with pickle, here and nowhere else.
"""

import argparse
import pickle
import sys
from collections import Counter
from pathlib import Path

import numpy as np
from safetensors.numpy import save as to_bytes

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "benchmarks"))
from polyphones import Labelled, is_tuning, read_labelled  # noqa: E402

from tingshuo.text.lexicon import load_lexicon  # noqa: E402
from tingshuo.text.polyphone import PolyphoneNet  # noqa: E402

OUT = ROOT / "src" / "tingshuo" / "text" / "data"


def read_weights(folder: Path) -> tuple[dict[str, np.ndarray], str, list[str]]:
    """Return the tensors of the net, its characters in the order of the embedding rows, and its classes."""
    tensors = pickle.loads((folder / "np_ckpt.pkl").read_bytes())
    rows = pickle.loads((folder / "char2idx.pkl").read_bytes())
    classes = pickle.loads((folder / "class2idx.pkl").read_bytes())
    # Rows 0-3 are padding, unknown, begin and end of a sentence.
    characters = "".join(sorted((c for c in rows if rows[c] > 3), key=rows.__getitem__))
    assert [rows[c] for c in characters] == list(range(4, len(rows))), "an embedding row without a character"
    readings = [c.replace("u:", "v") for c in sorted(classes, key=classes.__getitem__)]
    return tensors, characters, readings


def fold(tensors: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Rearrange the net for the fewest operations at run time.

    Both directions become one recurrence: rows and columns are gates (input, forget, output, cell) times directions times 32
    units, the recurrent matrix is block-diagonal. The two biases are added. The three sigmoid gates are halved, because
    sigmoid(x) = (1 + tanh(x / 2)) / 2 lets one tanh serve all four gates.
    """
    gates = np.zeros((2, 4, 2, 32, 64), np.float32)  # direction of the input, gate, direction, unit, embedding
    recurrent = np.zeros((4, 2, 32, 2, 32), np.float32)
    bias = np.zeros((4, 2, 32), np.float32)
    for d, suffix in enumerate(("l0", "l0_reverse")):
        for ours, theirs in enumerate((0, 1, 3, 2)):  # PyTorch's order is input, forget, cell, output
            rows = slice(32 * theirs, 32 * theirs + 32)
            scale = 1.0 if theirs == 2 else 0.5
            gates[d, ours, d] = scale * tensors[f"lstm.weight_ih_{suffix}"][rows]
            recurrent[ours, d, :, d] = scale * tensors[f"lstm.weight_hh_{suffix}"][rows]
            bias[ours, d] = scale * (tensors[f"lstm.bias_ih_{suffix}"] + tensors[f"lstm.bias_hh_{suffix}"])[rows]
    return {
        "embedding": tensors["embedding.weight"],
        "input": gates[0].reshape(256, 64).T,
        "input_reverse": gates[1].reshape(256, 64).T,
        "bias": bias.reshape(256),
        "recurrent": recurrent.reshape(256, 64).T,
        "hidden": tensors["logit_layer.0.weight"].T,
        "hidden_bias": tensors["logit_layer.0.bias"],
        "output": tensors["logit_layer.2.weight"],
        "output_bias": tensors["logit_layer.2.bias"],
    }


def read_candidates(labelled: list[Labelled], readings: list[str]) -> dict[str, list[str]]:
    """Return the readings to choose from for every character that the net was trained to decide.

    These are the labels of the tuning half, and for characters with few of them also the readings of the lexicon that the net
    itself ever prefers over all others in some sentence (what it never learnt for a character has an arbitrary score there).
    """
    lexicon, net = load_lexicon(), PolyphoneNet()
    decided = {row.sentence[row.index] for row in labelled}
    out: dict[str, set[str]] = {char: set() for char in decided}
    seen: Counter[str] = Counter()
    for row in labelled:
        if is_tuning(row.sentence):
            seen[row.sentence[row.index]] += 1
            out[row.sentence[row.index]].add(row.pinyin)
    for row in labelled:
        indices = [i for i, char in enumerate(row.sentence) if char in decided and seen[char] < FEW_LABELS]
        for i, best in zip(indices, net.logits(row.sentence, indices).argmax(axis=1), strict=True):
            if readings[best] in lexicon.readings(row.sentence[i]):
                out[row.sentence[i]].add(readings[best])
    return {char: sorted(known) for char, known in sorted(out.items()) if known}


FEW_LABELS = 6
"""Characters with fewer labels in the tuning half may also have readings that the net prefers somewhere."""


def save(tensors: dict[str, np.ndarray], characters: str, readings: list[str], candidates: dict[str, list[str]]) -> None:
    """Write the tensors as float16 and the tables as text: characters, readings, then a line for each decided character."""
    data = to_bytes({name: np.ascontiguousarray(value, np.float16) for name, value in tensors.items()})
    (OUT / "polyphones.safetensors").write_bytes(data)
    lines = [characters, " ".join(readings), *(f"{char} {' '.join(known)}" for char, known in candidates.items())]
    (OUT / "polyphones.txt").write_text("\n".join(lines) + "\n", "utf-8")


def main() -> None:
    """Build the model."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("g2pm", type=Path)
    parser.add_argument("data", type=Path)
    arguments = parser.parse_args()
    tensors, characters, readings = read_weights(arguments.g2pm)
    readings = ["er5" if r == "r5" else r for r in readings]
    labelled = read_labelled(str(arguments.data))
    save(fold(tensors), characters, readings, {})  # so that the net can be asked what it prefers
    save(fold(tensors), characters, readings, read_candidates(labelled, readings))


if __name__ == "__main__":
    main()
