import io
import struct

import numpy as np
import pytest

from tingshuo.audio.ffmpeg import decode_file
from tingshuo.audio.label import mp4
from tingshuo.audio.label.files import read_label
from tingshuo.audio.label.source import Source
from tingshuo.errors import AudioError


def box(kind, *bodies):
    body = b"".join(bodies)
    return struct.pack(">I4s", len(body) + 8, kind) + body


def labelled(data, field):
    out = io.BytesIO()
    mp4.insert(Source(io.BytesIO(data), "x"), out, field)
    return out.getvalue()


FTYP = box(b"ftyp", b"M4A isom")


def tables(*places):
    stco = box(b"stco", struct.pack(f">II{len(places)}I", 0, len(places), *places))
    co64 = box(b"co64", struct.pack(f">II{len(places)}Q", 0, len(places), *places))
    return box(b"trak", box(b"mdia", box(b"minf", box(b"stbl", stco, co64))))


def places(data):
    at = data.index(b"stco")
    (count,) = struct.unpack_from(">I", data, at + 8)
    narrow = struct.unpack_from(f">{count}I", data, at + 12)
    wide = struct.unpack_from(f">{count}Q", data, data.index(b"co64") + 12)
    assert narrow == wide
    return narrow


ITUNES = box(b"hdlr", bytes(8) + b"mdir" + bytes(13))
TITLE = box(b"\xa9nam", box(b"data", bytes(8) + b"hello"))


def test_places_behind_the_description_move_and_those_before_stay(field):
    early = FTYP + box(b"mdat", b"SOUND1")
    moov = box(b"moov", box(b"mvhd", bytes(100)), tables(len(early) - 6, 0))
    late = len(early) + len(moov) + 8
    moov = box(b"moov", box(b"mvhd", bytes(100)), tables(len(early) - 6, late))
    out = labelled(early + moov + box(b"mdat", b"SOUND2"), field)
    first, second = places(out)
    assert out[first : first + 6] == b"SOUND1"
    assert out[second : second + 6] == b"SOUND2"
    assert read_label(out).field == field


def test_the_kind_of_itunes_is_kept(field):
    meta = box(b"meta", bytes(4), ITUNES, box(b"ilst", TITLE), box(b"free", b"1"), box(b"free", b"2"))
    data = FTYP + box(b"moov", box(b"udta", meta, box(b"name", b"x")))
    out = labelled(data, field)
    assert read_label(out).field == field
    assert b"com.apple.iTunes" in out
    assert TITLE in out
    assert box(b"free", b"1") + box(b"free", b"2") in out
    assert box(b"name", b"x") in out
    assert b"mdta" not in out


def test_keys_of_others_stay_and_ours_is_one_more(field):
    keys = box(b"keys", struct.pack(">II", 0, 1), box(b"mdta", b"title"))
    items = box(b"ilst", box(struct.pack(">I", 1), box(b"data", bytes(8) + b"hello")))
    meta = box(b"meta", bytes(4), box(b"hdlr", bytes(8) + b"mdta" + bytes(13)), keys, items)
    out = labelled(FTYP + box(b"moov", box(b"udta", meta)), field)
    assert read_label(out).field == field
    assert struct.pack(">II", 0, 2) + box(b"mdta", b"title") + box(b"mdta", b"AIGC") in out
    assert box(struct.pack(">I", 1), box(b"data", bytes(8) + b"hello")) in out


def test_without_udta_one_is_made(field):
    out = labelled(FTYP + box(b"moov", box(b"mvhd", bytes(100))), field)
    assert read_label(out).field == field
    assert b"keys" in out


def test_a_meta_as_quicktime_writes_it_is_read(field):
    value = box(b"data", struct.pack(">II", 1, 0), field.to_json().encode())
    keys = box(b"keys", struct.pack(">II", 0, 1), box(b"mdta", b"aigc"))
    meta = box(b"meta", box(b"hdlr", bytes(25)), keys, box(b"ilst", box(struct.pack(">I", 1), value)))
    assert read_label(FTYP + box(b"moov", meta)).field == field
    assert read_label(FTYP + box(b"moov", box(b"udta", meta, bytes(4)))).field == field


@pytest.mark.parametrize("options", [(), ("-movflags", "faststart"), ("-movflags", "use_metadata_tags")])
def test_ffmpeg_reads_what_was_written_and_the_sound_stays(made, field, tmp_path, options):
    data = made("a.m4a", *options)
    before, after = tmp_path / "before.m4a", tmp_path / "after.m4a"
    before.write_bytes(data)
    after.write_bytes(labelled(data, field))
    assert read_label(after).field == field
    assert b"hello" in after.read_bytes()
    np.testing.assert_array_equal(decode_file(after)[0], decode_file(before)[0])


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (FTYP, "has no box moov"),
        (FTYP + struct.pack(">I4s", 4000, b"moov"), "'moov' has a wrong length; it is cut off"),
        (FTYP + struct.pack(">I4s", 4, b"moov") + bytes(20), "'moov' has a wrong length"),
        (FTYP + box(b"moov", struct.pack(">I4s", 999, b"udta")), "'udta' has a wrong length"),
        (FTYP + box(b"moov", *[box(b"free")] * 20_001), "more than 20000 boxes"),
        (FTYP + struct.pack(">I4sQ", 1, b"moov", 1 << 60), "'moov' has a wrong length"),
    ],
)
def test_hostile_files_have_their_own_answers(data, told):
    with pytest.raises(AudioError, match=told):
        read_label(data)


def test_a_value_without_end_is_refused():
    value = box(b"data", struct.pack(">II", 1, 0), bytes(20_000))
    names = box(b"mean", b"\0\0\0\0com.apple.iTunes") + box(b"name", b"\0\0\0\0AIGC")
    meta = box(b"meta", bytes(4), ITUNES, box(b"ilst", box(b"----", names, value)))
    with pytest.raises(AudioError, match="more than the 16384 bytes"):
        read_label(FTYP + box(b"moov", box(b"udta", meta)))


def test_what_cannot_be_moved_is_refused(field):
    with pytest.raises(AudioError, match="is in fragments"):
        labelled(FTYP + box(b"moov") + box(b"moof"), field)
    with pytest.raises(AudioError, match="too large for its 32-bit places"):
        labelled(FTYP + box(b"moov", tables(0xFFFFFFFF)) + box(b"mdat"), field)
    stco = box(b"trak", box(b"mdia", box(b"minf", box(b"stbl", box(b"stco", struct.pack(">II", 0, 99))))))
    with pytest.raises(AudioError, match="its table of places has a wrong length"):
        labelled(FTYP + box(b"moov", stco), field)
    nested = box(b"stbl")
    for _ in range(20):
        nested = box(b"trak", nested)
    with pytest.raises(AudioError, match="nested too deeply"):
        labelled(FTYP + box(b"moov", nested), field)
