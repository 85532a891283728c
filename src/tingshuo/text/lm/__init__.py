"""Language models that count: how likely a unit is after those before it."""
