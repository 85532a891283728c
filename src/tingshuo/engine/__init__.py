"""Open a graph file and run it, whatever the runtime."""

import os

# Official builds of ONNX Runtime from 1.29 on report their use to their maker unless this is set before they are imported (see
# "Disabling Telemetry" in the Privacy.md that they ship). Tingshuo does not use the network when it runs, nor may what it uses.
os.environ["ORT_DISABLE_TELEMETRY"] = "1"
