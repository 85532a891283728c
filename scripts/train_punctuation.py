"""Train the punctuation net that `tingshuo.text.punctuate` runs, and measure it on sentences that it has not seen.

    OMP_NUM_THREADS=1 python scripts/train_punctuation.py DATA_FOLDER        # needs torch; about ten minutes on one core

``DATA_FOLDER`` holds ``sentences_zh.txt`` with ``sentences_sources.tsv`` (Tatoeba, CC BY 2.0 FR; Mozilla Common Voice, CC0),
``polyphones.tsv`` (sentences of Chinese Wikipedia, CC BY-SA 3.0) and ``cv_zh/index.jsonl`` (Common Voice). Texts of the dev
splits of ``cv_zh`` and ``aishell`` are left out. The transcripts of ``aishell`` teach nothing: they have no marks at all.

Every sentence is read as it would be recognised (numbers spoken, brackets and quotes gone; ；：… and —— count as ，). Most
lines are single sentences, so that one to five of a source are joined at random to teach the ends inside a text. One sentence
in ten, by its hash, is measured and not learnt, one in twenty sets the bias of each mark. The mark at the end of a text is not
counted: it is always set.
"""

import argparse
import json
import random
import re
import zlib
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
from safetensors.numpy import save as to_bytes
from torch import Tensor, nn

from tingshuo.text.normalize import normalize
from tingshuo.text.punctuate import CLASSES, DILATIONS, FIRST, WORD_ROWS, Features, PunctuationNet, features_of, marks, units_of

OUT = Path(__file__).resolve().parents[1] / "src" / "tingshuo" / "text" / "data" / "punctuation.safetensors"
WIDTHS = {"chars": 40, "words": 16, "kind": 8}
MARKS = "，、。？！"
LICENCE = "CC BY-SA 3.0; taught with sentences of Chinese Wikipedia, Tatoeba (CC BY 2.0 FR) and Common Voice (CC0); see NOTICE"
LEAST = 2
"""A character gets a row of its own when it is in this many sentences."""
MASKED = -100


def read(folder: Path) -> dict[str, list[str]]:
    """Return the sentences of each source, without those of the dev splits and without doubles."""
    dev, cv = set(), []
    for name in ("cv_zh", "aishell"):
        for line in (folder / name / "index.jsonl").read_text("utf-8").splitlines():
            row = json.loads(line)
            if row["split"] != "train":
                dev.add(bare(row["text"]))
            elif name == "cv_zh":
                cv.append(row["text"])
    lines = (folder / "sentences_zh.txt").read_text("utf-8").splitlines()
    rows = [row.split("\t") for row in (folder / "sentences_sources.tsv").read_text("utf-8").splitlines()[1:]]
    talk = {int(row[1]) for row in rows if row[0] == "sentences_zh.txt" and row[2] == "tatoeba"}
    wiki = [line.split("\t")[2] for line in (folder / "polyphones.tsv").read_text("utf-8").splitlines()]
    raw = {
        "talk": [line for i, line in enumerate(lines, 1) if i in talk],
        "read": [line for i, line in enumerate(lines, 1) if i not in talk] + cv,
        "wiki": wiki,
    }
    seen, out = set(dev), defaultdict(list)
    for source, sentences in raw.items():
        for sentence in sentences:
            spoken = as_spoken(sentence)
            if bare(spoken) and bare(sentence) not in dev and bare(spoken) not in seen:
                seen.add(bare(spoken))
                out[source].append(spoken)
    return dict(out)


def bare(text: str) -> str:
    """Return a text without marks and blanks, to compare."""
    return re.sub(r"[\W_]", "", text)


