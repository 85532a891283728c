import pytest

pytest.importorskip("torch")

from tests.port.tiny_sambert import ACOUSTIC, AUDIO, CAUSAL, NOISY, random_net, write_voice

from tingshuo.errors import PortError
from tingshuo.models.kan_hifigan.net import KanHiFiGan
from tingshuo.models.sambert.net import Sambert
from tingshuo.port.convert.kan_hifigan import draft, find_part, mel_of
from tingshuo.port.importers.sambert_settings import AudioSettings

pytestmark = pytest.mark.train


def write(folder, config=CAUSAL):
    return write_voice(folder, random_net(Sambert, ACOUSTIC), random_net(KanHiFiGan, config))


def test_the_vocoder_of_a_voice_is_a_draft_of_its_own(tmp_path):
    voice = write(tmp_path / "F7")
    for path in (voice, voice / "voc", voice / "voc/ckpt/checkpoint_9.pth"):
        made = draft(path)
        assert (made.name, made.task, made.system) == ("F7-voc", "vocoder", "kan_hifigan")
        assert made.config.family == "vocoder+kan_hifigan"
        assert made.config.vocoder_context_frames > 0
        assert made.config.mel.n_mels == AUDIO["n_mels"]
        assert made.config.mel.levels_db == (-80, 20)
    assert made.parts["vocoder"].tensors.keys() == KanHiFiGan(CAUSAL).state_dict().keys()


def test_decibels_of_the_settings_are_the_levels_of_the_convention():
    audio = AudioSettings(16000, 200, 1000, 2048, 80, 0.0, 8000.0, min_level_db=-120.0, ref_level_db=10.0)
    mel = mel_of(audio)
    assert mel.levels_db == (-110, 10)
    assert mel.floor == pytest.approx(1e-6)
    assert (mel.scale, mel.norm, mel.framing, mel.n_fft, mel.win_length) == ("slaney", "slaney", "center", 2048, 1000)


def test_one_with_a_source_comes_with_its_voice(tmp_path):
    voice = write(tmp_path / "F7", NOISY)
    with pytest.raises(PortError, match=r"has a harmonic source, which reads F0 and voicing.*import the whole voice"):
        draft(voice / "voc")


def test_what_is_missing_is_said(tmp_path):
    with pytest.raises(PortError, match=r"has no vocoder of KAN-TTS, ckpt/checkpoint_N\.pth in it or in its folder voc"):
        find_part(tmp_path)
