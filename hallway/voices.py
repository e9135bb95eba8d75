"""The hallway's voices: which there are, which can speak here now, and how each sounds. Knows the speech stage."""

from contextlib import closing

from avatar.attempt import Wish
from avatar.engine import Engine, Placer, anywhere
from avatar.errors import StageFailed, Unavailable
from avatar.gallery import VoiceCard
from stages.speech import SPEECH, Brief

GREETINGS = {
    "en": "Hello! This is how I sound.", "de": "Guten Tag! So klinge ich.", "fr": "Bonjour ! Voici ma voix.",
    "es": "¡Hola! Así sueno yo.", "pt": "Olá! É assim que eu falo.", "it": "Buongiorno! Questa è la mia voce.",
    "nl": "Goedendag! Zo klink ik.", "pl": "Dzień dobry! Tak brzmi mój głos.",
    "ru": "Здравствуйте! Так звучит мой голос.",
    "hi": "नमस्ते! मेरी आवाज़ ऐसी है।", "sv": "Hej! Så här låter jag.", "da": "Hej! Sådan lyder jeg.",
    "nb": "Hei! Slik høres jeg ut.", "fi": "Hei! Tältä minä kuulostan.", "tr": "Merhaba! Sesim böyle.",
    "cs": "Dobrý den! Takto zním.", "hu": "Jó napot! Így szól a hangom.", "ro": "Bună ziua! Așa sună vocea mea.",
    "el": "Γεια σας! Έτσι ακούγομαι.", "uk": "Добрий день! Так звучить мій голос.",
    "ja": "こんにちは。これがわたしのこえです。",
    "cmn": "你好！这是我的声音。", "ko": "안녕하세요! 제 목소리입니다.", "ar": "مرحبا! هذا صوتي.",
}  # fmt: skip
COUNTING = "1, 2, 3, 4, 5."
"""What is said in all other languages: each voice reads numbers in its own."""


def voices(place: Placer = anywhere) -> tuple[VoiceCard, ...]:
    """The voices of the speech stage; `place` knows which backends have what they need."""
    from stages.speech import neural
    from stages.speech.voices import voices as known

    ready = {backend.id: place(SPEECH.name, backend.id) is not None for backend in SPEECH.chain}
    return tuple(
        VoiceCard(
            voice.id,
            voice.name,
            voice.language,
            voice.gender,
            ready[neural.backend(voice.id)] if neural.named(voice.id) else True,
        )
        for voice in known()
    )


def sample(voice: str, *, engine: Engine) -> bytes:
    """A short WAV of a voice, made once for as long as the store has room.

    Raises `NotFound` for a voice that does not exist, `Unavailable` for one that can't speak here or has no sound of
    its own.
    """
    from stages.speech import fitness, neural
    from stages.speech.voices import choose

    language = neural.find(voice).language if neural.named(voice) else choose(voice).language
    if neural.family(voice) == neural.POCKET:
        raise Unavailable("Pocket TTS has no sound of its own: it speaks after a voice sample. Send one with a text.")
    said = GREETINGS.get(language) or GREETINGS.get(language.partition("-")[0] or "en", COUNTING)
    fitness.refuse(voice, said, language)
    with closing(engine.store.session()) as session:
        try:
            made = engine.walk(session, Wish(strict=True))(SPEECH, Brief(said, voice, 1.0, 0.0, 0, language=language))
        except StageFailed as failure:
            raise Unavailable(f"The voice {voice} can't speak here. {failure.reasons[0][1]}") from failure
        return session.path(made.sound).read_bytes()
