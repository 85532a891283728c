"""Index files that faiss 1.15.1 wrote, in the folder faiss: 40 vectors of 4 features, and 5 of them in 32 cells."""

import struct
from pathlib import Path

import numpy as np
import pytest

from tingshuo.errors import PortError
from tingshuo.port.importers.faiss_index import ContentIndex, read_index

FOLDER = Path(__file__).parent / "faiss"
ADDED = FOLDER / "added_IVF3_Flat_nprobe_1_someone_v2.index"
VECTORS = ((np.arange(160) * 7919 % 101 - 50) / 8).astype(np.float32).reshape(40, 4)


def plain(vectors: np.ndarray, metric: int = 1) -> bytes:
    header = struct.pack("<iqqqBi", vectors.shape[1], len(vectors), 1 << 20, 1 << 20, 1, metric)
    return b"IxF2" + header + struct.pack("<Q", vectors.size) + vectors.tobytes()


@pytest.mark.parametrize(("name", "count"), [(ADDED.name, 40), ("hashtable.index", 40), ("sparse.index", 5)])
def test_vectors_are_those_that_went_in_in_their_order(name: str, count: int) -> None:
    assert np.array_equal(read_index(FOLDER / name, 4).vectors, VECTORS[:count])


def test_a_plain_index(tmp_path: Path) -> None:
    (tmp_path / "x.index").write_bytes(plain(VECTORS))
    assert np.array_equal(read_index(tmp_path / "x.index").vectors, VECTORS)


def test_an_index_of_another_version_or_without_vectors_is_named() -> None:
    with pytest.raises(PortError, match="has vectors of 4 features, the voice's have 768"):
        read_index(ADDED, 768)
    with pytest.raises(PortError, match=r"is an index without vectors; the one to use is called added_\*.index"):
        read_index(FOLDER / "trained_IVF3_Flat_nprobe_1_someone_v2.index")
    with pytest.raises(PortError, match="of kind 'IwPQ' that keeps no plain vectors"):
        read_index(FOLDER / "product_quantised.index")


def test_other_and_damaged_files_are_one_sentence(tmp_path: Path) -> None:
    whole, path = ADDED.read_bytes(), tmp_path / "x.index"
    infinite = VECTORS.copy()
    infinite[3, 1] = np.inf
    cases = {
        "is no index of faiss": b"hello",
        "is an array of numpy": b"\x93NUMPY\x01\x00",
        "another measure than their distance": plain(VECTORS, metric=0),
        "a vector that is not finite": plain(infinite),
        "its plain vectors are not as many": plain(VECTORS)[:-640] + b"",
        "keeps its vectors in other files": whole.replace(b"ilar", b"ilod"),
        "have one number": whole[:-8] + whole[-16:-8],
        "numbers its vectors otherwise": whole[:-8] + struct.pack("<q", 40),
        "do not hold the 1000000000000 vectors": whole[:8] + struct.pack("<q", 10**12) + whole[16:],
    }
    cases["its plain vectors are not as many"] = plain(VECTORS).replace(struct.pack("<Q", 160), struct.pack("<Q", 161))
    for message, content in cases.items():
        path.write_bytes(content)
        with pytest.raises(PortError, match=message):
            read_index(path)
    for cut in range(4, len(whole), 7):
        path.write_bytes(whole[:cut])
        with pytest.raises(PortError, match=r"ends too early|is damaged"):
            read_index(path)
    with pytest.raises(PortError, match="cannot be read"):
        read_index(tmp_path)


def test_the_nearest_are_exact() -> None:
    rng = np.random.default_rng(0)
    index = ContentIndex(
        (rng.standard_normal((700, 24)) + 30).astype(np.float32)
    )  # far from zero, where rough distances are rough
    queries = index.vectors[::9] + rng.normal(0, 0.3, (78, 24)).astype(np.float32)
    distances, numbers = index.nearest(queries, 8)
    exact = np.square(queries[:, None].astype(np.float64) - index.vectors[None]).sum(2)
    assert np.array_equal(numbers, np.argsort(exact, axis=1, kind="stable")[:, :8])
    np.testing.assert_allclose(distances, np.sort(exact, axis=1)[:, :8], rtol=1e-5)


def test_few_vectors_and_no_queries() -> None:
    index = ContentIndex(VECTORS[:3])
    distances, numbers = index.nearest(VECTORS[:2], 8)
    assert numbers[:, 0].tolist() == [0, 1]
    assert distances.shape == (2, 3)
    assert distances[0, 0] == 0
    assert index.nearest(VECTORS[:0])[1].shape == (0, 3)
