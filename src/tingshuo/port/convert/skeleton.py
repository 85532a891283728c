"""A contract to fill in, for a model that does not tell what it is: what goes in and out of it, and the keys of a task."""

from collections.abc import Sequence
from pathlib import Path

from tingshuo.errors import PortError, RequestError
from tingshuo.port.convert.contract import ALONE, FORMATS
from tingshuo.port.importers import tensorflow
from tingshuo.port.importers.archive import unpacked
from tingshuo.port.importers.contract import UNFILLED
from tingshuo.port.importers.onnx_files import outline, read_onnx, spec_of
from tingshuo.port.importers.torchscript import FORMAT as TORCHSCRIPT
from tingshuo.port.importers.torchscript import arguments_of
from tingshuo.port.importers.vocoder_contract import SKELETON as VOCODER
from tingshuo.port.recognise.formats import detect
from tingshuo.types import GraphSpec

VOICE = """\
sample_rate: FILL_IN          # such as 22050
inputs:                       # what the graph calls each of its inputs
  symbols: FILL_IN            # ids of symbols, (1, N)
  # lengths: FILL_IN          # how many there are
  # speaker: FILL_IN
  # emotion: FILL_IN
  # tones: FILL_IN            # one for every symbol
  # languages: FILL_IN        # one for every symbol, or one for all
  # noise: FILL_IN            # scales: how freely it speaks,
  # length: FILL_IN           # how slowly, so that speed is followed,
  # duration_noise: FILL_IN   # and how freely in its durations;
  # scales: FILL_IN           # or all in one vector,
  # scales_order: [noise, length, duration_noise]
  # fixed: {other: 0}         # an input that always gets the same number
outputs:
  wav: FILL_IN                # or mel: its name, with a vocoder
  # durations: FILL_IN        # frames of every symbol: then words can be timed
text:
  kind: FILL_IN               # lexicon, pinyin, characters or espeak
  tokens: FILL_IN             # tokens.txt: a symbol and its id a line
  # lexicon: lexicon.txt      # of kind lexicon: a word and its symbols a line
  # spelling: "{initial} {final}{tone}"    # of kind pinyin
  # voice: en-us              # of kind espeak
  # blank: _                  # before, between and after all symbols
  # begin: [^]
  # end: [$]
  # pause: sil                # for a mark that has no symbol of its own
# vocoder:                    # graphs: {acoustic: a.onnx, vocoder: v.onnx}
#   mel: FILL_IN
#   wav: FILL_IN              # or magnitude, cos and sin with n_fft and hop_length
# speakers: 1                 # how many, or their names
# emotions: [neutral, sad]    # what the rows of the input emotion are called
# scales: {noise: 0.667, length: 1.0, duration_noise: 0.8}
# silence_s: 0.2              # after a sentence
"""
RECOGNISER = """\
output: ctc               # or paraformer: scores of token after token
inputs:
  features: FILL_IN       # vectors of features, or samples
  # lengths: FILL_IN      # how many of them, (1,)
outputs:
  scores: FILL_IN         # (1, T, V): how likely each unit is
  # lengths: FILL_IN      # how many frames count, (1,)
  # count: FILL_IN        # of a paraformer: how many tokens count
features:                 # what it hears; wrong values hear wrongly
  fbank: {sample_rate: 16000, n_mels: 80, window: povey, low_hz: 20, high_hz: 0, snip_edges: true}
  # samples_hz: 16000     # in place of fbank: the graph hears samples themselves
  normalize_samples: false # false: samples count to 32768 (Kaldi, WeNet, FunASR); true: to 1 (icefall)
  # stack: 1              # so many vectors side by side ...
  # stride: 1             # ... every so many
  # cmvn: am.mvn          # a file of FunASR, or {mean: [...], inverse_deviation: [...]}
units: FILL_IN            # tokens.txt with "unit number" a line, tokens.json with a list, or the list itself
# scores: log_probs       # log_probs, logits or probabilities
# blank: <blk>            # a unit or its number
# tokenizer: char         # char, bpe, byte_bpe or joined
# subsampling: 4          # vectors of features to one frame of the scores
"""
SKELETONS = {"asr": RECOGNISER, "tts": VOICE, "vocoder": VOCODER}
MOST_BANDS = 256
"""A mel has no more; scores of units have."""
_SCORES = ("prob", "logit", "ctc")
_DOCS = "docs/import/generic.md"


