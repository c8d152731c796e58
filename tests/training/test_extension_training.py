"""Runs whose base gets a larger vocabulary first: rates, resume, report, export."""

from __future__ import annotations

import json
import os
import signal
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file

from core.data.store import load_dataset
from core.export.verify import verify_folder
from core.jobs import queue
from core.jobs.engines import LocalEngine
from core.jobs.events import read_events
from core.jobs.status import JobState, JobStatus
from core.jobs.supervisor import Supervisor
from core.models.additions import CannotExtend
from core.models.bases import BaseConfig, resolve
from core.models.extension_config import Extension
from core.models.vocabulary import coverage
from core.training.advice import advise
from core.training.advice.facts import missing_characters
from core.training.checkpoints import CHECKPOINTS, checkpoint_step, last_whole_checkpoint
from core.training.config import RunConfig
from core.training.continuing import further_config
from core.training.defaults import propose
from core.training.report import Report
from core.training.runs import load_run
from core.training.start import check_config
from core.workspace import Workspace
from tests.models.made import save_bert
from tests.training.conftest import MakeConfig, run_here, sample_frame
from tests.training.stopping import run_stopped
from tests.training.test_survival import numbers_at, same_numbers, seldom_scored, wait_for

TOKEN_VECTORS = "embeddings.word_embeddings.weight"


