"""Addresses that can be listened on, and those that cannot."""

import pytest

from tingshuo.app.http.addresses import listen, tell_address
from tingshuo.errors import RequestError


def test_a_taken_port_is_one_sentence():
    with listen("127.0.0.1", 0) as first:
        port = first.getsockname()[1]
        with pytest.raises(RequestError, match=rf"cannot listen on 127.0.0.1:{port}: .*in use; choose another"):
            listen("127.0.0.1", port)


@pytest.mark.parametrize(("host", "port"), [("203.0.113.1", 0), ("127.0.0.1", 70000)])
def test_an_address_that_cannot_be_is_one_sentence(host, port):
    with pytest.raises(RequestError, match="choose another"):
        listen(host, port)


@pytest.mark.parametrize(("secure", "scheme"), [(False, "http"), (True, "https")])
def test_the_address_is_told(capsys, secure, scheme):
    with listen("127.0.0.1", 0) as listener:
        tell_address(listener, secure=secure)
        assert capsys.readouterr().out == f"Tingshuo listens on {scheme}://127.0.0.1:{listener.getsockname()[1]}\n"
