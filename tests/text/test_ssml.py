import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tingshuo.errors import RequestError, SsmlError
from tingshuo.text.runs import Run
from tingshuo.text.ssml import MAX_DEPTH, MAX_ELEMENTS, SILENT_DB, is_ssml, parse
from tingshuo.types import EMOTIONS, Prosody


def speak(body: str) -> list[Run]:
    return parse(f"<speak>{body}</speak>", pytest.fail)


def manner(body: str) -> Prosody:
    return next(run.prosody for run in speak(body) if run.text)


def refusal(document: str) -> str:
    with pytest.raises(SsmlError) as caught:
        parse(document, pytest.fail)
    return str(caught.value)


@pytest.mark.parametrize(
    "text",
    ["<speak>你好</speak>", " \n<speak version='1.1'>", "\ufeff<?xml version='1.0'?><speak/>", "<speak/>", "<!DOCTYPE speak>"],
)
def test_markup_is_known_by_its_beginning(text: str) -> None:
    assert is_ssml(text)


@pytest.mark.parametrize("text", ["你好", "<speaker>", "x<speak>", "<p>你好</p>", "", "<", "< speak>", "1 < 2"])
def test_other_text_is_not_markup(text: str) -> None:
    assert not is_ssml(text)


def test_text_and_manner_nest() -> None:
    assert speak("你好<prosody rate='fast' pitch='+2st'>世<emphasis level='strong'>界</emphasis></prosody>。") == [
        Run("你好"),
        Run("世", Prosody(rate=1.33, pitch_semitones=2)),
        Run("界", Prosody(rate=1.33, pitch_semitones=2, emphasis=2)),
        Run("。"),
    ]
    assert manner(
        "<prosody rate='2'><prosody rate='50%' pitch='-1st'><prosody pitch='+3st'>一</prosody></prosody></prosody>"
    ) == Prosody(pitch_semitones=2)


@pytest.mark.parametrize(
    ("attribute", "expected"),
    [
        ("rate='x-slow'", Prosody(rate=0.5)),
        ("rate='slow'", Prosody(rate=0.75)),
        ("rate='medium'", Prosody()),
        ("rate='x-fast'", Prosody(rate=1.75)),
        ("rate='120%'", Prosody(rate=1.2)),
        ("rate='+20%'", Prosody(rate=1.2)),
        ("rate='-20%'", Prosody(rate=0.8)),
        ("rate=' 1.5 '", Prosody(rate=1.5)),
        ("pitch='x-low'", Prosody(pitch_semitones=-6)),
        ("pitch='high'", Prosody(pitch_semitones=3)),
        ("pitch='-2.5st'", Prosody(pitch_semitones=-2.5)),
        ("pitch='+100%'", Prosody(pitch_semitones=12)),
        ("pitch='-50%'", Prosody(pitch_semitones=-12)),
        ("volume='silent'", Prosody(volume_db=SILENT_DB)),
        ("volume='loud'", Prosody(volume_db=6)),
        ("volume='-3dB'", Prosody(volume_db=-3)),
        ("volume='+6.5db'", Prosody(volume_db=6.5)),
        ("rate='slow' pitch='low' volume='soft'", Prosody(rate=0.75, pitch_semitones=-3, volume_db=-6)),
    ],
)
def test_prosody_values(attribute: str, expected: Prosody) -> None:
    assert manner(f"<prosody {attribute}>一</prosody>") == expected


def test_silence_stays_silent_inside() -> None:
    assert manner("<prosody volume='silent'><prosody volume='+6dB'>一</prosody></prosody>").volume_db == SILENT_DB


@pytest.mark.parametrize(("level", "value"), [("reduced", -1), ("none", 0), ("moderate", 1), ("strong", 2)])
def test_emphasis(level: str, value: int) -> None:
    assert manner(f"<emphasis level='{level}'>一</emphasis>").emphasis == value
    assert manner("<emphasis>一</emphasis>").emphasis == 1


