"""``tingshuo say``: speak text into a file, to standard output or through the loudspeaker."""

import gc
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tingshuo.app.cli.labels import Form, Position, Producer, Watermark
from tingshuo.app.labels import LabelOptions
from tingshuo.errors import RequestError

if TYPE_CHECKING:
    from tingshuo.tasks.labelled import Label, Labeller
    from tingshuo.tasks.tts import SpeechStream
    from tingshuo.types import SpeechRequest


def say(
    text: Annotated[str | None, typer.Argument(help="What to say, text or SSML; - or nothing reads standard input.")] = None,
    file: Annotated[Path | None, typer.Option("--file", "-f", help="Read the text from a file.")] = None,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="File or pipe to write, - for standard output; without it, play.")
    ] = None,
    format: Annotated[
        str | None, typer.Option(help="wav, flac, mp3, opus, m4a, aac, pcm; default: the extension, or wav.")
    ] = None,
    emotion: Annotated[
        str, typer.Option("--emotion", "-e", help="neutral, happy, sad, angry, surprised, fearful, gentle or serious.")
    ] = "neutral",
    strength: Annotated[float, typer.Option(help="Strength of the emotion, 0 to 1.5.")] = 1.0,
    speed: Annotated[float, typer.Option(help="0.5 to 2.")] = 1.0,
    pitch: Annotated[float, typer.Option(help="-12 to 12 semitones.")] = 0.0,
    volume: Annotated[float, typer.Option(help="-20 to 20 dB.")] = 0.0,
    voice: Annotated[str, typer.Option("--voice", "-v", help="A name that `tingshuo voices` lists, or a folder.")] = "default",
    style: Annotated[str | None, typer.Option(help="Whose rhythm and melody, a style of the voice.")] = None,
    speaker: Annotated[str | None, typer.Option(help="Whose timbre, a speaker of the voice; its first without it.")] = None,
    seed: Annotated[int, typer.Option(help="Fixes the vocoder's noise.")] = 0,
    lexicon: Annotated[Path | None, typer.Option(help="File of your own pronunciations.")] = None,
    srt: Annotated[Path | None, typer.Option(help="Write subtitles in SRT.")] = None,
    vtt: Annotated[Path | None, typer.Option(help="Write subtitles in WebVTT.")] = None,
    lrc: Annotated[Path | None, typer.Option(help="Write timed lines in LRC.")] = None,
    words: Annotated[bool, typer.Option("--words", help="Write the time of every word into --vtt and --lrc.")] = False,
    label: Form = None,
    label_at: Position = None,
    agreement: Annotated[
        str | None, typer.Option(metavar="ID", help="With --label none: that under which you label it; its use is recorded.")
    ] = None,
    producer: Producer = None,
    watermark: Watermark = None,
    batch: Annotated[
        Path | None, typer.Option(help="Speak each line of a file, or of standard input (-), into a file of its own.")
    ] = None,
    output_dir: Annotated[Path | None, typer.Option(help="Where the files of --batch go.")] = None,
    force: Annotated[bool, typer.Option("--force", help="With --batch: make files that exist again.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print what was done as JSON.")] = False,
) -> None:
    """Speak text.

    Files are labelled as speech made by AI: the rhythm 短长短短 after the last word, and the field AIGC in the file. pcm and what
    is played are bare.

    With --batch, a line is text, or a file's name, a tab and text; lines without a name become 0001.wav and so on by their
    number. Files that exist are skipped, so a batch that was stopped can be run again.

    Example:

      tingshuo say "今天天气真好" -o out.wav --emotion happy --strength 1.2

      tingshuo say --file chapter.txt -o chapter.mp3 --srt chapter.srt

      tingshuo say --file song.txt -o song.wav --lrc song.lrc --words

      echo "你好" | tingshuo say -o - --format mp3 > hello.mp3

      tingshuo say "欢迎光临" -o hello.mp3 --label speech --label-at start --producer 001191110102MAD55U9H0F10001

      tingshuo say --batch lines.txt --output-dir wavs
    """
    labels = LabelOptions(label, label_at, agreement, producer, watermark)
    controls: dict[str, Any] = {"emotion": emotion, "strength": strength, "speed": speed, "pitch": pitch, "volume": volume}
    controls |= {"style": style, "speaker": speaker, "seed": seed}
    subtitles = {form: path for form, path in (("srt", srt), ("vtt", vtt), ("lrc", lrc)) if path is not None}
    if batch is not None:
        if text is not None or file is not None or output is not None or subtitles or words:
            raise RequestError("--batch reads its file and writes to --output-dir: leave out text, -o and subtitles")
        from tingshuo.app.cli.batch import say_batch

        say_batch(batch, output_dir, format or "wav", voice, lexicon, controls, labels, force=force, as_json=as_json)
    elif output_dir is not None or force:
        raise RequestError("--output-dir and --force belong to --batch")
    else:
        from tingshuo.app.cli.sinks import STDOUT, check_distinct
        from tingshuo.app.cli.sources import read_text

        files = [path for path in (file, output, *subtitles.values()) if path is not None and path != STDOUT]
        check_distinct(files)
        _check_words(words, subtitles)
        read = read_text(text, file)
        _say_one(read, controls, output, format, voice, lexicon, labels, subtitles, words=words, as_json=as_json)


