"""``tingshuo optimize --vocoder``: another vocoder under a voice, or a light one that learns from the voice itself."""

from pathlib import Path

import typer

from tingshuo.app.cli.distill import show, train_extra
from tingshuo.app.cli.progress import Stages
from tingshuo.errors import PortError

LIGHT = "light"
"""What is no vocoder's name, but asks for one to be taught."""
NAMES = {"lessons": "The voice speaks", "teach": "Teaching", "measure": "Measuring", "publish": "Writing the bundle"}


def swap(voice: Path, vocoder: Path, output: Path, licence: str | None, *, force: bool, as_json: bool) -> None:
    """Put a vocoder under a voice, and say what was made."""
    from tingshuo.app.cli.output import print_json

    with train_extra():
        from tingshuo.port.swap import swap_vocoder
    made = swap_vocoder(voice, vocoder, output, licence=licence, replace=force)
    if as_json:
        print_json(made.to_json())
        return
    worst = max(made.errors.values())
    typer.echo(f"{made.path}: {made.name} {made.version}, {made.family}, licence {made.licence}; equals its net: {worst:.0f} dB")
    typer.echo(f"  Try: tingshuo say 你好 --voice {made.path}")


def lighten(voice: Path, output: Path, data: Path | None, steps: int | None, *, resume: bool, as_json: bool) -> None:
    """Teach a light vocoder, and say how it ended.

    Raises
    ------
    PortError
        The student is not good enough yet; no bundle was written.
    """
    from tingshuo.app.cli.output import print_json

    with train_extra():
        from tingshuo.train.distill_voice import run_folder
        from tingshuo.train.light import lighten_vocoder, read_light_config
        from tingshuo.train.light_config import LightConfig
    config = read_light_config(run_folder(output)) if resume else LightConfig()
    config = config.replace(loop=config.loop.replace(steps=steps)) if steps is not None else config
    with Stages(NAMES) as stages:
        made = lighten_vocoder(voice, output, config, data, resume=resume, tell=stages.tell)
    if as_json:
        print_json(
            {
                "step": made.step,
                "finished": made.finished,
                "best": made.best,
                "bundle": str(made.bundle) if made.bundle else None,
                "refusal": made.refusal,
                "comparison": made.comparison.fields() if made.comparison else None,
            }
        )
    elif made.comparison is None:
        typer.echo(f"Interrupted and saved at step {made.step}; add --resume to go on.")
    else:
        show(made.comparison, typer.echo)
    if made.refusal:
        raise PortError(f"the light vocoder {made.refusal}")
    if made.bundle is not None and not as_json:
        typer.echo(f"{made.bundle}: ready. Try: tingshuo say 你好 --voice {made.bundle}")
