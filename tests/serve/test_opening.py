"""The state of a server is made of installed voices, which are opened once, in a thread."""

import pytest

from tingshuo.errors import UnknownVoiceError
from tingshuo.serve.opening import open_service


def test_a_service_knows_the_installed_voices_and_opens_them_once():
    service = open_service(threads=1, chunk_s=0.1)
    try:
        assert "default" in service.voices.catalogue
        assert (service.workers.threads, service.workers.chunk_s) == (1, 0.1)
        assert service.open() is service.open()
        service.open().result(60)
        assert list(service.voices.resident_bytes) == ["default"]
        assert service.labels.label.settings is not None
    finally:
        service.workers.close()
        service.results.close()


@pytest.mark.parametrize(("voice", "residents"), [("nobody", ()), ("default", ("nobody",))])
def test_who_is_not_there_is_refused_before_anything_is_opened(voice, residents):
    with pytest.raises(UnknownVoiceError, match="nobody"):
        open_service(voice, threads=1, residents=residents)


def test_a_recogniser_that_is_not_there_is_refused_too():
    with pytest.raises(UnknownVoiceError, match="unknown recogniser 'nobody'"):
        open_service(threads=1, listener="nobody")
