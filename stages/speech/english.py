"""How English says what is written with other signs than letters: numbers, amounts, times, addresses, initials.

Knows nothing of the text as a whole.
"""

import re
from collections.abc import Callable, Iterator, Mapping

from stages.speech import numerals

LETTERS = dict(
    zip(
        "abcdefghijklmnopqrstuvwxyz",
        "ay bee see dee ee ef gee aitch eye jay kay el em en oh pee cue ar ess tee you vee double-you ex "
        "why zee".split(),
        strict=True,
    )
)
"""How the letters' names are written, for what is spelled."""

_TITLES = {
    "mr": "mister", "mrs": "missus", "ms": "miz", "dr": "doctor", "prof": "professor", "st": "saint",
    "rev": "reverend", "gen": "general", "col": "colonel", "capt": "captain", "lt": "lieutenant", "sgt": "sergeant",
    "hon": "honorable", "sen": "senator", "rep": "representative", "gov": "governor", "pres": "president",
    "mt": "mount", "messrs": "messieurs",
}  # fmt: skip
_COUNTED = {"no": "number", "fig": "figure", "figs": "figures", "vol": "volume", "eq": "equation", "ca": "circa",
            "ch": "chapter", "pp": "pages"}  # fmt: skip
_ALWAYS = {
    "etc": "et cetera", "vs": "versus", "approx": "approximately", "dept": "department", "inc": "incorporated",
    "ltd": "limited", "corp": "corporation", "ave": "avenue", "blvd": "boulevard", "jr": "junior", "sr": "senior",
    "dr": "drive", "st": "street", "cf": "compare", "e.g": "for example", "i.e": "that is", "ph.d": "pee aitch dee",
    "a.m": "ay em", "p.m": "pee em", "jan": "january", "feb": "february", "aug": "august", "sept": "september",
    "oct": "october", "nov": "november", "dec": "december", "univ": "university", "assn": "association",
}  # fmt: skip
"""Abbreviations with their dot: before a name, before a number, anywhere."""

_UNITS = {
    "km/h": "kilometers per hour", "m/s": "meters per second", "mph": "miles per hour", "km": "kilometers",
    "cm": "centimeters", "mm": "millimeters", "m": "meters", "kg": "kilograms", "mg": "milligrams", "g": "grams",
    "lbs": "pounds", "lb": "pounds", "oz": "ounces", "ml": "milliliters", "l": "liters", "ms": "milliseconds",
    "min": "minutes", "h": "hours", "s": "seconds", "kHz": "kilohertz", "MHz": "megahertz", "GHz": "gigahertz",
    "Hz": "hertz", "kB": "kilobytes", "KB": "kilobytes", "MB": "megabytes", "GB": "gigabytes", "TB": "terabytes",
    "kW": "kilowatts", "W": "watts", "V": "volts", "°C": "degrees celsius", "°F": "degrees fahrenheit",
    "°": "degrees", "%": "percent", "‰": "per mille", "ft": "feet",
}  # fmt: skip
_COINS = {
    "$": ("dollar", "cent"), "€": ("euro", "cent"), "£": ("pound", "penny"), "¥": ("yen", "sen"),
    "₹": ("rupee", "paisa"),
}  # fmt: skip
_SCALES = {"k": "thousand", "m": "million", "bn": "billion", "b": "billion"}
SIGNS = {
    "&": "and", "+": "plus", "=": "equals", "@": "at", "#": "hash", "%": "percent", "×": "times", "÷": "divided by",
    "±": "plus or minus", "<": "less than", ">": "greater than", "°": "degrees", "©": "copyright", "®": "registered",
    "™": "trademark", "§": "section", "$": "dollars", "€": "euros", "£": "pounds", "¥": "yen", "₹": "rupees",
    "~": "about", "≈": "about", "≤": "at most", "≥": "at least", "≠": "is not", "∞": "infinity", "√": "root",
    "/": "slash", "\\": "backslash", "²": "squared", "³": "cubed", "½": "one half", "¼": "one quarter",
    "¾": "three quarters", "µ": "micro", "−": "minus", "‰": "per mille", "№": "number",
}  # fmt: skip
_IN_ADDRESSES = {**SIGNS, ".": "dot", "-": "dash", "_": "underscore", ":": "colon", "?": "question mark", "~": "tilde"}
_SPELLED = frozenset(
    "ai api atm ceo cfo cia cto diy eta eu faq gpu cpu id iq irs isp it ipo ngo nyu ui uk un url us usa usb ufo ux vip "
    "io ios iot gui acl aka abc bbc ebay eur usd vat".split()
)
"""Words with vowels that are spelled when they stand in capitals."""
_SHORT = frozenset(
    "a i am an as at be by do go he if in is it me my no of oh ok on or so to up us we all and any are bad big but can "
    "did for get god had has her him his how its let man new not now off old one our out own put run say see she "
    "sit six sun ten pin sim zip ram rom gif the too top try two use was way who why win yes yet you".split()
)

_Say = Callable[[re.Match[str]], str]


