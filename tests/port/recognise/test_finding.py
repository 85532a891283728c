"""What is told to machines."""

import json
from pathlib import Path

from tingshuo.port.recognise.finding import Finding, Missing


def test_plain_values() -> None:
    found = Finding(Path("a/b"), "onnx", "piper", missing=(Missing("b.json", "beside it"),), details=(("opset", "15"),))
    plain = found.to_json()
    assert json.loads(json.dumps(plain)) == plain
    assert plain["missing"] == [{"what": "b.json", "where": "beside it"}]
    assert (plain["path"], plain["details"], plain["usable"]) == ("a/b", {"opset": "15"}, False)