@pytest.fixture(scope="session")
def blind_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A transformer that reads Latin letters and two Chinese characters."""
    return save_bert(tmp_path_factory.mktemp("blind") / "model")


@pytest.fixture
def blind(blind_folder: Path) -> BaseConfig:
    return BaseConfig(kind="folder", path=str(blind_folder))


@pytest.fixture
def seeing(blind: BaseConfig) -> BaseConfig:
    """The same with its vocabulary extended."""
    return blind.model_copy(update={"extend": Extension()})


def weights(folder: Path) -> dict[str, np.ndarray]:
    return dict(load_file(folder / "model.safetensors"))


def changed(before: dict[str, np.ndarray], after: dict[str, np.ndarray]) -> set[str]:
    """The names of the weights that moved by more than rounding."""
    return {
        name
        for name, value in after.items()
        if not np.allclose(value[: len(before[name])], before[name], rtol=0, atol=1e-6)
    }


def said(folder: Path) -> tuple[str, str]:
    """What the report says about the vocabulary, and how gravely."""
    report = Report.load(folder)
    assert report is not None
    (note,) = [alarm for alarm in report.alarms if alarm.kind == "extended"]
    return note.level, note.what.text()


def test_an_extended_run_reads_its_texts_and_says_so_and_its_folder_is_exact_elsewhere(
    workspace: Workspace,
    triplets: str,
    make_config: MakeConfig,
    blind_folder: Path,
    seeing: BaseConfig,
) -> None:
    from sentence_transformers import SentenceTransformer

    config = seldom_scored(make_config(triplets, seeing, learning_rate=1e-3, epochs=1))
    folder = run_here(workspace, config)
    frame = sample_frame()
    texts = [text for column in frame for text in frame[column]]
    before = coverage(blind_folder / "tokenizer.json", texts).unknown_share
    after = coverage(folder / "model" / "tokenizer.json", texts).unknown_share
    # Held-out rows may have characters of their own.
    assert before > 0.5 and after < 0.05
    (event,) = [one for one in read_events(folder)[0] if one["type"] == "extended"]
    assert event["characters"] > 100 and event["after_share"] == 0
    assert said(folder)[0] == "info" and "Added to the vocabulary" in said(folder)[1]
    settings = json.loads((folder / "model" / "config.json").read_text(encoding="utf-8"))
    assert settings["vocab_size"] == len(weights(folder / "model")[TOKEN_VECTORS])
    mixed = [
        *texts[:80],
        "镍片" * 50,  # longer than the base reads
        *(f"shoe {number}号 AX{number} 37℃ {text}" for number, text in enumerate(texts[80:110])),
    ]
    model = SentenceTransformer(str(folder / "model"), device="cpu", local_files_only=True)
    vectors = model.encode(mixed, normalize_embeddings=True)
    assert verify_folder(folder / "model", mixed, vectors) < 1e-6


@pytest.mark.parametrize(
    ("rate", "own_rate", "matryoshka"), [(1e-12, 1e-2, (16,)), (1e-2, 1e-12, ())]
)
def test_the_vocabulary_learns_at_its_own_rate(
    workspace: Workspace,
    triplets: str,
    make_config: MakeConfig,
    blind_folder: Path,
    blind: BaseConfig,
    rate: float,
    own_rate: float,
    matryoshka: tuple[int, ...],
) -> None:
    before = weights(blind_folder)
    # With nothing added the table of token vectors has the rows that it had.
    same = blind.model_copy(update={"extend": Extension(characters=0)})
    config = make_config(triplets, same, learning_rate=rate, new_rate=own_rate, epochs=1)
    loss = config.loss.model_copy(update={"matryoshka": matryoshka})
    folder = run_here(workspace, seldom_scored(config.model_copy(update={"loss": loss})))
    moved = changed(before, weights(folder / "model"))
    if own_rate > rate:
        assert moved == {TOKEN_VECTORS}
    else:
        # Mean pooling leaves out the pooler.
        unused = {"pooler.dense.weight", "pooler.dense.bias"}
        assert TOKEN_VECTORS not in moved and moved and moved <= set(before) - unused
    assert said(folder)[0] == "warning" and "no characters were asked for" in said(folder)[1]


def test_a_static_base_needs_no_rate_of_its_own(
    workspace: Workspace, triplets: str, make_config: MakeConfig
) -> None:
    folder = run_here(workspace, seldom_scored(make_config(triplets, new_rate=1e-3, epochs=1)))
    assert JobStatus.load(folder).state is JobState.SUCCEEDED


def test_parameters_and_optimiser_at_a_step_are_the_same_interrupted_or_not(
    workspace: Workspace, triplets: str, make_config: MakeConfig, seeing: BaseConfig
) -> None:
    config = seldom_scored(make_config(triplets, seeing, learning_rate=1e-3, new_rate=1e-2))
    straight = run_stopped(workspace, config, 7)
    stopped = run_stopped(workspace, config, 3)
    early = numbers_at(stopped, 3)
    assert len(set(early["rate"])) == 2
    queue.resume(workspace, stopped.name)
    run_stopped(workspace, config, 7, id=stopped.name)
    late = numbers_at(stopped, 7)
    assert same_numbers(late, numbers_at(straight, 7)) and not same_numbers(late, early)
    events = [one["type"] for one in read_events(stopped)[0]]
    assert events.count("extended") == 1 and "resumed" in events


@pytest.mark.slow
@pytest.mark.timeout(200)
def test_a_killed_run_goes_on_with_the_vocabulary_of_its_checkpoint(
    workspace: Workspace, triplets: str, make_config: MakeConfig, seeing: BaseConfig
) -> None:
    config = seldom_scored(
        make_config(triplets, seeing, learning_rate=1e-3, new_rate=1e-2, epochs=12)
    )
    step = 90
    straight = run_stopped(workspace, config, step)
    id = queue.submit(workspace, "train", config.to_dict(), name="killed")
    folder = workspace.run(id)
    supervisor = Supervisor(workspace, LocalEngine(workspace))
    supervisor.step()
    wait_for(lambda: last_whole_checkpoint(folder) is not None, "the first checkpoint")
    pid = JobStatus.load(folder).pid
    assert pid
    os.kill(pid, signal.SIGKILL)
    wait_for(lambda: not supervisor.step(), "the end of the process")
    checkpoint = last_whole_checkpoint(folder)
    assert checkpoint is not None and checkpoint_step(checkpoint) < step
    queue.resume(workspace, id)
    run_stopped(workspace, config, step, id=id)
    assert same_numbers(numbers_at(folder, step), numbers_at(straight, step))
    tokenizers = [
        (run / CHECKPOINTS / f"checkpoint-{step}" / "tokenizer.json").read_text(encoding="utf-8")
        for run in (folder, straight)
    ]
    assert tokenizers[0] == tokenizers[1]


def test_the_warning_leads_to_an_extended_base_and_is_gone_then(
    workspace: Workspace, triplets: str, make_config: MakeConfig, blind: BaseConfig
) -> None:
    info = load_dataset(workspace, triplets).info
    config = make_config(triplets, blind, learning_rate=1e-3)

    def unreadable(config: RunConfig) -> list:
        found = advise(workspace, info, config, resolve(workspace, config.base))
        return [advice for advice in found if advice.kind == "unreadable"]

    (advice,) = unreadable(config)
    count = missing_characters(workspace, info, resolve(workspace, blind))
    assert count > 100
    (way,) = [way for way in advice.ways if "cannot read" in way.label.text()]
    assert way.label.text() == f"Add the {count:,} characters that it cannot read"
    assert way.config is not None and way.config.base.extend == Extension()
    proposed = propose(workspace, info, way.config.base)
    assert way.config.training.new_rate == proposed.training.new_rate != None  # noqa: E711
    assert way.config.training.learning_rate == 1e-3
    assert unreadable(way.config) == []
    few = blind.model_copy(update={"extend": Extension(characters=count - 1)})
    assert unreadable(config.model_copy(update={"base": few}))


def test_without_an_extension_no_rate_of_its_own_is_proposed(
    workspace: Workspace, triplets: str, blind: BaseConfig, seeing: BaseConfig
) -> None:
    info = load_dataset(workspace, triplets).info
    assert propose(workspace, info, blind).training.new_rate is None
    training = propose(workspace, info, seeing).training
    assert training.new_rate is not None and training.new_rate > training.learning_rate


def test_training_further_keeps_the_vocabulary_and_adds_nothing_twice(
    workspace: Workspace, triplets: str, make_config: MakeConfig, seeing: BaseConfig
) -> None:
    config = make_config(triplets, seeing, learning_rate=1e-3, new_rate=1e-2, epochs=1)
    first = run_here(workspace, seldom_scored(config))
    further = further_config(load_run(workspace, first.name)).config
    assert (further.base.extend, further.training.new_rate) == (None, None)
    # Asked for once more, it is of no consequence, and the report says so.
    again = further.base.model_copy(update={"extend": Extension()})
    second = run_here(workspace, further.model_copy(update={"base": again}))
    read = [
        (run / "model" / "tokenizer.json").read_text(encoding="utf-8") for run in (first, second)
    ]
    assert read[0] == read[1]
    assert said(second)[0] == "info" and "nothing was added" in said(second)[1]


def test_a_static_base_is_refused_before_the_run_is_queued(
    workspace: Workspace, triplets: str, make_config: MakeConfig
) -> None:
    base = BaseConfig(kind="static", vocabulary_size=600, extend=Extension())
    with pytest.raises(CannotExtend, match="static model"):
        check_config(workspace, make_config(triplets, base))