def as_spoken(sentence: str) -> str:
    """Write a sentence as it is spoken, with the marks of `MARKS` only."""
    sentence = re.sub(r"[（(\[{【〔][^）)\]}】〕]*[）)\]}】〕]", "", sentence)
    sentence = normalize(re.sub(r"[·・•●“”\"「」『』《》〈〉‘’]", "", sentence))
    sentence = re.sub(r"[“”‘’《》（）·]", "", sentence)
    sentence = re.sub(r"[；：…—]+", "，", sentence)
    return re.sub(rf"[{MARKS}]*([{MARKS}])", r"\1", sentence).strip(MARKS[:2] + " ")


def labelled(sentence: str) -> tuple[str, list[tuple[int, str]]]:
    """Split a sentence into its text without marks and (index of the character before, mark)."""
    text, found = "", []
    for char in sentence:
        if char in MARKS:
            if text:
                found.append((len(text) - 1, char))
        else:
            text += char
    return text, found


def part(sentence: str) -> str:
    """Say what a sentence is for, by its hash."""
    place = zlib.crc32(bare(sentence).encode()) % 20
    return "test" if place < 2 else "tune" if place == 2 else "train"


def joined(sentences: dict[str, list[str]], wanted: str, seed: int) -> Iterator[tuple[str, list[tuple[int, str]]]]:
    """Yield texts of one to five sentences of one source, in random order, with their marks; None masks an unknown end."""
    rng = random.Random(seed)
    for source in sorted(sentences):
        rows = [s for s in sentences[source] if part(s) == wanted]
        rng.shuffle(rows)
        while rows:
            text, found = "", []
            for sentence in [rows.pop() for _ in range(min(len(rows), rng.choice((1, 2, 2, 3, 3, 4, 5))))]:
                one, its = labelled(sentence)
                found += [(len(text) + i, mark) for i, mark in its]
                text += one
                if not its or its[-1][0] != len(one) - 1:
                    found.append((len(text) - 1, ""))
            yield text, found


Example = tuple[Features, np.ndarray]


def examples(sentences: dict[str, list[str]], wanted: str, seed: int, rows: dict[str, int]) -> list[Example]:
    """Return features and classes of the units of each text of `joined`."""
    out = []
    for text, found in joined(sentences, wanted, seed):
        units = units_of(text)
        at = {unit.end - 1: i for i, unit in enumerate(units)}
        labels = np.zeros(len(units), np.int64)
        for i, mark in found:
            if i in at:
                labels[at[i]] = {"，": 1, "、": 2, "": MASKED}.get(mark, 3)
        out.append((features_of(text, units, rows), labels))
    return out


class Net(nn.Module):
    """The net of `tingshuo.text.punctuate`, to be trained."""

    def __init__(self, characters: int) -> None:
        super().__init__()
        width = sum(WIDTHS.values())
        self.chars = nn.Embedding(FIRST + characters, WIDTHS["chars"])
        self.words = nn.Embedding(WORD_ROWS, WIDTHS["words"])
        self.tags = nn.Embedding(64, WIDTHS["kind"])
        self.places = nn.Embedding(4, WIDTHS["kind"])
        self.layers = nn.ModuleList([nn.Conv1d(width, width, 5, dilation=d, padding=2 * d) for d in DILATIONS])
        self.output = nn.Linear(width, len(CLASSES))
        self.dropout = nn.Dropout(0.3)

    def forward(self, rows: Tensor, mask: Tensor) -> Tensor:
        """Score the classes; rows (4, B, T), mask (B, T) -> (B, T, 4)."""
        chars, words, tags, places = rows
        if self.training:
            chars = torch.where(torch.rand_like(mask) < 0.04, 0, chars)
        word = self.words(words)
        if self.training:
            word = word * (torch.rand_like(mask) > 0.25)[..., None] / 0.75
        kind = self.tags(tags) + self.places(places)
        x = (torch.cat([self.chars(chars), word, kind], -1) * mask[..., None]).transpose(1, 2)
        for i, layer in enumerate(self.layers):
            y = torch.relu(layer(self.dropout(x))) * mask[:, None]
            x = x + y if i else y
        return self.output(self.dropout(x).transpose(1, 2))

    def tensors(self) -> dict[str, np.ndarray]:
        """Return the weights under the names and in the layout that the numpy net has."""
        state = {name: value.detach().numpy() for name, value in self.state_dict().items()}
        out = {name: state[f"{name}.weight"] for name in ("chars", "words", "tags", "places")}
        for i in range(len(DILATIONS)):
            weight = state[f"layers.{i}.weight"]  # (out, in, taps)
            out[f"layer{i}"] = weight.transpose(2, 1, 0).reshape(-1, weight.shape[0])
            out[f"bias{i}"] = state[f"layers.{i}.bias"]
        return out | {"output": state["output.weight"].T, "output_bias": state["output.bias"]}


