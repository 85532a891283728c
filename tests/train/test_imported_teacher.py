"""Who can teach, who of it does, and how large it is; and what is refused, a sentence each."""

import dataclasses

import numpy as np
import pytest

pytest.importorskip("torch")

from tingshuo.config import StyleConfig
from tingshuo.config.family import ONE_STYLE
from tingshuo.errors import BundleError, ConsentError, PortError, RequestError, UnknownVoiceError
from tingshuo.store.bundle import open_bundle
from tingshuo.store.manifest import ConsentRecord
from tingshuo.tasks.voices import find_voice
from tingshuo.train.imported_config import ImportedConfig
from tingshuo.train.imported_teacher import OWN_FAMILY, Parameters, Teacher, Witness, check_teacher, count, is_own, open_model
from tingshuo.types import SpeechRequest

pytestmark = pytest.mark.train
AGREED = ConsentRecord(
    speaker="tan", given_by="tan", given_on="2020-01-01", purpose="tests", valid_until="unlimited", recording_sha256="0" * 64
)
ENDED = AGREED.replace(valid_until="2020-02-01")


@pytest.fixture(scope="module")
def default():
    return open_bundle(find_voice("default"))


@pytest.fixture
def stranger(default):
    """Return the built-in voice with another manifest or other settings."""

    def stranger(settings=None, **fields):
        held = default.held.replace(**settings or {})
        return dataclasses.replace(default, manifest=default.manifest.replace(**fields), held=held)

    return stranger


def test_the_first_speaker_and_style_teach_unless_others_are_asked_for(stranger):
    teacher = check_teacher(stranger(), ImportedConfig())
    assert ([one.name for one in teacher.speakers], [one.name for one in teacher.styles]) == (["tan"], ["natural"])
    assert teacher.emotions == ()
    asked = ImportedConfig(speakers=("S0252", "tan", "S0252"), styles=("lively",), emotions=("neutral", "sad", "sad"))
    teacher = check_teacher(stranger(), asked)
    assert [one.name for one in teacher.speakers] == ["S0252", "tan"]
    assert ([one.name for one in teacher.styles], teacher.emotions) == (["lively"], ("sad",))
    assert teacher.label == "default@" + stranger().manifest.version
    assert check_teacher(stranger({"styles": ()}), ImportedConfig()).styles == ONE_STYLE


@pytest.mark.parametrize(
    ("fields", "config", "error", "message"),
    [
        ({"task": "vocoder"}, {}, PortError, "is not a voice that speaks, its task is vocoder; name a voice"),
        ({"task": "asr"}, {}, PortError, "its task is asr"),
        ({"task": "conversion"}, {}, PortError, "its task is conversion"),
        ({"languages": ("en-US", "de")}, {}, PortError, "speaks en-US, de and no Mandarin, and a student reads"),
        ({}, {"speakers": ("wu",)}, UnknownVoiceError, "unknown speaker 'wu' of voice 'default'; accepted: tan, S0252"),
        ({}, {"styles": ("loud",)}, UnknownVoiceError, "unknown style 'loud'"),
        ({}, {"emotions": ("envy",)}, RequestError, "default has learnt no emotion 'envy'; it has: neutral, happy"),
        ({"emotions": ()}, {"emotions": ("sad",)}, RequestError, "has learnt no emotion 'sad'; it has none"),
        ({"cloned": ("tan",), "consents": (ENDED,)}, {}, ConsentError, "may not speak: the consent of tan to the cloned"),
    ],
)  # fmt: skip
def test_what_cannot_teach_says_why(stranger, fields, config, error, message):
    with pytest.raises(error, match=message):
        check_teacher(stranger(**fields), ImportedConfig(**config))


def test_an_encrypted_voice_is_refused_before_anything_is_read(stranger):
    sealed = stranger()
    object.__setattr__(sealed, "manifest", sealed.manifest.replace(sealed={"any": "thing"}, task="vocoder"))
    with pytest.raises(BundleError, match="is encrypted, so nobody can learn from it; `tingshuo unseal` first"):
        check_teacher(sealed, ImportedConfig())


def test_a_prompted_voice_has_any_emotion(stranger, monkeypatch):
    monkeypatch.setattr(type(stranger().held), "prompted", property(lambda self: True))
    assert check_teacher(stranger(), ImportedConfig(emotions=("像在哭",))).emotions == ("像在哭",)


def test_emotions_that_everybody_knows_stay_emotions_and_others_become_styles(default):
    teacher = Teacher(default, default.held.speakers[:1], (StyleConfig("natural", ""),), ("sad", "lyrical"))
    assert teacher.manner("brisk", "sad") == ("brisk", "sad")
    assert teacher.manner(None, "neutral") == ("natural", "neutral")
    assert teacher.manner("brisk", "lyrical") == ("lyrical", "neutral")


def test_a_voice_of_ours_is_known_by_task_and_family(default):
    assert is_own(default.manifest)
    assert default.manifest.family.startswith(OWN_FAMILY)
    assert not is_own(default.manifest.replace(family="sambert+kan_hifigan"))
    assert not is_own(default.manifest.replace(task="vocoder"))


def test_parameters_are_those_of_the_files_that_graphs_read(default):
    sizes = {
        part: sum(tensor.size for tensor in default.tensors(f"weights/{part}.safetensors").values())
        for part in ("acoustic", "vocoder")
    }
    found = count(default)  # the aligner is no graph's
    assert found == Parameters(sum(sizes.values()), sizes["vocoder"])
    assert found.acoustic == sizes["acoustic"]
    graphs = {name: graph for name, graph in default.manifest.graphs.items() if name != "vocoder"}
    alone = count(dataclasses.replace(default, manifest=default.manifest.replace(graphs=graphs)))
    assert (alone.whole, alone.acoustic) == (sizes["acoustic"], None)


def test_a_graph_remembers_what_it_answered(default):
    class Graph:
        spec = "spec"

        def run(self, inputs):
            return {"y": inputs["x"] + 1}

    one = Witness(Graph())
    assert one.spec == "spec"
    for _ in range(2):
        np.testing.assert_array_equal(one.run({"x": np.zeros(1)})["y"], [1.0])
    assert len(one.answers) == 2
    model, witnesses = open_model(check_teacher(default, ImportedConfig()))
    assert witnesses.keys() == {"encoder"}
    from tingshuo.tasks.stopwatch import Stopwatch
    from tingshuo.text.frontend import Frontend

    model.prepare(SpeechRequest(text="好")).perform(next(Frontend().sentences("好")), 0, Stopwatch())
    assert len(witnesses["encoder"].answers) == 1


def test_a_consent_that_holds_lets_a_clone_teach(stranger):
    assert check_teacher(stranger(cloned=("tan",), consents=(AGREED,)), ImportedConfig()).speakers[0].name == "tan"
