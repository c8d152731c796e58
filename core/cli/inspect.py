"""``inspect``: what training changed, as a page that can be mailed and opened without a network."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from core.cli.output import DONE, FAILED, say, say_json
from core.cli.tables import write_file
from core.cli.work import work
from core.data.reading.encodings import detect_file_encoding, open_text
from core.data.shapes import text_roles
from core.data.store import load_dataset
from core.export.card.words import CARD_LANGUAGES, translator
from core.inspection.comparison import Comparison, load_comparison
from core.inspection.map_html import DrawnMap, map_sections
from core.inspection.map_points import (
    MapPoints,
    corpus_points,
    dataset_points,
    held_out_points,
    listed_points,
)
from core.inspection.matrix_svg import shortened
from core.inspection.ordering import cluster_order, group_order
from core.inspection.project_job import MapSettings, load_map, map_key, project_params
from core.inspection.projections import joint_pca
from core.inspection.sheet import (
    MOST_TEXTS,
    Sheet,
    sheet_of_card,
    sheet_of_examples,
    sheet_of_lines,
    sheet_of_rows,
)
from core.inspection.similarity_report import head_of, html_page, similarity_sections
from core.inspection.similarity_results import (
    INTERACTIVE,
    Pair,
    Results,
    compare_sheet,
    report_of,
)
from core.inspection.vectors import Progress, Roles, text_vectors
from core.inspection.widgets import example_texts
from core.problems import N_, Problem
from core.training.artifacts import HELD_OUT, load_held_out
from core.training.run_models import RunFilesDamaged
from core.training.runs import Run, load_run
from core.workspace import Workspace, utc_now

if TYPE_CHECKING:
    from core.cli.parser import Commands

SIMILARITY, MAP, ALL = "similarity", "map", "all"
_TITLE = N_("What training changed")
_ORDERS = ("given", "alike", "group")
_LISTED = 10


class TextsUnreadable(Problem):
    what = N_("The texts in {file} cannot be read: {reason}.")
    do = N_("Name a text file with one text a line.")


class TooFewTexts(Problem):
    what = N_("{count} texts are too few to compare.")
    do = N_("Give at least two, one a line.")


class TooManyTexts(Problem):
    what = N_("{count} texts are too many to compare: {most} is the most.")
    do = N_("Give fewer, or draw the map alone with --what map.")


class NoExamples(Problem):
    what = N_("The held-out rows of {name} were too few for examples.")
    do = N_("Name other texts with --texts FILE or --dataset ID, or draw the map: --what map.")


class NoCardExamples(Problem):
    what = N_("The settings of {name} come from no model card with examples.")
    do = N_("Name other texts with --texts FILE or --dataset ID.")


def add_commands(commands: Commands) -> None:
    """Declare the command of this module."""
    look = commands.add_parser(
        "inspect", help="what training changed: similarities and a map, as a page to open or mail"
    )
    look.add_argument("run", help="the run's id")
    look.add_argument("--to", type=Path, metavar="FILE.html", help="write the page")
    look.add_argument(
        "--what", choices=(SIMILARITY, MAP, ALL), default=ALL, help="what is on it (default: all)"
    )
    texts = look.add_mutually_exclusive_group()
    texts.add_argument(
        "--texts",
        type=Path,
        metavar="FILE",
        help="compare these: one text a line, or two columns with a tab (a text, its right answer)",
    )
    texts.add_argument(
        "--card-examples",
        action="store_true",
        help="compare the texts of the model card that the run's recipe was read from",
    )
    texts.add_argument("--held-out", action="store_true", help="compare the held-out rows")
    texts.add_argument("--dataset", metavar="ID", help="compare the rows of this dataset")
    texts.add_argument("--in", dest="corpus", metavar="CORPUS", help="map the texts of this corpus")
    look.add_argument("--order", choices=_ORDERS, help="of the texts in the matrices")
    look.add_argument(
        "--layout", choices=("pca", "umap"), default="pca", help="of the map (default: pca)"
    )
    _add_layout(look)
    look.add_argument(
        "--lang", choices=list(CARD_LANGUAGES), default="en", help="the page's language"
    )
    look.add_argument("--json", action="store_true", help="print verdict and figures as JSON")
    look.set_defaults(command=_inspect)


def _add_layout(look: argparse.ArgumentParser) -> None:
    """How a UMAP is laid out, within the bounds of the screen."""
    usual = MapSettings()
    for name, least, most, default, words in (
        ("neighbours", 5, 100, usual.neighbours, "how many shape a text's place in the UMAP"),
        ("min-dist", 0.0, 0.9, usual.min_dist, "room between the UMAP's points"),
        ("seed", 0, 2**31 - 1, usual.seed, "makes the map repeatable"),
    ):
        look.add_argument(
            f"--{name}",
            type=_bounded(least, most),
            metavar=f"{least}…{most}",
            default=default,
            help=f"{words} (default: {default})",
        )


def _bounded(least: float, most: float) -> Callable[[str], float]:
    """What reads a number of an option, of the bounds' own kind, and refuses one beyond them."""

    def number(text: str) -> float:
        value = type(least)(text)
        if not least <= value <= most:
            raise argparse.ArgumentTypeError(f"{text} is not within {least} and {most}")
        return value

    return number


