"""What stands behind one cell of a matrix: both texts, scores, ranks, and what each model saw."""

from __future__ import annotations

import html
from collections.abc import Iterable

import pandas as pd
import streamlit as st

from core.encoder import client
from core.inspection.comparison import Comparison
from core.inspection.project_job import MapModel
from core.inspection.sheet import Sheet
from core.inspection.similarity import neighbour
from core.models.seen import Piece, SeenText
from core.problems import Problem
from core.workspace import Workspace
from ui import format as fmt
from ui.language import _, ngettext, paragraph, say
from ui.vectors import Pair

SHOWN_PIECES = 300
_SHOWN_CUT = 200
_REMEMBERED = 40
_LONG = 300
_TEXT_HEIGHT = 170
_CELL, _CLICKS = "inspect_cell", "inspect_clicks"
_STYLE = """<style>
.seen{line-height:1.9;overflow-wrap:anywhere}
.seen span{border:1px solid rgba(128,128,128,.45);border-radius:4px;padding:0 .25em;
margin-right:.15em;display:inline-block;line-height:1.45}
.seen .unk{background:rgba(245,158,11,.3);border-color:rgba(217,119,6,.9)}
.seen sub{font-size:.68em;margin-left:.15em}
.seen .cut{border-style:dashed;opacity:.6;text-decoration:line-through;display:inline}
</style>"""

# Below a large matrix the panel may be out of sight, and nobody would know what their click did.
_SCROLL = """
export default function ({ data, parentElement }) {
  if (window.pairloomCell === data.cell) return;
  window.pairloomCell = data.cell;
  const panel = (parentElement.host ?? parentElement).closest(".st-key-cell");
  panel?.scrollIntoView({ block: "nearest", behavior: "smooth" });
}
"""
_scroll_to = st.components.v2.component("pairloom_scroll_to_cell", html="<i></i>", js=_SCROLL)


def choose_cell(sheet: Sheet, one: int, other: int) -> None:
    """Have the two texts at these places looked at from the next run of the script on."""
    st.session_state[_CELL] = (sheet.texts, one, other)
    st.session_state[_CLICKS] = st.session_state.get(_CLICKS, 0) + 1


def chosen_cell(sheet: Sheet) -> tuple[int, int] | None:
    """The places of the two texts that are looked at, if they are texts of this sheet."""
    texts, *places = st.session_state.get(_CELL, ((), 0, 0))
    return (places[0], places[1]) if texts == sheet.texts and len(sheet) else None


def show_cell(
    workspace: Workspace, comparison: Comparison, sheet: Sheet, vectors: Pair, cell: tuple[int, int]
) -> None:
    """Both texts with their scores and ranks, then their tokens."""
    one, other = cell
    first, second = sheet.labels[one], sheet.labels[other]
    with st.container(border=True, key="cell"):
        with st.container(horizontal=True, vertical_alignment="center"):
            title = _("{first} and {second}").format(first=first, second=second)
            st.markdown(f"#### {title}", width="stretch")
            st.button(
                _("Close"),
                icon=":material/close:",
                type="tertiary",
                key="cell_close",
                on_click=lambda: st.session_state.pop(_CELL, None),
            )
        for column, place in zip(st.columns(2, gap="medium"), cell, strict=True):
            with column:
                _show_text(sheet, place)
        st.table(
            _ranks(vectors, cell, (first, second)),
            border="horizontal",
            alt=_("Cosine and ranks of the two texts, before and after training"),
        )
        if one == other:
            st.caption(_("This is one and the same text, so there is nothing between them."))
        st.caption(
            _("Rank 1: no other of the {n} texts in the matrix is nearer.").format(
                n=fmt.number(len(sheet))
            )
        )
        _show_tokens(workspace, comparison, sheet, cell)
        clicks = st.session_state.get(_CLICKS, 0)
        _scroll_to(data={"cell": clicks}, key="cell_scroll", height=1)


def _show_text(sheet: Sheet, place: int) -> None:
    text = sheet.texts[place]
    st.markdown(f"**{sheet.labels[place]}**")
    height = _TEXT_HEIGHT if len(text) > _LONG else "content"
    with st.container(height=height, border=False):
        st.markdown(fmt.verbatim(text))


