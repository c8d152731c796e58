"""Settings used again, models trained further, and where a model comes from."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.data.store import remove_dataset
from core.files import write_text
from core.jobs import queue
from core.models.bases import BaseConfig, RunHasNoModel
from core.training.config import ConfigUnreadable, RunConfig
from core.training.continuing import (
    DatasetGone,
    SettingUnknown,
    change_config,
    clone_config,
    dataset_problem,
    further_config,
    lineage,
    seen_problem,
)
from core.training.run_removal import bury
from core.training.runs import Run, list_runs, load_run
from core.workspace import Workspace
from tests.training.conftest import MakeConfig, run_here
from tests.training.stopping import run_stopped


def add_run(workspace: Workspace, config: RunConfig, *, model: bool = True) -> Run:
    """A run that waits; with a folder that passes for a model, because nothing here reads it."""
    id = queue.submit(workspace, "train", config.to_dict(), name=config.name)
    if model:
        (workspace.run(id) / "model").mkdir()
        write_text(workspace.run(id) / "model" / "modules.json", "[]")
    return load_run(workspace, id)


@pytest.fixture
def run(workspace: Workspace, triplets: str, make_config: MakeConfig) -> Run:
    return add_run(workspace, make_config(triplets, parameters={"scale": 30.0}, seed=5))


def test_a_clone_is_the_same_but_for_its_name_which_counts(run: Run) -> None:
    clone = clone_config(run)
    assert clone == run.config.model_copy(update={"name": "Product finder (2)"})


def test_a_clone_with_changes_says_them_in_its_name(workspace: Workspace, run: Run) -> None:
    changes = {
        "training.epochs": 3,
        "loss.parameters.scale": 10.0,
        "loss.parameters.directions": "x",
    }
    clone = clone_config(run, {"training.epochs": 3})
    assert clone.training == run.config.training.model_copy(update={"epochs": 3.0})
    assert clone.name == "Product finder (training.epochs=3)"
    again = clone_config(add_run(workspace, clone), {"training.batch_size": 4})
    assert again.name == "Product finder (training.batch_size=4)"
    assert again.training.epochs == 3.0
    third = clone_config(add_run(workspace, clone_config(run)))
    assert third.name == "Product finder (3)"
    assert clone_config(run, {"name": "Shoes"}).name == "Shoes"
    assert clone_config(run, changes).loss.parameters == {"scale": 10.0, "directions": "x"}


@pytest.mark.parametrize("path", ["training.shoes", "shoes", "training.epochs.more", "loss.a.b"])
def test_a_setting_that_does_not_exist_is_named(run: Run, path: str) -> None:
    with pytest.raises(SettingUnknown) as caught:
        clone_config(run, {path: 1})
    assert path in caught.value.text()


def test_a_value_that_is_wrong_is_refused_with_its_setting(run: Run) -> None:
    with pytest.raises(ConfigUnreadable, match=r"training\.epochs"):
        clone_config(run, {"training.epochs": -1})


def test_a_model_is_trained_further_on_the_same_split_in_another_order_at_a_lower_rate(
    run: Run,
) -> None:
    further = further_config(run)
    config, before = further.config, run.config
    assert (config.base.kind, config.base.run) == ("run", run.id)
    assert config.training.learning_rate == pytest.approx(before.training.learning_rate / 5)
    assert config.training.seed == before.training.seed
    assert config.training.data_seed not in (None, before.training.seed)
    assert (config.dataset, config.loss) == (before.dataset, before.loss)
    assert config.evaluation == before.evaluation
    assert "0.004" in further.reason.text() and "0.02" in further.reason.text()


def test_a_run_without_a_model_cannot_be_trained_further(
    workspace: Workspace, triplets: str, make_config: MakeConfig
) -> None:
    with pytest.raises(RunHasNoModel):
        further_config(add_run(workspace, make_config(triplets), model=False))


def test_a_model_knows_the_runs_before_and_after_it(workspace: Workspace, run: Run) -> None:
    second = add_run(workspace, further_config(run).config)
    third = add_run(workspace, further_config(second).config)
    other = add_run(workspace, further_config(second).config)
    unrelated = add_run(workspace, clone_config(run))

    family = lineage(second, list_runs(workspace))
    assert (family.before, family.lost) == ((run,), None)
    assert {one.id for one in family.after} == {third.id, other.id}
    assert [one.id for one in lineage(third, list_runs(workspace)).before] == [run.id, second.id]
    alone = lineage(unrelated, list_runs(workspace))
    assert (alone.before, alone.lost, alone.after) == ((), None, ())

    queue.request_stop(workspace, run.id)
    bury(run.folder)
    family = lineage(third, list_runs(workspace))
    assert [one.id for one in family.before] == [second.id] and family.lost == run.id


def test_runs_that_name_each_other_as_their_base_are_no_endless_family(
    workspace: Workspace, run: Run
) -> None:
    second = add_run(workspace, further_config(run).config)
    turned = run.config.model_copy(update={"base": BaseConfig(kind="run", run=second.id)})
    write_text(run.folder / queue.CONFIG_FILE, turned.to_yaml())
    family = lineage(load_run(workspace, second.id), list_runs(workspace))
    assert {one.id for one in family.before} == {run.id, second.id} and family.lost is None
    assert seen_problem(workspace, second.config) is None


def test_a_dataset_that_was_deleted_is_noticed(workspace: Workspace, run: Run) -> None:
    assert dataset_problem(workspace, run.config) is None
    remove_dataset(workspace, run.config.dataset.id)
    assert isinstance(dataset_problem(workspace, run.config), DatasetGone)


def test_rows_that_the_base_has_learned_may_not_be_scored(workspace: Workspace, run: Run) -> None:
    further = further_config(run).config
    assert seen_problem(workspace, further) is None
    other_rows = further.training.model_copy(update={"seed": 6})
    wrong = further.model_copy(update={"training": other_rows})
    problem = seen_problem(workspace, wrong)
    assert problem is not None and "seed 5 and a held-out share of 0.2" in problem.text()
    # Not the base itself, but what it comes from, has learned them.
    middle = add_run(workspace, wrong)
    assert seen_problem(workspace, further_config(middle).config) is not None


def test_another_table_or_another_base_has_seen_nothing(
    workspace: Workspace, run: Run, scored_pairs: str, make_config: MakeConfig
) -> None:
    base = BaseConfig(kind="run", run=run.id)
    assert seen_problem(workspace, make_config(scored_pairs, base, seed=6)) is None
    assert seen_problem(workspace, clone_config(run, {"training.seed": 6})) is None


def test_a_finished_model_is_trained_further_from_where_it_was(
    workspace: Workspace, triplets: str, make_config: MakeConfig
) -> None:
    import numpy as np
    from safetensors.numpy import load_file

    def weights(folder: Path) -> dict[str, np.ndarray]:
        return dict(load_file(folder / "model.safetensors"))

    first = run_here(workspace, make_config(triplets, epochs=1))
    config = further_config(load_run(workspace, first.name)).config
    # The best may well be what it was before: here it is to end as it was last.
    config = change_config(config, {"evaluation.keep_best": False})
    # The rate of the first of the warm-up's steps is 0: the weights are still those of the base.
    second = run_stopped(workspace, config, 1)
    start = weights(second / "checkpoints" / "checkpoint-1")
    for name, value in weights(first / "model").items():
        np.testing.assert_array_equal(start[name], value)
    queue.resume(workspace, second.name)
    run_here(workspace, config, second.name)
    after = weights(second / "model")
    assert any(not np.array_equal(after[name], value) for name, value in start.items())
    report = load_run(workspace, second.name).report()
    tuned = load_run(workspace, first.name).report()
    assert report is not None and tuned is not None
    now, then = report.scores("base"), tuned.scores("tuned")
    # What the first run ended with is what the second one has to beat.
    assert now is not None and then is not None
    assert now.metrics == pytest.approx(then.metrics)
