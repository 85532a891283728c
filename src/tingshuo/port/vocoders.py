"""The vocoder families that a text-to-speech bundle may hold: what builds, exports and pads each.

A bundle's family is ``fastspeech+`` and one of these names. All of them read mel (and F0) and are called alike in training, by
``synthesize(mel, f0, noise)``.
"""

import copy
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from tingshuo.models.hifigan import graphs as hifigan
from tingshuo.models.hifigan.config import PRESETS as HIFIGAN_SIZES
from tingshuo.models.hifigan.config import HiFiGanConfig
from tingshuo.models.hifigan.net import HiFiGan, add_weight_norm, without_weight_norm
from tingshuo.models.layers.graph import Graph
from tingshuo.models.source_filter import graphs as source_filter
from tingshuo.models.source_filter.config import SourceFilterConfig
from tingshuo.models.source_filter.net import SourceFilter
from tingshuo.models.vocos import graphs as vocos
from tingshuo.models.vocos.config import SMALL as SMALL_VOCOS
from tingshuo.models.vocos.config import VocosConfig
from tingshuo.models.vocos.net import Vocos

Vocoder = SourceFilter | Vocos | HiFiGan
VocoderConfig = SourceFilterConfig | VocosConfig | HiFiGanConfig


@dataclass(frozen=True, slots=True)
class VocoderFamily:
    """A row of the table.

    ``graphs`` takes a net with plain weights, ``context_frames`` a config; ``trainable`` adds to a net, in place, what training
    wants, and ``plain`` returns a copy without it; ``int8`` says whether its arithmetic is matrix products at frame rate, which
    int8 makes faster; ``sizes`` are sizes that have a name.
    """

    name: str
    config: type[Any]
    net: type[Any]
    graphs: Callable[[Any], tuple[Graph, ...]]
    context_frames: Callable[[Any], int]
    trainable: Callable[[Any], Any] = lambda net: net
    plain: Callable[[Any], Any] = copy.deepcopy
    int8: bool = True
    sizes: Mapping[str, Any] = field(default_factory=dict)


FAMILIES = {
    family.name: family
    for family in (
        VocoderFamily(
            "source_filter", SourceFilterConfig, SourceFilter, source_filter.graphs, source_filter.vocoder_context_frames
        ),
        VocoderFamily("vocos", VocosConfig, Vocos, vocos.graphs, vocos.vocoder_context_frames, sizes={"small": SMALL_VOCOS}),
        VocoderFamily(
            "hifigan",
            HiFiGanConfig,
            HiFiGan,
            hifigan.graphs,
            hifigan.vocoder_context_frames,
            trainable=add_weight_norm,
            plain=without_weight_norm,
            int8=False,
            sizes=HIFIGAN_SIZES,
        ),
    )
}


def vocoder_family(vocoder: Vocoder | VocoderConfig) -> VocoderFamily:
    """Return the row of a net or of its config."""
    return next(row for row in FAMILIES.values() if isinstance(vocoder, (row.config, row.net)))