def _money(match: re.Match[str]) -> str:
    coin = match["coin"] or match["coin2"]
    number, scale = match["sum"] or match["sum2"], match["scale"] or ""
    large, small = _COINS[coin]
    whole, point, rest = number.replace(",", "").partition(".")
    if scale:
        return f"{numerals.decimal(number)} {_SCALES.get(scale.lower(), scale.lower())} {_many(large, 2)}"
    if point and len(rest) == 2:
        parts = [(int(whole or 0), large), (int(rest), small)]
        told = [f"{numerals.cardinal(count)} {_many(name, count)}" for count, name in parts if count]
        return " and ".join(told) or f"zero {_many(large, 0)}"
    return f"{numerals.decimal(number)} {_many(large, 1 if number == '1' else 2)}"


def _many(name: str, count: int) -> str:
    if count == 1 or name in ("yen", "sen"):
        return name
    return {"penny": "pence", "paisa": "paise"}.get(name, name + "s")


def _time(match: re.Match[str]) -> str:
    hour, minute, second, half = int(match["hour"]), match["minute"], match["second"], match["half"]
    said = [numerals.cardinal(hour)]
    if minute != "00" or second:
        said.append(numerals.cardinal(int(minute)) if minute[0] != "0" else f"oh {numerals.cardinal(int(minute))}")
    elif not half:
        said.append("o'clock" if 1 <= hour <= 12 else "hundred")
    if second:
        said.append(f"and {numerals.cardinal(int(second))} seconds")
    if half:
        said.append(_named(half[0] + "m"))
    return " ".join(said)


_MONTHS = (
    "January February March April May June July August September October November December"
).split()  # fmt: skip


def _date(match: re.Match[str]) -> str:
    year, month, day = (int(match[name]) for name in ("year", "month", "day"))
    return f"{_MONTHS[month - 1]} {numerals.ordinal(day)}, {_year(year)}"


def _year(number: int) -> str:
    return numerals.year(number) if 1100 <= number < 2100 else numerals.cardinal(number)


def _count(match: re.Match[str]) -> str:
    sign, number, unit = match["minus"] or "", match["number"], match["unit"] or ""
    plain = "," not in number and "." not in number
    said = _year(int(number)) if plain and not unit and len(number) == 4 else numerals.decimal(number)
    if unit:
        told = _UNITS[unit]
        said += f" {told.removesuffix('s') if number == '1' and unit not in ('Hz', '°C', '°F', '°') else told}"
    return f"{'minus ' if sign else ''}{said}"


def _fraction(match: re.Match[str]) -> str:
    top, bottom = int(match["top"]), int(match["bottom"])
    if (top, bottom) == (1, 2):
        return "one half"
    if top < bottom <= 10 and bottom > 2:
        name = "quarter" if bottom == 4 else numerals.ordinal(bottom)
        return f"{numerals.cardinal(top)} {name}{'s' if top > 1 else ''}"
    return f"{numerals.cardinal(top)} slash {numerals.cardinal(bottom)}"


def _size(match: re.Match[str]) -> str:
    return f"{numerals.spelled(match['wide'])} by {numerals.spelled(match['high'])}"


def _decade(match: re.Match[str]) -> str:
    number = match["decade"]
    head, space, last = (_year(int(number)) if len(number) == 4 else numerals.cardinal(int(number))).rpartition(" ")
    return f"{head}{space}{numerals.plural(last)}"


def _phone(match: re.Match[str]) -> str:
    groups = re.findall(r"\d+", match.group())
    return ("plus " if match.group().startswith("+") else "") + ", ".join(numerals.digits(group) for group in groups)


def _address(match: re.Match[str]) -> str:
    body = re.sub(r"^[a-z]+://", "", match.group(), flags=re.IGNORECASE)
    said: list[str] = []
    for part in re.findall(r"[^\W\d_]+|\d+|\S", body.rstrip("/")):
        if part.isdigit():
            said.append(numerals.digits(part) if part.isascii() else part)
        elif part.isalpha():
            said.append(
                _named(part) if part.lower() == "www" or not re.search("[aeiouyAEIOUY]", part) else part.lower()
            )
        else:
            said.append(_IN_ADDRESSES.get(part, " "))
    return " ".join(said)


def _named(letters: str) -> str:
    """Letter by letter."""
    return " ".join(LETTERS.get(sign, sign) for sign in letters.lower())


def _initials(match: re.Match[str]) -> str:
    """`U.S.`, `J. R. R.`: letter by letter; at the text's end the dot stays."""
    return _named(re.sub(r"[^A-Za-z]", "", match.group())) + ("." if match.end() == len(match.string) else "")


def _short(words: Mapping[str, str]) -> _Say:
    return lambda match: words[match.group().rstrip(".").lower()] + ("." if match.end() == len(match.string) else "")


def _mixed(match: re.Match[str]) -> str:
    """Letters and digits in one word: `mp3`, `GPT4`, `5G`."""
    parts = re.findall(r"[A-Za-z]+|\d+", match.group())
    return " ".join(
        numerals.spelled(part) if part.isdigit() else _named(part) if len(part) < 4 else part for part in parts
    )


