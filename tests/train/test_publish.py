import pytest

torch = pytest.importorskip("torch")

import numpy as np  # noqa: E402
from tests.train.conftest import make_recipe  # noqa: E402

import tingshuo  # noqa: E402
import tingshuo.train.publish as publishing  # noqa: E402
from tingshuo.config import SpeakerConfig, StyleConfig, VoiceConfig  # noqa: E402
from tingshuo.errors import ConfigError, ConsentError  # noqa: E402
from tingshuo.models.source_filter.config import SourceFilterConfig  # noqa: E402
from tingshuo.models.source_filter.net import SourceFilter  # noqa: E402
from tingshuo.port.nets import VoiceNets, architecture, voice_family  # noqa: E402
from tingshuo.port.voice import contexts  # noqa: E402
from tingshuo.store.bundle import open_bundle, verify_bundle  # noqa: E402
from tingshuo.store.manifest import Attribution, ConsentRecord, read_manifest  # noqa: E402
from tingshuo.tasks.voices import find_voice  # noqa: E402
from tingshuo.text.symbols import PHONES  # noqa: E402
from tingshuo.train.aligner import bundled_aligner  # noqa: E402
from tingshuo.train.checkpoint import load_checkpoint, load_part  # noqa: E402
from tingshuo.train.config import BundleConfig, StyleOffer, read_config  # noqa: E402
from tingshuo.train.loop import fit  # noqa: E402
from tingshuo.train.publish import Base, check_offer, check_statements, describe_making, publish, read_nets  # noqa: E402
from tingshuo.train.run_folder import Learnt  # noqa: E402
from tingshuo.types import SpeechRequest  # noqa: E402

pytestmark = pytest.mark.train

STATEMENTS = BundleConfig(name="trial", licence="CC-BY-4.0", consent="my own voice", data_statement="Eight sentences.")


@pytest.fixture(scope="module")
def published(corpus, tmp_path_factory):
    """A net with energy and emotions after a few steps, with a vocoder of random weights, as a bundle."""
    run = tmp_path_factory.mktemp("run")
    recipe, config = make_recipe(corpus, ["loop.steps=4"], energy=1, emotions=2)
    with torch.no_grad():
        recipe.net.emotion.weight.normal_()
    fit(recipe, run, config.loop, config.identity("acoustic"))
    load_part(run, "average", recipe.net, "best")
    torch.manual_seed(1)
    vocoder = SourceFilter(SourceFilterConfig(dim=16, hidden=24, layers=1)).eval()
    sizes = recipe.net.config
    pitch = corpus[0].pitch
    voice = VoiceConfig(
        family=voice_family(vocoder),
        mel=config.features.mel,
        phonemes=tuple(PHONES),
        speakers=tuple(SpeakerConfig(name, "female", pitch[name].mean, pitch[name].std) for name in "ab"),
        styles=tuple(StyleConfig(name, "") for name in "ab"),
        emotions=("neutral", "happy"),
        architecture=architecture(sizes, vocoder.config),
        **contexts(sizes, vocoder.config),
    )
    base = Base(read_manifest(find_voice("default")), acoustic=False, vocoder=True)
    learnt = [Learnt("acoustic", 4, True, 2.5)]
    aligner = bundled_aligner(open_bundle(find_voice("default")))
    bundle = publish(run / "bundle", voice, VoiceNets(recipe.net, vocoder), STATEMENTS, base, learnt, ["你好吗？"], aligner)
    return run, bundle


def test_the_bundle_is_whole_and_speaks(published):
    _, bundle = published
    assert verify_bundle(bundle).ok
    speech = tingshuo.load(bundle, precision="fp32").synthesize("你好，世界。")
    assert speech.duration_s > 0.3
    assert np.isfinite(speech.wav).all()


def test_the_aligner_is_handed_on(published):
    own, given = open_bundle(published[1]), open_bundle(find_voice("default"))
    name = "aligner/aligner.safetensors"
    assert own.manifest.files[name] == given.manifest.files[name]
    assert bundled_aligner(own).config == bundled_aligner(given).config


def test_what_is_streamed_is_what_is_whole_with_energy_too(published):
    voice = tingshuo.load(published[1], precision="fp32")
    text = "今天天气真好，我们一起去公园散步吧，明天再来。"
    chunks = [chunk.wav for chunk in voice.stream(text)]
    assert len(chunks) > 1
    assert np.array_equal(np.concatenate(chunks), voice.synthesize(text).wav)


