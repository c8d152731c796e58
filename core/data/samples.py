"""The sample tables that come with Pairloom, each one click away from a dataset."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from core.data.check import check_mapping
from core.data.read import read_table
from core.data.shapes import Mapping
from core.data.store import store_dataset
from core.problems import N_, Term
from core.workspace import PROJECT_ROOT, UnknownItem, Workspace

SAMPLE_FOLDER = PROJECT_ROOT / "sample_data"


@dataclass(frozen=True)
class Sample:
    """A bundled table with what belongs to it.

    ``title`` and ``description`` are message ids; ``base`` is the kind of base model that suits it:
    the bundled MiniLM, or a static model made from the data; ``corpus`` names the sample corpus
    (:mod:`core.retrieval.sample_corpora`) with texts and questions outside the table.
    """

    id: str
    title: str
    description: str
    table: Path
    mapping: Mapping
    corpus: str
    base: Literal["bundled", "static"]
    language: str


_ALL = (
    Sample(
        id="products",
        title=N_("Chinese products"),
        description=N_(
            "500 triplets: what a shopper asks, the product that fits, one from another category."
        ),
        table=SAMPLE_FOLDER / "product_triplets.csv",
        mapping=Mapping("anchor", "positive", negatives=("negative",)),
        corpus="products",
        base="static",
        language="zh",
    ),
    Sample(
        id="drugs",
        title=N_("Chinese drugs"),
        description=N_(
            "Everyday questions about drugs, each with the passage that answers it and one that is "
            "close but wrong."
        ),
        table=SAMPLE_FOLDER / "drug_questions.csv",
        mapping=Mapping("question", "passage", negatives=("negative",)),
        corpus="drugs",
        base="static",
        language="zh",
    ),
    Sample(
        id="drug_pairs",
        title=N_("Chinese drugs, scored pairs"),
        description=N_(
            "Short queries and passages from drug labels, scored 1 where they belong together "
            "and 0 where they do not."
        ),
        table=SAMPLE_FOLDER / "drug_pairs.csv",
        mapping=Mapping("query", "passage", score="score"),
        corpus="drugs",
        base="static",
        language="zh",
    ),
)

SAMPLES: dict[str, Sample] = {sample.id: sample for sample in _ALL}
"""The samples by id, in the order in which they are offered."""


def add_sample(ws: Workspace, sample_id: str) -> str:
    """Make the sample a dataset and return the dataset's id; when it is one already, that one's.

    Raises:
        UnknownItem: there is no such sample.
        FileUnreadable: its table is missing from ``sample_data/``.
    """
    sample = SAMPLES.get(sample_id)
    if sample is None:
        raise UnknownItem(item=Term(N_("sample")), id=sample_id)
    table = read_table(sample.table, sample.table.name)
    checked = check_mapping(table.frame, sample.mapping)
    return store_dataset(
        ws,
        name=sample.title,
        checked=checked,
        mapping=sample.mapping,
        source=table.source,
        sample=sample.id,
    )
