"""The work behind `tingshuo.data.features`: files in, a cache folder out, by several processes, resumable after any end.

Rows are shared out in parcels, whole files where possible, because a compressed file is decoded from its beginning. A parcel's
samples and F0 are appended to two files and flushed to the disk, then a line in a journal says that they are there; who comes
back reads the journal and cuts off what it does not mention.
"""

import fcntl
import multiprocessing
import os
import shutil
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import IO, NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

from tingshuo.audio.f0 import track_f0
from tingshuo.audio.resample import resample
from tingshuo.data.clips import Recording, read_recordings
from tingshuo.data.features import FEATURE_VERSION, FULL_SCALE, Clip, FeatureConfig, Index, Progress, Skipped
from tingshuo.data.speech import words_of
from tingshuo.data.utterance import Utterance
from tingshuo.engine.cpu import usable_cpus
from tingshuo.errors import DataError, OutputError

LEAST_ROWS, MOST_ROWS = 24, 400
"""Rows of a parcel: files are put together up to the first, a file is cut at the second."""
FEW_ROWS = 2 * LEAST_ROWS
"""So few rows are quicker done than processes started."""


class Parcel(NamedTuple):
    """What was computed of some rows: clips whose places are counted from the parcel's own beginning."""

    clips: list[Clip]
    skipped: list[Skipped]
    wav: NDArray[np.int16]
    f0: NDArray[np.float32]


