"""Which symbols sherpa-onnx gives made-up voices: writes `convert/sherpa_tts_golden.json`.

Needs the package ``sherpa-onnx`` (made with 2.0.1) in an environment of its own, whose Python is the argument::

    python -m venv sherpa && sherpa/bin/pip install sherpa-onnx==2.0.1 numpy
    python -m tests.port.make_sherpa_voice_golden sherpa/bin/python

The voices say of their symbols what `tiny_sherpa.read_ids` reads again.
"""

# ruff: noqa: T201

import json
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
from tests.port.tiny_sherpa import LAYOUTS, read_ids, read_tones, write_layout

TEXTS = (
    "今天天气真好。", "我们去公园吧！", "你是谁？", "银行行长说不行。", "豆腐是好东西。", "你好吗？", "好，真好。",
    "一天长大了。",
)  # fmt: skip
GOLDEN = Path(__file__).parent / "convert" / "sherpa_tts_golden.json"
SPEAK = """
import json, sys
import numpy as np
import sherpa_onnx as so
folder, kind, texts = sys.argv[1], sys.argv[2], json.loads(sys.argv[3])
files = {"lexicon": folder + "/lexicon.txt", "tokens": folder + "/tokens.txt"}
if kind == "matcha":
    graphs = {"acoustic_model": folder + "/model.onnx", "vocoder": folder + "/hifigan.onnx"}
    model = so.OfflineTtsModelConfig(matcha=so.OfflineTtsMatchaModelConfig(**graphs, **files, noise_scale=0.0))
else:
    graphs = {"model": folder + "/model.onnx"}
    model = so.OfflineTtsModelConfig(vits=so.OfflineTtsVitsModelConfig(**graphs, **files, noise_scale=0.0, noise_scale_w=0.0))
tts = so.OfflineTts(so.OfflineTtsConfig(model=model, max_num_sentences=-1))
how = so.GenerationConfig()
how.silence_scale = 1.0
np.savez(folder + "/said.npz", **{str(n): np.array(tts.generate(text, how).samples) for n, text in enumerate(texts)})
"""


def main() -> None:
    found: dict[str, dict[str, dict[str, object]]] = {}
    with tempfile.TemporaryDirectory() as parent:
        for name in LAYOUTS:
            folder = Path(parent, name)
            folder.mkdir()
            tokens = write_layout(name, folder)
            subprocess.run([sys.argv[1], "-c", SPEAK, str(folder), name, json.dumps(TEXTS)], check=True)
            said = np.load(folder / "said.npz")
            rows = {text: said[str(n)] for n, text in enumerate(TEXTS)}
            found[name] = {
                text: {"symbols": " ".join(tokens[row] for row in read_ids(wav)), "tones": read_tones(wav)}
                for text, wav in rows.items()
            }
            print(name, found[name])
    GOLDEN.write_text(json.dumps(found, ensure_ascii=False, indent=1) + "\n", "utf-8")


if __name__ == "__main__":
    main()
