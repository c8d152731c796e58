"""The base models that a run can start from."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field

from core.jobs.queue import CONFIG_FILE
from core.jobs.status import JobState, JobStatus
from core.models.bundled import BUNDLED_NAME, bundled_path
from core.models.extension_config import Extension
from core.models.folder import ResolvedBase, read_folder
from core.models.hub.names import COMMIT_PATTERN, REPO_PATTERN, Source
from core.models.hub.shelf import list_downloads
from core.problems import N_, Problem, Term
from core.training.run_notes import load_notes
from core.workspace import Workspace

__all__ = [
    "BaseChoice",
    "BaseConfig",
    "ResolvedBase",
    "list_bases",
    "resolve",
    "sized",
    "start_of",
    "vocabulary_size_for",
]

_SMALL_VOCABULARY, _LARGE_VOCABULARY, _SMALL_TABLE_DIMENSION = 1_500, 3_000, 2_048
FEW_ROWS = 2_000
"""A table of fewer rows is small to a static model."""
OWN = "own"
STATIC_NAME = N_("Static, from your own data")


class RunHasNoModel(Problem):
    what = N_("The run {id} has no trained model to start from.")
    do = N_("Choose a run that has succeeded, or another base.")


class FolderMissing(Problem):
    what = N_("No folder was given for the base model.")
    do = N_("Type the path of a model folder on the computer that runs Pairloom.")


class NotDownloaded(Problem):
    what = N_("{repo} at commit {revision} is not on this computer.")
    do = N_(
        "Get it on Train, under “Get a model from a hub”, or type: "
        "python -m core fetch {repo} --revision {revision} --source {source}"
    )


class BaseConfig(BaseModel):
    """Which base a run starts from, as ``config.yaml`` says it.

    ``path`` belongs to the kind "folder", ``run`` to "run", ``source``, ``repo`` and ``revision``
    (a commit) to "hub", ``extend`` to transformers wherever they come from, the rest to "static".
    Without a ``vocabulary_size`` the number of rows decides (:func:`sized`).
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    kind: Literal["bundled", "folder", "run", "hub", "static"] = "bundled"
    path: str | None = None
    run: str | None = None
    source: Source = "huggingface"
    repo: Annotated[str, Field(pattern=REPO_PATTERN)] | None = None
    revision: Annotated[str, Field(pattern=COMMIT_PATTERN)] | None = None
    extend: Extension | None = None
    vocabulary_size: Annotated[int, Field(ge=300, le=200_000)] | None = None
    max_piece_length: Annotated[int, Field(ge=1, le=16)] = 2
    dimension: Annotated[int, Field(ge=16, le=4096)] = 1024
    """Of a static model.  On 20,000 rows about drugs nDCG@10 is 0.995 in known and 0.814 in new
    wordings for 1,024 numbers, 0.995 and 0.809 for 384 (means of three splits)."""
    start: Annotated[str, Field(min_length=1)] = OWN
    """Where a static model's vectors start: ``own`` (drawn at random), ``bundled``, ``run:<id>``
    or the path of a model folder; ``dimension`` is then that base's."""


@dataclass(frozen=True)
class BaseChoice:
    """A base that the form offers: its configuration and the name that it is shown under."""

    config: BaseConfig
    name: str


def vocabulary_size_for(rows: int) -> int:
    """How many pieces suit a static model that learns from ``rows`` rows.

    Few short pieces carry over to wordings that were never trained on: on 20,000 rows about drugs
    3,000 pieces of at most two characters reached nDCG@10 0.957 in known and 0.756 in new wordings,
    6,000 of at most three 0.957 and 0.710 (means of two splits of drugs and wordings).  On the 500
    product triplets 1,500 of two reached 0.73, 3,000 of three 0.71 (means of three seeds).
    """
    return _SMALL_VOCABULARY if rows < FEW_ROWS else _LARGE_VOCABULARY


