"""Whole numbers in words, in the languages of neural voices beside English. Knows nothing of the text around them.

A language is a few words and one way to put them together; what grammar asks of a number's gender and case is left out.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

LONGEST = 9
"""Digits up to which a number has a name here; a longer one is read digit by digit."""


@dataclass(frozen=True, slots=True)
class Tongue:
    """How a language counts: below a thousand, what a thousand and a million are, and the words between digits."""

    small: Callable[[int], str]
    thousands: Callable[[int, str], str]
    millions: Callable[[int, str], str]
    point: str
    signs: Mapping[str, str]
    glue: str = " "

    def cardinal(self, number: int) -> str:
        """The number in words, for 0 up to a thousand millions."""
        millions, rest = divmod(number, 1_000_000)
        thousands, low = divmod(rest, 1000)
        parts = []
        if millions:
            parts.append(self.millions(millions, self.small(millions)))
        below = []
        if thousands:
            below.append(self.thousands(thousands, self.small(thousands)))
        if low or not number:
            below.append(self.small(low))
        if below:
            parts.append(self.glue.join(below))
        return " ".join(parts)

    def spelled(self, digits: str) -> str:
        """A whole number as it is written; with leading zeros, and one too long for a name, digit by digit."""
        if len(digits) > LONGEST or (len(digits) > 1 and digits[0] == "0"):
            return " ".join(self.small(int(digit)) for digit in digits)
        return self.cardinal(int(digits))


SIGNS = "−%&+=€$£@°/§№"


def _signs(words: str) -> Mapping[str, str]:
    """The names of `SIGNS`, in their order."""
    return MappingProxyType(dict(zip(SIGNS, _list(words), strict=True)))


def _list(words: str) -> tuple[str, ...]:
    return tuple(word.replace("_", " ") for word in words.split())


_DE = _list(
    "null eins zwei drei vier fünf sechs sieben acht neun zehn elf zwölf dreizehn vierzehn fünfzehn sechzehn siebzehn "
    "achtzehn neunzehn"
)
_DE_TENS = _list("zwanzig dreißig vierzig fünfzig sechzig siebzig achtzig neunzig")


def _german(number: int) -> str:
    hundreds, rest = divmod(number, 100)
    head = f"{_of_one(_DE[hundreds])}hundert" if hundreds else ""
    if not rest and head:
        return head
    if rest < 20:
        return head + _DE[rest]
    tens, unit = divmod(rest, 10)
    return head + (f"{_of_one(_DE[unit])}und" if unit else "") + _DE_TENS[tens - 2]


def _of_one(word: str) -> str:
    """`eins` before another word."""
    return word[:-1] if word.endswith("eins") else word


_NL = _list(
    "nul een twee drie vier vijf zes zeven acht negen tien elf twaalf dertien veertien vijftien zestien zeventien "
    "achttien negentien"
)
_NL_TENS = _list("twintig dertig veertig vijftig zestig zeventig tachtig negentig")


def _dutch(number: int) -> str:
    hundreds, rest = divmod(number, 100)
    head = ("" if hundreds == 1 else _NL[hundreds]) + "honderd" if hundreds else ""
    if not rest and head:
        return head
    if rest < 20:
        return head + _NL[rest]
    tens, unit = divmod(rest, 10)
    joint = "ën" if _NL[unit].endswith("e") else "en"
    return head + (_NL[unit] + joint if unit else "") + _NL_TENS[tens - 2]


_FR = _list(
    "zéro un deux trois quatre cinq six sept huit neuf dix onze douze treize quatorze quinze seize dix-sept dix-huit "
    "dix-neuf"
)
_FR_TENS = _list("vingt trente quarante cinquante soixante soixante quatre-vingt quatre-vingt")


def _french(number: int) -> str:
    hundreds, rest = divmod(number, 100)
    head = ("" if hundreds == 1 else f"{_FR[hundreds]} ") + "cent" if hundreds else ""
    if not rest and head:
        return head + ("s" if hundreds > 1 else "")
    if rest < 20:
        return f"{head} {_FR[rest]}".strip()
    tens, unit = divmod(rest, 10)
    if tens in (7, 9):
        unit += 10
    word = _FR_TENS[tens - 2]
    if not unit:
        told = word + ("s" if tens == 8 else "")
    elif unit in (1, 11) and tens < 8:
        told = f"{word} et {_FR[unit]}"
    else:
        told = f"{word}-{_FR[unit]}"
    return f"{head} {told}".strip()


_ES = _list(
    "cero uno dos tres cuatro cinco seis siete ocho nueve diez once doce trece catorce quince dieciséis diecisiete "
    "dieciocho diecinueve veinte veintiuno veintidós veintitrés veinticuatro veinticinco veintiséis veintisiete "
    "veintiocho veintinueve"
)
_ES_TENS = _list("treinta cuarenta cincuenta sesenta setenta ochenta noventa")
_ES_HUNDREDS = _list(
    "ciento doscientos trescientos cuatrocientos quinientos seiscientos setecientos ochocientos novecientos"
)


def _spanish(number: int) -> str:
    if number == 100:
        return "cien"
    hundreds, rest = divmod(number, 100)
    head = _ES_HUNDREDS[hundreds - 1] if hundreds else ""
    if not rest and head:
        return head
    if rest < 30:
        return f"{head} {_ES[rest]}".strip()
    tens, unit = divmod(rest, 10)
    return f"{head} {_ES_TENS[tens - 3]}{f' y {_ES[unit]}' if unit else ''}".strip()


_PT = _list(
    "zero um dois três quatro cinco seis sete oito nove dez onze doze treze quatorze quinze dezesseis dezessete "
    "dezoito dezenove"
)
_PT_TENS = _list("vinte trinta quarenta cinquenta sessenta setenta oitenta noventa")
_PT_HUNDREDS = _list("cento duzentos trezentos quatrocentos quinhentos seiscentos setecentos oitocentos novecentos")


def _portuguese(number: int) -> str:
    if number == 100:
        return "cem"
    hundreds, rest = divmod(number, 100)
    told = [_PT_HUNDREDS[hundreds - 1]] if hundreds else []
    if rest >= 20:
        tens, unit = divmod(rest, 10)
        told += [_PT_TENS[tens - 2], *([_PT[unit]] if unit else [])]
    elif rest or not told:
        told.append(_PT[rest])
    return " e ".join(told)


_PL = _list(
    "zero jeden dwa trzy cztery pięć sześć siedem osiem dziewięć dziesięć jedenaście dwanaście trzynaście czternaście "
    "piętnaście szesnaście siedemnaście osiemnaście dziewiętnaście"
)
_PL_TENS = _list(
    "dwadzieścia trzydzieści czterdzieści pięćdziesiąt sześćdziesiąt siedemdziesiąt osiemdziesiąt dziewięćdziesiąt"
)
_PL_HUNDREDS = _list("sto dwieście trzysta czterysta pięćset sześćset siedemset osiemset dziewięćset")
_RU = _list(
    "ноль один два три четыре пять шесть семь восемь девять десять одиннадцать двенадцать тринадцать четырнадцать "
    "пятнадцать шестнадцать семнадцать восемнадцать девятнадцать"
)
_RU_TENS = _list("двадцать тридцать сорок пятьдесят шестьдесят семьдесят восемьдесят девяносто")
_RU_HUNDREDS = _list("сто двести триста четыреста пятьсот шестьсот семьсот восемьсот девятьсот")


def _slavic(units: tuple[str, ...], tens: tuple[str, ...], hundreds: tuple[str, ...]) -> Callable[[int], str]:
    def small(number: int) -> str:
        hundred, rest = divmod(number, 100)
        told = [hundreds[hundred - 1]] if hundred else []
        if rest >= 20:
            ten, unit = divmod(rest, 10)
            told += [tens[ten - 2], *([units[unit]] if unit else [])]
        elif rest or not told:
            told.append(units[rest])
        return " ".join(told)

    return small


def _counted(one: str, few: str, many: str, *, feminine: bool = False) -> Callable[[int, str], str]:
    """A Slavic noun after a number: one, two to four, five and more."""

    def told(count: int, word: str) -> str:
        if count == 1:
            return one
        last, two = count % 10, count % 100
        if feminine and last in (1, 2) and two not in (11, 12):
            word = word.removesuffix("один").removesuffix("два") + ("одна" if last == 1 else "две")
        if feminine and last == 1 and two != 11:
            return f"{word} {one}"
        return f"{word} {few if last in (2, 3, 4) and two not in (12, 13, 14) else many}"

    return told


def _after(one: str, many: str) -> Callable[[int, str], str]:
    return lambda count, word: one if count == 1 else f"{word} {many}"


def _short(word: str) -> str:
    """Spanish `uno` before a noun."""
    return word[:-3] + "ún" if word.endswith("veintiuno") else word[:-1] if word.endswith("uno") else word


def _unmarked(word: str) -> str:
    """French `cents` and `quatre-vingts` before `mille`."""
    return word[:-1] if word.endswith(("cents", "vingts")) else word


TONGUES: Mapping[str, Tongue] = MappingProxyType(
    {
        "de": Tongue(
            _german,
            lambda _count, word: f"{_of_one(word)}tausend",
            lambda count, word: "eine Million" if count == 1 else f"{_of_one(word)} Millionen",
            "Komma",
            _signs("minus Prozent und plus gleich Euro Dollar Pfund at Grad Schrägstrich Paragraf Nummer"),
            glue="",
        ),
        "nl": Tongue(
            _dutch,
            lambda count, word: "duizend" if count == 1 else f"{word}duizend",
            lambda _count, word: f"{word} miljoen",
            "komma",
            _signs("min procent en plus is euro dollar pond apenstaartje graden schuine_streep paragraaf nummer"),
        ),
        "fr": Tongue(
            _french,
            lambda count, word: "mille" if count == 1 else f"{_unmarked(word)} mille",
            lambda count, word: f"{word} million{'s' if count > 1 else ''}",
            "virgule",
            _signs("moins pour_cent et plus égale euros dollars livres arobase degrés barre paragraphe numéro"),
        ),
        "es": Tongue(
            _spanish,
            lambda count, word: "mil" if count == 1 else f"{_short(word)} mil",
            lambda count, word: "un millón" if count == 1 else f"{_short(word)} millones",
            "coma",
            _signs("menos por_ciento y más igual_a euros dólares libras arroba grados barra párrafo número"),
        ),
        "pt": Tongue(
            _portuguese,
            _after("mil", "mil"),
            _after("um milhão", "milhões"),
            "vírgula",
            _signs("menos por_cento e mais igual_a euros dólares libras arroba graus barra parágrafo número"),
        ),
        "pl": Tongue(
            _slavic(_PL, _PL_TENS, _PL_HUNDREDS),
            _counted("tysiąc", "tysiące", "tysięcy"),
            _counted("milion", "miliony", "milionów"),
            "przecinek",
            _signs("minus procent i plus równa_się euro dolarów funtów małpa stopni ukośnik paragraf numer"),
        ),
        "ru": Tongue(
            _slavic(_RU, _RU_TENS, _RU_HUNDREDS),
            _counted("тысяча", "тысячи", "тысяч", feminine=True),
            _counted("миллион", "миллиона", "миллионов"),
            "запятая",
            _signs("минус процентов и плюс равно евро долларов фунтов собака градусов дробь параграф номер"),
        ),
    }
)
"""By the first part of a language's tag."""
