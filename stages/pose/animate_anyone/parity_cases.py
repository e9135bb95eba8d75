"""What a fixture set is compared by: one generator of checks for each of its files. Knows no size and prints nothing.

Tolerances are those of the sets' own README.
"""

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import replace

import numpy as np
import torch
from torch import Tensor

from stages.pose.animate_anyone import diffusion, layout, parity_films, skeleton, weights, windows
from stages.pose.animate_anyone.networks import UNet
from stages.pose.animate_anyone.parity import FLOAT, Check, Fixtures

DERIVED = 5e-6
"""For betas, the quotients of neighbouring alphas. Square roots whose last bit differs between processors move them by
up to 4e-6 where alphas vanish; the sampler uses the alphas themselves, which are compared at 1e-6.
"""
GUIDER, BANK, NET, HALF_BANK, EXACT, ALGEBRA = 1e-6, 5e-5, 3e-5, 5e-5, 0.0, 1e-6
POINTS = 1e-9
TIMED = re.compile(r"_t(\d+)$")
STEPPED = re.compile(r"step(\d+)_(\d+)$")

Group = tuple[str, Iterator[Check]]


def groups(fixtures: Fixtures) -> Iterator[Group]:
    """Every file of the set with its checks, cheapest first."""
    yield "s_context_windows", _windows(fixtures)
    yield "s_scheduler", _scheduler(fixtures)
    yield "s_interpolate", _interpolation(fixtures)
    yield "s_pose_draw", _drawing(fixtures)
    forward: tuple[tuple[str, Callable[[Fixtures, str], Iterator[Check]]], ...] = (
        ("i_pose_guider", _guider),
        ("ii_reference_write", _bank),
        ("iii_denoise_plain", _plain),
        ("iv_denoise_reference", _seeing),
    )
    for prefix in ("", "odd_"):
        for name, checks in forward:
            yield prefix + name, checks(fixtures, prefix)
    if (fixtures.folder / "x_v1_plain.safetensors").exists():
        yield "x_v1_plain", _first_release(fixtures)
    yield from parity_films.groups(fixtures)


def _windows(fixtures: Fixtures) -> Iterator[Check]:
    for case in json.loads((fixtures.folder / "s_context_windows.json").read_text()):
        schedule = windows.Schedule(case["context_size"], case["context_overlap"], case["context_stride"])
        laid = windows.windows(case["num_frames"], schedule)
        name = f"{case['num_frames']} frames, {schedule.size}/{schedule.stride}/{schedule.overlap}"
        same = [list(window) for window in laid] == case["windows"]
        yield Check(name, torch.tensor(float(not same)), torch.tensor(0.0), EXACT)


def _scheduler(fixtures: Fixtures) -> Iterator[Check]:
    state = fixtures.state("s_scheduler")
    scheduler = diffusion.Scheduler(fixtures.models.schedule)
    own = {
        "betas": scheduler.ddim.betas,
        "alphas_cumprod": scheduler.ddim.alphas_cumprod,
        "final_alpha_cumprod": scheduler.ddim.final_alpha_cumprod.reshape(1),
    }
    for name, got in own.items():
        yield Check(name, got, state[name], DERIVED if name == "betas" else ALGEBRA)
    for name, want in state.items():
        if name.startswith("timesteps_"):
            steps = int(name.removeprefix("timesteps_"))
            yield Check(name, torch.tensor(scheduler.timesteps(steps)), want, EXACT)
        elif step := STEPPED.match(name):
            scheduler.timesteps(int(step[1]))
            yield Check(name, scheduler.step(state["model_output"], int(step[2]), state["sample"]), want, ALGEBRA)


def _interpolation(fixtures: Fixtures) -> Iterator[Check]:
    state = fixtures.state("s_interpolate")
    for name, want in state.items():
        curve, _, factor = name.rpartition("_x")
        if curve in ("linear", "slerp"):
            kind: diffusion.Curve = "linear" if curve == "linear" else "slerp"
            yield Check(name, diffusion.between(state["latents"], int(factor), kind), want, ALGEBRA)


