"""``matches``: the results of ``match`` and ``duplicates``, decided by hand, used, deleted."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from core.cli.match import check_files, write_result
from core.cli.output import DONE, add_json, say, say_json
from core.cli.tables import confirm
from core.data.store import load_dataset
from core.matching.chosen import NONE, Candidates, Chosen, Order, State, Wish, choose, lines
from core.matching.dataset import matches_to_dataset
from core.matching.decisions import Decision, Pair, decide, read_decisions
from core.matching.export import load_candidates
from core.matching.params import KEPT
from core.matching.results import Result, ResultMeta, delete_result, list_results, load_result
from core.problems import N_, Problem
from core.workspace import Workspace

if TYPE_CHECKING:
    from core.cli.parser import Commands

_ORDERS: tuple[Order, ...] = ("table", "doubtful", "best")
_SHOWN = 20


class PairUnclear(Problem):
    what = N_("“{text}” names no pair of rows.")
    do = N_("Write LEFT=RIGHT with the numbers that “matches” prints, such as 3=17.")


class NoSuchPair(Problem):
    what = N_("Row {left} has no candidate {right}.")
    do = N_("Its candidates are: {candidates}.")


class NotAMatch(Problem):
    what = N_("{id} is a search for duplicates; there are no pairs to decide.")
    do = N_("Choose the result of a match; “matches” lists them.")


def add_commands(commands: Commands) -> None:
    """Declare the command of this module."""
    command = commands.add_parser(
        "matches", help="list results of match and duplicates; decide pairs, use, delete"
    )
    command.add_argument("result", nargs="?", help="the id of one, to see its pairs")
    for name, what in (
        ("--accept", "this pair is a match, whatever its score"),
        ("--reject", "this pair is none; the next candidate moves up"),
        ("--take-back", "nothing is decided about this pair any more"),
    ):
        command.add_argument(
            name, action="append", default=[], metavar="LEFT=RIGHT", help=f"{what}; several times"
        )
    command.add_argument(
        "--candidates", type=int, metavar="LEFT", help="all candidates of this row"
    )
    command.add_argument("--order", choices=_ORDERS, default="table", help="of the pairs")
    command.add_argument(
        "--from", dest="first", type=int, default=1, metavar="N", help="from the Nth pair on"
    )
    command.add_argument(
        "--show", type=int, default=_SHOWN, help=f"so many pairs (default: {_SHOWN})"
    )
    command.add_argument("--threshold", type=float, help="a match from this score on")
    command.add_argument(
        "--top",
        type=int,
        default=3,
        choices=range(1, KEPT + 1),
        metavar="1…10",
        help="how many matches a row may have (default: 3)",
    )
    command.add_argument("--one-to-one", action="store_true", help="use each row once")
    command.add_argument("--to", type=Path, metavar="FILE", help="write a .csv or .xlsx file")
    command.add_argument(
        "--only-matched", action="store_true", help="leave rows without a match out of the file"
    )
    command.add_argument("--dataset", metavar="NAME", help="make a dataset of the matches")
    command.add_argument(
        "--by-hand", action="store_true", help="with --dataset: only pairs that were accepted"
    )
    command.add_argument("--delete", action="store_true", help="delete the result")
    command.add_argument("--yes", action="store_true", help="with --delete: do not ask")
    add_json(command)
    command.set_defaults(command=_matches)


def _matches(workspace: Workspace, options: argparse.Namespace) -> int:
    if options.result is None:
        return _list(workspace, options)
    result = load_result(workspace, options.result)
    if options.delete:
        return _delete(workspace, result, options)
    if result.meta.match is None:
        raise NotAMatch(id=result.meta.id)
    check_files(options.to)
    candidates = load_candidates(result)
    _decide(result, candidates, options)
    threshold = options.threshold
    wish = Wish(
        threshold=result.meta.match.threshold if threshold is None else threshold,
        top=options.top,
        one_to_one=options.one_to_one,
    )
    write_result(result, "matches", wish, options.to, matched_only=options.only_matched)
    if options.dataset is not None:
        return _make(workspace, result, wish, options)
    _show(
        result, candidates, choose(candidates, wish, read_decisions(result.folder)), wish, options
    )
    return DONE


def _list(workspace: Workspace, options: argparse.Namespace) -> int:
    metas = list_results(workspace)
    if options.json:
        say_json([meta.model_dump(mode="json") for meta in metas])
        return DONE
    for meta in metas:
        say(f"{meta.id}  {_title(meta)}")
    return DONE


def _title(meta: ResultMeta) -> str:
    names = [table.name for table in meta.tables.values()]
    return " → ".join(names) if meta.match is not None else f"duplicates in {names[0]}"


def _delete(workspace: Workspace, result: Result, options: argparse.Namespace) -> int:
    decided = len(read_decisions(result.folder))
    say(f"{_title(result.meta)}; decided by hand: {decided}", error=True)
    confirm(yes=options.yes)
    delete_result(workspace, result.meta.id)
    if options.json:
        say_json({"deleted": result.meta.id})
    return DONE


def _decide(result: Result, candidates: Candidates, options: argparse.Namespace) -> None:
    """Record what was said about pairs, once all of them are known to be candidates."""
    said = [
        (decision, [_pair(text, candidates) for text in texts])
        for decision, texts in (
            (Decision.ACCEPT, options.accept),
            (Decision.REJECT, options.reject),
            (None, options.take_back),
        )
    ]
    for decision, pairs in said:
        if pairs:
            decide(result.folder, pairs, decision)


def _pair(text: str, candidates: Candidates) -> Pair:
    """The places of ``LEFT=RIGHT``, which counts rows from 1."""
    try:
        left, right = (int(part) - 1 for part in text.split("="))
    except ValueError as error:
        raise PairUnclear(text=text) from error
    rights = candidates.right[candidates.left == left].tolist()
    if right not in rights:
        shown = ", ".join(str(one + 1) for one in rights) or "–"
        raise NoSuchPair(left=left + 1, right=right + 1, candidates=shown)
    return left, right


def _make(workspace: Workspace, result: Result, wish: Wish, options: argparse.Namespace) -> int:
    id = matches_to_dataset(workspace, result, wish, options.dataset, by_hand_only=options.by_hand)
    info = load_dataset(workspace, id).info
    if options.json:
        say_json(info.to_json())
    else:
        say(id)
        say(info.sentence.text(), error=True)
    return DONE


def _show(
    result: Result,
    candidates: Candidates,
    chosen: Chosen,
    wish: Wish,
    options: argparse.Namespace,
) -> None:
    """The pairs that were asked for, a line each."""
    if options.candidates is not None:
        found = np.flatnonzero(candidates.left == options.candidates - 1)
        lefts = candidates.left[found].astype(np.int64)
    else:
        lefts, found = lines(candidates, chosen, options.order, wish.threshold)
        part = slice(max(options.first, 1) - 1, max(options.first, 1) - 1 + options.show)
        lefts, found = lefts[part], found[part]
    records = _records(result, candidates, chosen, lefts, found)
    if options.json:
        say_json(records)
        return
    for one in records:
        if one["right"] is None:
            say(f"{one['left']}  {one['state']}  {one['left_text']}")
            continue
        hand = f"  {one['by_hand']}" if one["by_hand"] else ""
        say(
            f"{one['left']}={one['right']}  {one['score']:.3f}  {one['state']}{hand}  "
            f"{one['left_text']} | {one['right_text']}"
        )
    states = ", ".join(f"{chosen.count(state)} {state.label}" for state in State)
    say(f"{candidates.rows} rows: {states}; threshold {wish.threshold:.3f}", error=True)


def _records(
    result: Result,
    candidates: Candidates,
    chosen: Chosen,
    lefts: np.ndarray,
    found: np.ndarray,
) -> list[dict[str, Any]]:
    left_texts = result.rows("left", lefts.tolist())["text"].to_pylist()
    records = []
    for left, at, text in zip(lefts.tolist(), found.tolist(), left_texts, strict=True):
        record: dict[str, Any] = {"left": left + 1, "left_text": text}
        record["state"] = State(int(chosen.states[left])).label
        right = None if at == NONE else int(candidates.right[at])
        record["right"] = None if right is None else right + 1
        if right is not None:
            record["right_text"] = result.rows("right", [right])["text"].to_pylist()[0]
            record["score"] = round(float(candidates.score[at]), 6)
            record["listed"] = bool(chosen.listed[at])
            record["by_hand"] = {1: "accepted", -1: "rejected"}.get(int(chosen.decided[at]))
        records.append(record)
    return records