def batches(texts: list[Example], size: int) -> Iterator[tuple[Tensor, Tensor, Tensor]]:
    """Yield rows (4, B, T), mask and labels (B, T) of texts of like length, in random order."""
    order = sorted(range(len(texts)), key=lambda i: len(texts[i][1]) + random.random())
    groups = [order[i : i + size] for i in range(0, len(order), size)]
    random.shuffle(groups)
    for group in groups:
        longest = max(len(texts[i][1]) for i in group)
        rows = np.zeros((4, len(group), longest), np.int64)
        mask, labels = np.zeros((len(group), longest), np.float32), np.full((len(group), longest), MASKED)
        for k, i in enumerate(group):
            n = len(texts[i][1])
            rows[:, k, :n], mask[k, :n], labels[k, :n] = np.stack(texts[i][0]), 1, texts[i][1]
            labels[k, n - 1] = MASKED  # the end of a text is known
        yield torch.from_numpy(rows), torch.from_numpy(mask), torch.from_numpy(labels)


def train(sentences: dict[str, list[str]], rows: dict[str, int], epochs: int) -> Net:
    """Train a net; each epoch joins the sentences anew."""
    net = Net(len(rows))
    tables = [table for layer in (net.chars, net.words, net.tags, net.places) for table in layer.parameters()]
    parameters = [{"params": net.layers.parameters(), "weight_decay": 0.01}, {"params": [*net.output.parameters(), *tables]}]
    optimiser = torch.optim.AdamW(parameters, lr=4e-3, weight_decay=0.001)
    steps = epochs * (len(examples(sentences, "train", 0, rows)) // 32 + 1)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, 4e-3, total_steps=steps + epochs, pct_start=0.1)
    loss_of = nn.CrossEntropyLoss(ignore_index=MASKED, label_smoothing=0.02)
    for epoch in range(epochs):
        total, n = 0.0, 0
        net.train()
        for inputs, mask, labels in batches(examples(sentences, "train", epoch, rows), 32):
            loss = loss_of(net(inputs, mask).flatten(0, 1), labels.flatten())
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            schedule.step()
            total, n = total + loss.item(), n + 1
        net.eval()
        with torch.no_grad():
            held = batches(examples(sentences, "tune", 0, rows), 32)
            tune = [loss_of(net(inputs, mask).flatten(0, 1), labels.flatten()).item() for inputs, mask, labels in held]
        print(f"epoch {epoch + 1}: loss {total / n:.4f}, tuning part {sum(tune) / len(tune):.4f}", flush=True)
    return net


def set_biases(tensors: dict[str, np.ndarray], texts: list[Example]) -> None:
    """Add to the bias of each mark what is best on some texts: for marks wherever they are, and for marks of the right kind."""
    net = PunctuationNet(tensors)
    score = np.concatenate([net.scores(features)[:-1] for features, _ in texts])
    label = np.concatenate([labels[:-1] for _, labels in texts])
    score, label = score[label != MASKED], label[label != MASKED]
    best = np.zeros(4)

    def quality(bias: np.ndarray) -> float:
        said = (score + bias).argmax(1)
        both, right = ((said > 0) & (label > 0)).sum(), ((said == label) & (label > 0)).sum()
        return 2 * (both + right) / ((said > 0).sum() + (label > 0).sum())

    for _ in range(3):
        for k in (1, 2, 3):
            trials = [np.where(np.arange(4) == k, best + step, best) for step in np.arange(-1.5, 1.6, 0.1)]
            best = max(trials, key=quality)
    print("biases added:", best.round(1).tolist())
    tensors["output_bias"] = (tensors["output_bias"] + best).astype(np.float16)


def measure(sentences: dict[str, list[str]]) -> dict[str, float]:
    """Print precision, recall and F1 of each mark, by the data file as it is used; return the F1 of any mark by source."""
    quality = {}
    for name, chosen in [("all", sentences), *((source, {source: rows}) for source, rows in sentences.items())]:
        right, said, true = Counter(), Counter(), Counter()
        for text, found in joined(chosen, "test", 99):
            known = [(i, mark) for i, mark in found if i != len(text) - 1]
            masked = {i for i, mark in known if not mark}
            placed = {(i, mark) for i, mark in marks(text).items() if i != len(text) - 1 and i not in masked}
            truth = {(i, mark) for i, mark in known if mark}
            for pairs, counter in ((placed, said), (truth, true), (placed & truth, right)):
                counter.update(mark for _, mark in pairs)
                counter["any"] += len({i for i, _ in pairs})
            right["any"] += len({i for i, _ in placed} & {i for i, _ in truth}) - len(placed & truth)
        print(name)
        for mark in (*MARKS, "any"):
            p, r = right[mark] / max(said[mark], 1), right[mark] / max(true[mark], 1)
            print(f"  {mark}  precision {p:.3f}  recall {r:.3f}  F1 {2 * p * r / max(p + r, 1e-9):.3f}  of {true[mark]}")
        quality[name] = 2 * p * r / max(p + r, 1e-9)
    return quality


def measure_ends(sentences: dict[str, list[str]]) -> None:
    """Print how well 。？！ are told apart at the end of single sentences, the place of the end given."""
    from tingshuo.text.punctuate_ends import end_mark

    counts: Counter[tuple[str, str]] = Counter()
    for rows in sentences.values():
        for sentence in rows:
            text, found = labelled(sentence)
            if part(sentence) == "test" and len(found) and found[-1][0] == len(text) - 1 and found[-1][1] in "。？！":
                begin = max((i + 1 for i, mark in found[:-1] if mark in "。？！"), default=0)
                counts[found[-1][1], end_mark(text[begin:])] += 1
    print("ends (true, said):", dict(counts))


def main() -> None:
    """Train, write the data file, measure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("--epochs", type=int, default=24)
    parser.add_argument("--measure", action="store_true", help="measure the data file that is there, train nothing")
    arguments = parser.parse_args()
    random.seed(0)
    torch.manual_seed(0)
    torch.set_num_threads(1)
    sentences = read(arguments.data)
    print({source: Counter(map(part, rows)) for source, rows in sentences.items()})
    if not arguments.measure:
        counts = Counter(c for rows in sentences.values() for s in rows if part(s) == "train" for c in set(s) if c not in MARKS)
        characters = sorted(c for c, n in counts.items() if n >= LEAST and not c.isascii())
        rows = {char: i for i, char in enumerate(characters, start=FIRST)}
        net = train(sentences, rows, arguments.epochs)
        tensors = {name: np.ascontiguousarray(value, np.float16) for name, value in net.tensors().items()}
        set_biases(tensors, [text for seed in range(3) for text in examples(sentences, "tune", seed, rows)])
        table = np.array([ord(c) for c in characters], np.uint32)
        OUT.write_bytes(to_bytes({"characters": table, **tensors}, metadata={"licence": LICENCE}))
        print(f"{OUT.name}: {OUT.stat().st_size} bytes, {len(characters)} characters")
    measure(sentences)
    measure_ends(sentences)


if __name__ == "__main__":
    main()