def _say_one(
    text: str,
    controls: dict[str, Any],
    output: Path | None,
    format: str | None,
    voice: str,
    lexicon: Path | None,
    labels: LabelOptions,
    subtitles: dict[str, Path],
    *,
    words: bool,
    as_json: bool,
) -> None:
    """Check everything that can be checked, speak, then write subtitles and reports."""
    from tingshuo.app.cli.output import describe, print_json
    from tingshuo.app.cli.sinks import STDOUT, check_writable
    from tingshuo.app.requests import make_request

    to_file = output is not None and output != STDOUT
    if as_json and not to_file:
        raise RequestError("--json prints to standard output, so the audio needs a file: -o out.wav")
    request = make_request(text, **controls)
    if output is not None and to_file:
        check_writable(output, stream=True)
    for path in subtitles.values():
        check_writable(path)
    chosen = _choose_format(output if to_file else None, format)
    label, agreement = labels.decide(chosen, saved=output is not None)
    stream, labeller = _speak(request, output, chosen, voice, lexicon, label, agreement)
    if subtitles:
        from tingshuo.app.cli.sinks import write_text
        from tingshuo.text.subtitles import subtitles as write_subtitles

        for form, path in subtitles.items():
            write_text(path, write_subtitles(labeller.sentences, form, words=words))
    for warning in stream.warnings:
        typer.echo(f"Warning: {warning}", err=True)
    if as_json:
        asked = {"voice": voice, "speaker": stream.speaker, "emotion": request.emotion}
        print_json({"output": str(output), "format": chosen, **asked, **describe(stream, labeller)})


def _check_words(words: bool, subtitles: dict[str, Path]) -> None:
    if words and (not subtitles or "srt" in subtitles):
        raise RequestError("--words writes the times of words into --vtt and --lrc; srt has no place for them", "words")


def _speak(
    request: "SpeechRequest",
    output: Path | None,
    format: str,
    voice: str,
    lexicon: Path | None,
    label: "Label | None",
    agreement: str,
) -> "tuple[SpeechStream, Labeller]":
    """Speak to where it shall go, chunk by chunk, with a progress bar when it takes long; return the stream at its end."""
    from tingshuo.app.cli.progress import Progress
    from tingshuo.app.cli.sinks import open_sink
    from tingshuo.tasks.labelled import label_speech, labeller_of
    from tingshuo.tasks.voices import load

    # Everything made while a voice opens stays; looking through it for garbage would be a tenth of a cold start.
    gc.disable()
    try:
        speaker = load(voice, lexicon_path=lexicon)
        stream = speaker.speak(request)
    finally:
        gc.enable()
    labeller = labeller_of(speaker, stream, request, label)
    if agreement:
        from tingshuo.serve.labels import record_use

        record_use(request, format, agreement)
    sink = open_sink(output, stream.sample_rate, format, labeller.field)
    with sink as out, Progress("Speaking", len(request.text)) as progress:
        for chunk in label_speech(stream, labeller):
            out.write(chunk.wav)
            progress.advance(len(chunk.sentence.text) if chunk.sentence else 0)
    return stream, labeller


def _choose_format(path: Path | None, format: str | None) -> str:
    """Return the format, checked: as given, else by the file's extension, else wav."""
    from tingshuo.audio.formats import find_format, format_of

    if format is not None:
        return find_format(format).name
    return "wav" if path is None else format_of(path).name
