"""Which symbols a voice has for a syllable of Mandarin and for a phone of English, found out from its lexicon.

A lexicon says how words are written in the symbols of a voice, and our own how they are pronounced. A character with one reading
tells the symbols of that syllable; of many such characters the majority counts. Syllables that no such character has come from
characters with several readings; from the same syllable in another tone, after what tells tones apart in this voice has been
learnt from all the others; from others with the same initial and the same final; and from words in which nothing else is unknown.
So a voice can say what is not in its lexicon, and says polyphones, numbers and the user's own words as our front end reads them.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from itertools import takewhile

from tingshuo.errors import TextError
from tingshuo.text.englishwords import say_english
from tingshuo.text.foreign.sherpa import Entry
from tingshuo.text.lexicon import load_lexicon
from tingshuo.text.symbols import ARPABET, FINALS_AFTER, make_syllable

TONES = "12345"
ENOUGH_AGREEMENT = 0.8
"""Of the characters with one reading that share a syllable, how many have to share its symbols too."""
ENOUGH_COMPOSED = 0.8
"""Of the syllables with an initial, how many have to be what their initial and their final are together."""
ENOUGH_ENGLISH = 36
"""Of the 39 phones of English that have to be found before words of English are said with them; ZH and OY are rare."""
MANY_WORDS = 4000
"""English words that are looked at."""
_LONGEST = 4
Known = dict[str, Entry]
Votes = dict[str, Counter[Entry]]


@dataclass(frozen=True, slots=True)
class Sounds:
    """What was found: sound (as in `tingshuo.config.graph_voice.TextConfig`) to its entry."""

    entries: Known
    agreement: float
    """Share of the characters with one reading that are written as their syllable is."""
    missing: tuple[str, ...]
    """Syllables of Mandarin, in pinyin, that have no symbols."""
    english: bool
    """Whether phones of English are among them."""


def find_sounds(lexicon: Mapping[str, Entry], is_token: Callable[[str], bool]) -> Sounds:
    """Find out the symbols of sounds.

    Parameters
    ----------
    lexicon : mapping
        Words, lower case, to what they are said with.
    is_token : callable
        Whether the voice has a symbol.
    """
    known, agreement = _of_characters(lexicon)
    _of_ambiguous(lexicon, known)
    _of_other_tones(known, is_token)
    _of_parts(known, is_token)
    _of_words(lexicon, known)
    missing = tuple(pinyin for name, pinyin in spellings().items() if name not in known)
    english = _english(lexicon)
    return Sounds({**known, **english}, agreement, missing, bool(english))


@cache
def sound(pinyin: str) -> str | None:
    """Return the name of a syllable: ``zhong1`` is ``zh_ong1``; None for the few readings that have no phones (*len4*)."""
    try:
        made = make_syllable("", pinyin)
    except TextError:
        return None
    return f"{made.initial}_{made.final}{'r' if made.erhua else ''}{made.tone}"


def spellings() -> dict[str, str]:
    """Return every syllable of Mandarin without erhua: its name to its pinyin, ``zh_ong1`` to ``zhong1``."""
    return {name: f"{base}{tone}" for base in _bases() for tone in TONES if (name := sound(f"{base}{tone}"))}


def _bases() -> tuple[str, ...]:
    """Return every syllable without its tone, as it is spelt in pinyin."""
    return tuple(_spelt(initial, final) for initial, finals in FINALS_AFTER.items() for final in sorted(finals))


def _spelt(initial: str, final: str) -> str:
    if not initial:
        if final in ("i", "in", "ing"):
            return f"y{final}"
        if final[0] == "i":
            return f"y{final[1:]}"
        if final[0] == "v":
            return f"yu{final[1:]}"
        return "wu" if final == "u" else f"w{final[1:]}" if final[0] == "u" else final
    short = {"iou": "iu", "uei": "ui", "uen": "un", "ii": "i", "iii": "i"}.get(final, final)
    return initial + (f"u{short[1:]}" if initial in ("j", "q", "x") and short[0] == "v" else short)


def _characters(lexicon: Mapping[str, Entry]) -> Iterator[tuple[tuple[str, ...], Entry]]:
    """Yield the readings of every character, the usual one first, with its entry."""
    ours = load_lexicon()
    for word, entry in lexicon.items():
        if len(word) == 1 and (readings := tuple(filter(None, map(sound, ours.readings(word))))):
            yield readings, entry


def _of_characters(lexicon: Mapping[str, Entry]) -> tuple[Known, float]:
    votes: Votes = {}
    for readings, entry in _characters(lexicon):
        if len(readings) == 1:
            votes.setdefault(readings[0], Counter())[entry] += 1
    agreed = sum(counted.most_common(1)[0][1] for counted in votes.values() if counted.total() > 1)
    total = sum(counted.total() for counted in votes.values() if counted.total() > 1)
    return _elected(votes), agreed / total if total else 0.0


def _of_ambiguous(lexicon: Mapping[str, Entry], known: Known) -> None:
    """Add what characters with several readings tell: where their entry is that of none that is known, of the first unknown."""
    votes: Votes = {}
    for readings, entry in _characters(lexicon):
        unknown = next((one for one in readings if one not in known), None)
        if unknown is not None and all(known.get(one) != entry for one in readings):
            votes.setdefault(unknown, Counter())[entry] += 1
    known |= _elected(votes)


def _of_words(lexicon: Mapping[str, Entry], known: Known) -> None:
    """Add what words tell in which one syllable is unknown: what the others leave over."""
    ours = load_lexicon()
    votes: Votes = {}
    for word, entry in lexicon.items():
        found = ours.word(word) if 1 < len(word) <= _LONGEST else None
        names = [] if found is None else [name for name in map(sound, found.readings) if name]
        if len(names) != len(word):
            continue
        unknown = [place for place, name in enumerate(names) if name not in known]
        if len(unknown) == 1:
            place = unknown[0]
            rest = _left_over(entry, [known[name] for name in names[:place]], [known[name] for name in names[place + 1 :]])
            if rest is not None:
                votes.setdefault(names[place], Counter())[rest] += 1
    known |= _elected(votes)


def _left_over(entry: Entry, before: Iterable[Entry], after: Iterable[Entry]) -> Entry | None:
    """Return what stands in an entry between others, None where these are not all of its two ends."""
    parts = []
    for whole, first, last in (
        (entry.tokens, [token for one in before for token in one.tokens], [token for one in after for token in one.tokens]),
        (entry.tones, [tone for one in before for tone in one.tones], [tone for one in after for tone in one.tones]),
    ):
        stop = len(whole) - len(last)
        if list(whole[: len(first)]) != first or list(whole[stop:]) != last or stop < len(first):
            return None
        parts.append(whole[len(first) : stop])
    return Entry(parts[0], parts[1]) if parts[0] else None  # type: ignore[arg-type]


def _elected(votes: Votes) -> Known:
    return {name: counted.most_common(1)[0][0] for name, counted in votes.items()}


def _of_other_tones(known: Known, is_token: Callable[[str], bool]) -> None:
    """Add syllables that are known in another tone."""
    bases = sorted({name[:-1] for name in known})
    rules = _tone_rules(known, bases)
    for base in bases:
        for tone in TONES:
            if base + tone not in known:
                made = (_retoned(known[base + other], rules.get((other, tone))) for other in TONES if base + other in known)
                entry = next((one for one in made if one is not None and all(map(is_token, one.tokens))), None)
                if entry is not None:
                    known[base + tone] = entry


Rule = tuple[str, str, str]
"""What an entry, written as a line, ends with in one tone, what it has in its place in the other, and what comes after both."""


def _tone_rules(known: Known, bases: Iterable[str]) -> dict[tuple[str, str], list[Rule]]:
    counts: dict[tuple[str, str], Counter[Rule]] = {}
    for base in bases:
        lines = {tone: _line(known[base + tone]) for tone in TONES if base + tone in known}
        for one, first in lines.items():
            for other, second in lines.items():
                if one != other:
                    counts.setdefault((one, other), Counter())[_difference(first, second)] += 1
    return {pair: [rule for rule, n in counted.most_common(8) if n > 1] for pair, counted in counts.items()}


def _difference(first: str, second: str) -> Rule:
    start = len(_common(first, second))
    rest, other = first[start:], second[start:]
    end = len(_common(rest[::-1], other[::-1]))
    return rest[: len(rest) - end], other[: len(other) - end], rest[len(rest) - end :]


def _retoned(entry: Entry, rules: Iterable[Rule] | None) -> Entry | None:
    line = _line(entry)
    for mine, other, after in rules or ():
        if line.endswith(mine + after):
            return _entry(line[: len(line) - len(mine + after)] + other + after)
    return None


def _line(entry: Entry) -> str:
    return f"{' '.join(entry.tokens)}|{' '.join(map(str, entry.tones))}"


def _entry(line: str) -> Entry | None:
    tokens, _, tones = line.partition("|")
    made = Entry(tuple(tokens.split()), tuple(map(int, tones.split())))
    return made if made.tokens and len(made.tones) in (0, len(made.tokens)) else None


def _of_parts(known: Known, is_token: Callable[[str], bool]) -> None:
    """Add syllables of which others have the initial and others the final, where a syllable is written as the two together."""
    heads: dict[str, str] = {}
    tails: dict[str, str] = {}
    lines = {name: _line(entry) for name, entry in known.items() if name[0] != "_"}
    for name, line in lines.items():
        initial, _, final = name.partition("_")
        heads[initial] = _common(heads.get(initial, line), line)
        tails[final] = _common(tails.get(final, line)[::-1], line[::-1])[::-1]
    composed = {name: _composed(heads, tails, name) for name in lines}
    if sum(composed[name] == line for name, line in lines.items()) < ENOUGH_COMPOSED * len(lines):
        return
    for name in spellings():
        if name.startswith(("n_v", "l_v")):  # written otherwise than the finals of ju, qu and xu
            continue
        if name not in known and (entry := _entry(_composed(heads, tails, name))) and all(map(is_token, entry.tokens)):
            known[name] = entry


def _composed(heads: Mapping[str, str], tails: Mapping[str, str], name: str) -> str:
    initial, _, final = name.partition("_")
    head, tail = heads.get(initial, ""), tails.get(final, "")
    return head.rstrip() + tail if head.strip() and tail.startswith(" ") else head + tail if head and tail else ""


def _common(first: str, second: str) -> str:
    return "".join(a for a, _ in takewhile(lambda pair: pair[0] == pair[1], zip(first, second, strict=False)))


def _english(lexicon: Mapping[str, Entry]) -> Known:
    """Return what phones of English are said with, where words have a symbol for each; nothing where too few are known."""
    votes: Votes = {}
    words = (word for word in lexicon if word.isascii() and word.isalpha() and len(word) > 2)
    for word, _ in zip(words, range(MANY_WORDS), strict=False):
        entry, phones = lexicon[word], [phone for syllable in say_english(word) for phone in syllable.pinyin.split()]
        if len(phones) == len(entry.tokens):
            tones = entry.tones or (None,) * len(phones)
            for phone, token, tone in zip(phones, entry.tokens, tones, strict=True):
                votes.setdefault(phone, Counter())[Entry((token,), () if tone is None else (tone,))] += 1
    found = _elected(votes)
    bare = {phone.rstrip("012") for phone in found}
    if len(bare & set(ARPABET)) < ENOUGH_ENGLISH:
        return {}
    for phone in bare - found.keys():  # a vowel in a stress that no word had
        found[phone] = next(found[phone + stress] for stress in "102" if phone + stress in found)
    return found
