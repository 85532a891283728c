"""The vocoder families that a text-to-speech bundle may hold: what builds, exports and pads each.

A bundle's family is ``fastspeech+`` and one of these names. All of them read mel (and F0) and are called alike in training, by
``synthesize(mel, f0, noise)``.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tingshuo.models.hifigan import graphs as hifigan
from tingshuo.models.hifigan.config import HiFiGanConfig
from tingshuo.models.hifigan.net import HiFiGan, without_weight_norm
from tingshuo.models.layers.graph import Graph
from tingshuo.models.source_filter import graphs as source_filter
from tingshuo.models.source_filter.config import SourceFilterConfig
from tingshuo.models.source_filter.net import SourceFilter
from tingshuo.models.vocos import graphs as vocos
from tingshuo.models.vocos.config import VocosConfig
from tingshuo.models.vocos.net import Vocos

Vocoder = SourceFilter | Vocos | HiFiGan
VocoderConfig = SourceFilterConfig | VocosConfig | HiFiGanConfig


@dataclass(frozen=True, slots=True)
class VocoderFamily:
    """A row of the table.

    ``graphs`` takes a net with plain weights, ``context_frames`` a config; ``plain`` undoes what training adds to a net;
    ``int8`` says whether its arithmetic is matrix products at frame rate, which int8 makes faster.
    """

    name: str
    config: type[Any]
    net: type[Any]
    graphs: Callable[[Any], tuple[Graph, ...]]
    context_frames: Callable[[Any], int]
    plain: Callable[[Any], Any] = lambda net: net
    int8: bool = True


FAMILIES = {
    family.name: family
    for family in (
        VocoderFamily(
            "source_filter", SourceFilterConfig, SourceFilter, source_filter.graphs, source_filter.vocoder_context_frames
        ),
        VocoderFamily("vocos", VocosConfig, Vocos, vocos.graphs, vocos.vocoder_context_frames),
        VocoderFamily(
            "hifigan",
            HiFiGanConfig,
            HiFiGan,
            hifigan.graphs,
            hifigan.vocoder_context_frames,
            plain=without_weight_norm,
            int8=False,
        ),
    )
}


def vocoder_family(vocoder: Vocoder | VocoderConfig) -> VocoderFamily:
    """Return the row of a net or of its config."""
    return next(row for row in FAMILIES.values() if isinstance(vocoder, (row.config, row.net)))
