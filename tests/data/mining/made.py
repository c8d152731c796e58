"""Reviews with known candidates, made without a model."""

from __future__ import annotations

import numpy as np
import pandas as pd

from core.data.mining.doubts import ABOVE, SAME
from core.data.mining.params import MiningParams
from core.data.mining.review import Review, ReviewInfo, load_review, write_review
from core.data.store import load_dataset
from core.workspace import Workspace, new_id, utc_now


def make_review(
    workspace: Workspace, dataset: str, proposals: list[tuple[int, str, float]], doubtful: int = 0
) -> Review:
    """A review of (row number, candidate, margin), best rank first for each row.

    The first ``doubtful`` ones are likely right answers.
    """
    info = load_dataset(workspace, dataset).info
    rows = load_dataset(workspace, dataset).frame().drop_duplicates("row").set_index("row")
    numbers = [row for row, _, _ in proposals]
    margins = np.array([margin for _, _, margin in proposals], dtype=np.float32)
    table = pd.DataFrame(
        {
            "row": np.array(numbers, dtype=np.int32),
            "anchor": rows["anchor"][numbers].to_numpy(object),
            "positive": rows["positive"][numbers].to_numpy(object),
            "candidate": [text for _, text, _ in proposals],
            "score_positive": np.float32(0.75),
            "score_candidate": np.float32(0.75) - margins,
            "rank": pd.Series(numbers).groupby(numbers).cumcount().to_numpy(np.int32) + 1,
            "margin": margins,
            "likely_false": np.arange(len(proposals)) < doubtful,
            "doubts": np.where(np.arange(len(proposals)) < doubtful, ABOVE | SAME, 0).astype("u1"),
        }
    )
    review = ReviewInfo(
        id=new_id("review"),
        dataset=dataset,
        dataset_name=info.name,
        content_hash=info.content_hash,
        model="MiniLM",
        params=MiningParams(dataset=dataset),
        created=utc_now(),
        candidates=len(table),
        likely_false=doubtful,
        anchors=table["anchor"].nunique(),
        anchors_without=0,
        corpus=50,
    )
    folder = workspace.reviews / review.id
    folder.mkdir()
    write_review(folder, review, table)
    return load_review(workspace, review.id)