def test_the_manifest_says_whose_it_is(published):
    manifest = read_manifest(published[1])
    assert (manifest.name, manifest.licence, manifest.consent) == ("trial", "CC-BY-4.0", "my own voice")
    assert manifest.data_statement.startswith(
        "Eight sentences. The acoustic model is new and learnt for 4 steps. The vocoder (source_filter) is that of default@"
    )
    assert manifest.speakers == manifest.styles == ("a", "b")
    assert manifest.parent is None
    assert (manifest.cloned, manifest.consents) == ((), ())
    assert manifest.attributions == read_manifest(find_voice("default")).attributions
    assert "tingshuo" in manifest.created_with
    assert {variant.precision for variant in manifest.graphs["decoder"].variants} >= {"fp32"}
    assert "energy" in manifest.graphs["decoder"].inputs
    assert (published[1] / "golden/decoder.npz").is_file()
    assert "| acoustic | 4 | 2.5000 |" in (published[1] / "MODELCARD.md").read_text("utf-8")


def test_the_weights_are_the_average_and_neutral_is_part_of_each_style(published):
    run, bundle = published
    tensors, _ = load_checkpoint(run, "best")
    shipped = open_bundle(bundle).tensors("weights/acoustic.safetensors")
    assert np.abs(shipped["mel.bias"] - tensors["average/mel.bias"].numpy()).max() < 2e-3
    assert not shipped["emotion.weight"][0].any()
    emotions, styles = tensors["average/emotion.weight"].numpy(), tensors["average/style.weight"].numpy()
    assert np.abs(shipped["style.weight"] - styles - emotions[:1]).max() < 5e-3
    happy = shipped["style.weight"][0] + shipped["emotion.weight"][1]
    assert np.abs(happy - styles[0] - emotions[1]).max() < 5e-3


def test_an_emotion_that_was_learnt_is_spoken_from_its_row_and_others_by_rule(published):
    voice = tingshuo.load(published[1], precision="fp32")
    row = open_bundle(published[1]).tensors("weights/acoustic.safetensors")["emotion.weight"][1:].astype(np.float32)
    timbre = voice.timbre()
    felt, request = timbre.felt(SpeechRequest(text="你好", emotion="happy", strength=0.5))
    assert np.array_equal(felt.style, timbre.style + np.float32(0.5) * row)
    assert request.emotion == "neutral"
    by_rule = SpeechRequest(text="你好", emotion="sad")
    assert timbre.felt(by_rule) == (timbre, by_rule)
    spoken = [voice.synthesize("你好", emotion=emotion).wav for emotion in ("neutral", "happy")]
    assert len(spoken[0]) != len(spoken[1]) or not np.array_equal(*spoken)


@pytest.mark.parametrize("frames", [1, 40, 333])
def test_graphs_compute_what_the_net_computes_at_three_lengths(published, frames):
    """Of a net with energy and emotions; float32 in the graph, weights rounded to half on both sides."""
    from tingshuo.port.nets import load_nets
    from tingshuo.port.verify import error_db, reference_outputs
    from tingshuo.port.voice import voice_graphs

    bundle = open_bundle(published[1])
    nets = load_nets(bundle.config, bundle.tensors("weights/acoustic.safetensors"), bundle.tensors("weights/vocoder.safetensors"))
    voice = tingshuo.load(published[1], precision="fp32")
    rng = np.random.default_rng(frames)
    for name, graph in voice_graphs(nets).items():
        if name == "vocoder":
            continue
        inputs = {}
        for key, example in graph.inputs.items():
            shape = [frames if axis in graph.free.get(key, {}) else size for axis, size in enumerate(example.shape)]
            inputs[key] = (
                rng.standard_normal(shape, dtype=np.float32) if example.is_floating_point() else rng.integers(0, 3, shape)
            )
        for key, expected in reference_outputs(graph, inputs).items():
            assert error_db(voice.graphs[name].run(inputs)[key], expected) < -80, (name, key)


@pytest.mark.parametrize("missing", ["licence", "consent", "data_statement"])
def test_a_statement_that_is_missing_is_asked_for(missing):
    check_statements(STATEMENTS)
    with pytest.raises(ConfigError, match=f"bundle.{missing} is missing: say in the config, or with --set bundle.{missing}="):
        check_statements(STATEMENTS.replace(**{missing: "  "}))


def test_a_clone_is_not_begun_without_consent():
    check_statements(STATEMENTS.replace(cloned=()), clones=True)
    with pytest.raises(ConsentError, match="add a record of their consent"):
        check_statements(STATEMENTS, clones=True)
    with pytest.raises(ConsentError, match="'b' is cloned from a person and there is no record"):
        check_statements(STATEMENTS.replace(cloned=("b",)))


