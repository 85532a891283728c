from itertools import pairwise

import pytest

from tingshuo.tasks.vocoder import FIRST_CHUNK_FRAMES, LONGEST_CHUNK_FRAMES, chunk_borders


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
