import json

import pytest

from tingshuo.audio.label.field import ELEMENTS, LONGEST, AigcField, problems_of, read_value
from tingshuo.errors import RequestError


def test_the_first_writer_is_producer_and_propagator(field):
    assert field.content_propagator == field.content_producer
    assert field.propagate_id == field.produce_id
    assert field.label == "1"


def test_the_json_has_the_seven_elements_in_their_order(field):
    document = json.loads(field.to_json())
    assert list(document) == ["AIGC"]
    assert tuple(document["AIGC"]) == ELEMENTS
    assert field.to_json().isascii()
    assert AigcField.from_json(field.to_json()) == field


def test_a_value_without_the_outer_name_is_read_too(field):
    assert AigcField.from_json(json.dumps(field.elements())) == field


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"label": "4"}, "Label is '4'; accepted: 1"),
        ({"label": ""}, "Label is ''"),
        ({"content_producer": ""}, "ContentProducer is empty"),
        ({"produce_id": "a b"}, "ProduceID has the character ' '"),
        ({"produce_id": 'a"b'}, "ProduceID has the character '\"'"),
        ({"content_producer": "听说"}, "ContentProducer has the character '听'"),
        ({"propagate_id": "x" * (LONGEST + 1)}, "PropagateID has 129 characters; at most 128"),
        ({"reserved_code2": "a\nb"}, "ReservedCode2 has the character"),
    ],
)
def test_a_wrong_element_is_named(field, change, told):
    names = ("label", "content_producer", "produce_id", "reserved_code1", "content_propagator", "propagate_id", "reserved_code2")
    values = dict(zip(names, field.values, strict=True)) | change
    with pytest.raises(RequestError) as refused:
        AigcField(**values)
    assert told in str(refused.value)


def test_every_allowed_character_passes_and_no_other():
    allowed = {chr(c) for c in (0x21, *range(0x23, 0x5C), *range(0x5D, 0x7F))}
    for code in range(256):
        assert (not problems_of({"ProduceID": chr(code)})) == (chr(code) in allowed), hex(code)


def test_a_reserved_code_may_be_an_object_with_signatures():
    code = '{"SecurityData":{"Type":"DS","Data":[1,2]}}'
    field = AigcField("1", "A", "B", code, "A", "B", "")
    assert json.loads(field.to_json())["AIGC"]["ReservedCode1"] == json.loads(code)
    assert AigcField.from_json(field.to_json()) == field


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "no JSON"),
        ("{", "no JSON"),
        ("[" * 100_000, "no JSON"),
        ("[1]", "no JSON object"),
        ('{"AIGC":3}', "no JSON object"),
        ('{"AIGC":{"Label":"1","Label":"2"}}', "a name is there twice"),
        ('{"AIGC":{"Label":"1"}}', "ContentProducer is missing"),
        ('{"AIGC":{"Label":1}}', "ProduceID is missing"),
    ],
)
def test_what_others_wrote_is_judged_not_raised(text, told):
    _, problems = read_value(text)
    assert told in "; ".join(problems)
    with pytest.raises(RequestError, match="the AIGC field is wrong"):
        AigcField.from_json(text)


def test_names_that_are_not_of_the_standard_are_told(field):
    wrong = json.dumps({"AIGC": field.elements() | {"ReserveCode1": "x"}})
    assert read_value(wrong) == (field.elements(), ("it has elements that the standard does not name: 'ReserveCode1'",))


@pytest.mark.parametrize("value", [1, None, ["1"], {"a": 1}, True])
def test_a_value_that_is_no_text_is_told(field, value):
    for name in ELEMENTS:
        _, problems = read_value(json.dumps({"AIGC": field.elements() | {name: value}}))
        allowed = name.startswith("Reserved") and isinstance(value, dict)
        assert (f"{name} is no text" in problems) != allowed


def test_the_lower_case_form_with_three_elements_is_read_and_its_lacks_named():
    elements, problems = read_value('{"aigc": {"Label": "1", "ContentProducer": "X", "ProduceID": "06b9"}}')
    assert elements == {"Label": "1", "ContentProducer": "X", "ProduceID": "06b9"}
    assert [p.split()[0] for p in problems] == ["ReservedCode1", "ContentPropagator", "PropagateID", "ReservedCode2"]
