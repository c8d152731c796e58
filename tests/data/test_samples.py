import subprocess
import sys

import pytest

from core.data.columns import guess_mapping
from core.data.read import read_table
from core.data.samples import SAMPLE_FOLDER, SAMPLES, add_sample
from core.data.shapes import Shape
from core.data.split import SplitBy, split_rows
from core.data.store import list_datasets, load_dataset
from core.retrieval.sample_corpora import SAMPLE_CORPORA
from core.workspace import PROJECT_ROOT, UnknownItem, Workspace

EXPECTED = {
    "products": (Shape.TRIPLETS, 500, "static"),
    "drugs": (Shape.TRIPLETS, 6000, "static"),
    "drug_pairs": (Shape.SCORED_PAIRS, 3600, "static"),
}


def test_the_samples_are_these() -> None:
    assert set(SAMPLES) == set(EXPECTED)


@pytest.mark.parametrize("id", EXPECTED)
def test_a_sample_becomes_a_dataset_once(workspace: Workspace, id: str) -> None:
    shape, least_rows, base = EXPECTED[id]
    dataset_id = add_sample(workspace, id)
    assert add_sample(workspace, id) == dataset_id
    (info,) = list_datasets(workspace)
    assert (info.sample, info.name, info.shape) == (id, SAMPLES[id].title, shape)
    assert info.rows >= least_rows
    assert info.left_out == ()
    assert info.source.quarantined == 0
    assert info.stats["anchor"].cjk_share > 0.7
    assert SAMPLES[id].base == base


@pytest.mark.parametrize("id", EXPECTED)
def test_a_sample_has_no_faults_and_splits_by_group(workspace: Workspace, id: str) -> None:
    dataset = load_dataset(workspace, add_sample(workspace, id))
    assert dataset.info.findings == ()
    split = split_rows(dataset.frame(), dataset.info.shape, 0.1, 42)
    assert split.by is SplitBy.GROUP
    assert len(split.held_out) == pytest.approx(0.1 * dataset.info.rows, abs=3)


@pytest.mark.parametrize("id", EXPECTED)
def test_a_samples_columns_would_be_guessed(id: str) -> None:
    sample = SAMPLES[id]
    assert guess_mapping(read_table(sample.table, sample.table.name).frame) == sample.mapping


@pytest.mark.parametrize("id", EXPECTED)
def test_every_answer_of_a_samples_questions_is_in_its_corpus(id: str) -> None:
    sample = SAMPLE_CORPORA[SAMPLES[id].corpus]
    corpus = set(read_table(SAMPLE_FOLDER / sample.texts, sample.texts).frame["id"])
    questions = read_table(SAMPLE_FOLDER / sample.questions, sample.questions).frame
    relevant = {part for cell in questions["relevant"] for part in cell.split("|")}
    assert relevant <= corpus


def test_there_is_no_other_sample(workspace: Workspace) -> None:
    with pytest.raises(UnknownItem, match="no sample named shoes"):
        add_sample(workspace, "shoes")


def test_reading_and_storing_data_needs_no_heavy_packages() -> None:
    code = (
        "import sys, core.data.samples, core.data.split, core.data.columns\n"
        "heavy = {'torch', 'sentence_transformers', 'sklearn', 'scipy', 'umap', 'streamlit'}\n"
        "print(sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=PROJECT_ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"
