"""Our nets with the seed weights give what the seed voice's own code gave."""

import math
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from tingshuo.models.fastspeech.config import FastSpeechConfig  # noqa: E402
from tingshuo.models.fastspeech.net import FastSpeech  # noqa: E402
from tingshuo.models.source_filter.config import SourceFilterConfig  # noqa: E402
from tingshuo.models.source_filter.net import SourceFilter  # noqa: E402
from tingshuo.port.seed import read_seed  # noqa: E402

SEED = Path(__file__).parents[3] / "shared/seed_voice"
pytestmark = [pytest.mark.train, pytest.mark.skipif(not SEED.exists(), reason="needs ../shared/seed_voice")]


@pytest.fixture(scope="module", params=["zao", "shi", "er"])
def expected(request):
    with np.load(SEED / "expected.npz") as arrays:
        names = [name for name in arrays if name.startswith(f"{request.param}/")]
        return {name.partition("/")[2]: torch.from_numpy(arrays[name])[None] for name in names}


@pytest.fixture(scope="module")
def nets():
    seed = read_seed(SEED / "weights", speakers=["tan"], styles=["S0252"])
    acoustic = FastSpeech(FastSpeechConfig(phonemes=65, styles=1, speakers=1)).eval()
    acoustic.load_state_dict({name: torch.from_numpy(tensor) for name, tensor in seed.acoustic.items()})
    vocoder = SourceFilter(SourceFilterConfig()).eval()
    vocoder.load_state_dict({name: torch.from_numpy(tensor) for name, tensor in seed.vocoder.items()})
    return acoustic, vocoder


def _error_db(ours, theirs):
    return 10 * math.log10(((ours - theirs) ** 2).mean() / (theirs**2).mean())


def _expand(hidden, durations):
    """Repeat hidden states by durations and describe each frame's place, as the weights were trained."""
    index = torch.repeat_interleave(torch.arange(len(durations)), durations)
    since = torch.cat([torch.arange(n) for n in durations.tolist()])
    length = durations[index]
    f = (since + 0.5) / length
    place = [
        f,
        1 - f,
        torch.sin(math.pi * f),
        torch.cos(math.pi * f),
        torch.log1p(since.float()) / 3,
        torch.log1p((length - 1 - since).float()) / 3,
        torch.log(length.float()) / 3,
        torch.ones_like(f),
    ]
    return hidden[:, index], torch.stack(place, -1)[None].float()


@torch.inference_mode()
def test_durations_are_the_same(nets, expected):
    net, _ = nets
    hidden = net.encode(expected["ids"], expected["tones"], expected["positions"])
    log_durations = net.predict_duration(hidden, net.style.weight[:1])
    durations = torch.clamp(torch.round(torch.exp(log_durations)), min=1)
    assert torch.equal(durations.long(), expected["durations"])


@torch.inference_mode()
def test_pitch_and_mel_are_within_60_db(nets, expected):
    net, _ = nets
    hidden = net.encode(expected["ids"], expected["tones"], expected["positions"])
    frames, place = _expand(hidden, expected["durations"][0])
    pitch = net.predict_pitch(frames, place, net.style.weight[:1])
    assert _error_db(pitch[..., 0], expected["f0_normalised"]) <= -60
    assert torch.equal((pitch[..., 1] > 0).float(), expected["unvoiced"])
    mel = net.decode(frames, place, expected["f0_normalised"], expected["unvoiced"], net.speaker.weight[:1])
    assert _error_db(mel, expected["mel"][..., :-1]) <= -60  # the reference repeats the last frame for its vocoder


@torch.inference_mode()
def test_wave_is_within_60_db(nets, expected):
    _, vocoder = nets
    noise = np.random.RandomState(0).standard_normal(expected["wav"].shape).astype(np.float32)
    wav = vocoder.synthesize(expected["mel"], expected["f0_hz"], torch.from_numpy(noise))
    assert _error_db(wav, expected["wav"]) <= -60
