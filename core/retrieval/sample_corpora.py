"""The bundled sample corpora: what they are called and how their files become a corpus."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from core.data.read import read_table
from core.problems import N_, Problem
from core.retrieval.corpora import Question, create_corpus, list_corpora
from core.workspace import PROJECT_ROOT, Workspace

SAMPLE_FOLDER = PROJECT_ROOT / "sample_data"
ANSWER_SEPARATOR = "|"


class SampleMissing(Problem):
    what = N_("The sample file {file} is missing or cannot be read.")
    do = N_("It belongs to Pairloom: get the program's folder again, or restore the file.")


@dataclass(frozen=True)
class SampleCorpus:
    """A bundled corpus: its name (a message id), the file of texts and the file of questions."""

    id: str
    name: str
    texts: str
    questions: str


SAMPLE_CORPORA = {
    sample.id: sample
    for sample in (
        SampleCorpus(
            "products",
            N_("Product catalogue (sample)"),
            "product_catalogue.csv",
            "product_questions.csv",
        ),
        SampleCorpus(
            "drugs",
            N_("Drug labels (sample)"),
            "drug_corpus.csv",
            "drug_sample_questions.csv",
        ),
    )
}


def add_sample_corpus(workspace: Workspace, sample_id: str, folder: Path = SAMPLE_FOLDER) -> str:
    """Add a bundled corpus unless it is already there; returns its id.

    Args:
        workspace: where to.
        sample_id: a key of :data:`SAMPLE_CORPORA`.
        folder: where the sample files are.

    Raises:
        SampleMissing: a sample file is missing or damaged.
    """
    sample = SAMPLE_CORPORA[sample_id]
    texts = _read(folder / sample.texts, ["id", "text"])
    questions = _read(folder / sample.questions, ["question", "relevant"])
    return create_corpus(
        workspace,
        sample.name,
        texts,
        text_column="text",
        id_column="id",
        questions=[
            Question(question, tuple(id for id in relevant.split(ANSWER_SEPARATOR) if id))
            for question, relevant in zip(questions["question"], questions["relevant"], strict=True)
        ],
        sample=sample.id,
    )


def find_sample_corpus(workspace: Workspace, sample_id: str) -> str | None:
    """The id of a bundled corpus that has been added already."""
    for info in list_corpora(workspace):
        if info.sample == sample_id:
            return info.id
    return None


def _read(path: Path, columns: list[str]) -> pd.DataFrame:
    try:
        frame = read_table(path, path.name, minimum_columns=1).frame
    except Problem as error:
        raise SampleMissing(file=path.name) from error
    if not set(columns) <= set(frame.columns):
        raise SampleMissing(file=path.name)
    return frame