@pytest.mark.parametrize("category", EMOTIONS)
def test_emotion(category: str) -> None:
    assert manner(f"<emotion category='{category}'>一</emotion>") == Prosody(emotion=category, strength=1.0)
    assert manner(f"<emotion category='{category}' intensity='0.5'>一</emotion>") == Prosody(emotion=category, strength=0.5)


def test_emotions_are_those_that_the_voice_accepts() -> None:
    def check(emotion: str) -> None:
        if emotion not in ("lyrical", "又悲伤又生气"):
            raise RequestError(f"unknown emotion {emotion!r}; accepted: lyrical", "emotion")

    def accepted(category: str) -> Prosody:
        return parse(f"<speak><emotion category='{category}'>一</emotion></speak>", pytest.fail, check)[0].prosody

    assert accepted("lyrical").emotion == "lyrical"
    assert accepted("又悲伤又生气").emotion == "又悲伤又生气"
    with pytest.raises(SsmlError, match="SSML line 1, column 8: <emotion> unknown emotion 'happy'; accepted: lyrical"):
        accepted("happy")
    for none in ("", " ", "a" * 201):
        with pytest.raises(SsmlError, match="is not accepted; write a name or a few words"):
            accepted(none)


@pytest.mark.parametrize(
    ("attributes", "ms"),
    [
        ("time='500ms'", 500),
        ("time='1.5s'", 1500),
        ("time='0s'", 0),
        ("time='20s'", 20000),
        ("", 350),
        ("strength='none'", 0),
        ("strength='x-weak'", 100),
        ("strength='x-strong'", 1000),
        ("strength='weak' time='1s'", 1000),
    ],
)
def test_breaks(attributes: str, ms: int) -> None:
    assert speak(f"一<break {attributes}/>二") == [Run("一"), Run(break_ms=ms), Run("二")]


def test_paragraphs_and_sentences_are_borders() -> None:
    borders = [run.border or run.text for run in speak("<p><s>一</s><s>二</s></p>三\n\n四")]
    assert borders == [
        "paragraph",
        "sentence",
        "一",
        "sentence",
        "sentence",
        "二",
        "sentence",
        "paragraph",
        "三",
        "paragraph",
        "四",
    ]


def test_words_that_are_said_otherwise() -> None:
    assert speak("<say-as interpret-as='date' format='ymd'>2023-05-06</say-as>") == [
        Run("2023-05-06", spoken="二零二三年五月六日")
    ]
    assert speak("<sub alias='世卫组织'>WHO</sub>") == [Run("WHO", spoken="世卫组织")]
    assert speak("<phoneme alphabet='pinyin' ph='chong2 qìng'>重庆</phoneme>") == [Run("重庆", pinyin=("chong2", "qing4"))]
    assert speak("<phoneme ph='ji1 pi2 ti2'>GPT</phoneme>") == [Run("GPT", pinyin=("ji1", "pi2", "ti2"))]
    said = Run("hello", pinyin=("HH AH0", "L OW1"))
    assert speak("<phoneme alphabet='x-arpabet' ph='HH AH0 L OW1'>hello</phoneme>") == [said]


def test_numbers_in_english_elements_are_read_in_english() -> None:
    runs = speak("<s xml:lang='en-US'>3 dogs <emphasis>in 2019</emphasis></s>3只")
    assert [run.spoken for run in runs if run.text.strip()] == ["three dogs", "in twenty nineteen", None]


def test_inline_pinyin_works_inside_and_its_faults_are_told() -> None:
    told: list[str] = []
    assert parse("<speak>重[chong2]庆，你[xyz9]</speak>", told.append)[0] == Run("重", pinyin=("chong2",))
    assert len(told) == 1


def test_line_ends_are_blanks_only_between_latin_words() -> None:
    runs = speak("\n  你好\n  <emphasis>世界</emphasis>\n  hello\n  world <sub alias='甲'>A</sub> 乙\n")
    assert "".join(run.text for run in runs) == "你好世界hello world A 乙"