@dataclass(frozen=True)
class _Look:
    """What a command is about, handed from part to part."""

    workspace: Workspace
    options: argparse.Namespace
    run: Run
    comparison: Comparison
    own: Sheet | None


def _inspect(workspace: Workspace, options: argparse.Namespace) -> int:
    run = load_run(workspace, options.run)
    own = _read_texts(options.texts) if options.texts is not None else None
    if options.card_examples:
        own = sheet_of_card(run.config.examples)
        if not len(own):
            raise NoCardExamples(name=run.name)
    look = _Look(workspace, options, run, load_comparison(run), own)
    results = _similarities(look) if options.what != MAP else None
    drawn = None
    if options.what != SIMILARITY:
        drawn = _map(look)
        if drawn is None:
            return FAILED
    if options.to is not None:
        write_file(options.to, _page(look, results, drawn).encode("utf-8", "replace"))
    if options.json:
        say_json(_record(look, results, drawn))
        return DONE
    if results is not None:
        say(results.verdict.message().text())
    if drawn is not None:
        _say_moved(drawn)
    return DONE


# Similarities -------------------------------------------------------------------------------------


def _similarities(look: _Look) -> Results | None:
    """The matrices and the verdict; None where a run without examples is only to be mapped."""
    sheet = _sheet(look)
    if not len(sheet):
        if look.options.what == SIMILARITY:
            raise NoExamples(name=look.run.name)
        say(NoExamples(name=look.run.name).message().text(), error=True)
        return None
    if len(sheet) < 2:
        raise TooFewTexts(count=len(sheet))
    if len(sheet) > MOST_TEXTS:
        raise TooManyTexts(count=len(sheet), most=MOST_TEXTS)
    vectors = _vectors(look, sheet.texts, sheet.roles)
    return compare_sheet(sheet, vectors, _order(look.options.order, sheet, vectors[1]))


