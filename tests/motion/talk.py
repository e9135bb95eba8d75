"""Hand-made speech for motion tests: sentences of made-up words whose stressed vowels are where we say."""

from avatar.artifacts import Phone, Utterance, Word

PAUSES = {",": 0.18, ".": 0.35, "?": 0.35, "!": 0.35, "~": 1.2}
TEXT = """
tadá bisó ladúbi, do madé talubá. soladí mo tabé da sobúla tidá mosé dubáli lodé basú. madá, sobé, tilú.
da sodé bamúti do lasé? talóbu mi disáno tadé boluná! ladó timá sobalú de ta bisó ladúbi madé. ~
sobé tilumá da sodé, bamú do lasé talóbu tadí. mo tabé da sobúla tidá mosé dubáli lodé basú tamé.
"""
STRESSED = dict(zip("áéíóú", "aeiou", strict=True))


def talk(text: str = TEXT, *, repeat: int = 3, start: float = 0.25, stressed: bool = True) -> Utterance:
    """An utterance: consonants of 70 ms, vowels of 80 ms, accented ones of 150 ms, stressed; `~` is a long pause."""
    phones, words, told, now = [Phone("", 0.0, start)], [], [], start
    for written in (text * repeat).split():
        if written == "~":
            phones.append(Phone("", now, now + PAUSES["~"]))
            now += PAUSES["~"]
            continue
        told.append(written)
        letters = written.rstrip(",.?!")
        began = now
        for letter in letters:
            strong = letter in STRESSED
            length = 0.15 if strong else 0.08 if letter in "aeiou" else 0.07
            phones.append(Phone(STRESSED.get(letter, letter), now, now + length, 2 if strong and stressed else 0))
            now += length
        words.append(Word(letters, began, now))
        for mark in written[len(letters) :]:
            phones.append(Phone("", now, now + PAUSES[mark]))
            now += PAUSES[mark]
    phones.append(Phone("", now, now + 0.6))
    return Utterance(now + 0.6, "und", " ".join(told), tuple(phones), tuple(words), exact=True)


def silence(seconds: float) -> Utterance:
    """Nothing is said."""
    return Utterance(seconds, "und", "", (Phone("", 0.0, seconds),), (), exact=True)
