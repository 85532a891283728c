from itertools import pairwise

import numpy as np
import pytest

from tingshuo.tasks.vocoder import FADE_IN_S, FADE_OUT_S, FIRST_CHUNK_FRAMES, LONGEST_CHUNK_FRAMES, chunk_borders, fade_edges


@pytest.mark.parametrize("first", [True, False])
@pytest.mark.parametrize("frames", [1, 2, FIRST_CHUNK_FRAMES, 500, 5000])
def test_chunks_cover_a_sentence_without_gap_or_overlap(frames, first):
    borders = chunk_borders(frames, first=first)
    assert borders[0] == 0
    assert borders[-1] == frames
    sizes = [b - a for a, b in pairwise(borders)]
    assert min(sizes) > 0
    assert max(sizes) <= LONGEST_CHUNK_FRAMES


def test_only_the_first_sentence_begins_with_a_small_chunk():
    assert chunk_borders(400, first=True)[1] == FIRST_CHUNK_FRAMES
    assert chunk_borders(400, first=False) == [0, 400]


def test_a_sentence_fades_at_its_edges_alone_however_it_is_cut():
    rate, total = 24000, 4800
    whole = np.ones(total, np.float32)
    fade_edges(whole, 0, total, rate)
    assert whole[0] == whole[-1] == 0
    rise, fall = int(FADE_IN_S * rate), int(FADE_OUT_S * rate)
    assert (whole[rise:-fall] == 1).all()
    assert (np.diff(whole[:rise]) > 0).all()
    assert (np.diff(whole[-fall:]) < 0).all()
    for cuts in ([0, 50, 130, 4000, 4700, total], [0, total - 3, total]):
        pieces = [np.ones(b - a, np.float32) for a, b in pairwise(cuts)]
        for piece, start in zip(pieces, cuts, strict=False):
            fade_edges(piece, start, total, rate)
        assert np.array_equal(np.concatenate(pieces), whole)
