import dataclasses
import re

import pytest

pytest.importorskip("torch")

from tingshuo.config import FamilyConfig
from tingshuo.port.draft import NOT_KNOWN, UNKNOWN_LICENCE, Draft

pytestmark = pytest.mark.train


def test_a_draft_says_only_what_is_known() -> None:
    config = FamilyConfig(family="sambert")
    draft = Draft(name="a", task="tts", config=config, system="sambert", source="a")
    assert (draft.licence, draft.languages, draft.emotions, draft.attributions, draft.notes) == (None, ("zh-CN",), (), (), ())
    assert (dict(draft.parts), dict(draft.graphs)) == ({}, {})
    with pytest.raises(dataclasses.FrozenInstanceError):
        draft.name = "b"  # type: ignore[misc]


def test_an_unknown_licence_has_the_form_that_spdx_has_for_those_without_a_name() -> None:
    assert re.fullmatch(r"LicenseRef-[a-zA-Z0-9.-]+", UNKNOWN_LICENCE)
    assert NOT_KNOWN.startswith("Not known")
