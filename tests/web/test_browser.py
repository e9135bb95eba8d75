"""The page, as somebody uses it: in a real browser, with the whole program behind it."""

from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import av
import httpx
import numpy as np
import pytest

from avatar.sampling import Diffusion
from tests.film.test_encode import tone
from tests.footage.films import written
from tests.web.conftest import Visitor

Visit = Callable[..., Visitor]

PLAYS = "document.querySelector('.chat .film').currentTime > {seconds}"
FRAME = """() => {
    const film = document.querySelector('.chat .film');
    const canvas = Object.assign(document.createElement('canvas'), { width: 64, height: 64 });
    const paper = canvas.getContext('2d');
    paper.drawImage(film, 0, 0, 64, 64);
    return [...paper.getImageData(0, 0, 64, 64).data];
}"""
LOUDNESS = """async (link) => {
    const bytes = await (await fetch(link)).arrayBuffer();
    const sound = await new OfflineAudioContext(1, 1, 22050).decodeAudioData(bytes);
    return sound.getChannelData(0).reduce((most, sample) => Math.max(most, Math.abs(sample)), 0);
}"""
LONG = "Peter Piper picked a peck of pickled peppers, and then he picked another one. " * 30
EYES_MOUTH_CHIN = {
    "right_eye": (0.4, 0.41),
    "left_eye": (0.6, 0.41),
    "right_mouth": (0.43, 0.62),
    "left_mouth": (0.57, 0.62),
    "chin": (0.5, 0.76),
}
ROOMS = ("chat", "studio", "jobs", "system")
HASTE = """new MutationObserver((_, observer) => {
    const tab = document.querySelector('.early-tabs [data-room=studio]');
    if (!tab?.textContent) return;
    observer.disconnect();
    window.hasty = tab.textContent;
    tab.click();
}).observe(document, { childList: true, subtree: true })"""
TILES = "document.querySelectorAll('.jobs .tile').length"


def test_two_clicks_bring_a_film_with_moving_picture_and_sound(visit: Visit) -> None:
    visitor = visit()
    visitor.page.click(".cast button[data-avatar=grace]")
    visitor.page.click(".chips button")
    visitor.until(PLAYS.format(seconds=0.2))
    early = visitor.page.evaluate(FRAME)
    visitor.until(PLAYS.format(seconds=1.2))
    late = visitor.page.evaluate(FRAME)
    assert sum(abs(one - other) for one, other in zip(early, late, strict=True)) > 1000
    visitor.page.wait_for_selector(".said .tools a[download]")
    assert visitor.page.evaluate(LOUDNESS, visitor.page.locator(".said .tools a").get_attribute("href")) > 0.05
    assert visitor.outside == []
    assert visitor.errors == []


def test_a_film_plays_while_it_is_still_being_made(visit: Visit) -> None:
    visitor = visit()
    visitor.say(LONG)
    visitor.until(PLAYS.format(seconds=0.5))
    assert visitor.page.locator(".said .tools a").count() == 0  # what is whole can be taken along
    visitor.page.click(".chat .send")


def test_a_new_line_stops_the_film_before(visit: Visit) -> None:
    visitor = visit()
    visitor.say(LONG)
    visitor.until(PLAYS.format(seconds=0.3))
    visitor.say("Enough.")
    visitor.until("document.querySelectorAll('.said')[1].querySelector('.tools a')")
    visitor.open("jobs")
    visitor.until("[...document.querySelectorAll('.tile .fate')].some((fate) => fate.textContent === 'Canceled')")


def test_everybody_sees_only_his_own_films(visit: Visit) -> None:
    ann, bob = visit(), visit()
    ann.say("I am Ann.")
    bob.say("I am Bob.")
    for visitor, mine in ((ann, "I am Ann."), (bob, "I am Bob.")):
        visitor.page.wait_for_selector(".said .tools a")
        visitor.open("jobs")
        visitor.until(f"{TILES} === 1")
        visitor.until(f"document.querySelector('.tile .text').textContent === '{mine}'")


