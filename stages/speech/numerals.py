"""Numbers in English words. Knows nothing of the text around them."""

_UNITS = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen "
    "eighteen nineteen"
).split()
_TENS = "twenty thirty forty fifty sixty seventy eighty ninety".split()
_SCALES = ("", "thousand", "million", "billion", "trillion")
_ORDINALS = {
    "one": "first", "two": "second", "three": "third", "five": "fifth", "eight": "eighth", "nine": "ninth",
    "twelve": "twelfth",
}  # fmt: skip
LONGEST = 15
"""Digits up to which a number has a name here; a longer one is read digit by digit."""


def _below_hundred(number: int) -> str:
    if number < 20:
        return _UNITS[number]
    tens, unit = divmod(number, 10)
    return _TENS[tens - 2] + (f" {_UNITS[unit]}" if unit else "")


def _below_thousand(number: int) -> str:
    hundreds, rest = divmod(number, 100)
    if not hundreds:
        return _below_hundred(rest)
    return f"{_UNITS[hundreds]} hundred" + (f" {_below_hundred(rest)}" if rest else "")


def cardinal(number: int) -> str:
    """The number in words, for 0 and more."""
    if number < 1000:
        return _below_thousand(number)
    if number >= 10**LONGEST:
        return digits(str(number))
    parts: list[str] = []
    for scale in _SCALES:
        number, group = divmod(number, 1000)
        if group:
            parts.insert(0, f"{_below_thousand(group)} {scale}".rstrip())
    return " ".join(parts)


def ordinal(number: int) -> str:
    """`first`, `twenty second`, ... for 0 and more."""
    head, space, last = cardinal(number).rpartition(" ")
    if last in _ORDINALS:
        said = _ORDINALS[last]
    elif last.endswith("y"):
        said = last[:-1] + "ieth"
    else:
        said = last + "th"
    return head + space + said


def digits(written: str) -> str:
    """Digit by digit."""
    return " ".join(_UNITS[int(sign)] for sign in written)


def decimal(written: str) -> str:
    """A number as it is written, with a point or without and with commas between thousands: `1,234.5`."""
    whole, point, rest = written.replace(",", "").partition(".")
    said = spelled(whole) if whole else "zero"
    return f"{said} point {digits(rest)}" if point and rest else said


def spelled(whole: str) -> str:
    """A whole number as it is written; one with leading zeros, and one too long for a name, digit by digit."""
    if len(whole) > LONGEST or (len(whole) > 1 and whole[0] == "0"):
        return digits(whole)
    return cardinal(int(whole))


def year(number: int) -> str:
    """A number from 1100 to 2099 as a year: `nineteen eighty four`, `two thousand five`, `twenty twenty six`."""
    century, rest = divmod(number, 100)
    if 2000 <= number < 2010:
        return cardinal(number)
    if not rest:
        return f"{_below_hundred(century)} hundred"
    return f"{_below_hundred(century)} {'oh ' if rest < 10 else ''}{_below_hundred(rest)}"


def plural(word: str) -> str:
    """The last word of a number in the plural, as in `nineties`."""
    return word[:-1] + "ies" if word.endswith("y") else f"{word}es" if word.endswith("x") else f"{word}s"
