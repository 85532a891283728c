"""The author's layout of a Vocos that reads codes, and what does not fit."""

import pytest

torch = pytest.importorskip("torch")

from tests.port.tiny_vocoders import CODES_TINY, write_code_vocos, write_vocos  # noqa: E402

from tingshuo.config.codec import BandwidthConfig  # noqa: E402
from tingshuo.errors import PortError  # noqa: E402
from tingshuo.port.importers.vocos import read_vocos  # noqa: E402
from tingshuo.port.importers.vocos_codes import CODEBOOKS, WINDOW, read_code_vocos, reads_codes  # noqa: E402

pytestmark = [pytest.mark.train, pytest.mark.usefixtures("in_process")]


@torch.inference_mode()
def test_the_net_is_the_same_and_the_codec_is_left_out_by_name(tmp_path):
    codec = {
        "feature_extractor.encodec.encoder.model.0.conv.conv.weight_g": torch.ones(3, 1, 1),
        "feature_extractor.encodec.quantizer.vq.layers.0._codebook.embed": torch.ones(2, 6),
    }
    training = {"multiperioddisc.discriminators.0.conv.weight": torch.ones(1)}
    net = write_code_vocos(tmp_path / "encodec", more=codec | training)
    assert reads_codes(tmp_path / "encodec")
    read = read_code_vocos(tmp_path / "encodec")
    assert (read.name, read.config, read.codec, read.sample_rate) == ("encodec", CODES_TINY, "encodec_24khz", 24000)
    assert read.bandwidths == tuple(map(BandwidthConfig, (1.5, 3.0, 6.0, 12.0), (2, 4, 8, 16)))
    codes, row = torch.randint(0, 1024, (1, 8, 9)), torch.tensor([2])
    for ours, theirs in zip(read.net()(codes, row), net(codes, row), strict=True):
        assert torch.equal(ours, theirs)
    assert set(read.fitted.report.left_out) == {WINDOW, *codec, *training}
    assert read.fitted.report.n_used == len(net.state_dict())


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"feature_extractor__encodec_model": "encodec_48khz"},
            "codes of encodec_48khz is not supported; those of encodec_24khz",
        ),
        ({"feature_extractor__bandwidths": [0.5, 3.0]}, r"bandwidths \[0\.5, 3\] are not those of encodec_24khz"),
        ({"feature_extractor__bandwidths": [3.0, 3.1]}, "are not those of"),
        ({"feature_extractor__bandwidths": [1.5, 3.0, 6.0]}, "there are 3 bandwidths, and adanorm_num_embeddings is 4"),
        ({"backbone__adanorm_num_embeddings": None}, "there are 4 bandwidths, and adanorm_num_embeddings is None"),
        ({"feature_extractor__bandwidths": [1.5, 3.0, 6.0, 24.0]}, r"codebook_weights is to be \[32768, 6\], it is \[16384, 6\]"),
        ({"backbone__input_channels": 7}, r"codebook_weights is to be \[16384, 7\]"),
        ({"head__padding": "center"}, "codes are frames of 320 samples, padding same, and the head's are not"),
        ({"head__hop_length": 160}, "codes are frames of 320 samples"),
        ({"head__n_fft": 960}, "n_fft 960 of the head is no even multiple"),
        ({"head__dim": 9}, "the head's dim is not that of the backbone"),
        ({"backbone__num_layers": 3}, r"missing: backbone\.convnext\.2.*config\.yaml the one that it was trained with"),
    ],
)
def test_settings_that_do_not_fit_are_named(tmp_path, changes, message):
    write_code_vocos(tmp_path, **changes)
    with pytest.raises(PortError, match=message):
        read_code_vocos(tmp_path)


def test_tensors_that_do_not_fit_are_named(tmp_path):
    write_code_vocos(tmp_path / "a", more={WINDOW: torch.hann_window(1280, periodic=False)})
    with pytest.raises(PortError, match="is no periodic Hann window"):
        read_code_vocos(tmp_path / "a")
    write_code_vocos(tmp_path / "b", more={"backbone.pos_net.0.weight": torch.ones(1)})
    with pytest.raises(PortError, match=r"backbone\.pos_net\.0\.weight"):
        read_code_vocos(tmp_path / "b")
    write_code_vocos(tmp_path / "c", more={CODEBOOKS: torch.ones(2, 2)})
    with pytest.raises(PortError, match=r"it is \[2, 2\]"):
        read_code_vocos(tmp_path / "c")


def test_one_of_mels_is_not_one_of_codes(tmp_path):
    write_vocos(tmp_path / "mel")
    write_code_vocos(tmp_path / "codes")
    assert not reads_codes(tmp_path / "mel")
    with pytest.raises(PortError, match="is of a Vocos that reads mels, and one that reads codes is wanted"):
        read_code_vocos(tmp_path / "mel")
    with pytest.raises(PortError, match="reads codes of encodec_24khz, and one that reads mels is wanted"):
        read_vocos(tmp_path / "codes")