def test_a_film_goes_on_when_the_page_is_loaded_anew(visit: Visit) -> None:
    visitor = visit()
    visitor.say(LONG[:230])
    visitor.page.wait_for_selector(".said.now")
    visitor.until("localStorage.getItem('avatar-chat.lines')")
    visitor.page.reload()
    visitor.page.wait_for_selector(".said .tools a")
    assert visitor.page.locator(".said .words").inner_text() == LONG[:230].strip()


def test_the_studio_tells_the_plan_refuses_beside_the_field_and_can_be_called_off(visit: Visit) -> None:
    visitor = visit()
    visitor.open("studio")
    page = visitor.page
    assert page.locator(".studio .go").is_disabled()
    page.fill("#s-script", LONG)
    visitor.until("document.querySelectorAll('.plan li').length >= 6")
    page.fill("#s-seed", "many")
    visitor.until("document.querySelector('[data-for=seed]').textContent.includes('seed')")
    assert page.locator(".studio .go").is_disabled()
    page.fill("#s-seed", "7")
    visitor.until("!document.querySelector('.studio .go').disabled")
    page.click(".studio .go")
    page.click(".studio .cancel")
    page.wait_for_selector(".studio .go:not([hidden])")
    visitor.open("jobs")
    visitor.until("document.querySelector('.tile .fate')?.textContent === 'Canceled'")


def test_the_studio_gives_all_files_and_makes_a_film_again_with_a_change(visit: Visit) -> None:
    visitor = visit()
    visitor.open("studio")
    visitor.page.fill("#s-script", "Short.")
    visitor.page.fill("#s-seed", "7")
    visitor.until("!document.querySelector('.studio .preview').disabled")
    visitor.page.click(".studio .preview")
    visitor.page.wait_for_selector(".downloads a")
    assert visitor.page.locator(".downloads a").count() == 7
    assert "7" in visitor.page.locator(".downloads .seed").inner_text()
    visitor.page.fill("#s-script", "Something else.")
    visitor.open("jobs")
    visitor.page.click(".tile .tools button >> nth=0")
    visitor.until("document.querySelector('#s-script').value === 'Short.'")


def _films_as_told(visitor: Visitor) -> None:
    """What Stable Video Diffusion is told reaches the plan, and is refused beside its field."""
    page = visitor.page
    page.click(".models summary")
    assert not page.locator("#s-bucket").is_visible()  # who greets is filmed by another model
    page.select_option("#s-gesture", "")
    page.fill("#s-bucket", "300")
    visitor.until("document.querySelector('[data-for=motion_bucket]').textContent.includes('255')")
    page.fill("#s-first", "5")
    with page.expect_request(lambda asked: '"motion_bucket":40' in (asked.post_data or "")) as planned:
        page.fill("#s-bucket", "40")
    assert planned.value.post_data_json["drive"] == {"motion_bucket": 40, "min_guidance": 5}
    visitor.until("document.querySelector('[data-for=min_guidance]').textContent.includes('rise from 5 to 3')")


def test_a_picture_needs_consent_and_marks_and_then_speaks(visit: Visit, address: str, tmp_path: Path) -> None:
    picture = tmp_path / "face.webp"
    picture.write_bytes(httpx.get(f"{address}/look/avatars/ada.webp", timeout=60).content)
    visitor = visit()
    page = visitor.page
    page.click(".chat .cast button >> nth=0")
    page.set_input_files("dialog input[type=file]", picture)
    page.wait_for_selector("dialog .drop img")
    assert page.locator("dialog .act").is_disabled()
    page.select_option("dialog .voice select", "old_male")
    page.check("dialog input[type=checkbox]")
    page.click("dialog .act")
    page.wait_for_selector(".marking .dot.chin")
    visitor.until("document.querySelector('.marking img').naturalWidth > 0")
    for name, place in EYES_MOUTH_CHIN.items():
        page.locator(f".marking .dot.{name}").focus()
        ground = page.locator(".marking .ground").bounding_box()
        page.locator(".marking .ground").click(
            position={"x": place[0] * ground["width"], "y": place[1] * ground["height"]}, force=True
        )
    page.click(".marking .act")
    page.wait_for_selector(".chat .cast button[data-avatar=mine][aria-checked=true]")
    kept = page.evaluate("JSON.parse(localStorage.getItem('avatar-chat.own')).landmarks")
    for name, place in EYES_MOUTH_CHIN.items():
        assert kept[name] == pytest.approx([512 * place[0], 512 * place[1]], abs=4)
    with page.expect_request(lambda asked: asked.method == "POST" and asked.url.endswith("/v1/videos")) as said:
        visitor.say("It is me.")
    assert said.value.post_data_json["voice"] == "+m1"
    visitor.until(PLAYS.format(seconds=0.1))
    visitor.open("studio")
    page.click(".studio .cast button[data-avatar=mine]")
    page.fill("#s-script", "It greets.")
    page.click(".studio details:has(#s-gesture) summary")
    with page.expect_request(
        lambda asked: "/me/v1/plans" in asked.url and "drive" in (asked.post_data or "")
    ) as planned:
        page.select_option("#s-gesture", "greet")
    assert planned.value.post_data_json["drive"] == {"motion": "greet"}
    assert planned.value.post_data_json["voice"] == "+m1"
    assert planned.value.response().status == 200
    _films_as_told(visitor)


