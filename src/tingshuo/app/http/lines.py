"""A synthesis as lines of JSON: start, then sentences and audio as they come."""

import base64
from collections.abc import Iterator
from dataclasses import asdict

from tingshuo.app.http.replies import encode_json
from tingshuo.audio.write import open_encoder
from tingshuo.serve.results import Results
from tingshuo.serve.take import Take


def spoken_lines(take: Take, results: Results, result_id: str, key: str) -> Iterator[bytes]:
    """Speak and record; yields the lines of a chunk at a time, and is called in a worker thread."""
    pcm = None
    for chunk in take.recorded(results, result_id, key):
        lines: list[dict[str, object]] = []
        if pcm is None:
            pcm = open_encoder("pcm", chunk.sample_rate)
            start = {"type": "start", "id": result_id, "sample_rate": chunk.sample_rate}
            lines.append({**start, "voice": take.order.voice, "speaker": take.stream.speaker})
        if chunk.sentence is not None:
            lines.append({"type": "sentence", **asdict(chunk.sentence)})
        data = base64.b64encode(pcm.encode(chunk.wav)).decode()
        lines.append({"type": "audio", "start_samples": chunk.start_samples, "pcm16": data})
        yield b"".join(encode_json(line) + b"\n" for line in lines)
