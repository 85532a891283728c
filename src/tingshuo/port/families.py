"""Every kind of net that a bundle may hold: what builds it from the sizes in its config, and what its graphs are.

The ``architecture`` of a config is flat, each key with the kind of net in front: ``hifigan.channels``. The file of weights that a
net's tensors lie in is its part: ``acoustic``, ``vocoder``, ``prompt``.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import chain
from typing import Any

import torch
from numpy.typing import NDArray
from torch import nn

from tingshuo.config import FamilyConfig, Size, StrictModel
from tingshuo.errors import ConfigError, PortError
from tingshuo.models.bert import graphs as bert
from tingshuo.models.bert.config import BertConfig
from tingshuo.models.bert.net import Bert
from tingshuo.models.conformer import graphs as conformer
from tingshuo.models.conformer.config import ConformerConfig
from tingshuo.models.conformer.net import Conformer
from tingshuo.models.dnn import graphs as dnn
from tingshuo.models.dnn.config import DnnConfig
from tingshuo.models.dnn.net import Dnn
from tingshuo.models.emotivoice import graphs as emotivoice
from tingshuo.models.emotivoice.config import EmotiVoiceConfig
from tingshuo.models.emotivoice.net import EmotiVoice
from tingshuo.models.fastspeech import graphs as fastspeech
from tingshuo.models.fastspeech.config import FastSpeechConfig
from tingshuo.models.fastspeech.net import FastSpeech
from tingshuo.models.hifigan import graphs as hifigan
from tingshuo.models.hifigan.config import HiFiGanConfig
from tingshuo.models.hifigan.net import HiFiGan
from tingshuo.models.kan_hifigan import graphs as kan_hifigan
from tingshuo.models.kan_hifigan.config import KanHiFiGanConfig
from tingshuo.models.kan_hifigan.net import KanHiFiGan
from tingshuo.models.keywords import graphs as keywords
from tingshuo.models.keywords.config import KeywordsConfig
from tingshuo.models.keywords.net import KeywordsNet
from tingshuo.models.language import graphs as language
from tingshuo.models.language.config import LanguageConfig
from tingshuo.models.language.net import Language
from tingshuo.models.layers.graph import Graph
from tingshuo.models.rvc import graphs as rvc
from tingshuo.models.rvc.config import RvcConfig
from tingshuo.models.rvc.net import Rvc
from tingshuo.models.sambert import graphs as sambert
from tingshuo.models.sambert.config import SambertConfig
from tingshuo.models.sambert.net import Sambert
from tingshuo.models.source_filter import graphs as source_filter
from tingshuo.models.source_filter.config import SourceFilterConfig
from tingshuo.models.source_filter.net import SourceFilter
from tingshuo.models.tdnn_lstm import graphs as tdnn_lstm
from tingshuo.models.tdnn_lstm.config import TdnnLstmConfig
from tingshuo.models.tdnn_lstm.net import TdnnLstm
from tingshuo.models.vits import graphs as vits
from tingshuo.models.vits.config import VitsConfig
from tingshuo.models.vits.net import Vits
from tingshuo.models.vocos import graphs as vocos
from tingshuo.models.vocos.codes import CodeVocos
from tingshuo.models.vocos.config import CodeVocosConfig, VocosConfig
from tingshuo.models.vocos.net import Vocos
from tingshuo.port.filling import as_torch

Array = NDArray[Any]


@dataclass(frozen=True, slots=True)
class NetFamily:
    """A kind of net: the part of a bundle that it is, its config, the net, and its graphs."""

    part: str
    config: type[StrictModel]
    net: Callable[[Any], nn.Module]
    graphs: Callable[[Any], tuple[Graph, ...]]


NETS: dict[str, NetFamily] = {
    "bert": NetFamily("prompt", BertConfig, Bert, bert.graphs),
    "conformer": NetFamily("recogniser", ConformerConfig, Conformer, conformer.graphs),
    "dnn": NetFamily("recogniser", DnnConfig, Dnn, dnn.graphs),
    "emotivoice": NetFamily("acoustic", EmotiVoiceConfig, EmotiVoice, emotivoice.graphs),
    "fastspeech": NetFamily("acoustic", FastSpeechConfig, FastSpeech, fastspeech.graphs),
    "hifigan": NetFamily("vocoder", HiFiGanConfig, HiFiGan, hifigan.graphs),
    "kan_hifigan": NetFamily("vocoder", KanHiFiGanConfig, KanHiFiGan, kan_hifigan.graphs),
    "keywords": NetFamily("recogniser", KeywordsConfig, KeywordsNet, keywords.graphs),
    "language": NetFamily("language", LanguageConfig, Language, language.graphs),
    "rvc": NetFamily("voice", RvcConfig, Rvc, rvc.graphs),
    "sambert": NetFamily("acoustic", SambertConfig, Sambert, sambert.graphs),
    "source_filter": NetFamily("vocoder", SourceFilterConfig, SourceFilter, source_filter.graphs),
    "tdnn_lstm": NetFamily("recogniser", TdnnLstmConfig, TdnnLstm, tdnn_lstm.graphs),
    "vits": NetFamily("acoustic", VitsConfig, Vits, vits.graphs),
    "vocos": NetFamily("vocoder", VocosConfig, Vocos, vocos.graphs),
    "vocos_codes": NetFamily("vocoder", CodeVocosConfig, CodeVocos, vocos.code_graphs),
}
"""Kind of net to what it is."""


@dataclass(frozen=True, slots=True)
class BuiltNet:
    """A net of a bundle, and which part of it."""

    part: str
    net: nn.Module
    family: NetFamily

    @property
    def graphs(self) -> tuple[Graph, ...]:
        """Its graphs."""
        return self.family.graphs(self.net)


def sizes(net: str, config: StrictModel) -> dict[str, Size]:
    """Return the ``architecture`` of a net."""
    return {f"{net}.{key}": value for key, value in config.fields().items()}


def build_nets(architecture: Mapping[str, Size]) -> Iterator[BuiltNet]:
    """Yield the nets of an architecture without numbers, on torch's ``meta`` device, in evaluation mode.

    Raises
    ------
    PortError
        A kind of net is not known, or sizes do not belong to it.
    """
    for name in dict.fromkeys(key.partition(".")[0] for key in architecture):
        if name not in NETS:
            raise PortError(f"a net of the kind {name!r} cannot be rebuilt; known: {', '.join(NETS)}")
        family = NETS[name]
        own = {key.removeprefix(f"{name}."): value for key, value in architecture.items() if key.startswith(f"{name}.")}
        try:
            config = family.config.check(own, name)
        except ConfigError as error:
            raise PortError(f"the architecture in the config does not fit: {error}") from error
        with torch.device("meta"):
            net = family.net(config).eval()
        unknown = {buffer for buffer, _ in net.named_buffers()} - net.state_dict().keys()
        assert not unknown, f"{name} has numbers that nobody gives it: {unknown}"
        yield BuiltNet(family.part, net, family)


def fill(built: BuiltNet, tensors: Mapping[str, Array]) -> BuiltNet:
    """Give a net its numbers, which stay where they lie; tensors that it has no place for are tables beside it.

    Raises
    ------
    PortError
        A tensor is missing or of another shape.
    """
    given = {name: as_torch(tensors[name], torch.float32) for name in built.net.state_dict() if name in tensors}
    try:
        built.net.load_state_dict(given, assign=True)
    except RuntimeError as error:
        raise PortError(f"the tensors do not fit the net: {error}") from error
    left = [name for name, one in chain(built.net.named_parameters(), built.net.named_buffers()) if one.is_meta]
    assert not left, f"{left} have no numbers"
    return built


def hollow(built: BuiltNet) -> BuiltNet:
    """Give a net memory that nobody touches, and so costs none, in place of numbers: what an export needs to know are shapes."""
    built.net.to_empty(device="cpu")
    return built


def has_architecture(config: FamilyConfig) -> Mapping[str, Size]:
    """Return the architecture in a config.

    Raises
    ------
    PortError
        It has none, so its nets cannot be rebuilt.
    """
    architecture: Mapping[str, Size] | None = getattr(config, "architecture", None)
    if not architecture:
        raise PortError(f"the config of family {config.family} tells no sizes, so its nets cannot be rebuilt")
    return architecture
