"""Settings come from the environment and nowhere else."""

from pathlib import Path

import pytest

from avatar import settings
from avatar.errors import BadRequest


def test_without_an_environment_the_users_own_folder_is_taken() -> None:
    assert settings.read({"XDG_DATA_HOME": "/x"}).data == Path("/x/avatar-chat")
    assert settings.read({}).data == Path("~/.local/share/avatar-chat").expanduser()
    assert settings.read({}).timeout is None


def test_a_named_data_folder_is_made_absolute(tmp_path: Path) -> None:
    chosen = settings.read({"AVATAR_DATA_DIR": str(tmp_path)})
    assert (chosen.data, chosen.models) == (tmp_path, tmp_path / "models")
    assert settings.read({"AVATAR_DATA_DIR": "here"}).data.is_absolute()


@pytest.mark.parametrize(
    ("text", "size"), [("5GB", 5 * 10**9), ("500 mb", 5 * 10**8), ("1.5G", 15 * 10**8), ("1000", 1000), ("2kB", 2000)]
)
def test_sizes(text: str, size: int) -> None:
    assert settings.read({"AVATAR_STORE_BUDGET": text}).store_budget == size


@pytest.mark.parametrize(
    "environ",
    [
        {"AVATAR_STORE_BUDGET": "lots"},
        {"AVATAR_STORE_BUDGET": "-1"},
        {"AVATAR_TIMEOUT": "0"},
        {"AVATAR_TIMEOUT": "x"},
        {"AVATAR_COMPILE": "yes"},
    ],
)
def test_nonsense_is_refused_by_name(environ: dict[str, str]) -> None:
    with pytest.raises(BadRequest, match=next(iter(environ))):
        settings.read(environ)


def test_a_mirror_is_an_address() -> None:
    assert settings.read({"AVATAR_MIRROR": "https://mirror.example.org/w/"}).mirror == "https://mirror.example.org/w"
    with pytest.raises(BadRequest, match="AVATAR_MIRROR"):
        settings.read({"AVATAR_MIRROR": "mirror.example.org"})


def test_the_table_names_every_variable() -> None:
    source = Path(settings.__file__).read_text()
    table, code = source.split('"""', 2)[1:]
    named = {word for word in table.split() if word.startswith("AVATAR_")}
    assert {word for word in code.replace('"', " ").replace("'", " ").split() if word.startswith("AVATAR_")} <= named