def _drawing(fixtures: Fixtures) -> Iterator[Check]:
    cases = json.loads((fixtures.folder / "s_pose_draw.json").read_text())["cases"]
    with np.load(fixtures.folder / "s_pose_draw.npz") as stored:
        for index, case in enumerate(cases):
            name = f"c{index}"
            points, scores = skeleton.openpose(stored[f"{name}.keypoints"], stored[f"{name}.scores"])
            drawn = skeleton.draw(points, scores, size=(case["drawn"][0], case["drawn"][1]))
            for part, got, tolerance in (
                ("openpose_keypoints", points, POINTS),
                ("openpose_scores", scores, POINTS),
                ("drawn_u8", drawn, EXACT),
            ):
                want = torch.from_numpy(stored[f"{name}.{part}"])
                yield Check(f"{name}.{part}", torch.from_numpy(got), want, tolerance)


def _guider(fixtures: Fixtures, prefix: str) -> Iterator[Check]:
    state = fixtures.state(f"{prefix}i_pose_guider")
    films = [fixtures.models.guider(film.transpose(0, 1).float() / 255) for film in state["pose_u8"]]
    yield Check("pose_fea", torch.stack(films).transpose(1, 2), state["pose_fea"], GUIDER)


def _bank(fixtures: Fixtures, prefix: str) -> Iterator[Check]:
    state = fixtures.state(f"{prefix}ii_reference_write")
    net, latents, embeds = fixtures.models.reference, state["ref_latents"], state["clip_embeds"]
    rows = {"zero": torch.zeros_like(embeds), "seen": embeds}
    banks = {row: net.see(latents, embed) for row, embed in rows.items()}
    for index, path in enumerate(net.paths):
        want = state[f"bank.{path}"]
        got = torch.cat([banks["zero"][index], banks["seen"][index]])[-len(want) :]
        yield Check(f"bank.{path}", got, want, BANK)
    if "unet_last_hidden" in state:
        halves = tuple(net.tell(embed) for embed in rows.values())
        got = net(latents[:, :, None], net.times(0), halves)[:, 0, :, 0]
        yield Check("unet_last_hidden", got, state["unet_last_hidden"], BANK)


def _plain(fixtures: Fixtures, prefix: str) -> Iterator[Check]:
    state = fixtures.state(f"{prefix}iii_denoise_plain")
    told = fixtures.state(f"{prefix}ii_reference_write")["clip_embeds"]
    feature = fixtures.state(f"{prefix}i_pose_guider")["pose_fea"]
    net = fixtures.models.denoising
    for name, want in state.items():
        if moment := TIMED.search(name):
            pose = None if "nopose" in name else feature
            got = net(state["sample"], net.times(int(moment[1])), (net.tell(told),), pose=pose)
            yield Check(name, got[0], want, NET)


def _seeing(fixtures: Fixtures, prefix: str) -> Iterator[Check]:
    state = fixtures.state(f"{prefix}iv_denoise_reference")
    seen = fixtures.state(f"{prefix}ii_reference_write")
    sample = fixtures.state(f"{prefix}iii_denoise_plain")["sample"]
    pose = fixtures.state(f"{prefix}i_pose_guider")["pose_fea"]
    net, embeds = fixtures.models.denoising, seen["clip_embeds"]
    plain = net.tell(torch.zeros_like(embeds))
    for name, want in state.items():
        if moment := TIMED.search(name):
            half = "bank16" in name
            bank = [_rounded(seen[f"bank.{path}"][-1:], half=half) for path in net.paths]
            halves = (plain, net.tell(embeds, bank)) if "cfg1" in name else (net.tell(embeds, bank),)
            got = net(sample, net.times(int(moment[1])), halves, pose=pose)
            yield Check(name, got[:, 0], want, HALF_BANK if half else NET)


def _first_release(fixtures: Fixtures) -> Iterator[Check]:
    state = fixtures.state("x_v1_plain")
    config = fixtures.config
    sizes = layout.denoising(config["unet"], config["denoising_additional"])
    motion = replace(sizes.motion, mid=False) if sizes.motion else None
    paths = [fixtures.folder / "weights" / f"{part}.safetensors" for part in weights.RELEASED["denoising_unet"]]
    own = {name: value for name, value in weights.merged(paths).items() if not name.startswith("mid_block.motion")}
    first = replace(sizes, motion=motion, joint_norm=True)
    net = weights.fill(UNet(layout=first.plain()), own, source="the first release", dtype=FLOAT)
    moment = config["forward_cases"]["t"]
    got = net(state["sample"], net.times(moment), (net.tell(state["clip_embeds"]),))
    yield Check("out", got[0], state["out"], NET)


def _rounded(tokens: Tensor, *, half: bool) -> Tensor:
    return tokens.half().float() if half else tokens