class _Entry(msgspec.Struct):
    """A line of the journal."""

    samples: int
    """Length of wav.i16 after this parcel."""
    frames: int
    clips: list[Clip]
    skipped: list[Skipped]


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Keep other processes from making the same folder meanwhile; they wait."""
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        lock = folder.with_suffix(".lock").open("w")
    except OSError as error:
        raise OutputError(f"{folder.parent}: cannot be written: {error.strerror}") from error
    with lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def extract(
    rows: Sequence[Utterance], config: FeatureConfig, folder: Path, progress: Progress | None, workers: int | None
) -> None:
    """Make the cache folder, going on where an earlier run ended; one that is there is replaced.

    Raises
    ------
    OutputError
        It cannot be written.
    """
    partial = folder.with_suffix(".partial")
    try:
        partial.mkdir(exist_ok=True)
        parcels = _parcels(rows)
        with (partial / "wav.i16").open("ab") as wav, (partial / "f0.f32").open("ab") as f0:
            done = _resume(partial, wav, f0)
            with (partial / "journal").open("ab") as journal:
                for parcel in _computed(parcels[len(done) :], config, workers):
                    done.append(_append(parcel, wav, f0, journal))
                    if progress:
                        progress(sum(map(len, parcels[: len(done)])), len(rows))
        _finish(partial, rows, config, done)
        shutil.rmtree(folder, ignore_errors=True)
        partial.rename(folder)
    except OSError as error:
        raise OutputError(f"{folder}: cannot be written: {error.strerror or error}") from error


def _parcels(rows: Sequence[Utterance]) -> list[list[Utterance]]:
    files: dict[str, list[Utterance]] = {}
    for row in rows:
        files.setdefault(row.audio, []).append(row)
    parcels: list[list[Utterance]] = [[]]
    for mine in files.values():
        mine.sort(key=lambda row: row.start_samples)
        for start in range(0, len(mine), MOST_ROWS):
            if len(parcels[-1]) >= LEAST_ROWS or len(parcels[-1]) + len(mine) > MOST_ROWS:
                parcels.append([])
            parcels[-1] += mine[start : start + MOST_ROWS]
    return [parcel for parcel in parcels if parcel]


def _resume(partial: Path, wav: IO[bytes], f0: IO[bytes]) -> list[_Entry]:
    """Read the journal as far as it and the arrays agree, and cut everything off behind that."""
    journal = partial / "journal"
    sizes = os.fstat(wav.fileno()).st_size, os.fstat(f0.fileno()).st_size
    entries: list[_Entry] = []
    kept = 0
    for line in journal.read_bytes().splitlines(keepends=True) if journal.exists() else []:
        try:
            entry = msgspec.json.decode(line, type=_Entry)
        except msgspec.DecodeError:
            break
        if not line.endswith(b"\n") or sizes[0] < 2 * entry.samples or sizes[1] < 4 * entry.frames:
            break
        entries.append(entry)
        kept += len(line)
    if journal.exists():
        os.truncate(journal, kept)
    wav.truncate(2 * entries[-1].samples if entries else 0)
    f0.truncate(4 * entries[-1].frames if entries else 0)
    return entries


def _append(parcel: Parcel, wav: IO[bytes], f0: IO[bytes], journal: IO[bytes]) -> _Entry:
    samples, frames = os.fstat(wav.fileno()).st_size // 2, os.fstat(f0.fileno()).st_size // 4
    clips = [replace(c, start_samples=c.start_samples + samples, f0_start=c.f0_start + frames) for c in parcel.clips]
    entry = _Entry(samples + len(parcel.wav), frames + len(parcel.f0), clips, parcel.skipped)
    for file, content in ((wav, parcel.wav.tobytes()), (f0, parcel.f0.tobytes()), (journal, msgspec.json.encode(entry) + b"\n")):
        file.write(content)
        file.flush()
        os.fdatasync(file.fileno())
    return entry


def _finish(partial: Path, rows: Sequence[Utterance], config: FeatureConfig, done: Sequence[_Entry]) -> None:
    """Write clips.json, the mark of a complete folder."""
    order = {row.id: k for k, row in enumerate(rows)}
    clips = sorted((clip for entry in done for clip in entry.clips), key=lambda clip: order[clip.id])
    skipped = sorted((skip for entry in done for skip in entry.skipped), key=lambda skip: order[skip.id])
    index = Index(
        version=FEATURE_VERSION,
        config=config,
        samples=done[-1].samples,
        frames=done[-1].frames,
        clips=tuple(clips),
        skipped=tuple(skipped),
    )
    with (partial / "clips.json").open("wb") as file:
        file.write(msgspec.json.encode(index))
        file.flush()
        os.fdatasync(file.fileno())
    (partial / "journal").unlink()


def _computed(parcels: Sequence[list[Utterance]], config: FeatureConfig, workers: int | None) -> Iterator[Parcel]:
    """Yield what is computed of the parcels, in their order."""
    workers = min(workers or usable_cpus(), len(parcels))
    if workers <= 1 or sum(map(len, parcels)) <= FEW_ROWS:
        yield from (compute(parcel, config) for parcel in parcels)
        return
    # Forking a process that has threads (torch, progress bars) may deadlock the child.
    pool = ProcessPoolExecutor(workers, multiprocessing.get_context("spawn"))
    try:
        rest = iter(parcels)
        running: list[Future[Parcel]] = [pool.submit(compute, parcel, config) for parcel in islice(rest, workers + 1)]
        while running:
            yield running.pop(0).result()
            running += [pool.submit(compute, parcel, config) for parcel in islice(rest, 1)]
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


def compute(rows: Sequence[Utterance], config: FeatureConfig) -> Parcel:
    """Compute the features of some rows, without writing anything."""
    clips: list[Clip] = []
    skipped: list[Skipped] = []
    waves, pitches = [np.zeros(0, np.int16)], [np.zeros(0, np.float32)]
    samples = frames = 0
    for row, recording in read_recordings(rows):
        try:
            wav, f0 = _signal(recording, config)
        except DataError as error:
            skipped.append(Skipped(row.id, str(error)))
            continue
        assert isinstance(recording, Recording)
        spoken = words_of(row, english=config.english)
        limit_hz = min(recording.sample_rate, config.mel.sample_rate) / 2
        clip = Clip(
            id=row.id,
            speaker=row.speaker,
            style=row.style or row.speaker,
            emotion=row.emotion,
            split=row.split,
            start_samples=samples,
            n_samples=len(wav),
            f0_start=frames,
            frames=len(wav) // config.mel.hop_length,
            bandwidth_hz=min(row.bandwidth_hz or limit_hz, limit_hz),
            words=spoken.words,
            warnings=spoken.warnings,
        )
        clips.append(clip)
        waves.append(wav)
        pitches.append(f0)
        samples, frames = samples + len(wav), frames + len(f0)
    return Parcel(clips, skipped, np.concatenate(waves), np.concatenate(pitches))


def _signal(recording: Recording | DataError, config: FeatureConfig) -> tuple[NDArray[np.int16], NDArray[np.float32]]:
    """Return samples in whole hops, and F0."""
    if isinstance(recording, DataError):
        raise recording
    mel = config.mel
    wav = resample(recording.wav, recording.sample_rate, mel.sample_rate)
    if len(wav) < mel.n_fft:
        raise DataError(f"the clip has {len(wav)} samples at {mel.sample_rate} Hz; at least {mel.n_fft} are needed")
    wav = wav[: len(wav) // mel.hop_length * mel.hop_length]
    f0 = track_f0(wav, mel.sample_rate, mel.hop_length, config.f0_min_hz, config.f0_max_hz)
    return np.round(np.clip(wav, -1, 1) * FULL_SCALE).astype(np.int16), f0
