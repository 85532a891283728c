"""Write the weights of `tingshuo.audio.speaker` from the checkpoint of Resemblyzer.

pip download resemblyzer==0.1.4 --no-deps && unzip -j Resemblyzer-0.1.4-*.whl resemblyzer/pretrained.pt
python scripts/build_speaker.py pretrained.pt
"""

import argparse
from pathlib import Path

import numpy as np
from safetensors.numpy import save_file

from tingshuo.audio.speaker import WEIGHTS
from tingshuo.port.foreign.checkpoint import open_checkpoint, tensors_of

UNUSED = ("similarity_weight", "similarity_bias")


def main() -> None:
    """Read, drop what only training needs, write in half precision."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("checkpoint", type=Path)
    parser.add_argument("--out", type=Path, default=WEIGHTS)
    parser.add_argument("--exact", action="store_true", help="in float32, to compare with the original")
    arguments = parser.parse_args()
    with open_checkpoint(arguments.checkpoint) as checkpoint:
        found = tensors_of(checkpoint.value["model_state"])
        kept = {name: tensor.read() for name, tensor in found.items() if name not in UNUSED}
    dtype = np.float32 if arguments.exact else np.float16
    save_file({name: np.ascontiguousarray(tensor, dtype) for name, tensor in kept.items()}, arguments.out)
    print(f"{arguments.out}: {len(kept)} tensors, {arguments.out.stat().st_size / 1e6:.1f} MB")


if __name__ == "__main__":
    main()
