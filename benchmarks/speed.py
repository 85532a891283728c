"""Whole-pipeline speed, cold start, first audio of a warm server and its memory: the figures that `tingshuo bench` prints.

    python benchmarks/speed.py [--requests 200] [--repeats 5] [--json]

For comparison, measured once on two idle cores with AVX-512 VNNI, one thread, the peers' own runtimes and architectures: the
best RTF was 0.066 and the best first audio 89 ms (Matcha-zh with Vocos in sherpa-onnx), the best cold start 1.46 s.
"""

import sys

from tingshuo.app.cli.main import run

if __name__ == "__main__":
    sys.exit(run(["bench", *sys.argv[1:]]))
