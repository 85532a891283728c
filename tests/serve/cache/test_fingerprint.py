"""A fingerprint tells everything apart that may decide the audio, and nothing else."""

import dataclasses
import subprocess
import sys
from dataclasses import dataclass
from enum import Enum, StrEnum
from typing import Any

import pytest

from tingshuo.audio.label.labelling import LabelSettings
from tingshuo.serve.cache import fingerprint as module
from tingshuo.serve.cache.fingerprint import fingerprint, manifest_digest, program_digest
from tingshuo.serve.take import Order
from tingshuo.tasks.labelled import Label
from tingshuo.types import SpeechRequest

ORDER = Order("default", SpeechRequest(text="你好。"), "wav", Label(), "")
OTHERS: dict[str, Any] = {
    "text": "你好！", "emotion": "happy", "strength": 0.5, "speed": 1.5, "pitch": 2.0, "volume": -3.0, "style": "calm",
    "speaker": "deep", "seed": 1,
}  # fmt: skip


class Colour(Enum):
    """An enumeration."""

    RED = 1


class Word(StrEnum):
    """One whose members are texts."""

    RED = "red"


@dataclass(frozen=True)
class Pair:
    """Two values."""

    a: object
    b: object = None


@dataclass(frozen=True)
class OtherPair:
    """The same two, of another meaning."""

    a: object
    b: object = None


def test_every_control_counts():
    """Each field there is: a new one without a row here fails the test, one that were not hashed too."""
    assert set(OTHERS) == {row.name for row in dataclasses.fields(SpeechRequest)}
    orders = [
        ORDER,
        *(dataclasses.replace(ORDER, request=dataclasses.replace(ORDER.request, **{k: v})) for k, v in OTHERS.items()),
    ]
    assert len({fingerprint(order) for order in orders}) == len(orders)


def test_voice_format_label_and_agreement_count():
    labels = [
        None, Label(settings=None), Label(LabelSettings("speech")), Label(LabelSettings(position="start")), Label(producer="me"),
        Label(watermark=b"0" * 16), Label(watermark=b"1" * 16),
    ]  # fmt: skip
    orders = [ORDER, *(dataclasses.replace(ORDER, label=label) for label in labels)]
    orders += [dataclasses.replace(ORDER, **{name: "other"}) for name in ("voice", "format", "agreement")]
    assert len({fingerprint(order) for order in orders}) == len(orders)


def test_equal_orders_have_one_fingerprint():
    same = Order("default", SpeechRequest(text="你好。", speed=1, pitch=-0.0), "wav", Label(), "")
    assert fingerprint(same) == fingerprint(ORDER)


def test_the_text_counts_as_it_is_written():
    written = ("100元", "一百元", " 100元", "100元\n", "１００元")
    assert len({fingerprint(SpeechRequest(text=text)) for text in written}) == len(written)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (("ab", "c"), ("a", "bc")), (("a",), "a"), (("a", ()), (("a",),)), (1, True), (0, False), (None, "None"), ("1", 1),
        ("1", b"1"), (1.5, "n1.5"), (("a", "b"), {"a": "b"}), (Pair("a"), OtherPair("a")), (Pair("a", "b"), Pair("ab")),
        (Colour.RED, 1), (Word.RED, "red"), ({1, 2}, (1, 2)), (float("inf"), "inf"), ("eColour.RED", Colour.RED),
    ],
)  # fmt: skip
def test_what_differs_is_told_apart(one, other):
    assert fingerprint(one) != fingerprint(other)


@pytest.mark.parametrize(("one", "other"), [({"a": 1, "b": 2}, {"b": 2, "a": 1}), ({1, 2, 3}, {3, 2, 1}), ((1,), [1]), (2, 2.0)])
def test_what_is_equal_is_the_same(one, other):
    assert fingerprint(one) == fingerprint(other)


@pytest.mark.parametrize("value", [object(), 1j, Pair, range(3), Pair((), object())])
def test_a_type_that_is_not_known_is_not_passed_over(value):
    with pytest.raises(TypeError, match="has no fingerprint"):
        fingerprint("text", value)


def test_it_is_the_same_in_another_process():
    code = "from tests.serve.cache.test_fingerprint import *; print(fingerprint(ORDER, {'b', 'a'}), program_digest())"
    printed = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert printed == [fingerprint(ORDER, {"a", "b"}), program_digest()]


def test_a_bundle_of_other_files_is_another(bundle):
    name, entry = next(iter(bundle.manifest.files.items()))
    changed = bundle.manifest.replace(files=bundle.manifest.files | {name: entry.replace(sha256="0" * 64)})
    assert manifest_digest(changed) != manifest_digest(bundle.manifest)
    assert manifest_digest(bundle.manifest.replace(version="9.9.9")) != manifest_digest(bundle.manifest)


def test_a_changed_program_is_another(tmp_path, monkeypatch):
    for room in module.ROOMS:
        (tmp_path / room).mkdir()
    rules = tmp_path / "text" / "rules.txt"
    rules.write_text("一")
    (tmp_path / "text/__pycache__").mkdir()
    monkeypatch.setattr(module, "_PACKAGE", tmp_path)
    digests = [program_digest.__wrapped__()]
    (tmp_path / "text/__pycache__/rules.pyc").write_text("compiled")
    assert program_digest.__wrapped__() == digests[0]
    rules.write_text("二")
    digests.append(program_digest.__wrapped__())
    rules.rename(tmp_path / "text" / "other.txt")
    digests.append(program_digest.__wrapped__())
    monkeypatch.setattr(module.tingshuo, "__version__", "9.9.9")
    assert len({*digests, program_digest.__wrapped__()}) == 4
