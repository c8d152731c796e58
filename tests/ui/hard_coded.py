"""Finds words that a person would read and that no catalogue knows, by looking at the code."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path


def _set_of(words: str) -> set[str]:
    return set(words.split())


# Arguments of these functions and methods are read by people, unless their keyword says otherwise.
SHOWING = _set_of(
    """
    title header subheader caption markdown write text info warning error success toast badge
    spinner button link_button download_button form_submit_button menu_button page_link checkbox
    toggle radio selectbox multiselect slider select_slider text_input text_area number_input
    file_uploader chat_input segmented_control pills metric expander tabs popover dialog status
    progress html table Page exception date_input
    TextColumn NumberColumn Column ProgressColumn CheckboxColumn ListColumn LinkColumn
    ButtonColumn SelectboxColumn DatetimeColumn
    layout show add_scatter add_bar add_heatmap add_annotation Scatter Scattergl Bar
    Heatmap Histogram update_layout update_xaxes update_yaxes
    PlainTextResponse paged_frame choose
    """
)
# Of these, only some unnamed arguments: the others are keys.
PLACES = {"choose": {1}, "page_link": set(), "paged_frame": set(), "show": set()}
# Words in a call of anything else, when they stand behind one of these keywords.
READ_KEYWORDS = _set_of(
    """
    label help title name text caption placeholder alt body hovertemplate title_text
    delta_description ticktext description x_title y_title
    """
)
NOT_READ = _set_of(
    """
    key icon type file_name mime width height color colour gap border on_click on_change on_select
    kind mode insidetextanchor constraintext
    delta_color delta_arrow label_visibility alignment url_path horizontal_alignment chart_type
    vertical_alignment text_alignment position anchor line marker template legend selection_mode
    config margin hoverinfo textposition orientation xanchor yanchor exponentformat rangemode
    dash symbol hovermode bind persist_state size args kwargs language format row col media_type
    text_color theme icon_position colorscale uirevision textfont hoverlabel xref yref fill shape
    dragmode visible barmode showlegend tickformat ref tickmode summary default
    legendgroup live timezone
    """
)
ALLOWED = {"Pairloom", "BM25", "English", "CPU", "GPU", "UMAP", "PCA"}
_NOISE = re.compile(
    r"""
    :material/\w+:            # an icon
  | :[a-z]+(-badge|-background)?\[   # a colour
  | %\{[^}]*\}                # a value in a chart
  | <[^>]*> | &\w+;           # a tag, a sign
  | https?://\S+
  | (?<!\S)[\w.~-]*/[\w./~-]+  # a path
  """,
    re.VERBOSE,
)


def has_words(text: str) -> bool:
    """Whether ``text`` holds a word once icons, colours and fields are taken away."""
    bare = _NOISE.sub(" ", text).strip()
    return bool(re.search(r"[^\W\d_]{2,}", bare)) and bare not in ALLOWED


def hard_coded(source: str, screen: bool = True) -> list[tuple[int, str]]:
    """(line, text) of every text in ``source`` that is shown without going through a catalogue.

    Without ``screen``, only messages and problems are looked at (the command line is English).
    """
    found = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call) and (screen or getattr(node.func, "id", "") == "Message"):
            found += [(text.lineno, words) for text, words in _shown_words(node)]
        elif isinstance(node, ast.ClassDef):
            found += [(value.lineno, words) for value, words in _problem_words(node)]
    return sorted(set(found))


def hard_coded_in(folder: Path, screen: bool = True) -> list[str]:
    """The same for every module under ``folder``, as lines that an editor can jump to."""
    return [
        f"{path}:{line}: {words!r}"
        for path in sorted(folder.rglob("*.py"))
        for line, words in hard_coded(path.read_text(encoding="utf-8"), screen)
    ]


def _shown_words(call: ast.Call) -> Iterator[tuple[ast.expr, str]]:
    name = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
    if name == "Message" and call.args:
        yield from _words(call.args[0])
        return
    if name in SHOWING:
        for place, argument in enumerate(call.args):
            if place in PLACES.get(name, {place}):
                yield from _words(argument)
    for keyword in call.keywords:
        if keyword.arg in NOT_READ or keyword.arg is None:
            continue
        if name in SHOWING or keyword.arg in READ_KEYWORDS:
            # Plain functions take keywords such as name= for other things than words.
            if name not in SHOWING and keyword.arg in ("name", "text", "title", "description"):
                continue
            yield from _words(keyword.value)


def _problem_words(node: ast.ClassDef) -> Iterator[tuple[ast.expr, str]]:
    for statement in node.body:
        if (
            isinstance(statement, ast.Assign)
            and isinstance(statement.targets[0], ast.Name)
            and statement.targets[0].id in ("what", "do")
        ):
            yield from _words(statement.value)


def _words(node: ast.expr) -> Iterator[tuple[ast.expr, str]]:
    """The texts that ``node`` may become, without those that are looked up in a catalogue."""
    match node:
        case ast.Constant(value=str(text)) if has_words(text):
            yield node, text
        case ast.JoinedStr():
            literal = "".join(
                part.value if isinstance(part, ast.Constant) else " " for part in node.values
            )
            if has_words(literal):
                yield node, literal
        case ast.IfExp():
            yield from _words(node.body)
            yield from _words(node.orelse)
        case ast.BinOp():
            yield from _words(node.left)
            yield from _words(node.right)
        case ast.BoolOp():
            for value in node.values:
                yield from _words(value)
        case ast.List() | ast.Tuple():
            for value in node.elts:
                yield from _words(value)
        case ast.Dict():
            for key, value in zip(node.keys, node.values, strict=True):
                if isinstance(key, ast.Constant) and key.value in ("text", "title"):
                    yield from _words(value)
        case ast.Call(func=ast.Attribute(value=ast.Constant() as text, attr="format" | "join")):
            yield from _words(text)
