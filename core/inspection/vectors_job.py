"""The job that turns many texts into vectors with both models of a comparison."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from core.inspection.vectors import Roles, text_vectors
from core.problems import N_, Message

if TYPE_CHECKING:
    from core.inspection.project_job import MapModel
    from core.jobs.context import JobContext


def read_params(
    texts: Sequence[str], base: MapModel, tuned: MapModel, roles: Roles = ()
) -> dict[str, Any]:
    """The parameters of a ``read_texts`` job; arguments as for :func:`text_vectors`."""
    return {
        "texts": list(texts),
        "roles": list(roles),
        "base": {"folder": str(base.folder), "fingerprint": base.fingerprint},
        "tuned": {"folder": str(tuned.folder), "fingerprint": tuned.fingerprint},
    }


def read_texts(job: JobContext) -> None:
    """Encode the texts with both models; the vectors are kept as those of every other text.

    What was encoded before the job was stopped or failed need not be done again.

    Raises:
        Problem: the encoder cannot load a model.
    """
    stages = (
        ("base", N_("Encoding with the base model: {done} of {rows} texts"), 0.0),
        ("tuned", N_("Encoding with the tuned model: {done} of {rows} texts"), 0.5),
    )
    for which, words, begin in stages:

        def progress(done: int, rows: int, words: str = words, begin: float = begin) -> None:
            job.check_stop()
            job.progress(Message(words, {"done": done, "rows": rows}), begin + done / rows / 2)

        model = job.params[which]
        folder, fingerprint = Path(model["folder"]), model["fingerprint"]
        texts, roles = job.params["texts"], job.params.get("roles", ())
        text_vectors(job.workspace, folder, fingerprint, texts, progress, roles)
