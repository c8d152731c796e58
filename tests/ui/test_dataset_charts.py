"""The charts of the data report."""

from __future__ import annotations

from core.data.report import Histogram, LengthStatistics
from ui.dataset_charts import length_histograms, score_histogram

SHORT = LengthStatistics(1, 2.0, 3.0, 4, Histogram((0.0, 2.0, 4.0), (3, 5)))
LONG = LengthStatistics(1, 90.0, 250.0, 256, Histogram((0.0, 128.0, 256.0), (7, 1)), cut_off=1)


def test_a_panel_for_each_role_with_the_counts_of_its_histogram() -> None:
    titles = {"anchor": "Anchor · <b>q</b>", "positive": "Positive"}
    figure = length_histograms(
        {"anchor": SHORT, "positive": LONG}, titles, title="Length", unit="tokens", limit=256
    )
    assert [list(bars.y) for bars in figure.data] == [[3, 5], [7, 1]]
    assert list(figure.data[0].x) == [1.0, 3.0]
    assert figure.data[1].customdata[1] == "128 – 256 tokens"
    # What people wrote is shown letter by letter.
    assert "Anchor · &lt;b&gt;q&lt;/b&gt;" in [one.text for one in figure.layout.annotations]


def test_only_where_texts_come_near_it_the_limit_is_drawn() -> None:
    def lines(statistics: LengthStatistics) -> int:
        titles = {"text": "Text"}
        figure = length_histograms(
            {"text": statistics}, titles, title="Length", unit="tokens", limit=256
        )
        return len(figure.layout.shapes)

    assert (lines(SHORT), lines(LONG)) == (0, 1)


def test_many_roles_stand_in_rows_of_three() -> None:
    roles = {f"negative_{n}": SHORT for n in range(7)}
    figure = length_histograms(
        roles, dict.fromkeys(roles, "x"), title="Length", unit="characters", limit=None
    )
    assert len(figure.data) == 7
    one_row = length_histograms(
        {"text": SHORT}, {"text": "x"}, title="Length", unit="characters", limit=None
    )
    assert figure.layout.height > 2.5 * one_row.layout.height


def test_scores() -> None:
    figure = score_histogram(Histogram((0.0, 0.5, 1.0), (4, 6)))
    assert list(figure.data[0].y) == [4, 6]
