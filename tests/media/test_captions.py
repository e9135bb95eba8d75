"""Captions: cues that can be read, files that can't be broken into, pictures that lie where they should."""

import json
import re
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from avatar.artifacts import Utterance, Word
from avatar.errors import BadRequest
from avatar.media import captions, lettering
from avatar.media.cues import clean, width
from stages.film.canvas import Planes

PRIMES = (
    "Prime numbers are the building blocks of arithmetic. Seventeen, for example, is prime: no number but one "
    "and 17 itself divides it — try 2, 3, 5 and 7! Why stop there? Because the square root of seventeen is a "
    "little over four. Yes. And that single observation, which the Greeks already knew more than two thousand "
    "years ago, saves us nearly all of the work."
)
HEBREW = "מספרים ראשוניים הם אבני הבניין של החשבון"
CHINESE = "质数是算术的基石。十七是质数，因为除了一和十七以外，没有别的整数能够整除它。为什么到这里就可以停下来呢？"


def spoken(text: str, pieces: list[str] | None = None, *, pace: float = 0.07, language: str = "en") -> Utterance:
    """An utterance of these words, `pace` seconds a letter, with pauses where the marks are."""
    words, now = [], 0.1
    for piece in text.split() if pieces is None else pieces:
        bare = piece.strip(".,:;!?—\"'。，？")
        end = now + max(0.1, pace * len(piece))
        if bare:
            words.append(Word(bare, now, end))
        now = end + (0.4 if piece[-1] in ".!?。？" else 0.15 if piece[-1] in ",:;，" else 0.0)
    return Utterance(now + 0.3, language, text, (), tuple(words), True)


def in_chinese() -> Utterance:
    return spoken(CHINESE, [CHINESE[at : at + 2] for at in range(0, len(CHINESE), 2)], pace=0.2, language="zh")


def words_of(cues: tuple[captions.Cue, ...]) -> str:
    return " ".join(line for cue in cues for line in cue.lines)


@pytest.mark.parametrize("utterance", [spoken(PRIMES), in_chinese(), spoken(HEBREW * 3, language="he")])
@pytest.mark.parametrize("columns", [16, 30, 42])
def test_cues_keep_their_limits(utterance: Utterance, columns: int) -> None:
    cues = captions.cues(utterance, columns=columns)
    assert all(1 <= len(cue.lines) <= 2 for cue in cues)
    assert max(width(line) for cue in cues for line in cue.lines) <= columns
    assert all(0 <= cue.start < cue.end <= utterance.seconds and cue.end - cue.start <= 7.0 for cue in cues)
    assert all(first.end <= second.start for first, second in pairwise(cues))


def test_cues_lose_and_double_nothing() -> None:
    assert words_of(captions.cues(spoken(PRIMES))) == PRIMES
    assert words_of(captions.cues(in_chinese())).replace(" ", "") == CHINESE


def test_cues_end_where_sentences_and_clauses_end() -> None:
    cues = captions.cues(spoken(PRIMES))
    ends = [cue.lines[-1][-1] in ".,:!?" for cue in cues]
    assert sum(ends) >= len(ends) - 1
    assert "blocks of arithmetic." in cues[0].lines[-1]


def test_cues_stand_at_least_a_second_where_there_is_room() -> None:
    (cue,) = captions.cues(Utterance(3.0, "en", "Yes.", (), (Word("Yes", 0.2, 0.5),), True))
    assert (cue.start, cue.end) == (0.2, 1.2)


def test_cues_of_a_short_film_end_with_it() -> None:
    (cue,) = captions.cues(Utterance(0.6, "en", "Yes.", (), (Word("Yes", 0.2, 0.5),), True))
    assert cue.end == 0.6


def test_cues_follow_the_words_times() -> None:
    utterance = Utterance(20.0, "en", "One. Two.", (), (Word("One", 1.0, 1.4), Word("Two", 12.0, 12.5)), True)
    assert [cue.start for cue in captions.cues(utterance)] == [1.0, 12.0]


def test_words_spoken_otherwise_than_written_still_find_their_time() -> None:
    words = (Word("The", 0.0, 0.2), Word("seventeenth", 0.2, 0.9), Word("prime", 0.9, 1.4))
    (cue,) = captions.cues(Utterance(2.0, "en", "The 17th prime", (), words, True))
    assert cue.lines == ("The 17th prime",)
    assert (cue.start, cue.end) == (0.0, 1.4)


def test_a_word_is_not_found_inside_a_longer_one() -> None:
    words = (Word("an", 8.0, 8.2), Word("idea", 8.2, 8.6))
    cues = captions.cues(Utterance(12.0, "en", "Banana. An idea", (), words, False))
    assert cues[-1].lines == ("An idea",)
    assert cues[-1].start == 8.0


def test_no_words_and_no_text() -> None:
    nothing = Utterance(2.0, "en", "", (), (), True)
    assert captions.cues(nothing) == ()
    assert captions.to_srt(()) == ""
    assert captions.Burner(nothing, 256, 256).frame_at(1.0) is None


def test_a_text_without_timed_words_is_spread_over_the_film() -> None:
    cues = captions.cues(replace(spoken(PRIMES), words=()))
    assert words_of(cues) == PRIMES
    assert cues[0].start == 0.0
    assert cues[-1].end > 0.8 * spoken(PRIMES).seconds


def test_a_word_longer_than_a_line_is_torn_between_letters_not_marks() -> None:
    word = "e\u0323\u0302x" * 60
    cues = captions.cues(Utterance(9.0, "en", word, (), (Word(word, 0.0, 9.0),), True))
    assert words_of(cues).replace(" ", "") == clean(word)
    assert all(line[0] in "exệ" for cue in cues for line in cue.lines)


