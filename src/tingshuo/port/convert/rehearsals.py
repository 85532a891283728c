"""Which function rehearses the graphs of which family, by the part of its name before the ``+``.

A rehearsal uses every graph of a bundle as it is used when the bundle is; what the graphs are given there is what they are proved
with. It runs in a process without torch, so nothing that it imports may need it.
"""

from collections.abc import Mapping
from typing import Any

from numpy.typing import NDArray

from tingshuo.config import FamilyConfig
from tingshuo.errors import PortError
from tingshuo.registry import Registry, Row
from tingshuo.types import Runs

Tensors = Mapping[str, Mapping[str, NDArray[Any]]]
"""File of weights (``weights/acoustic.safetensors``) to name to tensor."""

REHEARSALS = Registry(
    "family to rehearse",
    {
        "codec": Row("tingshuo.port.convert.decode_codes:decode_codes"),
        "conformer": Row("tingshuo.port.convert.rehearsal:hear_sentence"),
        "emotivoice": Row("tingshuo.port.convert.rehearsal:say_sentence"),
        "fastspeech": Row("tingshuo.port.convert.rehearsal:say_sentence"),
        "graph_recogniser": Row("tingshuo.port.convert.graph_recogniser:hear_sentence"),
        "graph_voice": Row("tingshuo.port.convert.graph_voice_rehearsal:say"),
        "piper": Row("tingshuo.port.convert.rehearsal:say_phonemes"),
        "rvc": Row("tingshuo.port.convert.rehearsal:sing"),
        "sambert": Row("tingshuo.port.convert.rehearsal:say_sentence"),
        "vocoder": Row("tingshuo.port.convert.rehearsal:copy_speech"),
    },
)
"""A row is called with a config, its tensors and its graphs, and returns nothing."""


def rehearse(config: FamilyConfig, tensors: Tensors, graphs: Mapping[str, Runs]) -> None:
    """Use the graphs of a bundle as they will be used.

    Parameters
    ----------
    config : FamilyConfig
        Of the bundle.
    tensors : mapping
        File of weights to name to tensor: tables that lie beside the graphs are among them.
    graphs : mapping
        Graph name to what runs it.

    Raises
    ------
    PortError
        Nobody knows how bundles of this family are used.
    """
    family = config.family.partition("+")[0]
    if family not in REHEARSALS:
        raise PortError(f"how the graphs of family {config.family!r} are used is not known; known: {', '.join(REHEARSALS)}")
    REHEARSALS.load(family)(config, tensors, graphs)