def sized(config: BaseConfig, rows: int) -> BaseConfig:
    """A static base with the sizes that suit ``rows`` rows, unless it names its own.

    In a small table every piece gets a direction of its own (:func:`core.models.static
    .build_static`): on the product triplets nDCG@10 of the sample questions is 0.79 for 2,048
    numbers and 0.76 for 1,536.
    """
    if config.kind != "static" or config.vocabulary_size is not None:
        return config
    sizes = {"vocabulary_size": vocabulary_size_for(rows)}
    if rows < FEW_ROWS:
        sizes["dimension"] = _SMALL_TABLE_DIMENSION
    return config.model_copy(update=sizes)


def list_bases(workspace: Workspace, linked: str | None = None) -> list[BaseChoice]:
    """The bundled model, a static one, those from hubs, the models of finished runs, newest first.

    A local folder can be used too, but there is no list of those.  Archived runs are left out, but
    for the one with the id ``linked``, which somebody uses already.
    """
    choices = [
        BaseChoice(BaseConfig(kind="bundled"), BUNDLED_NAME),
        BaseChoice(BaseConfig(kind="static"), Term(STATIC_NAME)),
    ]
    for one in list_downloads(workspace):
        config = BaseConfig(kind="hub", source=one.source, repo=one.repo, revision=one.commit)
        choices.append(BaseChoice(config, one.repo))
    for folder in sorted(workspace.runs.iterdir(), reverse=True):
        hidden = folder.name.startswith(".")  # a run that is being deleted
        if hidden or not (folder / "model" / "modules.json").exists():
            continue
        try:
            finished = JobStatus.load(folder).state is JobState.SUCCEEDED
        except Problem:
            continue
        if finished and (folder.name == linked or not load_notes(folder).archived):
            choices.append(BaseChoice(BaseConfig(kind="run", run=folder.name), folder.name))
    return choices


def resolve(workspace: Workspace, config: BaseConfig) -> ResolvedBase:
    """What is known about a base, read from its small files.

    Raises:
        BundledModelMissing, BundledModelChanged: the installation is damaged.
        UnknownItem, RunHasNoModel: the run cannot be started from.
        NotDownloaded: this commit of the hub's model is not on this computer.
        Problem: the folder holds no model that can be used (see :mod:`core.models.folder`).
    """
    match config.kind:
        case "bundled":
            return replace(read_folder(bundled_path()), name=BUNDLED_NAME)
        case "folder":
            if not config.path:
                raise FolderMissing
            return read_folder(Path(config.path))
        case "run":
            folder = workspace.run(config.run or "") / "model"
            if not (folder / "modules.json").exists():
                raise RunHasNoModel(id=config.run)
            return replace(read_folder(folder), name=_run_name(folder.parent))
        case "hub":
            folder = workspace.hub_model(config.source, config.repo or "?", config.revision or "?")
            if not config.repo or not config.revision or not folder.is_dir():
                raise NotDownloaded(
                    repo=config.repo or "?", revision=config.revision or "?", source=config.source
                )
            return replace(read_folder(folder), name=config.repo)
        case "static":
            start = start_of(config)
            dimension = resolve(workspace, start).dimension if start else config.dimension
            numbers = (config.vocabulary_size or _LARGE_VOCABULARY) * dimension
            return ResolvedBase(
                name=Term(STATIC_NAME),
                kind="static",
                path=None,
                tokenizer=None,
                dimension=dimension,
                max_length=None,
                parameters=numbers,
                embedding_parameters=numbers,
            )


def start_of(config: BaseConfig) -> BaseConfig | None:
    """The base that a static model's vectors start from; None where they are drawn at random."""
    if config.kind != "static" or config.start == OWN:
        return None
    if config.start == "bundled":
        return BaseConfig(kind="bundled")
    if config.start.startswith("run:"):
        return BaseConfig(kind="run", run=config.start.removeprefix("run:"))
    return BaseConfig(kind="folder", path=config.start)


def _run_name(run: Path) -> str:
    """The name that people gave a run; its id where that cannot be read."""
    try:
        config = yaml.safe_load((run / CONFIG_FILE).read_text(encoding="utf-8"))
        return str(config["name"])
    except (OSError, yaml.YAMLError, KeyError, TypeError):
        return run.name
