"""From a bundle to a narrower one."""

import pytest

pytest.importorskip("torch")

from tests.train.small_voice import make_quickly, write_voice

from tingshuo.errors import RequestError
from tingshuo.store.bundle import open_bundle
from tingshuo.train.distill_voice import run_folder
from tingshuo.train.prune import hidden_sizes, prune_bundle
from tingshuo.train.publish import read_nets

pytestmark = pytest.mark.train


@pytest.fixture(scope="module")
def quick():
    """Few sentences to choose scales and to measure by."""
    with pytest.MonkeyPatch.context() as patch:
        make_quickly(patch)
        yield


@pytest.fixture(scope="module")
def teacher(tmp_path_factory):
    said = {"given_by": "Anna", "given_on": "2020-05-01", "purpose": "audio books", "valid_until": "unlimited"}
    consents = [{"speaker": "a", "recording_sha256": "0" * 64, **said}]
    return write_voice(tmp_path_factory.mktemp("voices") / "teacher", cloned=["a"], consents=consents)


def test_a_voice_is_pruned_without_learning(quick, teacher, tmp_path):
    shrunk = prune_bundle(teacher, tmp_path / "narrow", 0.5, texts=20, threads=1)
    nets = read_nets(open_bundle(shrunk.bundle))
    sizes = nets.acoustic.config
    assert (sizes.encoder_hidden, sizes.decoder_hidden, nets.vocoder.config.hidden) == (64, 80, 12)
    assert shrunk.comparison["vocoder_parameters"].after < shrunk.comparison["vocoder_parameters"].before
    assert "pruned to 0.5" in open_bundle(shrunk.bundle).manifest.data_statement
    before, after = (open_bundle(path) for path in (teacher, shrunk.bundle))
    assert after.manifest.cloned == ("a",)
    assert after.manifest.consents == before.manifest.consents  # whose clone the parent is, its child is too
    assert "Cloned from people who agreed: a, for audio books" in after.file("MODELCARD.md").read_text()
    assert not run_folder(tmp_path / "narrow").exists()
    # Random numbers of a net that was not trained are as hard to replace as can be; still most of the mel is kept.
    assert shrunk.comparison["mel_l1_nepers"].after < 0.1


@pytest.mark.parametrize("keep", [0.0, 1.0, 7, float("nan")])
def test_a_share_out_of_range_is_refused(teacher, tmp_path, keep):
    with pytest.raises(RequestError, match=r"keep is .*; accepted: 0.05 to 0.99"):
        prune_bundle(teacher, tmp_path / "narrow", keep)


def test_what_can_be_narrowed_is_named_as_pruning_names_it(teacher):
    sizes = hidden_sizes(read_nets(open_bundle(teacher)))
    assert sizes == {"encoder_hidden": 128, "decoder_hidden": 160, "vocoder_hidden": 24}