def _caps(written: str, *, shouted: bool) -> str:
    """A word; in capitals it is spelled where it is an abbreviation, else said as a word."""
    if re.fullmatch("[A-Z]{2,5}s", written):
        return _caps(written[:-1], shouted=shouted) + "s"
    if len(written) == 1 or not written.isupper() or not written.isascii():
        return written
    low = written.lower()
    if shouted and (low in _SHORT or len(written) > 5):
        return low
    if low in _SPELLED and not (shouted and low in _SHORT):
        return _named(low)
    vowel = re.search("[aeiouy]", low)
    if not vowel or (len(low) <= 3 and low not in _SHORT and not shouted):
        return _named(low)
    return low


def _one_of(words: Mapping[str, str]) -> str:
    return rf"(?i:\b(?:{'|'.join(re.escape(name) for name in words)})\.)"


_NUMBER = r"\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?"
_UNIT = "|".join(re.escape(unit) for unit in sorted(_UNITS, key=len, reverse=True))
_ENDINGS = "com|org|net|io|ai|dev|edu|gov|uk|de|eu|app|info|tv|co|us|ca|fr|jp|au"
_PATTERNS: tuple[tuple[str, str, _Say], ...] = (
    ("mail", r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+", _address),
    ("web", r"(?:https?://|www\.)[^\s<>\"]*[^\s<>\".,;:!?)\]'’]", _address),
    ("site", rf"\b[a-zA-Z0-9-]+(?:\.[a-zA-Z0-9-]+)*\.(?:{_ENDINGS})\b(?:/[^\s<>\"]*[^\s<>\".,;:!?)\]'’])?", _address),
    ("date", r"\b(?P<year>\d{4})-(?P<month>0[1-9]|1[0-2])-(?P<day>0[1-9]|[12]\d|3[01])\b", _date),
    (
        "time",
        r"\b(?P<hour>[01]?\d|2[0-3]):(?P<minute>[0-5]\d)(?::(?P<second>[0-5]\d))?(?:\s?(?P<half>[AaPp])\.?[Mm]\b)?",
        _time,
    ),
    (
        "hours",
        r"\b(?P<at>1[0-2]|[1-9])\s?(?P<noon>[AaPp])\.?[Mm]\b",
        lambda match: f"{numerals.cardinal(int(match['at']))} {_named(match['noon'] + 'm')}",
    ),
    (
        "money",
        (
            rf"(?P<coin>[$€£¥₹])\s?(?P<sum>{_NUMBER})(?:\s?(?P<scale>thousand|million|billion|trillion|bn|[kKmMbB])\b)?"
            rf"|(?P<sum2>{_NUMBER})\s?(?P<coin2>[€£¥₹])"
        ),
        _money,
    ),
    ("phone", r"\+\d[\d\s()-]{6,16}\d|\b\d{3}[ -]\d{3}[ -]\d{4}\b|\b0\d{2,}\b", _phone),
    ("rank", r"\b(?P<rank>\d{1,12})(?:st|nd|rd|th)\b", lambda match: numerals.ordinal(int(match["rank"]))),
    ("decades", r"\b(?P<decade>(?:1[1-9]|20)?[1-9]0)['’]?s\b", _decade),
    ("fraction", r"\b(?P<top>\d{1,3})/(?P<bottom>[1-9]\d{0,2})\b(?![/.]\d)", _fraction),
    ("size", r"\b(?P<wide>\d{1,5})\s?[x×]\s?(?P<high>\d{1,5})\b", _size),
    (
        "count",
        (
            rf"(?P<minus>(?<![\w)])[-−](?=\d))?(?P<number>(?<![A-Za-z])(?:{_NUMBER}))"
            rf"(?:\s?(?P<unit>{_UNIT})(?![A-Za-z/]))?(?![A-Za-z])"
        ),
        _count,
    ),
    ("title", _one_of(_TITLES) + r"(?=\s+[A-Z])", _short(_TITLES)),
    ("counted", _one_of(_COUNTED) + r"(?=\s?\d)", _short(_COUNTED)),
    ("abbreviation", _one_of(_ALWAYS), _short(_ALWAYS)),
    ("initials", r"\b(?:[A-Za-z]\.){2,}(?=\W|$)|\b[A-Z]\.(?=\s?[A-Z])", _initials),
    ("mixed", r"\b(?=[A-Za-z]*\d)(?=\d*[A-Za-z])[A-Za-z\d]+\b", _mixed),
    ("word", r"[^\W\d_]+(?:['’][^\W\d_]+)*", lambda match: match.group()),
)
_SAY = {name: say for name, _, say in _PATTERNS}
_RULES = re.compile("|".join(f"(?P<by_{name}>{pattern})" for name, pattern, _ in _PATTERNS))


def said(written: str) -> Iterator[tuple[int, int, str]]:
    """What of a text is said in other words than it is written: start, end, words. The rest is said as it stands."""
    shouted = not any(sign.islower() for sign in written)
    for match in _RULES.finditer(written):
        kind = (match.lastgroup or "").removeprefix("by_")
        yield (*match.span(), _caps(match.group(), shouted=shouted) if kind == "word" else _SAY[kind](match))
