"""Small real tables, bases and runs for the tests of training."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from core.data.check import check_mapping
from core.data.read import read_table
from core.data.shapes import Mapping
from core.data.store import load_dataset, store_dataset
from core.jobs import queue
from core.jobs.context import JobContext, Stopped
from core.jobs.status import JobState, JobStatus
from core.models.bases import BaseConfig
from core.training.config import (
    DatasetConfig,
    EvaluationConfig,
    LossConfig,
    RunConfig,
    TrainingConfig,
)
from core.workspace import PROJECT_ROOT, Workspace

ROWS = 80


def sample_frame(rows: int = ROWS) -> pd.DataFrame:
    """The first rows of the product triplets."""
    return pd.read_csv(PROJECT_ROOT / "sample_data" / "product_triplets.csv", dtype=str)[:rows]


def add_table(workspace: Workspace, frame: pd.DataFrame, mapping: Mapping) -> str:
    """Store a table the way the Data screen does; returns the dataset's id."""
    table = read_table(frame.to_csv(index=False).encode(), "table.csv")
    checked = check_mapping(table.frame, mapping)
    return store_dataset(
        workspace, name="Products", checked=checked, mapping=mapping, source=table.source
    )


@pytest.fixture(autouse=True)
def one_thread(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """One thread, here and in workers: several wait for each other on a busy machine."""
    import torch

    before = torch.get_num_threads()
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture
def triplets(workspace: Workspace) -> str:
    """A dataset of 80 triplets."""
    return add_table(
        workspace, sample_frame(), Mapping("anchor", "positive", negatives=("negative",))
    )


@pytest.fixture
def scored_pairs(workspace: Workspace) -> str:
    """A dataset of 160 scored pairs."""
    frame = sample_frame()
    right = pd.DataFrame({"a": frame["anchor"], "b": frame["positive"], "s": "1"})
    wrong = pd.DataFrame({"a": frame["anchor"], "b": frame["negative"], "s": "0"})
    return add_table(workspace, pd.concat([right, wrong]), Mapping("a", "b", score="s"))


@pytest.fixture
def classes(workspace: Workspace) -> str:
    """A dataset of 80 texts with one of five classes, which share no words on purpose."""
    frame = sample_frame()
    labels = [f"类别{place % 5}" for place in range(ROWS)]
    table = pd.DataFrame({"text": frame["positive"], "class": labels})
    return add_table(workspace, table, Mapping(text="text", label="class"))


@pytest.fixture
def several_negatives(workspace: Workspace) -> str:
    """A dataset of 80 rows with two negatives each."""
    frame = sample_frame()
    frame = frame.assign(other=frame["negative"].iloc[::-1].to_numpy())
    mapping = Mapping("anchor", "positive", negatives=("negative", "other"))
    return add_table(workspace, frame, mapping)


MakeConfig = Callable[..., RunConfig]


@pytest.fixture
def make_config(workspace: Workspace) -> MakeConfig:
    """Builds configurations with small settings."""

    def make(
        dataset_id: str,
        base: BaseConfig | None = None,
        loss: str = "MultipleNegativesRankingLoss",
        parameters: dict[str, float] | None = None,
        **training: Any,
    ) -> RunConfig:
        info = load_dataset(workspace, dataset_id).info
        settings = {"epochs": 2, "batch_size": 8, "learning_rate": 0.02, **training}
        return RunConfig(
            name="Product finder",
            dataset=DatasetConfig(id=info.id, name=info.name, content_hash=info.content_hash),
            base=base or BaseConfig(kind="static", vocabulary_size=600, dimension=32),
            loss=LossConfig(name=loss, parameters=parameters or {}),
            training=TrainingConfig(**settings),
            evaluation=EvaluationConfig(held_out_share=0.2),
        )

    return make


def run_here(workspace: Workspace, config: RunConfig, id: str | None = None) -> Path:
    """Do a run in this process (the import of torch is paid once); returns its folder."""
    from core.training.worker import train

    id = id or queue.submit(workspace, "train", config.to_dict(), name=config.name)
    folder = workspace.run(id)
    JobStatus.load(folder).moved(JobState.RUNNING).save(folder)
    job = JobContext(workspace, folder, queue.read_spec(folder), "cpu")
    try:
        train(job)
    except Stopped:
        job.finish(JobState.CANCELLED)
    except BaseException:
        job.finish(JobState.FAILED)
        raise
    else:
        job.finish(JobState.SUCCEEDED)
    finally:
        queue.release(workspace, id)
    return folder


@pytest.fixture(scope="session")
def tiny_base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A transformer of two small layers with a character vocabulary, random but real."""
    import torch
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.base.modules import Transformer
    from sentence_transformers.sentence_transformer.modules import Normalize, Pooling
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors
    from transformers import BertConfig, BertModel, PreTrainedTokenizerFast

    folder = tmp_path_factory.mktemp("tiny")
    frame = sample_frame(500)
    characters = sorted({c for column in frame for text in frame[column] for c in text.lower()})
    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *characters]
    vocabulary = {word: number for number, word in enumerate(words)}
    tokenizer = Tokenizer(models.WordPiece(vocabulary, unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.Lowercase()
    tokenizer.pre_tokenizer = pre_tokenizers.Split("", "isolated")
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
    )
    fast = PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        unk_token="[UNK]",
        pad_token="[PAD]",
        cls_token="[CLS]",
        sep_token="[SEP]",
        mask_token="[MASK]",
        model_max_length=64,
    )
    torch.manual_seed(1)
    bert = BertModel(
        BertConfig(
            vocab_size=len(words),
            hidden_size=32,
            num_hidden_layers=2,
            num_attention_heads=4,
            intermediate_size=64,
            max_position_embeddings=64,
        )
    )
    bert.save_pretrained(folder / "bert")
    fast.save_pretrained(folder / "bert")
    transformer = Transformer(str(folder / "bert"), max_seq_length=64)
    pooling = Pooling(transformer.get_embedding_dimension())
    model = SentenceTransformer(modules=[transformer, pooling, Normalize()], device="cpu")
    model.save_pretrained(str(folder / "model"))
    return folder / "model"
