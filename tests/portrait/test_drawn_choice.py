"""Words choose looks, and the seed what the words leave open."""

import pytest

from avatar.errors import NotFound
from stages.portrait.drawn import Look, choose, gallery
from stages.portrait.drawn.looks import find
from stages.portrait.drawn.words import wishes


def test_the_gallery_is_as_varied_as_promised() -> None:
    looks = gallery()
    assert len(looks) >= 14
    assert len({look.id for look in looks}) == len(looks)
    assert {"female", "male"} == {look.gender for look in looks}
    assert {"teen", "young", "adult", "old"} == {look.age for look in looks}
    assert len({look.palette["skin"] for look in looks if look.figure is None}) >= 6
    assert len({look.parts["scene"] for look in looks if look.figure is None}) == 6
    for worn in ("glasses", "beard", "headwear"):
        assert any(look.parts.get(worn) for look in looks), worn
    assert looks[0].id == "ada"


def test_a_maths_teacher_stands_before_a_board() -> None:
    for seed in range(12):
        look = choose("Professional teacher explaining math", seed)
        assert "teacher" in look.roles
        assert look.parts["scene"] == ("class-room",)


@pytest.mark.parametrize(
    ("prompt", "holds"),
    [
        ("an old man", lambda look: (look.gender, look.age) == ("male", "old")),
        ("Grandmother telling a story", lambda look: (look.gender, look.age) == ("female", "old")),
        ("a female doctor in a clinic", lambda look: look.gender == "female" and "doctor" in look.roles),
        ("male physician", lambda look: look.gender == "male" and "doctor" in look.roles),
        ("TV news anchor", lambda look: "anchor" in look.roles and look.parts["scene"] == ("news-desk",)),
        ("woman with headscarf", lambda look: look.gender == "female" and bool(look.parts["headwear"])),
        ("a woman with red hair", lambda look: look.gender == "female" and look.palette["hair"] == "red"),
        ("bearded man with glasses", lambda look: bool(look.parts["beard"]) and bool(look.parts["glasses"])),
        ("clean-shaven man without glasses", lambda look: not (look.parts["beard"] or look.parts["glasses"])),
        ("woman in a red dress with round glasses", lambda look: look.parts["glasses"] == ("round-metal",)),
        ("old man with a full beard", lambda look: look.age == "old" and look.parts["beard"] == ("full",)),
        ("a young muslim woman with hijab teaching", lambda look: bool(look.parts["headwear"])),
        ("a teenage boy", lambda look: (look.gender, look.age) == ("male", "teen")),
        ("Black businesswoman, african", lambda look: look.palette["skin"] in ("deep", "ebony")),
        ("black woman, a doctor", lambda look: look.palette["skin"] == "deep" and "doctor" in look.roles),
        ("young woman with red hair and glasses", lambda look: look.age == "young" and bool(look.parts["glasses"])),
        ("latina business woman", lambda look: not look.parts.get("headwear")),
        ("Indian man", lambda look: look.gender == "male" and look.palette["skin"] == "brown"),
        ("Japanese engineer", lambda look: look.palette["skin"] == "ivory" and "tech" in look.roles),
        ("blue eyes", lambda look: look.palette["iris"] == "blue"),
        ("a man in a studio", lambda look: look.gender == "male" and look.parts["scene"] == ("studio",)),
    ],
)  # fmt: skip
def test_words_are_heeded(prompt: str, holds: object) -> None:
    assert callable(holds)
    for seed in (0, 1, 7):
        assert holds(choose(prompt, seed)), choose(prompt, seed)


def test_words_match_whole_words_in_any_case_and_accent() -> None:
    assert wishes("WOMAN")["gender"] == ("female",)
    assert "gender" not in wishes("mandatory shelter")
    assert wishes("Séniör PROFÉSSOR, red-haired") == {
        "age": ("old",), "role": ("teacher",), "scene": ("class-room",), "hair": ("red",),
    }  # fmt: skip
    assert wishes("") == wishes("🙂 ¿?") == {}


def test_nothing_asked_leaves_it_to_the_seed() -> None:
    assert choose("", 0).id == "ada"
    assert {choose("", seed).id for seed in range(100)} == {look.id for look in gallery()}


def test_the_seed_varies_what_words_leave_open_and_nothing_else() -> None:
    chosen = [choose("male doctor", seed) for seed in range(20)]
    assert {look.id for look in chosen} == {"raj"}
    assert len({look.palette["accent"] for look in chosen}) > 1
    assert {look.palette["skin"] for look in chosen} == {"brown"}
    dressed = {choose("a woman in a red dress", seed).palette["cloth"] for seed in range(20)}
    assert dressed == {"burgundy"}


def test_no_two_neighbours_are_alike_until_all_mixtures_were_there() -> None:
    for prompt, count in (("an old man", 4), ("a friendly teacher", 8), ("male doctor", 3), ("", 21)):
        for first in (0, 5, 2**32 - 60):
            chosen = [choose(prompt, seed) for seed in range(first, first + count)]
            assert all(one != other for place, one in enumerate(chosen) for other in chosen[:place]), prompt


def test_choice_is_deterministic() -> None:
    for prompt in ("teacher", "", "young woman, blond hair, blue shirt"):
        for seed in (0, 3, 123456789):
            assert choose(prompt, seed) == choose(prompt, seed)


def test_every_choice_is_of_parts_and_palettes_that_exist() -> None:
    from stages.portrait.drawn import looks

    for seed in range(40):
        for prompt in ("", "red hair", "bearded man with glasses", "old woman without glasses at home", "pale teen"):
            chosen: Look = choose(prompt, seed)
            assert looks.worn(chosen)
            assert looks.style(chosen)


def test_an_unknown_name_is_told_with_near_ones() -> None:
    assert find(" Ada ").id == "ada"
    with pytest.raises(NotFound, match="Did you mean sofia"):
        find("sophia")
    with pytest.raises(NotFound, match="Use one of ada, omar, .*clara"):
        find("☃" * 1000)


def test_voice_hints_tell_age_and_gender() -> None:
    assert find("grace").voice == "old female"
    assert find("kofi").voice == "male"
    assert find("leo").voice == "child-like male"
