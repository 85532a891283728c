from tingshuo.port.formats.web_readme import EVERYDAY, readme
from tingshuo.store.manifest import read_manifest
from tingshuo.tasks.voices import find_voice

SIZES = {"graphs": 34_700_000, "text": 3_600_000, "runtime": 4_900_000, "page": 140_000}


def test_it_says_what_a_reader_has_to_know():
    manifest = read_manifest(find_voice("default"))
    text = readme(manifest, "1.2.3", SIZES)
    assert "人工智能合成" in text
    assert "made by AI" in text
    assert "34.7 MB" in text
    assert "onnxruntime-web 1.2.3, MIT" in text
    assert f"{EVERYDAY[1]} 个音节" in text


def test_licence_and_every_credit_go_along():
    manifest = read_manifest(find_voice("default"))
    text = readme(manifest, "1.2.3", SIZES)
    assert manifest.licence in text
    for row in manifest.attributions:
        assert row.work in text
        assert row.url in text
