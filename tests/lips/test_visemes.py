"""Every speech sound has a mouth, and the right one."""

import pytest

from avatar.face.lips_ipa import SOUNDS, sounds
from avatar.face.visemes import ARTICULATORS, REST_VISEME, THROUGH_VISEME, Viseme, visemes


def target(ipa: str, name: str) -> float:
    return visemes(ipa)[0].target[ARTICULATORS.index(name)]


def sane(viseme: Viseme) -> bool:
    return all(0.0 <= value <= 1.0 for value in viseme.target) and all(grip > 0.0 for grip in viseme.dominance)


@pytest.mark.parametrize("symbol", sorted(SOUNDS))
def test_every_symbol_of_the_chart_has_a_shape(symbol: str) -> None:
    found = visemes(symbol)
    assert len(found) == 1
    assert found[0] is not THROUGH_VISEME
    assert sane(found[0])


@pytest.mark.parametrize(
    ("ipa", "symbols"),
    [
        ("aɪ", "aɪ"), ("oʊː", "oʊ"), ("tʃ", "tʃ"), ("t͡sʲ", "ts"), ("k͡p", "kp"), ("ʤ", "dʒ"), ("ẽ", "e"), ("n̩", "n"),
        ("t̪ʰ", "t"), ("ɑ˥˩", "ɑ"), ("ˈiː", "i"), ("pʼ", "p"), ("ǃ", "ǃ"), ("ç", "ç"), ("ɚ", "ɚ"), ("s.", "s"),
        ("ʃʷ", "ʃ"), ("ε", "ɛ"), ("N", "ŋ"),
    ],
)  # fmt: skip
def test_marks_tones_length_and_ties_do_not_hide_the_sound(ipa: str, symbols: str) -> None:
    assert "".join(sound.symbol for sound in sounds(ipa)) == symbols
    assert sum(viseme.share for viseme in visemes(ipa)) == pytest.approx(1.0)


@pytest.mark.parametrize("nothing", ["(en)", "ː", "ʰ", "5", "漢", "-", "\ud800", "🙂"])
def test_what_is_no_sound_asks_nothing(nothing: str) -> None:
    assert visemes(nothing) == (THROUGH_VISEME,)


def test_a_pause_is_the_resting_mouth() -> None:
    assert visemes("") == (REST_VISEME,)
    assert REST_VISEME.target[ARTICULATORS.index("mouthClose")] > 0.3


def test_the_jaw_follows_the_vowel_chart() -> None:
    for series in ("ieɛæ", "uoɔɒ", "yøœɶ"):
        jaws = [target(vowel, "jawOpen") for vowel in series]
        assert jaws == sorted(jaws)
        assert jaws[-1] > jaws[0] + 0.2


def test_lips_round_for_rounded_vowels_and_glides_only() -> None:
    assert min(target(sound, "mouthPucker") for sound in "uowyʍɥø") > 0.4
    assert max(target(sound, "mouthPucker") for sound in "ieɛaɑæsktnlj") < 0.1
    assert target("i", "mouthStretch") > target("e", "mouthStretch") > target("u", "mouthStretch")
    assert target("kʷ", "mouthPucker") > 0.4
    assert target("ʃ", "mouthFunnel") > 0.5 > target("s", "mouthFunnel")


def test_exactly_the_labials_touch() -> None:
    lips = {symbol for symbol in SOUNDS if visemes(symbol)[0].contact == "lips" and visemes(symbol)[0].firm == 1.0}
    teeth = {symbol for symbol in SOUNDS if visemes(symbol)[0].contact == "teeth" and visemes(symbol)[0].firm == 1.0}
    assert lips == set("pbmɓʙʘ")
    assert teeth == set("fvɱⱱ")
    assert [viseme.contact for viseme in visemes("pf")] == ["lips", "teeth"]


def test_the_tongue_shows_where_teeth_are_open_enough() -> None:
    assert target("θ", "tongueOut") > 0.2
    assert max(target(sound, "tongueOut") for sound in "tsnlkaiu") == 0.0
    assert min(target(sound, "tongue") for sound in "lntdθ") > 0.8 > target("a", "tongue")
