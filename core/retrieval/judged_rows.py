"""Judgements as rows to train on: question and right text, and a wrong one that was found."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import pandas as pd

from core.data.check import check_mapping
from core.data.read import Source
from core.data.reading.rows import ROW
from core.data.shapes import Mapping
from core.data.store import store_dataset
from core.problems import N_, Problem
from core.retrieval.corpora import ID, TEXT, Corpus
from core.retrieval.judgements import JudgedQuestion
from core.workspace import Workspace

QUESTION, RIGHT, WRONG = "question", "right", "wrong"


class NothingToTrain(Problem):
    what = N_("No question has both a right and a wrong text yet.")
    do = N_("Mark wrong texts too, or make pairs of question and right text.")


def judged_rows(
    corpus: Corpus, questions: Sequence[JudgedQuestion], *, with_wrong: bool
) -> pd.DataFrame:
    """A row for each right text of each question, or for each right and wrong one together.

    Args:
        corpus: where the texts are; ids that it does not have are passed over.
        questions: what was judged.
        with_wrong: with a third column, and without the questions that have no wrong text.

    Returns:
        Columns question, right and, if asked for, wrong.
    """
    texts = _texts(corpus, questions)
    rows: list[tuple[str, ...]] = []
    for one in questions:
        right = [texts[id] for id in one.relevant if id in texts]
        wrong = [texts[id] for id in one.wrong if id in texts]
        for text in right:
            if with_wrong:
                rows += [(one.question, text, other) for other in wrong]
            else:
                rows.append((one.question, text))
    columns = [QUESTION, RIGHT, WRONG] if with_wrong else [QUESTION, RIGHT]
    return pd.DataFrame(rows, columns=columns, dtype="str").drop_duplicates(ignore_index=True)


def judged_table(corpus: Corpus, questions: Sequence[JudgedQuestion]) -> pd.DataFrame:
    """One line for each mark: question, id, judgement, not_shown (no model had found it), text."""
    texts = _texts(corpus, questions)
    rows = [
        {
            "question": one.question,
            "id": id,
            "judgement": word,
            "not_shown": id in one.missing,
            "text": texts.get(id, ""),
        }
        for one in questions
        for word, ids in ((RIGHT, one.relevant), (WRONG, one.wrong))
        for id in ids
    ]
    columns = ["question", "id", "judgement", "not_shown", "text"]
    return pd.DataFrame(rows, columns=columns)


def store_judged(
    workspace: Workspace,
    corpus: Corpus,
    questions: Sequence[JudgedQuestion],
    name: str,
    *,
    with_wrong: bool,
) -> str:
    """Keep the rows of :func:`judged_rows` as a dataset; returns its id.

    Raises:
        NothingToTrain: there is no row.
        DatasetNameBlank: the name has no visible character.
        TooFewRows: there are fewer rows than can be trained on.
    """
    frame = judged_rows(corpus, questions, with_wrong=with_wrong)
    if frame.empty:
        raise NothingToTrain
    # Row 1 is the header, as in a table from a file.
    frame.index = pd.RangeIndex(2, len(frame) + 2, name=ROW)
    mapping = Mapping(anchor=QUESTION, positive=RIGHT, negatives=(WRONG,) if with_wrong else ())
    content = frame.to_csv(index=False).encode("utf-8", "surrogatepass")
    source = Source(
        name=corpus.info.name,
        encoding="UTF-8",
        separator=",",
        sha256=hashlib.sha256(content).hexdigest(),
        rows_read=len(frame),
        quarantined=0,
    )
    checked = check_mapping(frame, mapping)
    return store_dataset(workspace, name=name, checked=checked, mapping=mapping, source=source)


def _texts(corpus: Corpus, questions: Sequence[JudgedQuestion]) -> dict[str, str]:
    """The texts of all ids that were judged."""
    places = corpus.places(id for one in questions for id in (*one.relevant, *one.wrong))
    return {row[ID]: row[TEXT] for row in corpus.rows(list(places.values()))}