def _ranks(vectors: Pair, cell: tuple[int, int], names: tuple[str, str]) -> pd.DataFrame:
    """Before and after: the cosine, and each text's rank among the other's neighbours."""
    sides = [neighbour(rows, *cell) for rows in vectors]
    seen_from = _("{other} among the neighbours of {one}")
    rank = _("number {rank} of {others}")

    def place(at: int, others: int) -> str:
        return rank.format(rank=fmt.number(at), others=fmt.number(others)) if at else "–"

    return pd.DataFrame(
        {
            _("Cosine"): [f"{side.score:.3f}" for side in sides],
            seen_from.format(one=names[0], other=names[1]): [
                place(side.rank, side.others) for side in sides
            ],
            seen_from.format(one=names[1], other=names[0]): [
                place(side.rank_back, side.others) for side in sides
            ],
        },
        index=[_("Before training"), _("After training")],
    )


def _show_tokens(
    workspace: Workspace, comparison: Comparison, sheet: Sheet, cell: tuple[int, int]
) -> None:
    """What each of the two models made of each of the two texts."""
    st.markdown(_("**What each model saw**"))
    texts = tuple(sheet.texts[place] for place in dict.fromkeys(cell))
    labels = [sheet.labels[place] for place in dict.fromkeys(cell)]
    sides = ((_("Before training"), comparison.base), (_("After training"), comparison.tuned))
    for column, (title, model) in zip(st.columns(2, gap="medium"), sides, strict=True):
        with column:
            st.caption(title)
            try:
                with st.spinner(_("The model looks at the texts …")):
                    seen = _seen(workspace, model, texts)
            except Problem as problem:
                st.warning(say(problem), icon=":material/warning:")
                continue
            for label, text in zip(labels, seen, strict=True):
                _show_seen(label, text)


def _seen(workspace: Workspace, model: MapModel, texts: tuple[str, ...]) -> list[SeenText]:
    """What the model sees; asked once in this session for the texts that were looked at last."""
    known: dict[tuple[str, str], SeenText] = st.session_state.setdefault("seen_texts", {})
    missing = [text for text in texts if (model.fingerprint, text) not in known]
    if missing:
        found = client.tokens(workspace, model.folder, missing)
        for text, one in zip(missing, found, strict=True):
            known[model.fingerprint, text] = one
    seen = [known[model.fingerprint, text] for text in texts]
    for old in list(known)[:-_REMEMBERED]:
        del known[old]
    return seen


def _show_seen(label: str, seen: SeenText) -> None:
    if seen.pieces is None:
        st.markdown(f"**{label}** " + _("This model reads texts in a way of its own."))
        return
    cut = seen.cut_off.strip()
    st.html(
        f'{_STYLE}<div class="seen"><b>{html.escape(label)}</b> {"".join(_chips(seen.pieces))}'
        + (f'<span class="cut">{html.escape(_ending(cut))}</span>' if cut else "")
        + "</div>"
    )
    st.caption(paragraph(*_about(seen)))


def _chips(pieces: tuple[Piece, ...]) -> Iterable[str]:
    """Each piece in a frame; those that are unknown to the model with the name of that sign."""
    for piece in pieces[:SHOWN_PIECES]:
        text = html.escape(piece.text.strip() or piece.token)
        name = html.escape(piece.token)
        if piece.known:
            yield f'<span title="{name}">{text}</span>'
        else:
            yield f'<span class="unk">{text}<sub>{name}</sub></span>'
    if len(pieces) > SHOWN_PIECES:
        yield "…"


def _ending(text: str) -> str:
    return text if len(text) <= _SHOWN_CUT else text[:_SHOWN_CUT] + "…"


def _about(seen: SeenText) -> list[str]:
    """How many tokens there are, how many of them are unknown, and what was not read."""
    pieces = seen.pieces or ()
    words = [ngettext("{n} token.", "{n} tokens.", len(pieces)).format(n=fmt.number(len(pieces)))]
    unknown = sum(not piece.known for piece in pieces)
    if unknown:
        sentence = ngettext(
            "{n} of them is unknown to the model, which cannot tell it from other unknown ones.",
            "{n} of them are unknown to the model, which cannot tell them apart.",
            unknown,
        )
        words.append(sentence.format(n=fmt.number(unknown)))
    if seen.cut_off.strip():
        sentence = ngettext(
            "The last {n} character was cut off.",
            "The last {n} characters were cut off.",
            len(seen.cut_off),
        )
        words.append(sentence.format(n=fmt.number(len(seen.cut_off))))
    return words
