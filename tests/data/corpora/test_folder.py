"""A bare folder: texts beside sounds, speakers and splits from folders, what has no partner is listed."""

import pytest

from tingshuo.data.corpora.folder import probe, read
from tingshuo.errors import DataError


def test_ten_recordings_with_their_texts(tmp_path, write_wav, write_text, texts):
    for k, text in enumerate(texts):
        write_wav(tmp_path / f"{k:02}.wav")
        write_text(tmp_path / f"{k:02}.{'lab' if k % 2 else 'txt'}", text, "")
    assert probe(tmp_path)
    corpus = read(tmp_path)
    assert [(row.id, row.text) for row in corpus.rows] == [(f"{k:02}", text) for k, text in enumerate(texts)]
    assert {row.speaker for row in corpus.rows} == {"speaker"}
    assert corpus.rows[3].audio == str(tmp_path / "03.wav")
    assert not corpus.skipped


def test_folders_are_speakers_and_splits_but_wavs_is_neither(tmp_path, write_wav, write_text):
    for name in ("train/wavs/alice/a1", "train/wavs/bob/ch1/b1", "test/wavs/alice/a2"):
        write_wav(tmp_path / f"{name}.wav")
        write_text(tmp_path / f"{name.replace('wavs', 'txt')}.txt", "你好")
    corpus = read(tmp_path)
    assert [(row.id, row.speaker, row.split) for row in corpus.rows] == [
        ("test/alice/a2", "alice", "test"),
        ("train/alice/a1", "alice", "train"),
        ("train/bob/ch1/b1", "bob", "train"),
    ]
    assert not corpus.skipped


def test_what_has_no_partner_no_letters_or_another_encoding_is_listed(tmp_path, write_wav, write_text):
    for name in ("good", "alone", "gbk", "empty", "phones", "utf16"):
        write_wav(tmp_path / f"{name}.wav")
    write_text(tmp_path / "good.txt", "\ufeff你好，\n  世界。")
    write_text(tmp_path / "gbk.txt", "你好，世界", encoding="gb18030")
    write_text(tmp_path / "utf16.txt", "你好，世界", encoding="utf-16")
    write_text(tmp_path / "empty.txt", "  ", "")
    write_text(tmp_path / "phones.lab", "0 1200000 sil", "1200000 2400000 n")
    write_text(tmp_path / "README.txt", "About these recordings.")
    corpus = read(tmp_path)
    assert [(row.id, row.text) for row in corpus.rows] == [("good", "你好， 世界。")]
    reasons = {where.rsplit("/", 1)[1]: why for where, why in corpus.skipped}
    assert reasons.keys() == {"alone.wav", "gbk.txt", "empty.wav", "phones.lab", "utf16.txt", "README.txt"}
    assert "no .txt or .lab" in reasons["alone.wav"]
    assert "iconv -f GB18030" in reasons["gbk.txt"]
    assert "UTF-16" in reasons["utf16.txt"]
    assert reasons["empty.wav"] == "the text is empty"
    assert "phones with times" in reasons["phones.lab"]


def test_without_any_text_all_are_taken_without(tmp_path, write_wav):
    for k in range(3):
        write_wav(tmp_path / f"{k}.flac")
    assert [row.text for row in read(tmp_path).rows] == [None] * 3


def test_of_two_sounds_of_one_name_the_wav_is_taken(tmp_path, write_wav):
    write_wav(tmp_path / "x.flac")
    write_wav(tmp_path / "x.wav")
    corpus = read(tmp_path)
    assert [row.audio for row in corpus.rows] == [str(tmp_path / "x.wav")]
    assert [why for _, why in corpus.skipped] == ["the id 'x' is taken already"]


def test_only_texts_in_another_encoding_are_an_error(tmp_path, write_wav, write_text):
    write_wav(tmp_path / "x.wav")
    write_text(tmp_path / "x.txt", "你好", encoding="gb18030")
    with pytest.raises(DataError, match=r"all 1 entries had to be skipped, the first \(.*x\.txt\) because .*not UTF-8"):
        read(tmp_path)


def test_a_folder_without_sound_is_none(tmp_path, write_text):
    write_text(tmp_path / "x.txt", "你好")
    assert not probe(tmp_path)


def test_links_are_followed_but_not_in_circles(tmp_path, write_wav):
    write_wav(tmp_path / "elsewhere" / "x.wav")
    (tmp_path / "corpus").mkdir()
    (tmp_path / "corpus" / "alice").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "elsewhere" / "back").symlink_to(tmp_path / "corpus")
    assert [(row.id, row.speaker) for row in read(tmp_path / "corpus").rows] == [("alice/x", "alice")]