def test_footage_takes_the_place_of_the_face_and_comes_back_with_a_change(visit: Visit, tmp_path: Path) -> None:
    sound = tone(tmp_path / "tone.wav", 0.5)
    film = written(tmp_path / "somebody.mp4", [np.full((128, 128, 3), grey, np.uint8) for grey in range(0, 240, 20)])
    visitor = visit()
    visitor.open("studio")
    page = visitor.page
    page.fill("#s-script", "I never said this.")
    page.click(".bring-footage")
    page.set_input_files("dialog input[type=file]", sound)
    page.click("dialog .act")
    assert page.locator("dialog input:invalid").count() == 1  # whoever is in it must have agreed
    page.check("dialog input[type=checkbox]")
    page.click("dialog .act")
    visitor.until("document.querySelector('dialog .slip').textContent.includes('film')")
    page.set_input_files("dialog input[type=file]", film)
    page.click("dialog .act")
    visitor.until("document.querySelector('.footage .brought').textContent === 'somebody.mp4'")
    assert not page.locator(".studio .face").is_visible()
    visitor.until("document.querySelector('.plan ul').textContent.includes('filmed: ')")  # its weights are not here
    page.click(".studio details:has(#s-background) summary")
    page.select_option("#s-background", "blur")
    visitor.until("document.querySelector('[data-for=background]').textContent.includes('video')")
    page.select_option("#s-background", "scene")
    visitor.until("!document.querySelector('.studio .go').disabled")
    with page.expect_request("**/me/v1/videos") as asked:
        page.click(".studio .go")
    page.click(".studio .cancel")
    page.wait_for_selector(".studio .go:not([hidden])")
    page.click(".drop-footage")
    assert page.locator(".studio .face").is_visible()
    visitor.open("jobs")
    page.locator(".tile .tools button", has_text="change").click()
    visitor.until("document.querySelector('.footage .brought').textContent")
    with page.expect_request("**/me/v1/plans") as planned:
        page.fill("#s-script", "I never said that.")
    assert planned.value.post_data_json["video"] != asked.value.post_data_json["video"]
    assert planned.value.response().status == 200
    assert "avatar" not in planned.value.post_data_json


def test_a_full_queue_says_so_and_the_line_goes_through_when_there_is_room(visit: Visit, address: str) -> None:
    visitor = visit()
    asks = f"{address}/me/v1/videos"
    with httpx.Client(headers={"X-Visitor": "b" * 30}, timeout=60) as other:
        waiting = []
        while (answer := other.post(asks, json={"script": LONG})).status_code == 202:
            waiting.append(answer.json()["id"])
        assert (answer.status_code, answer.json()["code"]) == (503, "queue_full")
        visitor.say("Is there room for me?")
        visitor.until("document.querySelector('.composer .slip').textContent.includes('wait already')")
        assert visitor.page.input_value(".chat textarea") == "Is there room for me?"
        assert visitor.page.locator(".said").count() == 0
        for job in waiting:
            other.post(f"{asks}/{job}/cancel")
    visitor.page.keyboard.press("Enter")
    visitor.until(PLAYS.format(seconds=0.1))
    assert visitor.page.locator(".composer .slip").inner_text() == ""