@pytest.mark.parametrize(("settings", "cloned"), [(["stages=[vocoder]"], ("tan",)), (["bundle.cloned=[]"], ()), ([], None)])
def test_who_is_cloned_is_known_before_the_training(settings, cloned):
    bundle = open_bundle(find_voice("default"))
    consent = ConsentRecord(
        speaker="tan", given_by="T", given_on="2020-05-01", purpose="x", valid_until="unlimited", recording_sha256="0" * 64
    )
    base = Base(bundle.manifest.replace(cloned=("tan",), consents=(consent,)), acoustic=True, vocoder=True)
    config = read_config("few_shot", settings=settings)
    if cloned is None:
        with pytest.raises(ConsentError, match="'tan' is cloned from a person and there is no record"):
            check_offer(bundle.config, config, base)
    else:  # a vocoder alone leaves the timbres of the base voice, and so their records
        assert check_offer(bundle.config, config, base).cloned == cloned


BEGAN, OWN = "began as that of default@V and learnt for", "is that of default@V."


@pytest.mark.parametrize(
    ("acoustic", "vocoder", "stages", "made"),
    [
        (True, True, {"acoustic": 9}, f"The acoustic model {BEGAN} 9 steps. The vocoder (vocos) {OWN}"),
        (True, False, {"vocoder": 7}, f"The acoustic model {OWN} The vocoder (vocos) is new and learnt for 7 steps."),
        (
            False,
            True,
            {"acoustic": 1, "vocoder": 2, "joint": 3},
            f"The acoustic model is new and learnt for 1 steps. The vocoder (vocos) {BEGAN} 2 steps. "
            "Vocoder and acoustic decoder learnt together for 3 steps.",
        ),
        (
            False,
            False,
            {"acoustic": 1, "joint": 3},
            "The acoustic model is new and learnt for 1 steps. The vocoder (vocos) is new. "
            "Vocoder and acoustic decoder learnt together for 3 steps.",
        ),
    ],
)
def test_it_is_said_where_each_net_began_and_how_long_it_learnt(acoustic, vocoder, stages, made):
    manifest = read_manifest(find_voice("default"))
    learnt = [Learnt(stage, steps, True, None) for stage, steps in stages.items()]
    assert describe_making(Base(manifest, acoustic, vocoder), learnt, "vocos") == made.replace("@V", f"@{manifest.version}")


def test_a_work_is_credited_once_with_all_that_it_was_used_for():
    def credit(work, use):
        return Attribution(work, "somebody", "CC-BY-4.0", "https://example.org", use)

    manifest = read_manifest(find_voice("default")).replace(attributions=(credit("a", "timbre"), credit("b", "rhythm")))
    config = BundleConfig(attributions=(credit("b", "vocoder; rhythm"), credit("c", "")))
    found = {one.work: one.used_for for one in publishing._credits(config, Base(manifest, True, True))}
    assert found == {"b": "vocoder; rhythm", "c": "", "a": "timbre"}


def test_who_taught_and_is_not_offered_is_not_in_the_bundle(published, tmp_path):
    run, _ = published
    config = VoiceConfig.read(run / "bundle/config.json")
    nets = read_nets(open_bundle(run / "bundle"))
    credit = Attribution(work="Words", author="B", licence="CC0-1.0")
    consent = ConsentRecord(
        speaker="b",
        given_by="Ben",
        given_on="2020-05-01",
        purpose="audio books",
        valid_until="unlimited",
        recording_sha256="0" * 64,
    )
    few = STATEMENTS.replace(
        cloned=("b",),
        consents=(consent,),
        speakers=("b",),
        styles={"a": StyleOffer(name="calm", description="reads calmly")},
        attributions=(credit,),
    )
    base = Base(read_manifest(find_voice("default")), acoustic=False, vocoder=False)
    voice = tingshuo.load(publish(tmp_path / "few", config, nets, few, base, []), precision="fp32")
    assert (voice.manifest.speakers, voice.manifest.styles) == (("b",), ("calm",))
    assert voice.manifest.attributions == (credit,)
    assert (voice.manifest.cloned, voice.manifest.consents) == (("b",), (consent,))
    assert (
        "\n\nCloned from people who agreed: b, for audio books, until unlimited.\n" in (tmp_path / "few/MODELCARD.md").read_text()
    )
    with pytest.raises(ConsentError, match=r"bundle.cloned names 'b', who is not among the speakers of the bundle: a"):
        publish(tmp_path / "other", config, nets, few.replace(speakers=("a",)), base, [])
    assert not (tmp_path / "other").exists()
    whole = tingshuo.load(run / "bundle", precision="fp32")
    ours, theirs = voice.synthesize("你好。").wav, whole.synthesize("你好。", speaker="b", style="a").wav
    assert np.abs(ours - theirs).max() < 1e-5
