"""Which language a text is in, guessed from its script, its special letters and its commonest words.

Knows no voice. Language tags are those of espeak-ng, lower case.
"""

import re
import unicodedata
from collections import Counter
from functools import lru_cache

_BY_SCRIPT = {
    "LATIN": "en-us", "CYRILLIC": "ru", "GREEK": "el", "ARABIC": "ar", "HEBREW": "he", "DEVANAGARI": "hi",
    "BENGALI": "bn", "GURMUKHI": "pa", "GUJARATI": "gu", "ORIYA": "or", "TAMIL": "ta", "TELUGU": "te",
    "KANNADA": "kn", "MALAYALAM": "ml", "SINHALA": "si", "THAI": "th", "MYANMAR": "my", "GEORGIAN": "ka",
    "ARMENIAN": "hy", "ETHIOPIC": "am", "CHEROKEE": "chr-us-qaaa-x-west", "HANGUL": "ko", "HIRAGANA": "ja",
    "KATAKANA": "ja", "BOPOMOFO": "cmn", "CJK": "cmn",
}  # fmt: skip

_ALSO_WRITES = {
    "CYRILLIC": "ru ru-lv ru-cl uk be bg mk sr kk ky tt ba cv bs uz tk nog kaa ab",
    "ARABIC": "ar fa ur ug sd ku", "DEVANAGARI": "hi mr ne kok", "BENGALI": "bn as bpy", "ETHIOPIC": "am ti",
    "GREEK": "el grc", "ARMENIAN": "hy hyw", "CJK": "cmn cmn-latn-pinyin yue yue-latn-jyutping hak",
    "MYANMAR": "my shn", "HIRAGANA": "ja", "KATAKANA": "ja",
}  # fmt: skip
_WRITERS = {script: frozenset(_ALSO_WRITES.get(script, language).split()) for script, language in _BY_SCRIPT.items()}
_OWN = {language: script for script, languages in _WRITERS.items() for language in languages if script != "LATIN"}
for _language in ("bs", "uz", "tk", "ku", "sr"):  # written in Latin letters as well
    del _OWN[_language]
_UNSPACED = ("CJK", "HIRAGANA", "KATAKANA", "BOPOMOFO", "THAI", "LAO", "KHMER", "MYANMAR")

_LETTERS = {
    "ñ¿¡": "es", "ß": "de", "ãõ": "pt", "œùêû": "fr-fr", "łżźśćęą": "pl", "őű": "hu", "ğış": "tr", "řěů": "cs",
    "åä": "sv", "øæ": "da", "țșă": "ro", "ðþ": "is", "ơưđạảấầẩậắằặẹẻềểệỉịọỏốồổộớờởợụủứừửựỳỵỷ": "vi", "ľĺŕ": "sk",
    "ĳ": "nl", "ėįų": "lt", "ļņģķ": "lv", "ĉĝĥĵŝŭ": "eo", "ħġ": "mt", "їєґі": "uk", "ўі": "be", "ђћљњ": "sr",
    "ѓќ": "mk", "پچژگ": "fa", "ٹڈڑے": "ur",
}  # fmt: skip

_WORDS = {
    "en-us": (
        "the and is of to you that it this with are have we not what i a in my your his her he she they was be for on "
        "at as do go get come let me us can will would how who why when where there here yes no hello good one so"
    ),
    "de": "der die das und ist nicht ich wir sie ein eine mit zu auf den für es hallo guten wie",
    "fr-fr": "le la les et est je vous nous un une des que pas dans pour bonjour avec du au ce il",
    "es": "el la los las y es que de un una en por con hola como para yo me mi está su del se",
    "it": "il lo la gli e è che di un una per con ciao sono non mi come del della questo buongiorno",
    "pt-br": "o a os as e é que de um uma para com olá não eu me do da em no na você está",
    "nl": "de het een en is niet ik wij jij van dat met voor op hallo ben naar zijn goedemorgen",
    "sv": "och att det är jag du inte en ett som på för med hej vi av den heter",
    "da": "og at det er jeg du ikke en et som på for med hej vi af den til hedder",
    "nb": "og at det er jeg du ikke en et som på for med hei vi av den til heter",
    "pl": "i nie to jest się na że w z do jak cześć dzień dobry mam co dla po",
    "fi": "ja on ei se että hän minä sinä hei kuin mutta ovat tämä olen mitä nimeni",
    "tr": "ve bir bu da de için ile ben merhaba değil çok ne var benim adım nasıl",
    "ro": "și este nu că în un o cu de la pe salut sunt mă numesc ce bună",
    "hu": "a az és egy nem hogy van én szia vagyok mi ez jó nevem ki",
    "cs": "a je se na že to v s jsem ahoj dobrý den jak ale jsme co",
    "id": "dan yang di ini itu saya tidak untuk dengan halo adalah apa nama kita selamat",
    "vi": "là và của tôi không có xin chào một những cho bạn này được",
    "sw": "na ya wa kwa ni habari jina langu hii katika sana mimi",
}
_STOP_WORDS = {language: frozenset(words.split()) for language, words in _WORDS.items()}