def _sheet(look: _Look) -> Sheet:
    if look.own is not None:
        return look.own
    if look.options.held_out:
        try:
            return sheet_of_rows(load_held_out(look.run.folder))
        except (OSError, ValueError) as error:
            raise RunFilesDamaged(file=HELD_OUT, name=look.run.name) from error
    if look.options.dataset is not None:
        frame = load_dataset(look.workspace, look.options.dataset).frame()
        return sheet_of_rows(frame[: MOST_TEXTS // max(1, len(text_roles(frame.columns)))])
    return sheet_of_examples(look.comparison.examples)


def _read_texts(file: Path) -> Sheet:
    try:
        with open_text(file, detect_file_encoding(file, file.name)) as stream:
            sheet = sheet_of_lines(stream.read())
    except (OSError, UnicodeError) as error:
        raise TextsUnreadable(file=str(file), reason=error) from error
    if len(sheet) < 2:
        raise TooFewTexts(count=len(sheet))
    return sheet


def _order(how: str | None, sheet: Sheet, vectors: NDArray[np.float32]) -> NDArray[np.int64]:
    """As the screen does unless it is said: many texts are put beside like ones."""
    if how == "alike" or (how is None and len(sheet) > INTERACTIVE):
        return cluster_order(vectors)
    return group_order(sheet.groups) if how == "group" else np.arange(len(sheet))


def _vectors(look: _Look, texts: tuple[str, ...], roles: Roles) -> Pair:
    """Of both models; what was read before is not read again."""
    base, tuned = (
        text_vectors(
            look.workspace, model.folder, model.fingerprint, texts, _say_reading(name), roles
        )
        for name, model in (
            (look.comparison.base_name, look.comparison.base),
            (look.run.name, look.comparison.tuned),
        )
    )
    return base, tuned


def _say_reading(name: str) -> Progress:
    def tell(done: int, rows: int) -> None:
        say(f"{name}: {done} of {rows} texts", error=True)

    return tell


# The map ------------------------------------------------------------------------------------------


def _map(look: _Look) -> DrawnMap | None:
    """The map as the screen draws it, made by the same job; None when that does not succeed."""
    asked = look.options
    settings = MapSettings(asked.neighbours, asked.min_dist, asked.seed)
    points = _points(look)
    base, tuned = look.comparison.base, look.comparison.tuned
    key = map_key(points.texts, base, tuned, points.roles)
    umap = look.options.layout == "umap"
    if not load_map(look.workspace, key, settings).whole(umap):
        params = project_params(
            look.workspace, key, points.texts, base, tuned, settings, umap, points.roles
        )
        if not work(look.workspace, "project", params, "map", json=look.options.json):
            return None
    saved = load_map(look.workspace, key, settings)
    vectors = _vectors(look, points.texts, points.roles)
    layout = saved.layout if umap else None
    return DrawnMap(
        base_name=look.comparison.base_name,
        points=points,
        projection=layout if layout is not None else joint_pca(*vectors),
        saved=saved,
        settings=settings,
        same_width=vectors[0].shape[1] == vectors[1].shape[1],
    )


def _points(look: _Look) -> MapPoints:
    if look.own is not None:
        return listed_points(look.own.texts)
    if look.options.dataset is not None:
        return dataset_points(look.workspace, look.options.dataset, look.comparison.held_out)
    if look.options.corpus is not None:
        return corpus_points(look.workspace, look.options.corpus)
    return held_out_points(look.workspace, look.run, tuple(example_texts(look.comparison.examples)))


def _say_moved(drawn: DrawnMap) -> None:
    kept = drawn.kept()
    say(f"neighbours kept, on average: {float(kept.mean()):.0%} (Jaccard); moved most:")
    for one in drawn.moved()[:_LISTED]:
        near = drawn.points.texts[one.gained[0]] if one.gained else "-"
        text = shortened(drawn.points.texts[one.item], 40)
        say(f"{one.kept:>5.0%}  {text}  now near: {shortened(near, 40)}")


# What comes out -----------------------------------------------------------------------------------


def _page(look: _Look, results: Results | None, drawn: DrawnMap | None) -> str:
    translate = translator(look.options.lang)
    made, name = utc_now()[:10], translate(look.run.name)
    title, comparison = translate(_TITLE), look.comparison
    tuned = str(comparison.tuned.folder)
    parts = [head_of(title, name, comparison.base_name, tuned, made, translate)]
    if results is not None:
        report = look.run.report()
        calibration = report.calibration if report is not None else None
        shown = report_of(name, comparison, results, calibration, made, translate)
        parts.append(similarity_sections(shown, translate))
    if drawn is not None:
        parts.append(map_sections(drawn, translate))
    language = "zh-CN" if look.options.lang == "zh" else look.options.lang
    return html_page(f"{name} – {title}", "\n".join(parts), language)


def _record(look: _Look, results: Results | None, drawn: DrawnMap | None) -> dict[str, Any]:
    record: dict[str, Any] = {
        "run": look.run.id,
        "base": look.comparison.base_name,
        "file": str(look.options.to) if look.options.to is not None else None,
        "similarity": _similarity_record(results) if results is not None else None,
        "map": None,
    }
    if drawn is not None:
        kept, explained = drawn.kept(), drawn.projection.explained
        record["map"] = {
            "texts": len(drawn.points.texts),
            "layout": look.options.layout,
            "explained": list(explained) if explained is not None else None,
            "neighbours_kept": float(kept.mean()),
            "only_new_neighbours": int((kept == 0).sum()),
            "all_neighbours_kept": int((kept == 1).sum()),
            "moved": [
                {
                    "text": drawn.points.texts[one.item],
                    "kept": one.kept,
                    "gained": [drawn.points.texts[item] for item in one.gained],
                    "lost": [drawn.points.texts[item] for item in one.lost],
                }
                for one in drawn.moved()
            ],
        }
    return record


def _similarity_record(results: Results) -> dict[str, Any]:
    """The verdict, and where each right answer stands; of few texts all cosines too."""
    sheet, found = results.sheet, results.verdict
    whole = results.note is None
    return {
        "verdict": {**asdict(found), "message": found.message().to_json()},
        "texts": len(sheet),
        "answers": [
            {
                "source": sheet.texts[one.source],
                "right": [sheet.texts[place] for place in one.answers],
                "cosine_before": was.score,
                "cosine_after": now.score,
                "rank_before": was.rank,
                "rank_after": now.rank,
            }
            for one, was, now in zip(sheet.questions, *results.places, strict=True)
        ],
        "labels": list(sheet.labels) if whole else None,
        "before": results.base.tolist() if whole else None,
        "after": results.tuned.tolist() if whole else None,
    }
