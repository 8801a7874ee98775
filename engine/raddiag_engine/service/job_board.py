"""The jobs that can be asked for by id: those that wait or run, and the last finished ones within bounds.

It belongs to the server's event loop and knows nothing of how jobs are run.
"""

from __future__ import annotations

import time

from raddiag_engine.service.job import Job
from raddiag_engine.service.limits import ServiceLimits


class JobBoard:
    """Jobs by owner and id."""

    def __init__(self, limits: ServiceLimits) -> None:
        self._limits = limits
        self._jobs: dict[tuple[str, str], Job] = {}

    @property
    def unfinished(self) -> int:
        """Jobs that wait or run."""
        return sum(not job.status.is_final for job in self._jobs.values())

    @property
    def queued(self) -> int:
        """Jobs that wait."""
        return sum(job.status.state == "queued" for job in self._jobs.values())

    def find(self, owner: str, job_id: str) -> Job | None:
        """That owner's job of this id; another's is not there."""
        return self._jobs.get((owner, job_id))

    def add(self, job: Job) -> None:
        """Put up a job whose id is free."""
        self._jobs[job.owner, job.status.id] = job

    def forget(self, job: Job) -> None:
        """Take down a finished job."""
        self._jobs.pop((job.owner, job.status.id), None)

    def sweep(self) -> None:
        """Forget finished jobs that are too old, too many or too large together; the newest result stays."""
        finished = [job for job in self._jobs.values() if job.finished_at is not None]
        finished.sort(key=lambda job: job.finished_at or 0.0, reverse=True)
        oldest = time.monotonic() - self._limits.kept_seconds
        byte_count = 0
        for position, job in enumerate(finished):
            byte_count += job.result.byte_count if job.result else 0
            crowded = position and byte_count > self._limits.kept_result_bytes
            if crowded or position >= self._limits.kept_jobs or (job.finished_at or 0.0) < oldest:
                self.forget(job)
