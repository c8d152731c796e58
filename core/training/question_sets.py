"""The questions of a user's own, kept in the workspace: one list for a dataset and its versions."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from pydantic import ValidationError

from core.files import read_json, write_json
from core.problems import N_, Problem
from core.training.config import OwnQuestion
from core.workspace import Workspace

MOST = 100
"""How many questions a list holds: every run asks them all, and somebody reads the answers."""


class QuestionsDamaged(Problem):
    what = N_("The list of your own questions cannot be read: {file}.")
    do = N_("Delete this file, then write the questions again on the Train screen.")


def load_questions(workspace: Workspace, family: str) -> list[OwnQuestion]:
    """The questions that are asked after every run on a dataset, in their order.

    Args:
        workspace: where they are kept.
        family: what the dataset's versions have in common (``DatasetInfo.family``).

    Raises:
        QuestionsDamaged: the file was changed by hand and holds no list of questions any more.
    """
    path = _path(workspace, family)
    try:
        return [OwnQuestion.model_validate(one) for one in read_json(path)]
    except FileNotFoundError:
        return []
    except (ValueError, TypeError, ValidationError) as error:
        raise QuestionsDamaged(file=str(path)) from error


def save_questions(workspace: Workspace, family: str, questions: Iterable[OwnQuestion]) -> None:
    """Keep these questions instead of the ones before; see :func:`load_questions`."""
    write_json(_path(workspace, family), [one.model_dump() for one in questions])


def tidy_questions(rows: Iterable[tuple[object, object]]) -> list[OwnQuestion]:
    """Questions from what somebody typed into a table of questions and expected texts.

    Rows without a question are left out, and so is a question that stands there twice; at most
    100 are kept.
    """
    kept: dict[str, OwnQuestion] = {}
    for asked, wanted in rows:
        question = _trimmed(asked)
        if question and question not in kept:
            kept[question] = OwnQuestion(question=question, expected=_trimmed(wanted) or None)
    return list(kept.values())[:MOST]


def _trimmed(value: object) -> str:
    return value.strip() if isinstance(value, str) else ""


def _path(workspace: Workspace, family: str) -> Path:
    return workspace.questions / f"{family}.json"
