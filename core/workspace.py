"""Where everything lives on disk, and nothing else."""

from __future__ import annotations

import os
import re
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from core.problems import N_, Problem, Term

PROJECT_ROOT = Path(__file__).resolve().parent.parent
DEFAULT_ROOT = PROJECT_ROOT / "workspace"
"""Where the workspace is unless somebody says otherwise."""


class WorkspaceNotWritable(Problem):
    what = N_("Pairloom cannot write to its workspace folder {folder}: {reason}.")
    do = N_("Free some disk space, or set PAIRLOOM_HOME to a folder that you may write to.")


class UnknownItem(Problem):
    what = N_("There is no {item} named {id} in this workspace.")
    do = N_("It may have been deleted. Choose another one from the list.")


_ID = re.compile(r"[a-z0-9][a-z0-9-]{0,99}")


@dataclass(frozen=True)
class Workspace:
    """The folders of one workspace.  Paths only; whoever owns a folder reads and writes it."""

    root: Path

    @classmethod
    def open(cls, root: Path | None = None) -> Workspace:
        """The workspace at ``root``, else at ``$PAIRLOOM_HOME``, else ``workspace/`` beside app.py.

        Raises:
            WorkspaceNotWritable: the folders cannot be made there.
        """
        home = os.environ.get("PAIRLOOM_HOME")
        root = (root or (Path(home) if home else DEFAULT_ROOT)).expanduser().resolve()
        workspace = cls(root)
        try:
            for folder in (
                workspace.datasets,
                workspace.runs,
                workspace.corpora,
                workspace.jobs,
                workspace.cache,
                workspace.uploads,
                workspace.reviews,
                workspace.incoming,
                workspace.questions,
                workspace.models,
                workspace.matches,
                workspace.recipes,
            ):
                folder.mkdir(parents=True, exist_ok=True)
            probe = root / f".write-{os.getpid()}-{secrets.token_hex(4)}"
            probe.write_bytes(b"ok")
            probe.unlink()
        except OSError as error:
            raise WorkspaceNotWritable(
                folder=str(root), reason=error.strerror or str(error)
            ) from error
        return workspace

    @property
    def datasets(self) -> Path:
        """One folder per dataset."""
        return self.root / "datasets"

    @property
    def runs(self) -> Path:
        """One folder per training run."""
        return self.root / "runs"

    @property
    def corpora(self) -> Path:
        """One folder per search corpus."""
        return self.root / "corpora"

    @property
    def jobs(self) -> Path:
        """One folder per background job that is not a training run."""
        return self.root / "jobs"

    @property
    def uploads(self) -> Path:
        """One folder per table that was brought in and is not a dataset yet."""
        return self.root / "uploads"

    @property
    def reviews(self) -> Path:
        """One folder per set of mined negatives that a person looks through."""
        return self.root / "reviews"

    @property
    def questions(self) -> Path:
        """One file of a person's own questions per dataset and its versions."""
        return self.root / "questions"

    @property
    def models(self) -> Path:
        """Base models from hubs: ``<source>/<owner>--<name>/<commit>/``."""
        return self.root / "models"

    @property
    def matches(self) -> Path:
        """One folder per comparison of two tables, or of a table with itself."""
        return self.root / "matches"

    @property
    def recipes(self) -> Path:
        """One YAML file per recipe of one's own."""
        return self.root / "recipes"

    @property
    def incoming(self) -> Path:
        """Where a person puts tables that are to be opened where they lie."""
        return self.root / "incoming"

    @property
    def cache(self) -> Path:
        """What can be computed again: projections, machine speed, hashes."""
        return self.root / "cache"

    @property
    def hub_settings(self) -> Path:
        """Addresses of hubs and access tokens; nobody else may read it."""
        return self.root / "hub.json"

    @property
    def database(self) -> Path:
        """The SQLite queue."""
        return self.root / "workspace.db"

    def item(self, folder: Path, id: str, name: str) -> Path:
        """The folder of an existing item; ``name`` says what it is ("dataset", "run" …).

        Raises:
            UnknownItem: there is no such item, or ``id`` is not an id (no path leaves the folder).
        """
        if not _ID.fullmatch(id) or not (folder / id).is_dir():
            raise UnknownItem(item=Term(name), id=id)
        return folder / id

    def hub_model(self, source: str, repo: str, commit: str) -> Path:
        """Where commit ``commit`` of the hub's model ``repo`` lies, once it is whole.

        No hub allows ``--`` in a name, so two models never share a folder.
        """
        return self.models / source / repo.replace("/", "--") / commit

    def dataset(self, id: str) -> Path:
        """The folder of dataset ``id``; raises UnknownItem."""
        return self.item(self.datasets, id, N_("dataset"))

    def run(self, id: str) -> Path:
        """The folder of run ``id``; raises UnknownItem."""
        return self.item(self.runs, id, N_("run"))

    def corpus(self, id: str) -> Path:
        """The folder of corpus ``id``; raises UnknownItem."""
        return self.item(self.corpora, id, N_("corpus"))

    def upload(self, id: str) -> Path:
        """The folder of upload ``id``; raises UnknownItem."""
        return self.item(self.uploads, id, N_("uploaded table"))

    def review(self, id: str) -> Path:
        """The folder of review ``id``; raises UnknownItem."""
        return self.item(self.reviews, id, N_("review"))

    def match(self, id: str) -> Path:
        """The folder of the result ``id`` of a match; raises UnknownItem."""
        return self.item(self.matches, id, N_("result"))

    def job(self, id: str) -> Path:
        """The folder of job ``id``, a training run or any other; raises UnknownItem."""
        folder = self.runs if (self.runs / id).is_dir() else self.jobs
        return self.item(folder, id, N_("job"))


def utc_now() -> str:
    """The time now as ISO 8601 in UTC with milliseconds, e.g. ``2026-11-21T10:15:30.123+00:00``."""
    return datetime.now(UTC).isoformat(timespec="milliseconds")


def new_id(name: str) -> str:
    """A new id that sorts by time and says what it is: ``20261121-101530-products-3fa9``."""
    slug = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")[:40].strip("-") or "item"
    return f"{datetime.now(UTC):%Y%m%d-%H%M%S}-{slug}-{secrets.token_hex(2)}"
