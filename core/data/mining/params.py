"""What a person chooses before negatives are mined, checked before a job starts."""

from __future__ import annotations

from typing import Annotated, Any, Literal, NamedTuple

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from core.data.shapes import Shape
from core.data.store import Dataset, load_dataset
from core.jobs import queue
from core.jobs.supervisor import ensure_supervisor
from core.models.bases import BaseConfig, ResolvedBase, resolve
from core.problems import N_, Problem, Term
from core.workspace import Workspace

JOB_KIND = "mine_negatives"


class Level(NamedTuple):
    """How hard the negatives are to be; see :class:`MiningParams` for both numbers."""

    range_min: int
    relative_margin: float


LEVELS = {"easy": Level(20, 0.15), "medium": Level(3, 0.05), "hard": Level(0, 0.0)}
USUAL_LEVEL = "medium"
_CANDIDATES_EACH = 10
"""How many places a search goes down for each negative that is wanted, unless it is told."""


class MiningSettingWrong(Problem):
    what = N_("The setting {setting} of this search for negatives is not usable: {reason}.")
    do = N_("Choose the settings again.")


class MiningNeedsPairs(Problem):
    what = N_(
        "The dataset {name} holds {shape}: nothing in it says which text answers which, so no "
        "wrong answers can be found."
    )
    do = N_("Turn it into pairs first, or choose a dataset with an anchor and a positive.")


class MiningNeedsTrainedModel(Problem):
    what = N_("A static model that is made from your own data does not exist before training.")
    do = N_("Choose the bundled model, a model folder, or a run that has finished.")


class MiningWindowTooSmall(Problem):
    what = N_(
        "Places {range_min} to {range_max} of the list of nearest texts leave room for {room} "
        "negatives, but {how_many} are wanted."
    )
    do = N_("Ask for fewer negatives, or let the search go further down the list.")


class MiningParams(BaseModel):
    """What to mine, as ``job.json`` and ``review.json`` say it.

    Attributes:
        dataset: the id of a dataset whose rows have an anchor and a positive.
        model: the model that looks for near texts: a base, or the id of a finished run.
        how_many: negatives to propose for each anchor.
        range_min: how many of the nearest texts are passed over; the nearest ones are the most
            likely to be right answers that the table does not know.
        range_max: how far down the list the search goes; None goes far enough for ``how_many``.
        max_score: texts with a higher cosine similarity to the anchor are passed over.
        margin: texts are passed over unless their similarity is lower than the positive's by this.
        relative_margin: the same as a share of the positive's similarity; 0.05 keeps what is at
            least 5% lower.
        sampling: take the nearest texts that are left ("top"), or draw among them ("random").
        seed: for "random"; the same seed draws the same ones.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    dataset: str
    model: BaseConfig | str = BaseConfig(kind="bundled")
    how_many: Annotated[int, Field(ge=1, le=50)] = 3
    range_min: Annotated[int, Field(ge=0, le=10_000)] = 0
    range_max: Annotated[int, Field(ge=1, le=20_000)] | None = None
    max_score: Annotated[float, Field(ge=-1, le=1)] | None = None
    margin: Annotated[float, Field(ge=0, le=2)] | None = None
    relative_margin: Annotated[float, Field(ge=0, le=1)] | None = None
    sampling: Literal["top", "random"] = "top"
    seed: Annotated[int, Field(ge=0, lt=2**31)] = 42

    @classmethod
    def parse(cls, data: Any) -> MiningParams:
        """Parameters from plain values; raises MiningSettingWrong naming the first wrong one."""
        try:
            return cls.model_validate(data)
        except ValidationError as error:
            first = error.errors()[0]
            setting = ".".join(str(part) for part in first["loc"]) or "params"
            raise MiningSettingWrong(setting=setting, reason=first["msg"]) from error

    @property
    def base(self) -> BaseConfig:
        """The model as a base, also when it was given as a run's id."""
        if isinstance(self.model, str):
            return BaseConfig(kind="run", run=self.model)
        return self.model

    @property
    def depth(self) -> int:
        """How far down the list of nearest texts the search goes."""
        return self.range_max or self.range_min + self.how_many * _CANDIDATES_EACH


def check_mining(ws: Workspace, params: MiningParams) -> tuple[Dataset, ResolvedBase]:
    """Refuse at once what would fail later.

    Returns:
        The dataset and the model.

    Raises:
        UnknownItem, DatasetUnreadable: the dataset cannot be used.
        MiningNeedsPairs: its rows have no anchor and positive.
        MiningNeedsTrainedModel: the model is a static one that has yet to be made.
        MiningWindowTooSmall: ``range_min`` and ``range_max`` leave too few places.
        Problem: the model cannot be used (see :func:`core.models.bases.resolve`).
    """
    dataset = load_dataset(ws, params.dataset)
    if dataset.info.shape in (Shape.CLASSES, Shape.TEXTS):
        raise MiningNeedsPairs(name=dataset.info.name, shape=Term(dataset.info.shape.label))
    room = params.depth - params.range_min
    if room < params.how_many:
        raise MiningWindowTooSmall(
            range_min=params.range_min + 1,
            range_max=params.depth,
            room=max(room, 0),
            how_many=params.how_many,
        )
    base = resolve(ws, params.base)
    if base.path is None:
        raise MiningNeedsTrainedModel
    return dataset, base


def start_mining(ws: Workspace, params: MiningParams) -> str:
    """Put the search into the queue; the review that it makes has the id of its job.

    Returns:
        The job's id.

    Raises:
        Problem: see :func:`check_mining`.
    """
    dataset, _ = check_mining(ws, params)
    values = params.model_dump(mode="json")
    id = queue.submit_once(ws, JOB_KIND, values, name=f"negatives {dataset.info.name}")
    ensure_supervisor(ws)
    return id
