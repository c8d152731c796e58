"""``negatives``: hard negatives mined for a dataset, and the review that makes a version of it."""

from __future__ import annotations

import argparse
import csv
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from core.cli.output import DONE, FAILED, add_json, follow, say, say_failure, say_json
from core.cli.planning import base_named
from core.cli.tables import FileNotRead, confirm, write_csv
from core.data.mining.params import LEVELS, USUAL_LEVEL, MiningParams, start_mining
from core.data.mining.result import finish_review
from core.data.mining.review import (
    Decision,
    Order,
    Review,
    delete_review,
    list_reviews,
    load_review,
)
from core.data.store import load_dataset
from core.jobs import queue
from core.jobs.status import JobState
from core.problems import N_, Problem
from core.workspace import Workspace

if TYPE_CHECKING:
    from core.cli.parser import Commands

WORDS = {Decision.ACCEPT: "wrong", Decision.REJECT: "leave-out", Decision.MATCH: "right"}
"""What a candidate is: a wrong answer, of no use, a right answer."""
_OPEN = "open"
_SHOWN = 20


class NumbersUnclear(Problem):
    what = N_("“{text}” does not say which candidates are meant.")
    do = N_("Write their numbers, as in 3,8-12; this review has candidates 1 to {candidates:,}.")


class NothingDecided(Problem):
    what = N_("It is not said what the candidates are.")
    do = N_("Add {options}, or --clear.")


class DecisionUnclear(Problem):
    what = N_("Line {line} of {file} does not say what a candidate is.")
    do = N_("It needs the columns number and decision; decisions are: {words}.")


def add_commands(commands: Commands) -> None:
    """Declare the command of this module and what it does."""
    command = commands.add_parser(
        "negatives", help="mine hard negatives for a dataset, look through them, use them"
    )
    actions = command.add_subparsers(required=True, metavar="ACTION")
    _add_mine(actions)
    _add_show(actions)
    _add_decide(actions)

    make = actions.add_parser("make", help="make a version of the dataset with what was decided")
    make.add_argument("review", help="the review's id")
    make.add_argument("--name", help="of the new version (default: as the dataset)")
    make.add_argument(
        "--accept-open",
        action="store_true",
        help="take what is not decided and not doubtful as wrong answers",
    )
    make.add_argument(
        "--drop-bare", action="store_true", help="leave out rows that get no new negative"
    )
    add_json(make, "print what is stored as JSON")
    make.set_defaults(command=_make)

    delete = actions.add_parser("delete", help="delete a review; datasets made of it stay")
    delete.add_argument("review", help="the review's id")
    delete.add_argument("--yes", action="store_true", help="do not ask")
    add_json(delete)
    delete.set_defaults(command=_delete)


def _add_mine(actions: Commands) -> None:
    mine = actions.add_parser("mine", help="look for near but wrong texts; prints the review's id")
    mine.add_argument("dataset", help="the dataset's id")
    mine.add_argument(
        "--model",
        metavar="NAME|FOLDER|RUN",
        default="bundled",
        help="the model that looks (default: the bundled one)",
    )
    mine.add_argument(
        "--how-many", type=int, default=3, help="for each anchor, at most (default: 3)"
    )
    mine.add_argument(
        "--level",
        choices=LEVELS,
        default=USUAL_LEVEL,
        help=f"how hard they are (default: {USUAL_LEVEL})",
    )
    mine.add_argument(
        "--pass-over", type=int, metavar="N", help="skip so many of the nearest texts"
    )
    mine.add_argument("--down-to", type=int, metavar="N", help="look at the N nearest texts")
    mine.add_argument(
        "--margin",
        type=float,
        metavar="SHARE",
        help="at least so much less similar than the right answer, such as 0.05",
    )
    mine.add_argument("--max-score", type=float, help="pass over what is more similar than this")
    mine.add_argument("--random", action="store_true", help="draw among what is left")
    mine.add_argument("--seed", type=int, default=42, help="of the drawing")
    add_json(mine, "print the review as JSON")
    mine.set_defaults(command=_mine)


