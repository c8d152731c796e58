"""What training changed of the similarities, as one page that can be printed and mailed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from core.inspection.matrix_svg import Drawing, matrices_svg, shortened
from core.inspection.sheet import Question
from core.inspection.similarity import Place, Verdict
from core.problems import N_, Message, Translate
from core.training.calibration import BINS, HIGH, LOW, Calibration, Distribution

TITLES = (N_("Base: {model}"), N_("After training"), N_("Change"))
SCALES = (N_("Cosine (1: the same direction)"), N_("Change of the cosine"))
_TITLE = N_("Similarity before and after training")
_LISTED_TEXTS = 40
_LISTED_QUESTIONS = 10
_TEXT_CHARACTERS = 60
_RUN, _BASE, _TUNED, _MADE = N_("Run"), N_("Base model"), N_("Tuned model"), N_("Made on")
_QUESTIONS = N_("Where the right answers stand")
_QUESTIONS_OF = N_("The {shown} with the largest change of place, of {count}.")
_SOURCE, _RIGHT = N_("Source"), N_("Right answer")
_COSINES = (N_("Cosine before"), N_("Cosine after"))
_PLACES = (N_("Place before"), N_("Place after"))
_TEXTS, _MORE = N_("The texts"), N_("… and {count} more")
_FRAMED = N_("Framed: a source with its right answer.")
_SPREAD = N_("Right and wrong pairs of the held-out rows")
_THRESHOLD = N_(
    "Suggested threshold: {threshold}. Of the held-out pairs that reach it, {precision} are right; "
    "of the right pairs, {recall} reach it."
)
_BEFORE, _AFTER = N_("Before training"), N_("After training")
_RIGHTS, _WRONGS = N_("Right pairs"), N_("Wrong pairs")
_STYLE = """
@page{size:A4;margin:10mm}
body{font:13px/1.45 system-ui,-apple-system,"Segoe UI","PingFang SC","Microsoft YaHei",
"Noto Sans CJK SC",sans-serif;color:#1a2530;background:#fff;max-width:62rem;margin:1.5rem auto;
padding:0 1rem}
h1{font-size:1.5rem;margin:0 0 .3rem}h2{font-size:1.05rem;margin:1rem 0 .3rem}p{margin:.25rem 0}
.soft{color:#5b6472}dl{display:flex;flex-wrap:wrap;gap:.1rem 1.6rem;margin:.3rem 0}
dt{color:#5b6472;display:inline}dd{display:inline;margin:0 0 0 .3rem;overflow-wrap:anywhere}
.verdict{border-left:5px solid #0f766e;background:#f3f6f7;padding:.45rem .7rem;margin:.5rem 0}
svg{max-width:100%;height:auto}.side{display:flex;flex-wrap:wrap;gap:1rem}
table{border-collapse:collapse;width:100%;font-size:.92em}
td,th{text-align:left;padding:.15rem .4rem;border-bottom:1px solid #d5dde2;overflow-wrap:anywhere}
td.n,th.n{text-align:right;white-space:nowrap}
ol{columns:2;column-gap:1.5rem;margin:.2rem 0;padding:0;list-style:none;font-size:.9em}
li{break-inside:avoid;overflow-wrap:anywhere}section{break-inside:avoid}
@media print{body{margin:0;max-width:none;padding:0;font-size:9px}
.side{flex-wrap:nowrap}.side>*{flex:1;min-width:0}
*{-webkit-print-color-adjust:exact;print-color-adjust:exact}}
"""


@dataclass(frozen=True)
class SimilarityReport:
    """What the page shows.

    Attributes:
        run: the run's name.
        base: how people call the base.
        tuned: what tells the tuned model from others, such as its run's id.
        made: the day, in the reader's way of writing.
        drawing: the matrices; its texts and labels are listed as well.
        verdict: for how many questions the right answer is first.
        questions: the questions behind it, as places in ``texts``.
        texts: all texts, in the order of the drawing.
        places: where each right answer stands, before and after.
        note: what has to be said about the picture, such as how many texts a block stands for.
        calibration: from the run's report.
    """

    run: str
    base: str
    tuned: str
    made: str
    drawing: Drawing
    verdict: Verdict
    questions: Sequence[Question]
    texts: Sequence[str]
    places: tuple[Sequence[Place], Sequence[Place]]
    note: Message | None = None
    calibration: Calibration | None = None


def similarity_html(report: SimilarityReport, translate: Translate, language: str = "en") -> str:
    """A whole HTML page: styles and drawings are in it, and it loads nothing.

    Args:
        report: what it shows.
        translate: the reader's language.
        language: its name, such as ``zh-CN``.
    """
    head = head_of(translate(_TITLE), report.run, report.base, report.tuned, report.made, translate)
    return html_page(
        f"{report.run} – {translate(_TITLE)}",
        head + similarity_sections(report, translate),
        language,
    )


def similarity_sections(report: SimilarityReport, translate: Translate) -> str:
    """What stands on the page below its head: verdict, matrices, places, spread, texts."""
    parts = [
        f'<p class="verdict">{escape(report.verdict.message().text(translate))}</p>'
        if report.questions
        else "",
        f"<section>{matrices_svg(report.drawing)}{_notes(report, translate)}</section>",
        _question_table(report, translate),
        _spread(report.calibration, translate),
        _texts(report.drawing, translate),
    ]
    return "\n".join(part for part in parts if part)


def html_page(title: str, body: str, language: str) -> str:
    """A whole page with the styles of printed reports around ``body``."""
    return (
        f'<!DOCTYPE html>\n<html lang="{language}"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}</title><style>{_STYLE}</style></head>\n"
        f"<body>{body}\n</body></html>\n"
    )


def head_of(title: str, run: str, base: str, tuned: str, made: str, translate: Translate) -> str:
    """The heading of a page, and what is compared on it."""
    facts = ((_RUN, run), (_BASE, base), (_TUNED, tuned), (_MADE, made))
    items = "".join(
        f"<div><dt>{escape(translate(name))}:</dt><dd>{escape(value)}</dd></div>"
        for name, value in facts
    )
    return f"<h1>{escape(title)}</h1>\n<dl>{items}</dl>\n"


def _notes(report: SimilarityReport, translate: Translate) -> str:
    notes = [report.note.text(translate)] if report.note else []
    notes += [translate(_FRAMED)] if report.drawing.framed else []
    return f'<p class="soft">{escape(" ".join(notes))}</p>' if notes else ""


def _question_table(report: SimilarityReport, translate: Translate) -> str:
    """Where each right answer stands; of many, those whose place changed most."""
    if not report.questions:
        return ""
    rows = list(zip(report.questions, *report.places, strict=True))
    shown = rows
    note = ""
    if len(rows) > _LISTED_QUESTIONS:
        shown = sorted(rows, key=lambda row: -abs(row[2].rank - row[1].rank))[:_LISTED_QUESTIONS]
        words = translate(_QUESTIONS_OF).format(shown=len(shown), count=len(rows))
        note = f'<p class="soft">{escape(words)}</p>'
    names = (_SOURCE, _RIGHT, *_COSINES, *_PLACES)
    head = "".join(
        f"<th{_right(at)}>{escape(translate(name))}</th>" for at, name in enumerate(names)
    )
    body = "".join(
        "<tr>"
        + "".join(f"<td{_right(at)}>{escape(cell)}</td>" for at, cell in enumerate(cells))
        + "</tr>"
        for cells in (
            (
                shortened(report.texts[one.source], _TEXT_CHARACTERS),
                shortened(report.texts[one.answers[0]], _TEXT_CHARACTERS),
                f"{was.score:.3f}",
                f"{now.score:.3f}",
                str(was.rank),
                str(now.rank),
            )
            for one, was, now in shown
        )
    )
    return (
        f"<section><h2>{escape(translate(_QUESTIONS))}</h2>{note}<table><thead><tr>{head}</tr>"
        f"</thead><tbody>{body}</tbody></table></section>"
    )


def _right(column: int) -> str:
    return ' class="n"' if column > 1 else ""


def _texts(drawing: Drawing, translate: Translate) -> str:
    if not drawing.texts:
        return ""
    pairs = list(zip(drawing.labels, drawing.texts, strict=True))
    items = "".join(
        f"<li><b>{escape(label)}</b> {escape(shortened(text, 2 * _TEXT_CHARACTERS))}</li>"
        for label, text in pairs[:_LISTED_TEXTS]
    )
    more = len(pairs) - _LISTED_TEXTS
    if more > 0:
        items += f'<li class="soft">{escape(translate(_MORE).format(count=more))}</li>'
    return f"<section><h2>{escape(translate(_TEXTS))}</h2><ol>{items}</ol></section>"


def _spread(calibration: Calibration | None, translate: Translate) -> str:
    """How similar right and wrong pairs are, before and after, with the threshold."""
    if calibration is None:
        return ""
    cut = calibration.after.cut
    sentence = translate(_THRESHOLD).format(
        threshold=f"{cut.threshold:.3f}",
        precision=f"{cut.precision:.0%}",
        recall=f"{cut.recall:.0%}",
    )
    words = translate(_RIGHTS), translate(_WRONGS)
    drawn = "".join(
        _histogram(side, translate(name), words)
        for side, name in ((calibration.before, _BEFORE), (calibration.after, _AFTER))
    )
    return (
        f"<section><h2>{escape(translate(_SPREAD))}</h2><p>{escape(sentence)}</p>"
        f'<div class="side">{drawn}</div></section>'
    )


_WIDTH, _HEIGHT, _HEAD, _FOOT = 420, 100, 20, 18
_COLOURS = ("#0F766E", "#B45309")


def _histogram(side: Distribution, title: str, words: tuple[str, str]) -> str:
    """Both kinds of pairs over one another, each as shares of its own kind."""
    shares = [
        [count / max(1, sum(counts)) for count in counts] for counts in (side.right, side.wrong)
    ]
    most = max(max(one) for one in shares) or 1.0
    step = _WIDTH / BINS
    bars = "".join(
        f'<rect x="{at * step:.1f}" y="{_HEAD + _HEIGHT * (1 - share / most):.1f}" '
        f'width="{step:.1f}" height="{_HEIGHT * share / most:.1f}" fill="{colour}" '
        'fill-opacity="0.6"/>'
        for one, colour in zip(shares, _COLOURS, strict=True)
        for at, share in enumerate(one)
        if share
    )
    foot = _HEAD + _HEIGHT
    cut = (side.cut.threshold - LOW) / (HIGH - LOW) * _WIDTH
    ticks = "".join(
        f'<text x="{(value - LOW) / (HIGH - LOW) * _WIDTH:.1f}" y="{foot + 13}" '
        f'text-anchor="{anchor}" fill="#5B6472">{value:g}</text>'
        for value, anchor in ((LOW, "start"), (0.0, "middle"), (HIGH, "end"))
    )
    key = "".join(
        f'<rect x="{x}" y="4" width="9" height="9" fill="{colour}" fill-opacity="0.6"/>'
        f'<text x="{x + 13}" y="12">{escape(word)}</text>'
        for x, colour, word in zip((190, 300), _COLOURS, words, strict=True)
    )
    return (
        f'<svg width="{_WIDTH}" height="{foot + _FOOT}" viewBox="0 0 {_WIDTH} {foot + _FOOT}" '
        f'font-size="11" fill="#1A2530" role="img" aria-label="{escape(title)}">'
        f'<text x="0" y="12" font-size="12">{escape(title)}</text>{key}{bars}'
        f'<line x1="0" x2="{_WIDTH}" y1="{foot}" y2="{foot}" stroke="#D5DDE2"/>'
        f'<line x1="{cut:.1f}" x2="{cut:.1f}" y1="{_HEAD}" y2="{foot}" stroke="#1A2530" '
        f'stroke-dasharray="4 3"/><text x="{cut + 4:.1f}" y="{_HEAD + 10}">'
        f"{side.cut.threshold:.2f}</text>{ticks}</svg>"
    )