def test_words_become_pictures_side_by_side_and_the_chosen_one_talks(visit: Visit) -> None:
    visitor = visit()
    visitor.open("studio")
    page = visitor.page
    page.check(".kinds input[value=image]", force=True)
    page.fill("#s-prompt", "a friendly teacher")
    page.select_option("#s-variations", "2")
    page.click(".models summary")
    page.fill("#s-steps", "many")
    visitor.until("document.querySelector('[data-for=steps]').textContent.includes('steps')")
    page.fill("#s-steps", "4")
    visitor.until("!document.querySelector('.studio .go').disabled")
    assert page.locator(".plan li b").all_inner_texts() == ["Picture"]
    page.click(".studio .preview")
    page.wait_for_selector(".takes button >> nth=1")
    visitor.until("[...document.querySelectorAll('.takes img')].every((image) => image.naturalWidth === 256)")
    first, second = (int(seed) for seed in page.locator(".takes span").all_inner_texts())
    assert second == first + 1
    told = page.locator(".studio .remarks").inner_text()
    assert "no image model painted it" in told
    visitor.open("jobs")
    page.click(".tile .shot")
    assert page.locator("dialog .remarks").inner_text() == told
    assert page.locator("dialog .several img").count() == 2
    page.click("dialog .row button")
    visitor.open("studio")
    page.click(".takes button >> nth=1")
    page.click(".studio .full")
    visitor.until("document.querySelector('.studio .poster').naturalWidth === 512")
    visitor.until(f"document.querySelector('.downloads .seed').textContent.includes('{second}')")
    page.click(".studio .talker")
    page.wait_for_selector(".studio .cast button[data-avatar=mine][aria-checked=true]")
    page.fill("#s-script", "I was a picture.")
    visitor.until("!document.querySelector('.studio .go').disabled")
    assert visitor.errors == []


def test_words_become_a_silent_film(visit: Visit) -> None:
    visitor = visit()
    visitor.open("studio")
    visitor.page.check(".kinds input[value=video]", force=True)
    visitor.page.fill("#s-prompt", "a friendly teacher")
    visitor.page.fill("#s-seconds", "0")
    visitor.until("document.querySelector('[data-for=seconds]').textContent.includes('seconds')")
    visitor.page.fill("#s-seconds", "1")
    visitor.page.click(".models summary")
    visitor.page.fill("#s-frames", "9999")
    visitor.until("document.querySelector('[data-for=frames]').textContent.includes('60 s')")
    visitor.page.fill("#s-cache", "0.1")
    with visitor.page.expect_request(lambda asked: '"frames":30' in (asked.post_data or "")) as planned:
        visitor.page.fill("#s-frames", "30")
    body = planned.value.post_data_json
    assert (body["cache_threshold"], "seconds" in body) == (0.1, False)
    visitor.until("!document.querySelector('.studio .preview').disabled")
    with visitor.page.expect_request(lambda asked: asked.method == "POST" and asked.url.endswith("/videos")) as made:
        visitor.page.click(".studio .preview")
    assert {"seconds": 1, "steps": 6}.items() <= made.value.post_data_json.items()
    visitor.until("document.querySelector('.studio .film').currentTime > 0.2")


def test_the_page_tells_how_a_model_worked(visit: Visit) -> None:
    visitor = visit()
    visitor.open("studio")
    work = Diffusion("sd-turbo", (7, 8), 2, 0.0, "euler-a", 512, 384)
    told = visitor.page.evaluate(
        """async (work) => {
            const { remarks } = await import(new URL("look/static/downloads.js", document.baseURI));
            const list = document.createElement("ul");
            return remarks(list, { fallbacks: [], output: { notes: [], diffusion: [work] } }).textContent;
        }""",
        asdict(work),
    )
    assert told == "sd-turbo: Sampler euler-a · Steps 2 · Guidance scale 0 · Size 512 × 384 · Seed 7, 8"


