"""A text in pieces is one job: its audio is that of the whole text, whenever the pieces come."""

import asyncio
from dataclasses import replace

import numpy as np
import pytest

from tingshuo.errors import BusyError, TextError, TooLargeError
from tingshuo.serve.service import Service
from tingshuo.serve.take import Order
from tingshuo.serve.talk import Talk
from tingshuo.serve.voices import Voices
from tingshuo.serve.workers import Workers
from tingshuo.tasks.labelled import Label
from tingshuo.types import SpeechRequest

ORDER = Order("default", SpeechRequest(text=""), "pcm")
TEXT = "你好！今天天气真好，我们去公园吧。圆周率是3.14。“走吧。”他说道：“带上伞。”\n第二段从这里开始；明天见。好的"


def run(coroutine):
    return asyncio.run(asyncio.wait_for(coroutine, 60))


async def heard(talk: Talk) -> list:
    return [step async for step in talk.steps()]


def test_audio_is_that_of_the_whole_text_to_the_last_bit(voice, bundle):
    async def scenario() -> tuple[np.ndarray, bytes]:
        service = Service(Voices(lambda _: voice, {"default": bundle}), Workers(2, 3))
        talk = Talk(service, ORDER)
        listening = asyncio.create_task(heard(talk))
        for character in TEXT:
            talk.add(character)
            await asyncio.sleep(0)
        talk.over()
        steps = await listening
        service.workers.close()
        service.results.close()
        assert talk.stages.vocoder_ms > 0
        assert abs(talk.made_s - sum(len(chunk.wav) for chunk, _ in steps if chunk is not None) / 24000) < 1e-9
        return np.concatenate([chunk.wav for chunk, _ in steps if chunk is not None]), b"".join(data for _, data in steps)

    whole = voice.synthesize(TEXT)
    wav, data = run(scenario())
    np.testing.assert_array_equal(wav, whole.wav)
    assert len(data) == 2 * len(wav)


def test_it_waits_for_text_without_a_thread_and_goes_on(service, fake_voice):
    async def scenario() -> None:
        talk = Talk(service, ORDER)
        steps = talk.steps()
        talk.add("一。二三四五六七八九十百。")
        chunk, data = await anext(steps)
        assert (chunk.start_samples, len(data)) == (0, 4800)
        waiting = asyncio.ensure_future(anext(steps))
        await asyncio.sleep(0.05)
        assert not waiting.done()
        assert await service.workers.run(lambda: 7) == 7  # both threads are free
        talk.add("下一句话也说完了吧对不对。")
        chunk, _ = await waiting
        assert chunk.start_samples == 2400
        talk.over()
        assert [one.start_samples for one, _ in [step async for step in steps] if one is not None] == [4800]
        assert service.workers.active == 0
        service.workers.close()

    run(scenario())
    service.results.close()


def test_who_stops_listening_stops_the_work(service, fake_voice):
    async def scenario() -> None:
        talk = Talk(service, ORDER)
        talk.add("一。" * 50)
        steps = talk.steps()
        await anext(steps)
        await steps.aclose()
        assert service.workers.active == 0
        assert fake_voice.streams[-1].closed
        service.workers.close()

    run(scenario())
    service.results.close()


def test_lines_that_cannot_be_spoken_are_no_reason_to_stop_but_nothing_at_all_is(service):
    async def scenario() -> None:
        talk = Talk(service, ORDER)
        for part in ("，，，，，，，，，，，，。一二三四五六七八九十。", "三。"):
            talk.add(part)
        talk.over()
        assert sum(chunk is not None for chunk, _ in await heard(talk)) == 2
        for text, why in (("", "text is empty"), ("，，，", "there is nothing to speak")):
            talk = Talk(service, ORDER)
            talk.add(text)
            talk.over()
            with pytest.raises(TextError, match=why):
                await heard(talk)
        assert service.workers.active == 0
        service.workers.close()

    run(scenario())
    service.results.close()


def test_too_much_is_refused(service):
    async def scenario() -> None:
        talk = Talk(service, ORDER)
        with pytest.raises(TooLargeError, match="more than 100000 characters"):
            talk.add("一" * 100_001)
        service.workers.limit = 0
        talk = Talk(service, ORDER)
        talk.add("一。")
        talk.over()
        with pytest.raises(BusyError):
            await heard(talk)
        service.workers.close()

    run(scenario())
    service.results.close()


def test_chunks_of_one_length_hold_the_same_samples_and_the_label_comes_last(service):
    async def scenario(order, chunk_s) -> bytes:
        service.workers.chunk_s = chunk_s
        talk = Talk(service, order)
        listening = asyncio.create_task(heard(talk))
        for piece in ("一。二二二二二二二二二二。", "三三三三三三三三三三。"):
            talk.add(piece)
            await asyncio.sleep(0)
        talk.over()
        steps = await listening
        lengths = [len(chunk.wav) for chunk, _ in steps if chunk is not None]
        if chunk_s:
            assert set(lengths[:-1]) == {480}
        assert talk.made_s == pytest.approx(sum(lengths) / 24000)
        return b"".join(data for _, data in steps)

    async def both() -> None:
        for order in (ORDER, replace(ORDER, format="mp3", label=Label())):
            whole, cut = await scenario(order, None), await scenario(order, 0.02)
            assert len(whole) == len(cut)
            if order is ORDER:  # the numbers of the other two differ, as they are drawn by lot
                assert whole == cut
        service.workers.close()

    run(both())
    service.results.close()


def test_a_text_is_spoken_to_its_end_by_the_voice_that_began_it(service, fake_voice):
    """Though the voices are exchanged for newer ones meanwhile."""

    async def scenario() -> None:
        talk = Talk(service, ORDER)
        steps = talk.steps()
        talk.add("一。二三四五六七八九十百。")
        await anext(steps)
        service.voices = Voices(lambda _: pytest.fail("a voice was opened anew"), service.voices.catalogue)
        talk.over()
        assert len([step async for step in steps]) > 0
        service.workers.close()
        service.results.close()

    run(scenario())
    assert "".join(stream.sentences[0].text for stream in fake_voice.streams) == "一二三四五六七八九十百"