def test_entities_of_xml_itself_and_cdata_are_text() -> None:
    assert "".join(run.text for run in speak("A&amp;B&lt;C&#x4F60;<![CDATA[<b>]]><!-- 不读 -->")) == "A&B<C你<b>"


def test_long_text_comes_whole() -> None:
    text = "长" * 30_000 + "重[chong2]庆"
    assert [run.pinyin for run in speak(text)] == [(), ("chong2",), ()]


def test_a_language_and_version_that_are_accepted() -> None:
    head = "version='1.1' xmlns='http://www.w3.org/2001/10/synthesis' xmlns:xsi='x' xsi:schemaLocation='y' xml:lang='zh-CN'"
    assert parse(f"<?xml version='1.0' encoding='UTF-8'?>\n<speak {head}>你好</speak>", pytest.fail) == [Run("你好")]


@pytest.mark.parametrize(
    ("document", "place", "told"),
    [
        ("<speak>", "line 1, column 8", "no element found"),
        ("<speak>你好</speek>", "line 1, column 12", "mismatched tag"),
        ("<speak>A&B</speak>", "line 1, column 11", "&amp;"),
        ("<speak>a&nbsp;b</speak>", "line 1, column 9", "&amp;"),
        ("<speak>一</speak>二", "line 1, column 17", "junk"),
        ("<speak>\n  <foo/></speak>", "line 2, column 3", "speak p s break prosody say-as phoneme sub emphasis emotion"),
        ("\n\n <speak><voice/></speak>", "line 3, column 9", "accepted are speak"),
        ("\n <speak>\n<voice/></speak>", "line 3, column 1", "accepted are speak"),
        ("<speak><prosody range='x'>一</prosody></speak>", "line 1, column 8", "rate pitch volume"),
        ("<speak><prosody rate='quick'>一</prosody></speak>", "line 1, column 8", "x-slow slow medium default fast x-fast"),
        ("<speak><prosody rate='3'>一</prosody></speak>", "line 1, column 8", "0.5 to 2"),
        ("<speak><prosody rate='-0.5'>一</prosody></speak>", "line 1, column 8", "x-slow"),
        ("<speak><prosody rate='2'><prosody rate='2'>一</prosody></prosody></speak>", "line 1, column 26", "comes to 4"),
        ("<speak><prosody pitch='+20Hz'>一</prosody></speak>", "line 1, column 8", "+2st"),
        ("<speak><prosody pitch='13st'>一</prosody></speak>", "line 1, column 8", "-12 to 12 semitones"),
        ("<speak><prosody pitch='-100%'>一</prosody></speak>", "line 1, column 8", "x-low"),
        ("<speak><prosody volume='+21dB'>一</prosody></speak>", "line 1, column 8", "-20 to 20 dB"),
        ("<speak><prosody volume='50'>一</prosody></speak>", "line 1, column 8", "+6dB"),
        ("<speak><break time='2m'/></speak>", "line 1, column 8", "500ms or 1.5s"),
        ("<speak><break time='21s'/></speak>", "line 1, column 8", "20s"),
        ("<speak><break strength='huge'/></speak>", "line 1, column 8", "none x-weak weak medium strong x-strong"),
        ("<speak><break>一</break></speak>", "line 1, column 8", "cannot contain text"),
        ("<speak><break><s/></break></speak>", "line 1, column 15", "cannot contain elements"),
        ("<speak><emphasis level='very'>一</emphasis></speak>", "line 1, column 8", "reduced none moderate strong"),
        ("<speak><emotion>一</emotion></speak>", "line 1, column 8", "category"),
        ("<speak><emotion category='bored'>一</emotion></speak>", "line 1, column 8", " ".join(EMOTIONS)),
        ("<speak><emotion category='sad' intensity='2'>一</emotion></speak>", "line 1, column 8", "0 to 1.5"),
        ("<speak><emotion category='sad' intensity='nan'>一</emotion></speak>", "line 1, column 8", "0 to 1.5"),
        ("<speak><say-as interpret-as='song'>1</say-as></speak>", "line 1, column 8", "cardinal"),
        ("<speak><say-as>1</say-as></speak>", "line 1, column 8", "interpret-as"),
        ("<speak>一二<say-as interpret-as='date'>heute</say-as></speak>", "line 1, column 10", "2023-05-06"),
        ("<speak><say-as interpret-as='date'><s>1</s></say-as></speak>", "line 1, column 36", "cannot contain elements"),
        ("<speak><phoneme alphabet='ipa' ph='a'>一</phoneme></speak>", "line 1, column 8", "pinyin and x-arpabet"),
        ("<speak><phoneme alphabet='x-arpabet' ph='HH XX'>h</phoneme></speak>", "line 1, column 8", "'XX' is not an ARPAbet"),
        ("<speak><phoneme alphabet='x-arpabet' ph=' '>h</phoneme></speak>", "line 1, column 8", "HH AH0 L OW1"),
        ("<speak><phoneme ph='xyz9'>一</phoneme></speak>", "line 1, column 8", "not a Mandarin syllable"),
        ("<speak><phoneme ph='yi1'></phoneme></speak>", "line 1, column 8", "needs text"),
        ("<speak><sub>一</sub></speak>", "line 1, column 8", "alias"),
        ("<speak><sub alias=' '>一</sub></speak>", "line 1, column 8", "alias is empty"),
        ("<speak><speak/></speak>", "line 1, column 8", "inside another"),
        ("<?xml version='1.0'?><p>一</p>", "line 1, column 22", "outermost"),
        ("<prosody rate='fast'>一</prosody>", "line 1, column 1", "outermost element must be <speak>"),
        ("<Speak>一</Speak>", "line 1, column 1", "unknown element <Speak>; accepted are speak"),
        ("<speak xml:lang='de-DE'>hallo</speak>", "line 1, column 1", "zh-CN or en-US"),
        ("<speak version='2.0'>一</speak>", "line 1, column 1", "1.0 and 1.1"),
        ("<speak><?php x?></speak>", "line 1, column 8", "processing instruction"),
        ("<!DOCTYPE speak SYSTEM 'file:///etc/passwd'><speak/>", "line 1, column", "document type"),
        ("<!DOCTYPE s [<!ENTITY a 'x'>]><speak>&a;</speak>", "line 1, column", "document type"),
        ("<speak><p/><!ENTITY a 'b'></speak>", "line 1, column", "malformed"),
        ("<speak>\x01</speak>", "line 1, column 8", "invalid token"),
    ],
)
def test_what_is_outside_the_subset_is_refused_with_its_place_and_what_is_accepted(document: str, place: str, told: str) -> None:
    message = refusal(document)
    assert message.startswith(f"SSML {place}")
    assert told in message
    assert "\n" not in message


def test_depth_and_number_of_elements_are_limited() -> None:
    assert speak("<p>" * (MAX_DEPTH - 1) + "一" + "</p>" * (MAX_DEPTH - 1))
    assert str(MAX_DEPTH) in refusal("<speak>" + "<p>" * MAX_DEPTH)
    assert str(MAX_ELEMENTS) in refusal("<speak>" + "<s/>" * MAX_ELEMENTS)


@given(st.text("<>/&;'\"=! \nspeakbrtim一[]-?#x1", max_size=60))
@settings(deadline=None)
def test_any_document_is_read_or_refused(body: str) -> None:
    told = []
    for document in (f"<speak>{body}</speak>", f"<speak {body}", body):
        try:
            parse(document, lambda _: None)
        except SsmlError as error:
            told.append(str(error))
    assert all(message.startswith("SSML line ") for message in told)
