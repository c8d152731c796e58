"""What a match and a search for near-duplicates are asked to do, and what both refuse."""

from __future__ import annotations

import hashlib
from typing import Annotated, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field

from core.matching.models import UsedModel
from core.matching.tables import TableChoice
from core.problems import N_, Problem

Method = Literal["model", "words", "both"]
METHODS: dict[Method, str] = {
    "model": N_("By meaning (model)"),
    "words": N_("By words (BM25)"),
    "both": N_("Both together"),
}

KEPT = 10
"""How many candidates are kept for each row, so that fewer can be shown without another search."""
MATCH_KIND, DUPLICATES_KIND = "match", "find_duplicates"


class SameTable(Problem):
    what = N_("Both sides are the same column of the same table: every row would match itself.")
    do = N_("Choose another table or column, or look for near-duplicates in this one.")


class HalfAFilter(Problem):
    what = N_("A filter compares one column of each table; one of the two is not chosen.")
    do = N_("Choose both columns, or none.")


class _Params(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, protected_namespaces=())

    prefix: ClassVar[str]

    @property
    def id(self) -> str:
        """The id of the result: the same for the same question about the same contents."""
        text = self.model_dump_json()
        return f"{self.prefix}-{hashlib.sha256(text.encode()).hexdigest()[:12]}"


class MatchParams(_Params):
    """What a match compares.

    Attributes:
        left: the table whose rows look for partners.
        right: the table in which they look.
        contents: the contents of the two (:attr:`core.matching.tables.TableInfo.content`).
        method: by a model, by words or by both.
        model: which model; None when only words count.
        same: a column of each table that must be equal in a pair; None without this filter.
        threshold: from which score on a pair counts as a match at first.
        threshold_from: the run that this threshold comes from; None when it is only a start.
    """

    prefix: ClassVar[str] = "match"
    left: TableChoice
    right: TableChoice
    contents: tuple[str, str]
    method: Method = "model"
    model: UsedModel | None = None
    same: tuple[str, str] | None = None
    threshold: float = 0.0
    threshold_from: str | None = None

    def check(self) -> None:
        """Refuse what can have no useful answer.

        Raises:
            SameTable: every row would find itself.
        """
        if self.contents[0] == self.contents[1] and self.left.text == self.right.text:
            raise SameTable


class DuplicateParams(_Params):
    """What a search for near-duplicates looks through.

    Attributes:
        table: the table.
        content: its contents.
        model: the model that says how alike two texts are.
        floor: the lowest score that counts.
        threshold_from: the run that this comes from; None when it is only a start.
    """

    prefix: ClassVar[str] = "duplicates"
    table: TableChoice
    content: str
    model: UsedModel
    floor: Annotated[float, Field(ge=0.0, le=1.0)]
    threshold_from: str | None = None
