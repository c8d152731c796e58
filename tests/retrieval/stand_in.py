"""Stands in for the encoder process: a small in-process model of characters; and jobs to run."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from core.jobs.context import JobContext, JobSpec
from core.jobs.status import JobState, JobStatus
from core.models.roles import Role
from core.workspace import Workspace, new_id

WIDTH = 64


@dataclass
class CharacterEncoder:
    """Texts with the same characters get near vectors; the model's folder name turns them all."""

    width: int = WIDTH
    asked: list[tuple[Path, list[str]]] = field(default_factory=list)

    def encode(
        self, workspace: Workspace, model: Path, texts: Sequence[str], role: Role | None = None
    ) -> np.ndarray:
        self.asked.append((model, list(texts)))
        rows = np.zeros((len(texts), self.width), dtype=np.float32)
        for row, text in zip(rows, texts, strict=True):
            for character in text:
                row[zlib.crc32(f"{model.name}{character}".encode()) % self.width] += 1
        return rows / np.linalg.norm(rows, axis=1, keepdims=True)

    @property
    def texts(self) -> list[str]:
        """Every text that was encoded, in order."""
        return [text for _, texts in self.asked for text in texts]


def running_job(workspace: Workspace, kind: str, params: dict[str, Any]) -> JobContext:
    """A job as a worker process sees it."""
    folder = workspace.jobs / new_id(kind)
    folder.mkdir()
    JobStatus(kind=kind, state=JobState.RUNNING).save(folder)
    return JobContext(workspace, folder, JobSpec(kind, params), "cpu")