def test_east_asian_lines_do_not_begin_with_closing_marks() -> None:
    lines = [
        line for columns in (14, 20, 42) for cue in captions.cues(in_chinese(), columns=columns) for line in cue.lines
    ]
    assert not [line for line in lines if line[0] in "。，？"]


HOSTILE = "a\x00b\u202e --> 00:00:09,000\r\n\r\n2\n{\\an8}<b>bold</b> <script>x</script> & 2 < 3 \ud800 {y:i}"


def test_text_cannot_break_out_of_its_srt_cue() -> None:
    srt = captions.to_srt(captions.cues(spoken(PRIMES + " " + HOSTILE)))
    blocks = srt.strip().split("\n\n")
    timing = re.compile(r"\d{2}:\d{2}:\d{2},\d{3} --> \d{2}:\d{2}:\d{2},\d{3}")
    for number, block in enumerate(blocks, start=1):
        head, times, *lines = block.split("\n")
        assert head == str(number)
        assert timing.fullmatch(times)
        assert 1 <= len(lines) <= 2
        assert not re.search(r"-->|[{}\\]|<[a-z/]|[\x00-\x1f\u202e]", "".join(lines))
    assert "2 < 3" in srt
    srt.encode("utf-8")


def test_text_cannot_break_out_of_its_vtt_cue() -> None:
    vtt = captions.to_vtt(captions.cues(spoken(HOSTILE)))
    head, *blocks = vtt.strip().split("\n\n")
    assert head == "WEBVTT"
    for block in blocks:
        times, *lines = block.split("\n")
        assert times.count("-->") == 1
        assert 1 <= len(lines) <= 2
        assert not re.search(r"-->|[<>]|&(?!amp;|lt;|gt;)", "".join(lines))
    assert "2 &lt; 3" in vtt
    assert "&lt;b&gt;bold" in vtt


def test_times_are_written_with_hours() -> None:
    cue = captions.Cue(3661.5, 3662.25, ("late",))
    assert captions.to_srt((cue,)) == "1\n01:01:01,500 --> 01:01:02,250\nlate\n"
    assert captions.to_vtt((cue,)) == "WEBVTT\n\n01:01:01.500 --> 01:01:02.250\nlate\n"


def test_words_as_json() -> None:
    facts = json.loads(captions.words_json(spoken("Hi, naïve world")))
    assert [word["text"] for word in facts["words"]] == ["Hi", "naïve", "world"]
    assert facts["exact"] is True
    assert facts["words"][0]["start"] == 0.1


@pytest.mark.parametrize("size", [(256, 256), (512, 512), (576, 1024), (1024, 576), (1920, 1080)])
def test_burned_captions_stay_in_the_safe_area(size: tuple[int, int]) -> None:
    burner = captions.Burner(spoken(PRIMES), *size)
    for cue in burner.cues:
        shown = burner.frame_at(cue.start)
        assert shown is not None
        pixels, x, y = shown
        assert x % 2 == y % 2 == pixels.shape[0] % 2 == pixels.shape[1] % 2 == 0
        assert x >= 0.04 * size[0]
        assert x + pixels.shape[1] <= 0.96 * size[0]
        assert y > size[1] // 2
        assert y + pixels.shape[0] <= 0.96 * size[1]
        assert pixels[..., 3].max() >= 250
        assert (pixels[..., :3] <= pixels[..., 3:]).all()


def test_nothing_is_drawn_between_cues() -> None:
    words = (Word("One", 1.0, 1.4), Word("Two", 12.0, 12.5))
    burner = captions.Burner(Utterance(20.0, "en", "One. Two.", (), words, True), 512, 512)
    assert [burner.frame_at(at) is not None for at in (0.5, 1.0, 1.9, 6.0, 12.1, 19.0)] == [
        False, True, True, False, True, False
    ]  # fmt: skip


def test_burning_lightens_letters_darkens_the_plate_and_leaves_the_rest() -> None:
    burner = captions.Burner(spoken("Seventeen is prime"), 320, 240)
    frame = Planes(np.full((240, 320), 120, np.uint8), np.full((120, 160, 2), 90, np.uint8))
    burner.draw(frame, 0.2)
    shown = burner.frame_at(0.2)
    assert shown is not None
    pixels, x, y = shown
    inside = frame.luma[y : y + pixels.shape[0], x : x + pixels.shape[1]]
    assert inside.max() > 220
    assert np.median(inside) < 80
    assert frame.luma[: y - 1].min() == frame.luma[: y - 1].max() == 120
    assert frame.chroma[: y // 2 - 1].max() == 90
    assert frame.chroma.max() > 100


def test_hebrew_is_drawn_from_right_to_left() -> None:
    assert lettering.visual("אבג (דה) 3.14 ok?") == "?ok 3.14 (הד) גבא"
    assert lettering.visual("say שלום now") == "say םולש now"
    assert lettering.visual("plain (text) 3.14") == "plain (text) 3.14"


def test_scripts_that_the_font_lacks_are_refused() -> None:
    for text in ("مرحبا", "नमस्ते", "สวัสดี"):
        with pytest.raises(BadRequest, match="soft captions"):
            captions.Burner(spoken(text), 512, 512)


@pytest.mark.parametrize(
    "text", ["Zażółć gęślą jaźń", "Πόσο κάνει;", "Съешь ещё", "こんにちは世界", "안녕하세요", "½ × 3 = 1.5"]
)
def test_scripts_that_the_font_has_are_drawn(text: str) -> None:
    shown = captions.Burner(spoken(text), 512, 512).frame_at(0.2)
    assert shown is not None
    assert shown[0][..., :3].max() > 200


def test_emoji_are_left_out_of_the_picture() -> None:
    assert lettering.drawable("Well 🎉 done?") == "Well done?"