def test_a_conversation_is_taken_along_as_text_and_as_one_film(visit: Visit) -> None:
    visitor = visit()
    page = visitor.page
    for count, line in enumerate(("One, two, three.", "Four, five, six.")):
        visitor.say(line)
        page.wait_for_selector(f".said:nth-of-type({count + 1}) .tools a")
    page.click(".menu summary")
    with page.expect_download() as taken:
        page.click(".menu .as-text")
    assert Path(taken.value.path()).read_text().splitlines() == ["Ada: One, two, three.", "Ada: Four, five, six."]
    page.click(".menu summary")
    with page.expect_download() as taken:
        page.click(".menu .as-film")
    with av.open(str(taken.value.path())) as film:
        assert film.duration is not None
        assert film.duration / av.time_base > 2.5
        assert {stream.type for stream in film.streams} == {"video", "audio"}


def test_the_microphone_says_why_it_can_not(visit: Visit) -> None:
    visitor = visit()
    visitor.page.click(".chat .mic")
    visitor.until("document.querySelector('.composer .slip').textContent.includes('wav2vec')")


def test_models_are_listed_and_what_ails_a_fetch_is_told(visit: Visit) -> None:
    visitor = visit()
    visitor.open("system")
    page = visitor.page
    row = page.locator(".shelf tr", has_text="MediaPipe FaceLandmarker")
    assert "Apache-2.0" in row.inner_text()
    row.locator("button").click()
    visitor.until("[...document.querySelectorAll('.shelf td.bad')].length === 1")
    page.select_option("#y-profile", "maximum")
    visitor.until("document.querySelector('.costs').textContent.includes('maximum')")
    page.click(".system .wear")
    visitor.open("studio")
    assert page.locator("#s-profile").input_value() == "maximum"


def test_no_room_is_wider_than_a_phone_and_the_chat_is_not_higher(visit: Visit) -> None:
    visitor = visit(viewport={"width": 390, "height": 844}, has_touch=True)
    visitor.until("document.documentElement.scrollHeight === 844")
    visitor.page.click(".chat .menu summary")
    assert visitor.page.locator(".chat .menu div").bounding_box()["x"] >= 0
    visitor.page.click(".chat .menu summary")
    for room in ROOMS:
        if room != "chat":
            visitor.open(room)
        assert (room, visitor.page.evaluate("document.documentElement.scrollWidth") <= 390) == (room, True)


def test_a_tab_that_is_clicked_before_the_frame_is_there_opens_with_it(visit: Visit) -> None:
    visitor = visit()
    visitor.page.add_init_script(HASTE)
    visitor.page.reload()
    visitor.page.wait_for_selector(".studio.open")
    assert visitor.page.evaluate("window.hasty") == "Studio"
    assert visitor.errors == []


@pytest.mark.parametrize(("tag", "studio"), [("de-DE", "Studio"), ("ja-JP", "スタジオ"), ("zh-CN", "工作室")])
def test_the_page_speaks_the_visitors_language(visit: Visit, tag: str, studio: str) -> None:
    visitor = visit(locale=tag)
    assert visitor.page.locator("#tab-studio-button").inner_text() == studio
    assert visitor.page.locator(".hello").inner_text() != "Write a line. Watch it spoken."


def test_light_and_dark_are_kept(visit: Visit) -> None:
    visitor = visit(color_scheme="light")
    visitor.page.click("#shade")
    visitor.page.reload()
    visitor.page.wait_for_selector(".chat.open")
    visitor.until("document.body.classList.contains('dark')")


@pytest.mark.parametrize("shade", ["light", "dark"])
def test_nothing_serious_hinders_those_who_can_not_see(visit: Visit, shade: str) -> None:
    checker = pytest.importorskip("axe_playwright_python", reason="no axe-core: install requirements-dev.txt")
    visitor = visit(color_scheme=shade, bypass_csp=True)
    visitor.page.add_script_tag(path=Path(checker.__file__).with_name("axe.min.js"))
    found: list[Any] = []
    for room in ROOMS:
        if room != "chat":
            visitor.open(room)
        told = visitor.page.evaluate("axe.run(document, { resultTypes: ['violations'] })")
        grave = [one for one in told["violations"] if one["impact"] in ("serious", "critical")]
        found += [(room, one["id"], [node["target"] for node in one["nodes"]][:5]) for one in grave]
    assert found == []
