"""The process that exports the nets of a large draft: apart from the one that read it, whose memory it would add to its own."""

from pathlib import Path

from tingshuo.port.draft_folder import architecture_in, export_nets
from tingshuo.port.worker import Job, Tell, serve


def export(job: Job, tell: Tell) -> None:
    """Export the nets of the draft in a folder.

    Raises
    ------
    PortError
        A net cannot be exported.
    OutputError
        The folder cannot be written to.
    """
    folder = Path(job["folder"])
    export_nets(architecture_in(folder), folder, here=True, tell=tell)


if __name__ == "__main__":
    serve(export)
