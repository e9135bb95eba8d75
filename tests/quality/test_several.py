"""The certificate of films in which several speak: whoever does is measured, by measures of their own."""

from dataclasses import replace

import numpy as np

from avatar.artifacts import Turn
from avatar.face.tracks import COLUMN, blank
from avatar.quality import Rig, faces, several
from tests.film.figures import puppet
from tests.quality.films import spoken

SAID = spoken(8.0)


def rig(turns: tuple[Turn, ...]) -> Rig:
    """A plain face for four seconds, then the same one twice as near."""
    track = blank(200)
    track[:, COLUMN["jawOpen"]] = 0.2 - 0.2 * np.cos(np.arange(200) / 3)
    points = puppet().landmarks(track)
    points[100:] *= 2.0
    return Rig(points, track, replace(SAID, turns=turns))


def test_each_face_is_measured_in_its_own_heights() -> None:
    made = rig((Turn("Ada", 0, 0.2, 3.8), Turn("Ben", 10, 4.14, 7.5)))
    first, second = several.groups(made)
    assert (first[0], first[-1], second[0], second[-1]) == (0, 99, 100, 199)
    found = several.curves(made, (first, second), (512, 512))
    alone = faces.from_rig(Rig(made.landmarks[:100], made.track[:100] if made.track is not None else None), 512, 512)
    assert np.allclose(found.gap[:100], alone.gap)
    assert 1.9 < found.height[150] / found.height[50] < 2.1
    assert found.gap[100:].max() < 1.1 * found.gap[:100].max()


def test_one_speaker_is_one_face() -> None:
    made = rig(())
    (every,) = several.groups(made)
    assert len(every) == 200
    assert several.followed(made, (every,), several.curves(made, (every,), (512, 512)))


def test_who_is_seen_for_too_short_or_too_small_is_not_followed_in_pixels() -> None:
    long = rig((Turn("Ada", 0, 0.2, 3.8), Turn("Ben", 10, 4.14, 7.5)))
    short = rig((Turn("Ada", 0, 0.2, 6.8), Turn("Ben", 10, 7.14, 7.5)))
    for made in (long, short):
        groups = several.groups(made)
        seen = several.curves(made, groups, (512, 512))
        assert not several.followed(made, groups, seen)  # the near face is large enough, the other one is not
    near = replace(long, landmarks=long.landmarks * 2.0)
    groups = several.groups(near)
    assert several.followed(near, groups, several.curves(near, groups, (1024, 1024)))
