"""The model card of an import: what it is, where it comes from, how every tensor went over, how near its graphs are."""

from collections.abc import Mapping

from tingshuo.port.draft import NOT_KNOWN, Draft
from tingshuo.port.given import Moved

FIRST_VERSION = "1.0.0"
Errors = Mapping[str, Mapping[str, float]]
"""Graph to output to largest error, dB."""
_ERRORS = "energy of the difference over energy:\n\n| graph | output | error, dB |\n|---|---|---|\n"


def model_card(draft: Draft, errors: Errors, moved: Mapping[str, Moved]) -> str:
    """Return the model card: what this is, where it comes from, how every tensor went over, how near its graphs are."""
    notes = "".join(f"- {note}\n" for note in draft.notes)
    text = (
        f"# {draft.name} {FIRST_VERSION}\n\nImported from {draft.source}.\n\n"
        f"Licence: {draft.licence or 'not stated by its files'}. Consent: {NOT_KNOWN}\n\n{notes}{notes and chr(10)}"
    )
    if draft.parts:
        rows = "".join(
            f"| {name} | {part.report.n_used} | {len(part.report.left_out)} | {', '.join(part.report.left_out[:8])} |\n"
            for name, part in draft.parts.items()
        )
        text += "Tensors, all of which have a place or are left out on purpose:\n\n"
        text += f"| part | used | left out | such as |\n|---|---|---|---|\n{rows}\n"
    if moved:
        rows = "".join(
            f"| {name} | {one.precision} | {len(one.model.graph.node)} | {len(one.tensors)} | {'yes' if one.draws else 'no'} |\n"
            for name, one in moved.items()
        )
        text += "Graphs that are as they came, but for their weights, which lie beside them:\n\n"
        text += f"| graph | precision | operators | weights | draws random numbers |\n|---|---|---|---|---|\n{rows}\n"
    made = {name: rows for name, rows in errors.items() if name not in moved}
    if made:
        text += f"Graphs against their nets in PyTorch, float32, {_ERRORS}{_error_rows(made)}"
    if moved:
        came = {name: errors[name] for name in moved}
        text += f"{chr(10) if made else ''}Graphs against what they were, run operator by operator, {_ERRORS}{_error_rows(came)}"
    return text


def _error_rows(errors: Errors) -> str:
    return "".join(f"| {graph} | {output} | {error:.1f} |\n" for graph, rows in errors.items() for output, error in rows.items())
