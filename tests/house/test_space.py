"""What a Space, a container and a compose file read: each linted, and run as far as a test can."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from avatar import settings
from tests.house.test_serving import ASK, free_port, served

yaml = pytest.importorskip("yaml", reason="YAML files are read with PyYAML, which the full environment has")

ROOT = Path(__file__).resolve().parents[2]
COLOURS = {"red", "yellow", "green", "blue", "indigo", "purple", "pink", "gray"}
ZERO_GPU_PYTHONS = {"3.12.12", "3.10.13"}


def front_matter() -> dict[str, Any]:
    found = re.match(r"---\n(.*?)\n---\n", (ROOT / "README.md").read_text(), re.DOTALL)
    assert found
    card: dict[str, Any] = yaml.safe_load(found[1])
    return card


def pinned(package: str) -> str:
    found = re.search(rf"^{package}==(\S+)$", (ROOT / "requirements.txt").read_text(), re.MULTILINE)
    assert found
    return found[1]


def copied(folder: Path) -> Path:
    """What `COPY . .` would bring: what git knows, less .dockerignore."""
    listed = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    left_out = {line for line in (ROOT / ".dockerignore").read_text().splitlines() if line}
    for name in listed.stdout.splitlines():
        if name.split("/")[0] not in left_out and (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, folder / name)
    return folder


def test_the_front_matter_is_what_a_space_understands() -> None:
    card = front_matter()
    assert card["sdk"] == "gradio"
    assert card["sdk_version"] == pinned("gradio")
    assert (ROOT / card["app_file"]).is_file()
    assert {card["colorFrom"], card["colorTo"]} <= COLOURS
    assert len(card["short_description"]) <= 60
    assert card["python_version"] in ZERO_GPU_PYTHONS


def test_the_hubs_own_client_reads_the_front_matter() -> None:
    hub = pytest.importorskip("huggingface_hub")
    data = hub.SpaceCard.load(ROOT / "README.md").data
    assert (data.title, data.sdk, data.app_file) == ("Avatar Chat", "gradio", "app.py")


def test_the_dockerfile_has_no_finding() -> None:
    hadolint = shutil.which("hadolint", path=str(Path(sys.executable).parent))
    if hadolint is None:
        pytest.skip("hadolint is not installed; requirements-dev.txt has it")
    found = subprocess.run([hadolint, str(ROOT / "Dockerfile")], capture_output=True, text=True, check=False)
    assert (found.returncode, found.stdout) == (0, "")


def test_the_image_runs_the_python_that_the_space_runs() -> None:
    image = re.search(r"^FROM python:(\S+?)-", (ROOT / "Dockerfile").read_text(), re.MULTILINE)
    assert image
    assert image[1] == front_matter()["python_version"]


def test_both_images_bring_the_same_system_libraries() -> None:
    wanted = set((ROOT / "packages.txt").read_text().split())
    assert wanted <= set((ROOT / "Dockerfile").read_text().split())


@pytest.mark.parametrize("command", [["app.py", "--help"], ["-m", "avatar", "--help"], ["-m", "avatar", "plan"]])
def test_a_clean_folder_with_what_the_image_copies_runs(tmp_path: Path, command: list[str]) -> None:
    folder = copied(tmp_path / "app")
    environ = {"HOME": str(tmp_path), "PATH": os.environ["PATH"], "AVATAR_DATA_DIR": str(tmp_path / "data")}
    ran = subprocess.run(
        [sys.executable, *command], cwd=folder, env=environ, capture_output=True, text=True, check=False, timeout=120
    )
    assert (ran.returncode, ran.stderr) == (0, "")
    assert not (folder / "tests").exists()
    assert not (folder / ".git").exists()


def test_compose_starts_commands_that_exist_and_sets_what_is_read() -> None:
    services = yaml.safe_load((ROOT / "compose.yaml").read_text())["services"]
    commands = [service["command"] for name, service in services.items() if name != "database"]
    assert [command[:3] for command in commands] == [["python", "-m", "avatar"]] * 2
    assert [command[3] for command in commands] == ["serve", "worker"]
    settings = (ROOT / "avatar" / "settings.py").read_text()
    named = {
        name for service in services.values() for name in service.get("environment", {}) if name.startswith("AVATAR")
    }
    assert named == {"AVATAR_DATABASE_URL", "AVATAR_DATA_DIR"}
    assert all(f"    {name} " in settings for name in named)


def test_compose_files_are_understood_by_docker(tmp_path: Path) -> None:
    if shutil.which("docker") is None:
        pytest.skip("docker is not on this machine")
    shutil.copy(ROOT / "compose.yaml", tmp_path)
    environ = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "POSTGRES_PASSWORD": "x"}
    ran = subprocess.run(
        ["docker", "compose", "config", "--quiet"],
        cwd=tmp_path,
        env=environ,
        capture_output=True,
        text=True,
        check=False,
    )
    if "is not a docker command" in ran.stderr or "unknown" in ran.stderr:
        pytest.skip("docker has no compose here")
    assert (ran.returncode, ran.stderr) == (0, "")


def test_on_a_space_links_lead_to_its_own_address(tmp_path: Path) -> None:
    environ = {"AVATAR_DATA_DIR": str(tmp_path), "SPACE_HOST": "ada-avatar-chat.hf.space"}
    assert settings.read(environ).public_url == "https://ada-avatar-chat.hf.space"
    mine = settings.read(environ | {"AVATAR_PUBLIC_URL": "https://avatars.example.org/"})
    assert mine.public_url == "https://avatars.example.org"
    assert settings.read({"AVATAR_DATA_DIR": str(tmp_path)}).public_url == ""


def test_app_py_listens_where_the_space_says(tmp_path: Path) -> None:
    host = {"SPACE_HOST": "ada-avatar-chat.hf.space", "SPACE_ID": "ada/avatar-chat"}
    asked = {"host": host["SPACE_HOST"], "origin": f"https://{host['SPACE_HOST']}", "x-forwarded-proto": "https"}
    port = str(free_port())
    environ = host | {"GRADIO_SERVER_NAME": "127.0.0.1", "GRADIO_SERVER_PORT": port}
    with served(tmp_path / "data", str(ROOT / "app.py"), port=port, **environ) as (_, client):
        assert client.get("/health", headers=asked).json()["plan"]["mode"] == "video"
        refused = client.post("/v1/videos", json={}, headers=asked | {"origin": "https://elsewhere.example"})
        assert refused.status_code == 403
        job = client.post("/v1/videos", json=ASK, headers=asked).json()
        assert job["urls"]["get"].startswith("https://ada-avatar-chat.hf.space/")


def test_the_example_names_only_settings_that_are_read() -> None:
    settings = (ROOT / "avatar" / "settings.py").read_text()
    named = re.findall(r"^#? ?(AVATAR_\w+)=", (ROOT / ".env.example").read_text(), re.MULTILINE)
    assert len(named) > 10
    assert [name for name in named if f"    {name} " not in settings] == []
