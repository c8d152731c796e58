"""One click from nothing to a trained model, on a table that comes with Pairloom."""

from __future__ import annotations

from core.data.check import check_mapping
from core.data.read import read_table
from core.data.samples import SAMPLE_FOLDER, SAMPLES, add_sample
from core.data.store import load_dataset
from core.models.bases import BaseConfig
from core.retrieval.sample_corpora import SAMPLE_CORPORA, add_sample_corpus
from core.training.config import DatasetConfig, RunConfig
from core.training.defaults import propose, propose_rows, structure_in
from core.training.estimate import Estimate, estimate_rows
from core.training.start import start_run
from core.workspace import Workspace


def quickstart(workspace: Workspace, sample_id: str) -> str:
    """Add the sample and the corpus of its exam, start a run as proposed; returns the run's id."""
    return start_run(workspace, sample_config(workspace, sample_id))


def quickstart_estimate(workspace: Workspace, sample_id: str) -> Estimate:
    """How long :func:`quickstart` will take; adds nothing to the workspace."""
    sample = SAMPLES[sample_id]
    table = read_table(sample.table, sample.table.name)
    checked = check_mapping(table.frame, sample.mapping)
    texts = SAMPLE_CORPORA[sample.corpus].texts
    exam = read_table(SAMPLE_FOLDER / texts, texts).frame["text"].tolist()
    config = propose_rows(
        workspace,
        DatasetConfig(id=sample.id, name=sample.title, content_hash=""),
        sample.mapping.shape,
        len(checked.frame),
        BaseConfig(kind=sample.base),
        structure=structure_in(checked.frame),
    )
    return estimate_rows(workspace, config, checked.frame, exam)


def sample_config(workspace: Workspace, sample_id: str) -> RunConfig:
    """The configuration that the form proposes for a sample, which is added if need be."""
    dataset = load_dataset(workspace, add_sample_with_exam(workspace, sample_id))
    return propose(workspace, dataset.info, BaseConfig(kind=SAMPLES[sample_id].base))


def add_sample_with_exam(workspace: Workspace, sample_id: str) -> str:
    """Add a sample and the corpus of its exam; returns the dataset's id."""
    add_sample_corpus(workspace, SAMPLES[sample_id].corpus)
    return add_sample(workspace, sample_id)
