"""Read audio files of every kind that libsndfile knows: wav, flac, mp3, ogg, aiff and more."""

from pathlib import Path
from typing import IO

import numpy as np

from tingshuo.errors import AudioError
from tingshuo.types import Wav

BLOCK_SAMPLES = 1 << 18


def read(source: str | Path | IO[bytes]) -> tuple[Wav, int]:
    """Read a whole file.

    Parameters
    ----------
    source : str, Path or binary file
        What to read; a file object must be seekable and is left open.

    Returns
    -------
    tuple
        Samples in [-1, 1], shape (channels, T), at least one; and the sample rate in Hz.

    Raises
    ------
    AudioError
        Nothing there, no permission, not audio, cut off inside a header, or without a sample.
    """
    import soundfile

    name = str(source) if isinstance(source, str | Path) else "the audio"
    if isinstance(source, str | Path) and not Path(source).is_file():
        raise AudioError(f"{name}: no such file")
    try:
        with soundfile.SoundFile(source) as file:
            # soundfile seeks after each block. FLAC written as a stream cannot do that, and MP3 complains on stderr of the bits
            # that its frames borrow from those before; reading on needs no seeking.
            file._info.seekable = 0
            blocks = [file.read(BLOCK_SAMPLES, dtype="float32", always_2d=True)]
            while len(blocks[-1]):
                blocks.append(file.read(BLOCK_SAMPLES, dtype="float32", always_2d=True))
            rate = file.samplerate
    except (soundfile.LibsndfileError, OSError) as error:
        reason = getattr(error, "error_string", None) or str(error)
        raise AudioError(f"{name}: cannot be read as audio ({reason.rstrip('.')}); give a wav, flac, mp3 or ogg file") from error
    wav = np.ascontiguousarray(np.concatenate(blocks).T)
    if not wav.shape[1]:
        raise AudioError(f"{name}: holds no samples")
    return wav, rate


def read_mono(source: str | Path | IO[bytes], sample_rate: int | None = None) -> tuple[Wav, int]:
    """Read a file as the mean of its channels.

    Parameters
    ----------
    source : str, Path or binary file
        As for `read`.
    sample_rate : int or None
        Hz to resample to; None keeps the file's.

    Returns
    -------
    tuple
        Samples, shape (T,), and their rate in Hz.

    Raises
    ------
    AudioError
        As for `read`.
    """
    wav, rate = read(source)
    mono: Wav = wav[0] if len(wav) == 1 else wav.mean(axis=0)
    if sample_rate is None or sample_rate == rate:
        return mono, rate
    from tingshuo.audio.resample import resample

    return resample(mono, rate, sample_rate), sample_rate
