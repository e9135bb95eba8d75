"""The certificate of a finished job's film: what is measured on it, and how models made it. Measures nothing itself."""

from dataclasses import replace
from typing import TYPE_CHECKING

from avatar.jobs.service import Maker

if TYPE_CHECKING:
    from avatar.quality.figures import Certificate


def certificate(jobs: Maker, job_id: str) -> "Certificate":
    """Raises `NotFound` for a job without a film, and `StorageError`."""
    film, rig = jobs.file(job_id, "video"), jobs.file(job_id, "rig")
    outcome = jobs.job(job_id).outcome
    return replace(jobs.house.certify(film, rig), diffusion=outcome.diffusion if outcome else ())
