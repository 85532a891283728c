"""A voice of Piper whose graph could not be taken apart, as a draft of a bundle: the whole graph, as it is."""

from tingshuo.config import FrameConfig
from tingshuo.config.family import ONE_STYLE
from tingshuo.config.graph_voice import GraphVoiceConfig, InputsConfig, OutputsConfig, ScalesConfig, TextConfig
from tingshuo.port.convert.graph_voice import Told, people, voice_draft
from tingshuo.port.draft import Draft
from tingshuo.port.importers.graph_voice_check import inputs_of, outputs_of
from tingshuo.port.importers.onnx_files import read_onnx
from tingshuo.port.importers.piper import PiperVoice
from tingshuo.store.manifest import Attribution
from tingshuo.tasks.graph_voice.model import ACOUSTIC

NO_LANGUAGE = "und"
SPEAKER = "sid"


def whole_draft(read: PiperVoice, work: Attribution) -> Draft:
    """Return a draft of a voice that keeps its graph.

    Parameters
    ----------
    read : PiperVoice
        Without a net.
    work : Attribution
        Whose voice it is.

    Raises
    ------
    PortError
        Its graph takes or gives something else than voices of Piper do, or cannot be run.
    """
    path, settings = read.files[0], read.settings
    model = read_onnx(path)
    inventory, scales = settings.inventory, settings.scales
    gives = list(outputs_of(model))
    config = GraphVoiceConfig(
        family=GraphVoiceConfig.FAMILY,
        speakers=people(settings.speakers if len(settings.speakers) > 1 else (read.name,)),
        styles=ONE_STYLE,
        frames=FrameConfig(settings.sample_rate, 0),
        inputs=InputsConfig(
            symbols="input", lengths="input_lengths", scales="scales", speaker=SPEAKER if SPEAKER in inputs_of(model) else ""
        ),
        outputs=OutputsConfig(wav="output" if "output" in gives else gives[0]),
        text=TextConfig(
            kind="piper",
            phonemes=inventory.kind,  # type: ignore[arg-type]  # checked when the settings were read
            phoneme_ids={phoneme: tuple(rows) for phoneme, rows in inventory.ids.items()},
            espeak_voice=inventory.espeak_voice,
        ),
        scales=ScalesConfig(noise=scales.noise, length=scales.length, duration_noise=scales.duration_noise),
    )
    told = Told(
        name=read.name,
        system="piper",
        source=f"the Piper voice {path.name}",
        where=str(path),
        languages=(settings.language.replace("_", "-") or NO_LANGUAGE,),
        licence=read.licence,
        attributions=(work,),
        notes=read.remarks,
    )
    return voice_draft({ACOUSTIC: model}, config, told)
