"""What sherpa-onnx hears with made-up recognisers: writes `importers/sherpa_asr_golden.json`.

Needs the packages ``sherpa-onnx`` (made with 2.0.1) and ``onnx`` in an environment of their own; none of Tingshuo is used::

    python -m venv sherpa && sherpa/bin/pip install sherpa-onnx==2.0.1 onnx
    sherpa/bin/python tests/port/make_sherpa_golden.py

A text is kept when no frame's choice is a near one, as features agree to some digits and no more.
"""

# ruff: noqa: T201

import json
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))

import sherpa_onnx
import tiny_recognisers as tiny

Open = Callable[[str, str], Any]
RECOGNISER: Any = sherpa_onnx.OfflineRecognizer
SEEDS = (0, 1)
OPENED: dict[str, Open] = {
    "paraformer": lambda graph, units: RECOGNISER.from_paraformer(graph, units),
    "sense_voice": lambda graph, units: RECOGNISER.from_sense_voice(graph, units),
    "sense_voice_en": lambda graph, units: RECOGNISER.from_sense_voice(graph, units, language="en", use_itn=True),
    "zipformer": lambda graph, units: RECOGNISER.from_zipformer_ctc(graph, units),
    "wenet": lambda graph, units: RECOGNISER.from_wenet_ctc(graph, units),
    "fire_red": lambda graph, units: RECOGNISER.from_fire_red_asr_ctc(graph, units),
    "omnilingual": lambda graph, units: RECOGNISER.from_omnilingual_asr_ctc(graph, units),
}


def hear(kind: str, name: str, folder: Path) -> list[dict[str, Any]]:
    tiny.write(folder, kind)
    recogniser = OPENED[name](str(folder / "model.onnx"), str(folder / "tokens.txt"))
    rows = []
    for seed in SEEDS:
        stream = recogniser.create_stream()
        stream.accept_waveform(tiny.RATE, tiny.sound(seed))
        recogniser.decode_stream(stream)
        result = stream.result
        times = [round(time, 4) for time in result.timestamps]
        row = {"seed": seed, "text": result.text, "tokens": list(result.tokens), "times": times}
        rows.append(row | {key: getattr(result, key) for key in ("lang", "emotion", "event") if getattr(result, key)})
        print(kind, name, row["text"])
    return rows


def main() -> None:
    found = {}
    with tempfile.TemporaryDirectory() as parent:
        for kind in tiny.KINDS:
            names = [name for name in OPENED if name == kind or name == kind.split("_")[0] or name == f"{kind}_en"]
            for name in names:
                label = name if name.endswith("_en") else kind
                found[label] = {"kind": kind, "heard": hear(kind, name, Path(parent, label))}
    golden = {"sherpa_onnx": sherpa_onnx.__version__, "models": found}
    target = Path(__file__).parent / "importers" / "sherpa_asr_golden.json"
    target.write_text(json.dumps(golden, ensure_ascii=False, indent=1) + "\n", "utf-8")


if __name__ == "__main__":
    main()