def _add_show(actions: Commands) -> None:
    listing = actions.add_parser("list", help="list the reviews, the newest first")
    listing.add_argument("--dataset", metavar="ID", help="only those of this dataset")
    add_json(listing)
    listing.set_defaults(command=_list)

    show = actions.add_parser("show", help="list candidates, doubtful ones first")
    show.add_argument("review", help="the review's id")
    show.add_argument("--order", choices=[*Order], default=Order.DOUBTFUL, help="of the candidates")
    show.add_argument("--open", action="store_true", help="only those still to decide")
    show.add_argument("--from", dest="first", type=int, default=1, metavar="N", help="from place N")
    show.add_argument("--top", type=int, default=_SHOWN, help=f"so many (default: {_SHOWN})")
    show.add_argument("--csv", type=Path, metavar="FILE", help="write all of them as a CSV file")
    add_json(show)
    show.set_defaults(command=_show)


def _add_decide(actions: Commands) -> None:
    decide = actions.add_parser("decide", help="say what candidates are")
    decide.add_argument("review", help="the review's id")
    for word, what in (
        (WORDS[Decision.ACCEPT], "wrong answers: good negatives"),
        (WORDS[Decision.REJECT], "of no use"),
        (WORDS[Decision.MATCH], "right answers that the table did not know"),
        (_OPEN, "still to decide: takes back what was said"),
    ):
        decide.add_argument(f"--{word}", action="append", metavar="NUMBERS", help=f"{what}: 3,8-12")
    decide.add_argument(
        "--clear",
        action="store_true",
        help="all that are not decided and not doubtful are wrong answers",
    )
    decide.add_argument(
        "--file", type=Path, help="a CSV file with the columns number and decision, as of show"
    )
    add_json(decide, "print how far the review is as JSON")
    decide.set_defaults(command=_decide)


def _mine(workspace: Workspace, options: argparse.Namespace) -> int:
    level = LEVELS[options.level]
    margin = level.relative_margin if options.margin is None else options.margin
    params = MiningParams.parse(
        {
            "dataset": options.dataset,
            "model": base_named(workspace, options.model).model_dump(mode="json"),
            "how_many": options.how_many,
            "range_min": level.range_min if options.pass_over is None else options.pass_over,
            "range_max": options.down_to,
            "relative_margin": margin or None,
            "max_score": options.max_score,
            "sampling": "random" if options.random else "top",
            "seed": options.seed,
        }
    )
    id = start_mining(workspace, params)
    try:
        status = follow(workspace.job(id))
    except KeyboardInterrupt:
        queue.request_stop(workspace, id)
        raise
    if status.state is not JobState.SUCCEEDED:
        say_failure(status, json=options.json)
        return FAILED
    review = load_review(workspace, id)
    if options.json:
        say_json(_record(review))
    else:
        say(id)
        say(_facts(review), error=True)
    return DONE


def _list(workspace: Workspace, options: argparse.Namespace) -> int:
    reviews = list_reviews(workspace, options.dataset)
    if options.json:
        say_json([_record(review) for review in reviews])
        return DONE
    for review in reviews:
        say(f"{review.info.id}  {review.info.dataset_name}  {_facts(review)}")
    return DONE


def _facts(review: Review) -> str:
    info = review.info
    return (
        f"{info.candidates} candidates, {info.likely_false} of them doubtful, found by "
        f"{info.model}; {review.counts().decided} decided"
    )


def _record(review: Review) -> dict[str, Any]:
    info, counts = review.info, review.counts()
    return {
        **info.model_dump(mode="json"),
        "decided": {
            "wrong": counts.accepted,
            "leave-out": counts.rejected,
            "right": counts.matches,
            _OPEN: counts.undecided,
            "open_doubtful": counts.doubtful,
        },
    }


def _show(workspace: Workspace, options: argparse.Namespace) -> int:
    review = load_review(workspace, options.review)
    if options.csv is not None:
        write_csv(options.csv, _table(review.page(0, review.info.candidates, options.order)))
    start = max(options.first, 1) - 1
    page = review.page(start, options.top, options.order, undecided_only=options.open)
    if options.json:
        why = [[reason.to_json() for reason in one] for one in page["why"]]
        records = _table(page).to_dict("records")
        say_json([{**one, "why": two} for one, two in zip(records, why, strict=True)])
        return DONE
    if options.csv is not None:
        return DONE
    for number, one in page.iterrows():
        word = WORDS[one["decision"]] if one["decision"] else "-"
        place = f"{int(str(number)) + 1:>5}  {word:<9}"
        say(f"{place}  {one['score_candidate']:.3f}  {one['anchor']} | {one['candidate']}")
        right = f"right answer: {one['positive']} ({one['score_positive']:.3f})"
        say("  ".join(["     ", right, *(reason.text() for reason in one["why"])]))
    say(review.progress.text(), error=True)
    return DONE


