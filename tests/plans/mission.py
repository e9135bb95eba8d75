"""The whole mission as the planner sees it: the catalogue's recipes above the floors that serve everywhere."""

from dataclasses import dataclass

from avatar.stage import Mode, Needs
from hf_spaces_models import MMS, PIPER, RECIPES


@dataclass(frozen=True, slots=True)
class Recipe:
    id: str
    needs: Needs


@dataclass(frozen=True, slots=True)
class Chain:
    name: str
    chain: tuple[Recipe, ...]


OWN = {"speech": Recipe("upload", Needs(packages=("av",))), "portrait": Recipe("photo", Needs(packages=("cv2",)))}
FLOORS = {
    "speech": Recipe("espeak", Needs(packages=("espeakng_loader",))),
    "portrait": Recipe("drawn", Needs(packages=("resvg_py",))),
    "motion": Recipe("idle", Needs()),
    "pose": Recipe("warp", Needs()),
    "lips": Recipe("phonemes", Needs()),
    "film": Recipe("compositor", Needs(packages=("av", "cv2"), modes=(Mode(pace=0.3),))),
}
CORE = frozenset(name for floor in (*OWN.values(), *FLOORS.values()) for name in floor.needs.packages)
PACKAGES = CORE | {name for recipe in RECIPES.values() for name in recipe.needs.packages}

FROM_WORDS = {"ltx", "wan21-t2v-13b", "wan21-i2v", "wan22-ti2v-5b", "wan22-a14b", "modelscope"}
SPECIAL = frozenset(
    {("speech", "upload"), ("speech", "speecht5-clone"), ("portrait", "photo")}
    | {("speech", backend) for backend in ("pocket", *(f"mms-{code}" for code, _ in MMS))}
    | {("speech", f"piper-{name}") for name, *_ in PIPER}
    | {("video", backend) for backend in FROM_WORDS}
)


def _chain(stage: str) -> Chain:
    own = (OWN[stage],) if stage in OWN else ()
    recipes = tuple(Recipe(recipe.backend, recipe.needs) for recipe in RECIPES.values() if recipe.stage == stage)
    return Chain(stage, (*own, *recipes, FLOORS[stage]))


MISSION = tuple(_chain(stage) for stage in FLOORS)