def skeleton(path: Path, task: str | None = None) -> str:
    """Return a contract of YAML to fill in.

    Parameters
    ----------
    path : Path
        ONNX, TorchScript or a model of TensorFlow, a folder of graphs, or an archive of these.
    task : str or None
        ``tts``, ``asr`` or ``vocoder``; None is what inputs and outputs look like.

    Raises
    ------
    RequestError
        There is no such task.
    PortError
        There is no model there that a contract may be of, or it cannot be read.
    EngineNotInstalledError
        The environment that reads its format has not been made.
    """
    if task is not None and task not in SKELETONS:
        raise RequestError(f"unknown task {task!r} of a contract; accepted: {', '.join(SKELETONS)}", "contract")
    with unpacked(path) as root:
        files = _files(root)
        seen = {file: _look(file) for file in files}
        calls = [_calls(file) for file in files if seen[file] is None]
    specs = [spec for spec in seen.values() if spec is not None]
    chosen = task or _guess(specs)
    head = [
        f"# What {path.name} is. Say what stands as {UNFILLED}; what begins with # may be left out. {_DOCS} explains every key.",
        *(f"# {file.name}: {outline(spec)}" for file, spec in seen.items() if spec is not None),
        f"{f'task: {chosen}':<25} # for another one: --contract new:tts, new:asr or new:vocoder",
        "# name: my-model          # what the bundle is called",
        "# licence: CC-BY-4.0      # of the weights",
        *([_graphs(files, chosen)] if len(files) > 1 else []),
        *calls,
    ]
    return "\n".join(head) + "\n" + _named(SKELETONS[chosen], chosen, specs)


def _files(root: Path) -> Sequence[Path]:
    if not root.exists():
        raise PortError(f"{root}: there is no such file or folder")
    if root.is_file() or detect(root) in FORMATS:
        format = detect(root)
        if format not in FORMATS:
            raise PortError(f"{root}: is {format}, and a contract may be of: {', '.join(FORMATS)}")
        return [root]
    found = [file for file in sorted(root.iterdir()) if detect(file) in FORMATS]
    if not found:
        raise PortError(f"{root}: holds no model that a contract may be of: {', '.join(FORMATS)}")
    return found


def _look(file: Path) -> GraphSpec | None:
    """Return what goes in and out; None of TorchScript, which does not tell."""
    format = detect(file)
    if format == TORCHSCRIPT:
        return None
    return spec_of(file, read_onnx(file) if format == "onnx" else tensorflow.to_onnx(file).model)


def _guess(specs: Sequence[GraphSpec]) -> str:
    for spec in specs:
        rows = [dtype for dtype, shape in spec.inputs.values() if len(shape) == 2]
        if any("int" in dtype for dtype in rows) and not any(
            dtype.startswith("float") and len(shape) > 1 for dtype, shape in spec.inputs.values()
        ):
            return "tts"
        for name, (_, shape) in spec.outputs.items():
            last = shape[-1] if shape else 0
            if any(mark in name.lower() for mark in _SCORES) or (len(shape) == 3 and isinstance(last, int) and last > MOST_BANDS):
                return "asr"
    return "vocoder"


def _named(text: str, task: str, specs: Sequence[GraphSpec]) -> str:
    """Say what the graph shows by itself: a vocoder with one input and one output."""
    if task != "vocoder" or len(specs) != 1 or len(specs[0].inputs) != 1 or len(specs[0].outputs) != 1:
        return text
    for key, name in (("mel", next(iter(specs[0].inputs))), ("wav", next(iter(specs[0].outputs)))):
        text = text.replace(f"  {key}: {UNFILLED}", f"  {key}: {name}", 1)
    return text


def _graphs(files: Sequence[Path], task: str) -> str:
    names = [ALONE[task], *(UNFILLED for _ in files[1:])]
    return f"graphs: {{{', '.join(f'{ours}: {file.name}' for ours, file in zip(names, files, strict=True))}}}"


def _calls(file: Path) -> str:
    """Return how a TorchScript module is called, as far as its program shows."""
    arguments = [one.partition(":")[0] for one in arguments_of(file)] or [UNFILLED]
    rows = "".join(f"    - {{name: {name}, dtype: float32, shape: [1, {UNFILLED}]}}\n" for name in arguments)
    return (
        f"calls:                    # how {file.name} is called, in its own order; names in a shape are free sizes\n"
        f"  inputs:                 # dtype float32, float16, int64, int32, bool; value: 0 is what the example has there\n{rows}"
        f"  outputs: [{UNFILLED}]"
    )
