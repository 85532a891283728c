"""The recognisers of a server: by name alone, opened at need or at the start, and once however many ask."""

import asyncio
import dataclasses
import threading
from types import SimpleNamespace

import pytest
from tests.serve.fake_listener import Ear, listeners_of

from tingshuo.errors import BundleError, EngineError, RequestError, SealedError, UnknownVoiceError
from tingshuo.serve import listeners as module
from tingshuo.serve.listeners import Listeners, find_listeners
from tingshuo.tasks.voices import find_voice


@pytest.fixture
def ear() -> Ear:
    return Ear()


def test_a_request_names_one_or_gets_the_default(ear, bundle):
    listeners = listeners_of(ear, bundle)
    assert (listeners.check(None), listeners.check("other")) == ("ear", "other")
    with pytest.raises(UnknownVoiceError, match=r"unknown recogniser '\.\./ear'; accepted: ear, other") as caught:
        listeners.check("../ear")
    assert caught.value.param == "model"
    with pytest.raises(UnknownVoiceError, match="no recogniser is the default of this server; name one: ear, other"):
        listeners_of(ear, bundle, default=None).check(None)


def test_where_there_is_none_it_is_said_how_to_get_one():
    for name in (None, "ear"):
        with pytest.raises(UnknownVoiceError, match=r"no recogniser; .* `tingshuo import PATH -o BUNDLE` .* --listener BUNDLE"):
            Listeners().check(name)


def test_nothing_is_open_before_it_is_asked_for_and_then_it_stays_open(ear, bundle):
    listeners = listeners_of(ear, bundle)
    assert (listeners.count, ear.opened) == (0, [])
    assert listeners.open("other") is listeners.open("other") is ear
    assert (listeners.count, ear.opened) == (1, [("other", None)])


def test_however_many_wait_one_thread_opens_it_once(ear, bundle):
    entered, release = threading.Event(), threading.Event()

    def load(one, chosen):
        ear.opened.append(threading.current_thread().name)
        entered.set()
        assert release.wait(20)
        return ear

    listeners = listeners_of(ear, bundle, load=load)

    async def scenario():
        asking = [asyncio.ensure_future(listeners.opened("ear")) for _ in range(20)]
        await asyncio.to_thread(entered.wait, 20)
        assert not any(one.done() for one in asking)
        release.set()
        assert await asyncio.gather(*asking) == [ear] * 20
        assert await listeners.opened("ear") is ear

    asyncio.run(scenario())
    assert len(ear.opened) == 1


def test_what_could_not_be_opened_is_tried_again(ear, bundle):
    tries = []

    def load(one, chosen):
        tries.append(one)
        if len(tries) == 1:
            raise EngineError("the graph is broken")
        return ear

    listeners = listeners_of(ear, bundle, load=load)
    with pytest.raises(EngineError, match="broken"):
        listeners.open("ear")
    assert listeners.open("ear") is ear


def test_residents_are_opened_at_the_start_and_hear_a_moment(ear, bundle):
    listeners = listeners_of(ear, bundle, residents=("other",))
    listeners.warm_up()
    assert (ear.opened, ear.heard_s) == ([("other", None)], [0.5])


def test_a_language_is_told_where_it_can_be(ear, bundle):
    listeners = listeners_of(ear, bundle)
    assert [listeners.choose("ear", language) for language in (None, "zh", "zh-TW", "ZH")] == [None] * 4
    with pytest.raises(RequestError, match="recogniser 'ear' does not hear the language 'fr'; accepted: zh") as caught:
        listeners.choose("ear", "fr")
    assert caught.value.param == "language"
    one = listeners.catalogue["ear"]
    choice = SimpleNamespace(values={"auto": 0, "yue": 7})
    told = SimpleNamespace(manifest=one.manifest, settings=SimpleNamespace(choices={"language": choice}))
    listeners.catalogue["ear"] = told
    assert listeners.languages("ear", choices=True) == ("auto", "yue")
    assert [listeners.choose("ear", language) for language in (None, "yue", "yue-HK", "zh")] == [None, "yue", "yue", None]
    with pytest.raises(RequestError, match="accepted: auto, yue, zh"):
        listeners.choose("ear", "fr")
    assert listeners.open("ear", "yue") is listeners.open("ear")
    assert ear.opened == [("ear", {"language": "yue"}), ("ear", None)]


@pytest.fixture
def installed(monkeypatch, bundle, tmp_path):
    """Lay recognisers, which are not read: ``installed("a", "b")``; what was asked of each is returned."""
    asked = []

    def lay(*names):
        monkeypatch.setenv("TINGSHUO_HOME", str(tmp_path))
        monkeypatch.setattr(module, "list_recognisers", lambda: dict.fromkeys(names))
        monkeypatch.setattr(module, "find_recogniser", lambda name: tmp_path / str(name))

        def open_bundle(path, **how):
            asked.append((path.name, how))
            return dataclasses.replace(bundle, manifest=bundle.manifest.replace(name=path.name, task="asr"))

        monkeypatch.setattr(module, "open_bundle", open_bundle)
        return asked

    return lay


def test_the_built_in_one_is_the_default_and_opened_at_need(installed):
    asked = installed("listener", "mine")
    listeners = find_listeners()
    assert (list(listeners.catalogue), listeners.default, listeners.residents) == (["listener", "mine"], "listener", ())
    assert [name for name, how in asked if how["verify"]] == ["listener", "mine"]
    installed("mine")
    assert find_listeners().default is None
    installed()
    assert find_listeners().catalogue == {}


def test_the_one_that_is_named_is_the_default_and_opened_at_the_start(installed):
    installed("listener", "mine")
    listeners = find_listeners("mine")
    assert (list(listeners.catalogue), listeners.default, listeners.residents) == (["listener", "mine"], "mine", ("mine",))
    listeners = find_listeners("elsewhere")  # a folder: it goes by the name in its manifest
    assert (list(listeners.catalogue), listeners.default) == (["listener", "mine", "elsewhere"], "elsewhere")


def test_one_that_is_encrypted_without_a_key_is_left_out_unless_it_is_named(installed, monkeypatch, caplog):
    installed("listener", "mine")

    def readable(bundle):
        if bundle.manifest.name == "mine":
            raise SealedError("mine: is encrypted")
        return bundle

    monkeypatch.setattr(module, "readable", readable)
    assert list(find_listeners().catalogue) == ["listener"]
    assert "mine: is encrypted" in caplog.text
    with pytest.raises(SealedError):
        find_listeners("mine")


def test_a_policy_holds_for_them_too(installed, monkeypatch):
    installed("listener")
    checked = []
    signed = SimpleNamespace(key=SimpleNamespace(label="k"))
    monkeypatch.setattr(module, "check", lambda folder, policy: checked.append((folder.name, policy)) or signed)
    find_listeners(policy="policy")
    assert checked == [("listener", "policy")]


def test_what_does_not_hear_cannot_be_named():
    with pytest.raises(BundleError, match="does not hear"):
        find_listeners(str(find_voice("default")))
