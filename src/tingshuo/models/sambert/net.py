"""Acoustic model of KAN-TTS: symbols with tones and emotions to mel, autoregressive twice.

Durations of symbols follow one another (`Sambert.predict_duration`), and so do the steps of the decoder (`Sambert.step`);
`tingshuo.tasks.sambert.loop` drives both, and does what lies between: it repeats symbols by their durations and marks where in
its symbol a frame lies. The net is for speaking, not for training: there is no dropout.

Letters: B batch, N symbols, F frames, S steps of the decoder, L blocks of the decoder, P steps before in the band, M steps ahead.
Mel lies frame after frame, (F, mels), 0 to 1 for -100 to 0 dB. Source: KAN-TTS (MIT), whose parts are described in their modules.
"""

from torch import Tensor, nn

from tingshuo.models.sambert.adaptor import Adaptor, DurationPredictor
from tingshuo.models.sambert.config import SambertConfig
from tingshuo.models.sambert.decoder import Decoder
from tingshuo.models.sambert.encoder import TextEncoder
from tingshuo.models.sambert.fsmn import Fsmn


class PostNet(nn.Module):
    """What the finished frames lack: memory blocks that look far back and little ahead, then an LSTM."""

    def __init__(self, config: SambertConfig) -> None:
        super().__init__()
        self.memory = Fsmn(
            config.mels,
            config.postnet_hidden,
            config.postnet_dim,
            config.postnet_layers,
            config.postnet_kernel,
            config.postnet_shift,
        )
        self.lstm = nn.LSTM(config.postnet_dim, config.postnet_lstm, batch_first=True)
        self.out = nn.Linear(config.postnet_lstm, config.mels)


class Sambert(nn.Module):
    """The acoustic model.

    Parameters
    ----------
    config : SambertConfig
        Sizes.
    """

    def __init__(self, config: SambertConfig) -> None:
        super().__init__()
        self.config = config
        self.encoder = TextEncoder(config)
        self.speaker = nn.Embedding(config.speakers, config.speaker_dim) if config.speakers else None
        self.emotion = nn.Embedding(config.emotions, config.emotion_dim)
        self.adaptor = Adaptor(config)
        self.duration = DurationPredictor(config)
        self.decoder = Decoder(config)
        self.postnet = PostNet(config)

    def encode(self, ids: Tensor, emotion_ids: Tensor, speaker: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Return what is known of symbols before their durations.

        Parameters
        ----------
        ids : Tensor
            (B, N, tables) int64, without the closing symbol of the vocabulary.
        emotion_ids : Tensor
            (B, N) int64.
        speaker : Tensor
            (B, N) int64; where a speaker is a vector, (B, N, speaker_dim).

        Returns
        -------
        tuple of Tensor
            Symbols (B, N, symbol_dim); pitch and energy (B, N), normalised by the corpus.
        """
        voice = speaker if self.speaker is None else self.speaker(speaker)
        return self.describe(ids, self.emotion(emotion_ids), voice)

    def describe(self, ids: Tensor, emotion: Tensor, speaker: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Return what `encode` does, given rows of both tables or what lies between them, (B, N, D) each."""
        symbols: tuple[Tensor, Tensor, Tensor] = self.adaptor(self.encoder(ids), speaker, emotion)
        return symbols

    def predict_duration(self, last: Tensor, symbol: Tensor, hidden: Tensor, cell: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Return the log-duration of a symbol, see `tingshuo.models.sambert.adaptor.DurationPredictor`."""
        result: tuple[Tensor, Tensor, Tensor] = self.duration(last, symbol, hidden, cell)
        return result

    def remember(self, memory: Tensor) -> Tensor:
        """Return the keys and values of the text, see `tingshuo.models.sambert.decoder.Decoder`."""
        return self.decoder.remember(memory)

    def step(self, frame: Tensor, text: Tensor, past: Tensor, memory: Tensor) -> tuple[Tensor, Tensor]:
        """Return the frames of one step and its keys and values, see `tingshuo.models.sambert.decoder.Decoder`."""
        frames: tuple[Tensor, Tensor] = self.decoder(frame, text, past, memory)
        return frames

    def look_around(self, mel: Tensor) -> Tensor:
        """Return what the memory blocks of the postnet make of frames: ``mel`` (B, F, mels) -> (B, F, D)."""
        around: Tensor = self.postnet.memory(mel)
        return around

    def finish(self, mel: Tensor, around: Tensor, hidden: Tensor, cell: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Return the finished frames.

        Parameters
        ----------
        mel : Tensor
            (B, F, mels) of the decoder, without the frames that only fill up its last step.
        around : Tensor
            (B, F, D) of `look_around`.
        hidden, cell : Tensor
            (1, B, D) of the LSTM, zeros at first.

        Returns
        -------
        tuple of Tensor
            (B, F, mels) and the two states.
        """
        x, (hidden, cell) = self.postnet.lstm(around, (hidden, cell))
        return mel + self.postnet.out(x), hidden, cell

    def forward(self, ids: Tensor, emotion_ids: Tensor, speaker: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Return `encode`; what comes after is a loop."""
        return self.encode(ids, emotion_ids, speaker)
