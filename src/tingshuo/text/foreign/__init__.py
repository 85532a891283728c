"""How voice models of other systems spell what is to be said."""
