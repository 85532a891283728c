"""Tables on the terminal."""

from rich.table import Table

from tingshuo.app.cli.tables import NARROWEST, rendered


def test_a_table_is_not_cut_on_a_narrow_terminal(monkeypatch):
    monkeypatch.setenv("COLUMNS", "40")
    table = Table(title="figures")
    table.add_column("measure")
    table.add_row("x" * (NARROWEST - 4))
    text = rendered(table)
    assert "x" * (NARROWEST - 4) in text
    assert "figures" in text
    assert text == text.rstrip()
