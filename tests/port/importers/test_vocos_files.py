import pytest
import yaml

from tingshuo.errors import PortError
from tingshuo.port.importers.vocos_files import CodeArguments, find_vocos, read_arguments

MEL = {"class_path": "vocos.feature_extractors.MelSpectrogramFeatures", "init_args": {"sample_rate": 24000, "padding": "center"}}
BACKBONE = {
    "class_path": "vocos.models.VocosBackbone",
    "init_args": {"input_channels": 100, "dim": 8, "intermediate_dim": 12, "num_layers": 2},
}
HEAD = {"class_path": "vocos.heads.ISTFTHead", "init_args": {"dim": 8, "n_fft": 1024, "hop_length": 256, "padding": "center"}}
WHOLE = {"feature_extractor": MEL, "backbone": BACKBONE, "head": HEAD}


def written(folder, content):
    path = folder / "config.yaml"
    path.write_text(yaml.safe_dump(content), "utf-8")
    return path


def test_classes_are_arguments_and_never_imported(tmp_path):
    found = read_arguments(written(tmp_path, WHOLE))
    assert (found.features.n_mels, found.features.f_max, found.features.mel_scale) == (100, None, None)
    assert (found.backbone.dim, found.backbone.num_layers, found.head.n_fft) == (8, 2, 1024)
    forked = WHOLE | {"head": HEAD | {"class_path": "os.system.ISTFTHead"}}
    assert read_arguments(written(tmp_path, forked)).head.n_fft == 1024


def test_codes_have_arguments_of_their_own(tmp_path):
    codes = {"class_path": "vocos.feature_extractors.EncodecFeatures", "init_args": {"bandwidths": [1.5, 6]}}
    backbone = BACKBONE | {"init_args": BACKBONE["init_args"] | {"adanorm_num_embeddings": 2}}
    found = read_arguments(written(tmp_path, WHOLE | {"feature_extractor": codes, "backbone": backbone}))
    assert isinstance(found.features, CodeArguments)
    assert (found.features.encodec_model, found.features.bandwidths) == ("encodec_24khz", (1.5, 6))
    assert found.backbone.adanorm_num_embeddings == 2


def test_the_config_of_a_training_has_it_one_storey_deeper(tmp_path):
    deeper = {"seed_everything": 1, "model": {"class_path": "vocos.experiment.VocosExp", "init_args": WHOLE | {"sample_rate": 1}}}
    assert read_arguments(written(tmp_path, deeper)).backbone.dim == 8


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"feature_extractor": MEL | {"class_path": "vocos.Wav2Vec"}}, r"Wav2Vec is not supported: Mel\w+ or EncodecFeatures is"),
        ({"backbone": BACKBONE | {"class_path": "vocos.models.VocosResNetBackbone"}}, "VocosResNetBackbone is not supported"),
        ({"head": HEAD | {"class_path": "vocos.heads.IMDCTCosHead"}}, "IMDCTCosHead is not supported: its head makes an MDCT"),
        ({"head": HEAD | {"class_path": "mine.Head"}}, "with Head is not supported: ISTFTHead is the head that is known"),
        ({"backbone": BACKBONE | {"init_args": BACKBONE["init_args"] | {"adanorm_num_embeddings": 4}}}, "adanorm_num_embeddings"),
        ({"backbone": BACKBONE | {"init_args": {"dim": 8}}}, "input_channels"),
        ({"head": "ISTFT"}, "has no head with a class_path"),
        ({"head": HEAD | {"init_args": {"dim": "many", "n_fft": 4, "hop_length": 1}}}, r"config\.yaml: Expected `int`"),
    ],
)  # fmt: skip
def test_what_is_not_supported_is_named(tmp_path, changes, message):
    with pytest.raises(PortError, match=message):
        read_arguments(written(tmp_path, WHOLE | changes))


@pytest.mark.parametrize("name", ["pytorch_model.bin", "model.safetensors", "vocos_checkpoint_epoch=3.ckpt"])
def test_weights_and_settings_are_found(tmp_path, name):
    (tmp_path / name).write_bytes(b"")
    written(tmp_path, WHOLE)
    for path in (tmp_path, tmp_path / name):
        found = find_vocos(path)
        assert (found.weights.name, found.config.name) == (name, "config.yaml")


def test_the_settings_of_a_training_lie_above_its_checkpoints(tmp_path):
    written(tmp_path, WHOLE)
    (tmp_path / "checkpoints").mkdir()
    (tmp_path / "checkpoints/last.ckpt").write_bytes(b"")
    assert find_vocos(tmp_path / "checkpoints").config.samefile(tmp_path / "config.yaml")


def test_what_is_missing_is_said(tmp_path):
    with pytest.raises(PortError, match="there is no such file or folder"):
        find_vocos(tmp_path / "nothing")
    with pytest.raises(PortError, match=r"has no pytorch_model\.bin nor another file of weights"):
        find_vocos(tmp_path)
    (tmp_path / "a.ckpt").write_bytes(b"")
    with pytest.raises(PortError, match=r"config\.yaml: is missing, and a\.ckpt does not say"):
        find_vocos(tmp_path)
    (tmp_path / "b.ckpt").write_bytes(b"")
    with pytest.raises(PortError, match=r"several files that may be a Vocos: a\.ckpt, b\.ckpt; give one"):
        find_vocos(tmp_path)
