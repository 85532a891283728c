"""Fixtures that several rooms share."""

import pytest


@pytest.fixture(scope="session")
def voice():
    """The built-in voice, opened once; read-only, so sharing is safe."""
    import tingshuo

    return tingshuo.load("default")
