"""A fake voice and a server's state around it."""

import pytest
from tests.serve.fake_voice import FakeVoice, service_of

from tingshuo.serve.service import Service
from tingshuo.store.bundle import open_bundle
from tingshuo.tasks.voices import find_voice


@pytest.fixture(scope="session")
def bundle():
    """The built-in voice's bundle, for what a catalogue tells about it."""
    return open_bundle(find_voice("default"))


@pytest.fixture
def fake_voice() -> FakeVoice:
    return FakeVoice()


@pytest.fixture
def service(fake_voice, bundle) -> Service:
    return service_of(fake_voice, bundle)