_GREETINGS = {
    "de": "guten hallo danke bitte willkommen tschüss heute vielen",
    "fr-fr": "bonjour bonsoir merci salut bienvenue oui", "es": "hola gracias buenos buenas adiós bienvenidos",
    "it": "ciao buongiorno buonasera grazie benvenuti arrivederci", "pt-br": "olá obrigado obrigada bom tchau",
    "nl": "goedemorgen goedemiddag goedenavond bedankt welkom", "sv": "hej välkommen", "da": "tak velkommen goddag",
    "nb": "hei takk", "pl": "cześć dzień dziękuję witam", "fi": "kiitos tervetuloa huomenta moikka",
    "tr": "merhaba teşekkürler günaydın", "ro": "bună mulțumesc", "hu": "szia köszönöm üdvözlöm",
    "cs": "ahoj děkuji vítejte dobrý", "id": "selamat terima kasih", "sw": "habari asante karibu jambo",
}  # fmt: skip
"""What is said alone, so that it has to tell the language by itself: worth more than what English has to begin with."""
_TELLING = {language: frozenset(words.split()) for language, words in _GREETINGS.items()}


@lru_cache(maxsize=4096)
def script_of(character: str) -> str:
    """The script of a letter, by the first word of its Unicode name; empty for anything else."""
    if unicodedata.category(character)[0] != "L":
        return ""
    script = unicodedata.name(character, "").split(" ")[0]
    return script if script in _BY_SCRIPT else ""


def scripts(text: str) -> Counter[str]:
    """How much of a text is in each script. A Han or kana sign, worth several letters, counts three times."""
    counts: Counter[str] = Counter()
    for character, times in Counter(text).items():
        if script := script_of(character):
            counts[script] += times * (3 if script in ("CJK", "HIRAGANA", "KATAKANA", "HANGUL") else 1)
    return counts


def native(language: str, script: str) -> bool:
    """Whether the language is written in this script."""
    return script == _OWN.get(language, "LATIN") or language in _WRITERS.get(script, ())


def reads(language: str, script: str) -> bool:
    """Whether a voice of this language knows the script: its own, and Latin letters, which all know."""
    return script == "LATIN" or native(language, script)


def unspaced(character: str) -> bool:
    """Whether the character is of a script that puts no spaces between words."""
    return script_of(character) in _UNSPACED


def _of_letters(text: str, script: str) -> Counter[str]:
    votes: Counter[str] = Counter()
    for character, times in Counter(text.lower()).items():
        for letters, language in _LETTERS.items():
            if character in letters and script_of(character) in (script, ""):
                votes[language] += 2 * times
    return votes


USUAL = "en-us"
"""The language of a text that tells none."""


def of_text(text: str) -> str:
    """The language a text is most likely in; where nothing tells, that which its script stands for: US English."""
    counts = scripts(text)
    return told(text) or (_BY_SCRIPT[counts.most_common(1)[0][0]] if counts else USUAL)


def told(text: str) -> str:
    """The language that a text's own letters and words tell; empty where they don't.

    The commonest script decides. Among languages that share it, special letters and frequent words vote.
    """
    counts = scripts(text)
    if not counts:
        return ""
    if counts["HIRAGANA"] + counts["KATAKANA"] > 0 and counts["CJK"] + counts["HIRAGANA"] >= counts["LATIN"]:
        return "ja"
    script = counts.most_common(1)[0][0]
    votes = _of_letters(text, script)
    if script == "LATIN":
        words = re.findall(r"[^\W\d_]+", text.lower())
        for language, known in _STOP_WORDS.items():
            alone = _TELLING.get(language, frozenset())
            votes[language] += sum(3 if word in alone else 2 for word in words if word in known | alone)
        if not max(votes.values()):
            return ""
        votes["en-us"] += 2
    best = max(votes.values(), default=0)
    return next(language for language, count in votes.items() if count == best) if best else _BY_SCRIPT[script]


def readable(text: str, language: str) -> str:
    """The text with a space for every letter that no voice, or not this one, can read; of the same length.

    Lone Greek and Cyrillic letters stay: every voice knows their names.
    """
    return "".join(sign if _read(sign, language) else " " for sign in text)


def _read(sign: str, language: str) -> bool:
    if unicodedata.category(sign)[0] not in "LM":
        return True
    script = unicodedata.name(sign, "").split(" ")[0]
    return script in (*_NAMED, "COMBINING") or (script in _BY_SCRIPT and reads(language, script))


def named(text: str, at: int) -> bool:
    """Whether the letter at `at` stands alone and is of a script whose letters every voice can name."""
    script = script_of(text[at])
    around = text[max(0, at - 1) : at] + text[at + 1 : at + 2]
    return script in _NAMED and not any(script_of(sign) == script for sign in around)


_NAMED = ("GREEK", "CYRILLIC")


def of_script(script: str) -> str:
    """The language that a script stands for when nothing else is known."""
    return _BY_SCRIPT[script]
