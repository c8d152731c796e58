"""The data report as one page that can be printed, mailed and opened anywhere."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape

from core.data.findings import EXAMPLE_ROWS, Finding, Severity, list_rows
from core.data.report.data_report import DataReport, Histogram, LengthStatistics
from core.data.report.languages import LANGUAGES
from core.data.report.scripts import SCRIPTS
from core.problems import N_, Translate

_WORDS = {
    Severity.PROBLEM: N_("Problem"),
    Severity.WARNING: N_("Warning"),
    Severity.INFO: N_("Note"),
}
_TITLE = N_("Data report")
_NOTHING = N_("Nothing was found that stands in the way.")
_FINDINGS, _WAY_OUT = N_("What was found"), N_("Way out: {label}.")
_ROWS = N_("In rows: {rows}")
_ROW = N_("Row {row}")
_LENGTHS_TOKENS = N_("How long the texts are, in tokens of {base}")
_LENGTHS = N_("How long the texts are, in characters")
_COLUMN, _DIFFERENT = N_("Column"), N_("Different texts")
_SHORTEST, _MEAN, _P95, _LONGEST = (
    N_("Shortest"),
    N_("Mean"),
    N_("95% are at most"),
    N_("Longest"),
)
_LOWEST, _HIGHEST = N_("Lowest"), N_("Highest")
_CUT = N_("Cut off (rows)")
_BASES, _BASE, _UNKNOWN = N_("Which base can read it"), N_("Base"), N_("Unreadable tokens")
_HOLDING, _ALIKE = N_("Texts with something unreadable"), N_("Texts that look like another")
_CUT_TEXTS, _SIGNS = N_("Texts that are cut off"), N_("Unreadable, for example")
_OF = N_("{count:,} of {texts:,}")
_SCRIPTS, _SCRIPT, _LANGUAGE = N_("Scripts and languages"), N_("Scripts"), N_("Languages")
_UNCLEAR = N_("not clear")
_SCORES, _CLASSES = N_("Scores"), N_("Classes")
_CLASS, _TEXTS = N_("Class"), N_("Texts")
_LOOKED, _EVERYTHING = N_("What was looked at"), N_("All rows, for everything above.")
_ROWS_OF = N_("{rows:,} rows: {shape}")
_COMMA = N_(", ")

_CHARACTERS_SHOWN = 20
_SMALLEST_SHARE = 0.01
_STYLE = """
:root{color-scheme:light dark;--ink:#1d2430;--soft:#5b6472;--line:#d8dde5;--paper:#fff;
--problem:#b42318;--warning:#9a5b00;--info:#175cd3;--bar:#3b6fb6}
@media (prefers-color-scheme:dark){:root{--ink:#e8ebf0;--soft:#a7b0be;--line:#3a4250;
--paper:#14181f;--problem:#ff8a80;--warning:#f5b95f;--info:#84b6ff;--bar:#7fabe6}}
body{font:15px/1.5 system-ui,-apple-system,"Segoe UI","PingFang SC","Microsoft YaHei",
"Noto Sans CJK SC",sans-serif;color:var(--ink);background:var(--paper);max-width:60rem;
margin:2rem auto;padding:0 1rem}
h1{font-size:1.6rem;margin:0}h2{font-size:1.15rem;margin:2rem 0 .6rem}p{margin:.3rem 0}
.soft{color:var(--soft)}section.finding{border:1px solid var(--line);border-left-width:5px;
border-radius:6px;padding:.6rem .9rem;margin:.6rem 0;break-inside:avoid}
.problem{border-left-color:var(--problem)!important}.warning{border-left-color:var(--warning)
!important}.info{border-left-color:var(--info)!important}
.badge{font-weight:600;margin-right:.4rem}.problem .badge{color:var(--problem)}
.warning .badge{color:var(--warning)}.info .badge{color:var(--info)}
table{border-collapse:collapse;width:100%;margin:.4rem 0}th,td{text-align:left;padding:.3rem .5rem;
border-bottom:1px solid var(--line);vertical-align:top;overflow-wrap:break-word}
td.n,th.n{text-align:right;font-variant-numeric:tabular-nums}td.n,td.row{white-space:nowrap}
table.examples{table-layout:fixed}td.row{width:6rem}
figure{margin:.6rem 1rem .6rem 0;display:inline-block}figcaption{color:var(--soft);font-size:.9em}
svg text{fill:var(--soft);font-size:11px}svg rect{fill:var(--bar)}svg line{stroke:var(--line)}
ul{margin:.3rem 0;padding-left:1.2rem}
@media print{body{margin:0;max-width:none;font-size:11pt}}
"""


def report_html(report: DataReport, title: str, translate: Translate) -> str:
    """A whole HTML page: styles and drawings are in it, and it loads nothing.

    Args:
        report: what it shows.
        title: the dataset's or file's name.
        translate: the reader's language.
    """
    page = _Page(report, translate)
    parts = [
        page.findings(),
        page.lengths(),
        page.coverage(),
        page.scripts(),
        page.scores(),
        page.classes(),
        page.looked_at(),
    ]
    heading = escape(title)
    facts = escape(
        translate(_ROWS_OF).format(rows=report.rows, shape=translate(report.shape.label))
    )
    return (
        '<!DOCTYPE html>\n<html><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{heading} – {escape(translate(_TITLE))}</title><style>{_STYLE}</style></head>\n"
        f'<body><p class="soft">{escape(translate(_TITLE))}</p><h1>{heading}</h1><p>{facts}</p>\n'
        + "\n".join(part for part in parts if part)
        + "\n</body></html>\n"
    )


class _Page:
    """The parts of one report's page, in one language; each is HTML, or empty."""

    def __init__(self, report: DataReport, translate: Translate) -> None:
        self.report = report
        self.translate = translate

    def findings(self) -> str:
        found = self.report.findings
        body = "".join(map(self._finding, found)) if found else f"<p>{self._say(_NOTHING)}</p>"
        return self._heading(_FINDINGS) + body

    def lengths(self) -> str:
        report = self.report
        lengths = report.tokens or report.characters
        heading = _LENGTHS_TOKENS if report.tokens else _LENGTHS
        columns = [_COLUMN, _DIFFERENT, _SHORTEST, _MEAN, _P95, _LONGEST]
        rows = [self._length_row(role, one) for role, one in lengths.items()]
        if report.tokens:
            columns.append(_CUT)
        else:
            rows = [row[:-1] for row in rows]
        figures = [_figure(one.histogram, report.names[role]) for role, one in lengths.items()]
        return (
            self._heading(heading, base=self.translate(report.base or ""))
            + self._table(columns, rows)
            + "".join(figures)
        )

    def coverage(self) -> str:
        if not self.report.coverage:
            return ""
        rows = [
            [
                self.translate(one.name),
                f"{one.unknown_share:.1%}",
                self._plain(_OF, count=one.unreadable_texts, texts=one.texts),
                self._plain(_OF, count=one.indistinguishable, texts=one.texts),
                f"{one.cut_off_share:.1%}",
                " ".join(one.characters[:_CHARACTERS_SHOWN]),
            ]
            for one in self.report.coverage
        ]
        columns = [_BASE, _UNKNOWN, _HOLDING, _ALIKE, _CUT_TEXTS, _SIGNS]
        return self._heading(_BASES) + self._table(columns, rows, numbers=(1, 2, 3, 4))

    def scripts(self) -> str:
        rows = [
            [
                self.report.names[role],
                self._shares(shares.items(), SCRIPTS),
                self._shares(self.report.languages.get(role, {}).items(), LANGUAGES),
            ]
            for role, shares in self.report.scripts.items()
        ]
        return self._heading(_SCRIPTS) + self._table([_COLUMN, _SCRIPT, _LANGUAGE], rows, ())

    def scores(self) -> str:
        scores = self.report.scores
        if scores is None:
            return ""
        row = [f"{value:g}" for value in (scores.minimum, scores.mean, scores.maximum)]
        table = self._table([_LOWEST, _MEAN, _HIGHEST], [row], (0, 1, 2))
        name = self.report.names.get("score", "score")
        return self._heading(_SCORES) + table + _figure(scores.histogram, name)

    def classes(self) -> str:
        classes = self.report.classes
        if classes is None:
            return ""
        rows = [[name, f"{count:,}"] for name, count in classes.largest]
        if classes.classes > len(rows):
            rows.append(["…", ""])
        return self._heading(_CLASSES) + self._table([_CLASS, _TEXTS], rows, (1,))

    def looked_at(self) -> str:
        sampled = [escape(message.text(self.translate)) for message in self.report.sampled]
        items = "".join(f"<li>{line}</li>" for line in sampled)
        body = f"<ul>{items}</ul>" if sampled else f"<p>{self._say(_EVERYTHING)}</p>"
        return self._heading(_LOOKED) + body

    def _finding(self, finding: Finding) -> str:
        word = self._say(_WORDS[finding.severity])
        message = escape(finding.message.text(self.translate))
        lines = [
            f'<section class="finding {finding.severity.value}">'
            f'<p><span class="badge">{word}</span>{message}</p>'
        ]
        lines += [
            f'<p class="soft">{escape(effect.text(self.translate))}</p>'
            for effect in finding.effects
        ]
        if finding.fix is not None:
            label = finding.fix.label.text(self.translate)
            lines.append(f"<p>{self._say(_WAY_OUT, label=label)}</p>")
        if finding.examples:
            items = "".join(
                f'<tr><td class="row">{self._say(_ROW, row=one.row)}</td>'
                + "".join(f"<td>{escape(text)}</td>" for text in one.texts)
                + "</tr>"
                for one in finding.examples
            )
            lines.append(f'<table class="examples">{items}</table>')
        if finding.rows:
            rows = list_rows(finding.rows, EXAMPLE_ROWS)
            lines.append(f'<p class="soft">{self._say(_ROWS, rows=rows)}</p>')
        return "".join(lines) + "</section>"

    def _length_row(self, role: str, one: LengthStatistics) -> list[str]:
        numbers = (
            f"{self.report.distinct[role]:,}",
            f"{one.minimum:,}",
            f"{one.mean:,.1f}",
            f"{one.p95:,.0f}",
            f"{one.maximum:,}",
            f"{one.cut_off:,}",
        )
        return [self.report.names[role], *numbers]

    def _shares(self, shares: Iterable[tuple[str, float]], names: dict[str, str]) -> str:
        return self.translate(_COMMA).join(
            f"{self.translate(names.get(key, key) if key else _UNCLEAR)} {share:.0%}"
            for key, share in shares
            if share >= _SMALLEST_SHARE
        )

    def _heading(self, text: str, **facts: object) -> str:
        return f"<h2>{self._say(text, **facts)}</h2>"

    def _table(
        self,
        columns: Sequence[str],
        rows: Sequence[Sequence[str]],
        numbers: Sequence[int] | None = None,
    ) -> str:
        """A table; ``numbers`` are the columns set to the right, all but the first when None."""
        right = range(1, len(columns)) if numbers is None else numbers
        looks = [' class="n"' if place in right else "" for place in range(len(columns))]
        head = "".join(
            f"<th{look}>{self._say(column)}</th>"
            for look, column in zip(looks, columns, strict=True)
        )
        body = "".join(
            "<tr>"
            + "".join(
                f"<td{look}>{escape(cell)}</td>" for look, cell in zip(looks, row, strict=True)
            )
            + "</tr>"
            for row in rows
        )
        return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"

    def _plain(self, text: str, **facts: object) -> str:
        return self.translate(text).format(**facts)

    def _say(self, text: str, **facts: object) -> str:
        return escape(self._plain(text, **facts))


_WIDTH, _HEIGHT, _FOOT = 270, 110, 18


def _figure(histogram: Histogram, caption: str) -> str:
    """A histogram drawn as SVG, with its column's name below."""
    most = max(1, *histogram.counts)
    bar = _WIDTH / len(histogram.counts)
    bars = "".join(
        f'<rect x="{place * bar + 0.5:.1f}" y="{_HEIGHT - count / most * _HEIGHT:.1f}" '
        f'width="{max(bar - 1, 0.5):.1f}" height="{count / most * _HEIGHT:.1f}">'
        f"<title>{low:g} – {high:g}: {count:,}</title></rect>"
        for place, (count, low, high) in enumerate(
            zip(histogram.counts, histogram.edges, histogram.edges[1:], strict=False)
        )
    )
    base = _HEIGHT + _FOOT - 4
    return (
        f'<figure><svg width="{_WIDTH}" height="{_HEIGHT + _FOOT}" role="img" '
        f'aria-label="{escape(caption)}">{bars}'
        f'<line x1="0" x2="{_WIDTH}" y1="{_HEIGHT}" y2="{_HEIGHT}"/>'
        f'<text x="0" y="{base}">{histogram.edges[0]:g}</text>'
        f'<text x="{_WIDTH}" y="{base}" text-anchor="end">{histogram.edges[-1]:g}</text></svg>'
        f"<figcaption>{escape(caption)}</figcaption></figure>"
    )
