"""Taking the matrices along: as a drawing, as a picture, as tables, as a page to print."""

from __future__ import annotations

import re
from collections.abc import Callable

import streamlit as st

from core.inspection.comparison import Comparison
from core.inspection.matrix_svg import matrices_svg
from core.inspection.matrix_tables import MOST_TEXTS, matrices_zip
from core.inspection.similarity_report import similarity_html
from core.inspection.similarity_results import Pair, Results, drawing_of, report_of
from core.training.calibration import Calibration
from core.training.runs import Run
from core.workspace import utc_now
from ui import format as fmt
from ui.catalogues import translations
from ui.language import _, current_language
from ui.runs import run_name

# Names of formats, the same in every language.
_PNG, _SVG, _CSV = "PNG", "SVG", "CSV"
_FILES = {"png": "{}.png", "svg": "{}.svg", "csv": "{}-csv.zip", "html": "{}.html"}
_TYPES = {"svg": "image/svg+xml", "csv": "application/zip", "html": "text/html"}
_SCALE = 3
_SCRIPT = """
export default function ({ data, parentElement }) {
  const button = parentElement.querySelector("button");
  button.textContent = data.label;
  button.onclick = () => {
    const picture = new Image();
    picture.onload = () => {
      const canvas = document.createElement("canvas");
      canvas.width = picture.width * data.scale;
      canvas.height = picture.height * data.scale;
      canvas.getContext("2d").drawImage(picture, 0, 0, canvas.width, canvas.height);
      const link = document.createElement("a");
      link.href = canvas.toDataURL("image/png");
      link.download = data.name;
      link.click();
    };
    picture.src = "data:image/svg+xml;charset=utf-8," + encodeURIComponent(data.svg);
  };
}
"""
_LOOK = """
button{font:inherit;color:var(--st-text-color);background:var(--st-background-color);
border:1px solid var(--st-border-color);border-radius:var(--st-button-radius,.4rem);
padding:.3rem .75rem;min-height:2.5rem;cursor:pointer}
button:hover,button:focus-visible{border-color:var(--st-primary-color);
color:var(--st-primary-color)}
"""
_png_button = st.components.v2.component(
    "pairloom_png_button", html="<button type='button'></button>", css=_LOOK, js=_SCRIPT
)


def show_export(
    run: Run,
    comparison: Comparison,
    results: Results,
    calibration: Calibration | None,
    whole: Callable[[], Pair],
) -> None:
    """A button for each form; nothing but the drawing is made before somebody clicks.

    Args:
        run: whose models are compared.
        comparison: the models.
        results: what is drawn and said.
        calibration: from the run's report.
        whole: the base's and the tuned model's cosines of all texts of ``results``, in its order.
    """
    svg = matrices_svg(drawing_of(comparison.base_name, results, _))
    name = re.sub(r"[^\w-]+", "-", run_name(run)).strip("-") or run.id
    files = {kind: file.format(name) for kind, file in _FILES.items()}
    # What a button makes is made outside of the session that knows the language.
    translate, language = translations(current_language()).gettext, current_language()
    made = fmt.moment(utc_now())
    report = report_of(run_name(run), comparison, results, calibration, made, translate)
    with st.container(horizontal=True, vertical_alignment="center", key="similarity_export"):
        st.markdown(_("Save as"), width="content")
        _png_button(
            data={"svg": svg, "name": files["png"], "label": _PNG, "scale": _SCALE},
            key="similarity_png",
            width="content",
        )
        st.download_button(
            _SVG, svg, files["svg"], _TYPES["svg"], on_click="ignore", key="similarity_svg"
        )
        if len(results.sheet) <= MOST_TEXTS:
            st.download_button(
                _CSV,
                lambda: matrices_zip(results.sheet.texts, *whole()),
                files["csv"],
                _TYPES["csv"],
                on_click="ignore",
                key="similarity_csv",
                help=_("Three tables in a zip file: before, after, change."),
            )
        st.download_button(
            _("Report to print"),
            lambda: similarity_html(report, translate, language.replace("_", "-")),
            files["html"],
            _TYPES["html"],
            on_click="ignore",
            icon=":material/print:",
            key="similarity_report",
            help=_("One page with the matrices, the verdict and the threshold, in this language."),
        )