def _table(page: pd.DataFrame) -> pd.DataFrame:
    """Candidates for a file or a program; numbers count from 1."""
    columns = ["row", "anchor", "positive", "candidate", "score_positive", "score_candidate"]
    table = page[columns].copy()
    table.insert(0, "number", page.index + 1)
    table["doubtful"] = page["likely_false"]
    table["decision"] = [WORDS[one] if one else "" for one in page["decision"]]
    return table


def _decide(workspace: Workspace, options: argparse.Namespace) -> int:
    review = load_review(workspace, options.review)
    said: list[tuple[Decision | None, list[int]]] = []
    for decision in (*Decision, None):
        word = WORDS[decision] if decision else _OPEN
        texts = getattr(options, word.replace("-", "_")) or []
        numbers = [number for text in texts for number in _numbers(text, review)]
        said += [(decision, numbers)] if numbers else []
    if options.file is not None:
        said += _from_file(options.file, review)
    if not said and not options.clear:
        words = ", ".join(f"--{word}" for word in (*WORDS.values(), _OPEN))
        raise NothingDecided(options=words)
    for decision, numbers in said:
        review.decide_many(numbers, decision)
    if options.clear:
        review.accept_rest()
    if options.json:
        say_json(_record(review))
    else:
        say(review.progress.text())
    return DONE


def _numbers(text: str, review: Review) -> list[int]:
    """The places of the candidates that ``3,8-12`` names, from 0."""
    found: list[int] = []
    for part in filter(None, (part.strip() for part in text.split(","))):
        first, _dash, last = part.partition("-")
        try:
            numbers = range(int(first), int(last or first) + 1)
        except ValueError as error:
            raise NumbersUnclear(text=part, candidates=review.info.candidates) from error
        if not numbers or numbers[0] < 1 or numbers[-1] > review.info.candidates:
            raise NumbersUnclear(text=part, candidates=review.info.candidates)
        found += [number - 1 for number in numbers]
    return found


def _from_file(file: Path, review: Review) -> list[tuple[Decision | None, list[int]]]:
    """What a file says; candidates without a decision in it stay as they are."""
    by_word = {word: decision for decision, word in WORDS.items()}
    by_decision: dict[Decision | None, list[int]] = {}
    words = ", ".join((*by_word, _OPEN))
    for line, row in enumerate(_rows(file), start=2):
        word = (row.get("decision") or "").strip()
        if word and word != _OPEN and word not in by_word:
            raise DecisionUnclear(line=line, file=file.name, words=words)
        if word:
            numbers = _numbers(row.get("number") or "?", review)
            by_decision.setdefault(by_word.get(word), []).extend(numbers)
    return list(by_decision.items())


def _rows(file: Path) -> Sequence[dict[str, str | None]]:
    try:
        with file.open(encoding="utf-8-sig", newline="") as opened:
            return list(csv.DictReader(opened))
    except (OSError, ValueError, csv.Error) as error:
        reason = getattr(error, "strerror", None) or error
        raise FileNotRead(file=str(file), reason=reason) from error


def _make(workspace: Workspace, options: argparse.Namespace) -> int:
    id = finish_review(
        workspace,
        options.review,
        name=options.name,
        undecided="accept" if options.accept_open else "leave_out",
        bare_rows="leave_out" if options.drop_bare else "keep",
    )
    info = load_dataset(workspace, id).info
    if options.json:
        say_json(info.to_json())
        return DONE
    say(id)
    for note in load_review(workspace, options.review).info.finished[-1].messages:
        say(note.text(), error=True)
    say(info.sentence.text(), error=True)
    return DONE


def _delete(workspace: Workspace, options: argparse.Namespace) -> int:
    review = load_review(workspace, options.review)
    say(_facts(review), error=True)
    confirm(yes=options.yes)
    delete_review(workspace, review.info.id)
    if options.json:
        say_json({"deleted": review.info.id})
    return DONE
