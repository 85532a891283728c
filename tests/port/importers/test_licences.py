import pytest

from tingshuo.port.importers.licences import licence_beside


@pytest.mark.parametrize(
    ("name", "text", "licence"),
    [
        ("README.md", "---\nlicense: mit\ntags: [a]\n---\n# x\n", "MIT"),
        ("README.md", "---\nlicense: openrail\n---\n", "openrail"),
        ("README.md", "# license: mit\n", None),
        ("LICENSE", "\n  MIT License\n\nCopyright\n", "MIT"),
        ("LICENSE", "                                 Apache License\n", "Apache-2.0"),
        ("LICENSE", "All rights reserved\n", None),
    ],
)
def test_a_card_or_a_text_names_it(tmp_path, name, text, licence):
    (tmp_path / name).write_text(text, "utf-8")
    assert licence_beside([tmp_path / "nothing", tmp_path]) == licence


def test_nothing_is_said_where_nothing_lies(tmp_path):
    assert licence_beside([tmp_path]) is None
