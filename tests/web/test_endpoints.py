"""The page's named endpoints, called by Gradio's own client."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.api.served import KEYS, until
from tests.web.test_visits import opened

client_of = pytest.importorskip("gradio_client", reason="the page needs gradio")


@dataclass
class House:
    """Where it serves, and where its clients put files."""

    address: str
    folder: Path

    def client(self, key: str = "") -> Any:
        """A client of Gradio's, as a program has one."""
        headers = {"X-API-Key": key} if key else {}
        httpx.get(self.address, timeout=120)  # Gradio may still be on its way
        return client_of.Client(
            self.address, verbose=False, analytics_enabled=False, headers=headers, download_files=self.folder
        )


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """A house that is open to everybody, whose jobs are done at once."""
    with opened(tmp_path_factory.mktemp("endpoints")) as found:
        yield House(str(found.base_url), tmp_path_factory.mktemp("taken"))


@pytest.fixture(scope="module")
def client(house: House) -> Any:
    """One client."""
    return house.client()


@pytest.mark.parametrize(
    ("name", "asked", "kind"),
    [
        ("/talk", {"script": "Hello.", "avatar": "ada", "seed": 7}, "talk"),
        ("/video", {"prompt": "the sea", "seconds": 2.0, "steps": 4, "sampler": "ddim"}, "video"),
        ("/image", {"prompt": "a teacher", "guidance_scale": 1.5}, "image"),
    ],
)
def test_an_endpoint_gives_a_file_and_its_job(client: Any, name: str, asked: dict[str, Any], kind: str) -> None:
    file, job = client.predict(**asked, api_name=name)
    assert Path(file).suffix in (".mp4", ".png")
    assert Path(file).stat().st_size > 0
    assert (job["status"], job["request"]["kind"]) == ("completed", kind)
    assert job["output"]["seed"] == asked.get("seed", job["output"]["seed"])


def test_without_a_model_the_avatar_says_what_is_written(client: Any) -> None:
    said, films = client.predict(line="It is me.", api_name="/chat")
    assert said == "It is me."
    assert [Path(film).stat().st_size > 0 for film in films] == [True]


def test_every_endpoint_is_named_and_described(client: Any) -> None:
    named = client.view_api(return_format="dict", print_info=False)["named_endpoints"]
    assert {"/chat", "/talk", "/video", "/image"} == set(named)
    assert [each["parameter_name"] for each in named["/chat"]["parameters"]] == ["line", "avatar", "voice"]


@pytest.mark.parametrize(
    ("name", "asked", "says"),
    [
        ("/talk", {"script": ""}, "text is empty"),
        ("/talk", {"script": "Hi.", "size": "9x9"}, "A film of 9x9"),
        ("/image", {"prompt": "x", "steps": 10_000}, "steps"),
        ("/video", {"prompt": "x", "sampler": "magic"}, "sampler"),
    ],
)
def test_what_can_not_be_is_refused_in_a_sentence(client: Any, name: str, asked: dict[str, Any], says: str) -> None:
    with pytest.raises(client_of.exceptions.AppError, match=says):
        client.predict(**asked, api_name=name)


def test_a_house_with_keys_wants_one_here_too(tmp_path: Path) -> None:
    with opened(tmp_path, api_keys=KEYS) as found:
        house = House(str(found.base_url), tmp_path)
        with pytest.raises(client_of.exceptions.AppError, match="key"):
            house.client().predict(script="Hello.", api_name="/talk")
        file, job = house.client(KEYS[0][1]).predict(script="Hello.", api_name="/talk")
        assert Path(file).stat().st_size > 0
        mine = {"X-API-Key": KEYS[0][1]}
        until(lambda: found.get(f"/v1/videos/{job['id']}", headers=mine).status_code == 200)
        assert found.get(f"/v1/videos/{job['id']}", headers={"X-API-Key": KEYS[1][1]}).status_code == 404
