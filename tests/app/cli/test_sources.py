"""Bytes to text."""

import io
from pathlib import Path
from types import SimpleNamespace

import pytest

from tingshuo.app.cli.sources import decode, read_text, read_text_file
from tingshuo.errors import RequestError


def test_utf8_with_and_without_a_mark():
    assert decode("你好".encode(), "x") == "你好"
    assert decode("\ufeff你好".encode(), "x") == "你好"


def test_older_chinese_files_are_read_and_that_is_said(capsys):
    assert decode("今天天气真好".encode("gb18030"), "old.txt") == "今天天气真好"
    assert capsys.readouterr().err == "Warning: old.txt is not UTF-8; it was read as GB18030\n"


def test_what_is_neither_is_refused():
    with pytest.raises(RequestError, match=r"is not UTF-8 \(byte 1 is wrong\) nor GB18030"):
        decode(b"a\xff\xff", "x")


def test_a_folder_is_no_text(tmp_path):
    with pytest.raises(RequestError, match="cannot be read: Is a directory"):
        read_text_file(tmp_path)


def test_standard_input_as_a_file(monkeypatch):
    monkeypatch.setattr("sys.stdin", SimpleNamespace(buffer=io.BytesIO("你好".encode()), isatty=lambda: False))
    assert read_text_file(Path("-")) == "你好"


@pytest.mark.parametrize("argument", [None, "-"])
def test_standard_input_that_is_closed_has_no_text(monkeypatch, argument):
    monkeypatch.setattr("sys.stdin", None)
    with pytest.raises(RequestError, match="there is no text"):
        read_text(argument, None)
