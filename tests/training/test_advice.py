"""Warnings before a run: each one provoked, each one's way out, and what does not provoke it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from core.cli.parser import main
from core.data.shapes import Mapping
from core.data.store import load_dataset
from core.jobs import queue
from core.models.bases import BaseConfig, resolve
from core.training.advice import Advice, advise
from core.training.advice.data import CUT_SHARE
from core.training.advice.dealing import deal
from core.training.advice.settings import reach
from core.training.config import LossConfig, RunConfig
from core.training.defaults import propose
from core.training.sampling import Traits, plan
from core.workspace import Workspace
from tests.training.conftest import MakeConfig, add_table, sample_frame

BUNDLED = BaseConfig(kind="bundled")
STATIC = BaseConfig(kind="static")


@dataclass
class Told:
    """The warnings for a configuration, and what each would make of it."""

    workspace: Workspace

    def of(self, config: RunConfig) -> dict[str, Advice]:
        info = load_dataset(self.workspace, config.dataset.id).info
        found = advise(self.workspace, info, config, resolve(self.workspace, config.base))
        return {advice.kind: advice for advice in found}

    def mended(self, config: RunConfig, kind: str, way: int = 0) -> RunConfig:
        """The configuration after a click on a way out, which must make the warning go away."""
        changed = self.of(config)[kind].ways[way].config
        assert changed is not None and kind not in self.of(changed)
        return changed


@pytest.fixture
def told(workspace: Workspace) -> Told:
    return Told(workspace)


Propose = Callable[..., RunConfig]


@pytest.fixture
def proposed(workspace: Workspace) -> Propose:
    """What the form proposes for a stored table, with changes."""

    def make(
        id: str,
        base: BaseConfig = STATIC,
        loss: str | None = None,
        parameters: dict[str, Any] | None = None,
        **training: Any,
    ) -> RunConfig:
        config = propose(workspace, load_dataset(workspace, id).info, base, loss=loss)
        return config.model_copy(
            update={
                "training": config.training.model_copy(update=training),
                "loss": LossConfig(name=config.loss.name, parameters=parameters or {}),
            }
        )

    return make


def many_pairs(rows: int = 600, *, of_one: bool = False) -> pd.DataFrame:
    """Pairs of texts of which none repeats, or all of whose positives are one text."""
    positives = ["所有商品"] * rows if of_one else [f"商品 {row} 详情" for row in range(rows)]
    return pd.DataFrame({"a": [f"第 {row} 个问题" for row in range(rows)], "p": positives})


@pytest.fixture
def pairs(workspace: Workspace) -> str:
    return add_table(workspace, many_pairs(), Mapping("a", "p"))


def test_what_is_proposed_for_a_good_table_needs_no_warning(
    told: Told, proposed: Propose, pairs: str
) -> None:
    assert told.of(proposed(pairs)) == {}


@pytest.mark.parametrize(
    ("metric", "margin", "warned"),
    [
        ("euclidean", 5.0, True),
        ("euclidean", 2.0, False),
        ("cosine", 2.1, True),
        ("cosine", 2.0, False),
        ("manhattan", 5.0, False),
        ("manhattan", 100.0, True),
    ],
)
def test_a_margin_that_unit_vectors_cannot_reach(
    told: Told, proposed: Propose, triplets: str, metric: str, margin: float, warned: bool
) -> None:
    parameters = {"triplet_margin": margin, "distance_metric": metric}
    config = proposed(triplets, BUNDLED, "TripletLoss", parameters)
    assert ("margin" in told.of(config)) == warned
    if warned:
        mended = told.mended(config, "margin")
        assert mended.loss.parameters["distance_metric"] == metric
        assert mended.training == config.training


def test_the_reach_of_unit_vectors_is_what_their_distances_show() -> None:
    vectors = np.random.default_rng(0).normal(size=(2_000, 8))
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    for metric, norm in (("euclidean", 2), ("manhattan", 1)):
        most = np.linalg.norm(vectors[:, None] - vectors[None, :200], ord=norm, axis=2).max()
        assert 0.8 * reach(metric, 8) < most <= reach(metric, 8)
    corner = np.full(8, 1 / np.sqrt(8))
    assert np.abs(corner - -corner).sum() == pytest.approx(reach("manhattan", 8))
    assert (1 - vectors @ vectors.T).max() <= reach("cosine", 8)


def scored(workspace: Workspace, scores: list[float], rows: int = 120) -> str:
    frame = many_pairs(rows).assign(s=np.resize(scores, rows))
    return add_table(workspace, frame, Mapping("a", "p", score="s"))


@pytest.mark.parametrize("warned", [True, False])
def test_scores_out_of_range(
    workspace: Workspace, told: Told, proposed: Propose, warned: bool
) -> None:
    id = scored(workspace, [0.0, 1.0])
    path = workspace.dataset(id) / "data.parquet"
    frame = pd.read_parquet(path)
    if warned:
        # The Data screen does not let such scores through; a file changed by hand has them.
        frame["score"] *= 5
        frame.to_parquet(path, index=False)
    config = proposed(id, BUNDLED, "CosineSimilarityLoss")
    assert ("scores_out_of_range" in told.of(config)) == warned
    if warned:
        advice = told.of(config)["scores_out_of_range"]
        assert advice.ways[0].screen == "data"
        assert advice.ways[1].config is not None
        assert advice.ways[1].config.loss.name == "CoSENTLoss"


@pytest.mark.parametrize(("of_one", "warned"), [(True, True), (False, False)])
def test_repeated_positives_without_no_duplicates(
    workspace: Workspace, told: Told, proposed: Propose, of_one: bool, warned: bool
) -> None:
    id = add_table(workspace, many_pairs(of_one=of_one), Mapping("a", "p"))
    config = proposed(id, separate_duplicates=False)
    assert ("repeats" in told.of(config)) == warned
    if warned:
        mended = told.of(config)["repeats"].ways[0].config
        assert mended is not None and mended.training.separate_duplicates
        assert "repeats" not in told.of(mended)


def test_repeats_do_not_matter_to_a_loss_that_looks_at_one_row(
    told: Told, proposed: Propose, triplets: str
) -> None:
    config = proposed(triplets, BUNDLED, "TripletLoss", separate_duplicates=False)
    assert "repeats" not in told.of(config)


def test_batches_that_collapse_because_one_text_repeats(
    workspace: Workspace, told: Told, proposed: Propose
) -> None:
    id = add_table(workspace, many_pairs(of_one=True), Mapping("a", "p"))
    config = proposed(id)
    advice = told.of(config)["collapse"]
    assert "One text stands in 600 rows" in advice.message.text()
    assert "540 batches of 1 or fewer rows, instead of" in advice.message.text()
    assert advice.ways[-1].screen == "data"


def test_batches_that_shrink_have_a_size_that_still_works(
    workspace: Workspace, told: Told, proposed: Propose
) -> None:
    frame = many_pairs(600)
    frame["p"] = [f"答案 {row % 40}" for row in range(600)]
    id = add_table(workspace, frame, Mapping("a", "p"))
    config = proposed(id, batch_size=256)
    mended = told.mended(config, "collapse")
    assert 4 <= mended.training.batch_size < 40


def test_batches_are_dealt_out_as_they_will_be() -> None:
    draw = np.random.default_rng(0)
    for largest, size in ((7, 8), (30, 8), (60, 8), (1, 8), (25, 40)):
        anchors = np.where(np.arange(60) < largest, 0, np.arange(60))
        traits = Traits(60, None, np.stack([anchors, 100 + np.arange(60)], axis=1))
        batches = plan(traits, size, draw)
        told = deal(60, largest, size)
        assert (told.steps, told.rows) == (len(batches), max(map(len, batches)))


@pytest.mark.parametrize(("scores", "warned"), [([1.0, 0.0], True), ([1.0, 0.7], False)])
def test_a_loss_that_takes_every_row_for_a_match_on_rows_scored_0(
    workspace: Workspace, told: Told, proposed: Propose, scores: list[float], warned: bool
) -> None:
    # The form does not offer it for scored pairs; a config.yaml may ask for it.
    config = proposed(scored(workspace, scores), BUNDLED)
    config = config.model_copy(update={"loss": LossConfig(name="MultipleNegativesRankingLoss")})
    assert ("zero_rows" in told.of(config)) == warned
    if warned:
        assert "60 of 120 rows are scored 0" in told.of(config)["zero_rows"].message.text()
        assert told.mended(config, "zero_rows", way=1).loss.name == "CoSENTLoss"


@pytest.mark.parametrize(
    ("loss", "size", "warned"),
    [
        ("MultipleNegativesRankingLoss", 1, True),
        ("MultipleNegativesRankingLoss", 2, False),
        ("TripletLoss", 1, False),
    ],
)
def test_a_batch_of_one(
    told: Told, proposed: Propose, triplets: str, loss: str, size: int, warned: bool
) -> None:
    config = proposed(triplets, BUNDLED, loss, batch_size=size)
    assert ("batch_of_one" in told.of(config)) == warned
    if warned:
        assert told.mended(config, "batch_of_one").training.batch_size > 1


@pytest.mark.parametrize(
    ("base", "rate", "kind"),
    [
        (BUNDLED, 5e-4, "rate_too_high"),
        (BUNDLED, 4e-4, None),
        (BUNDLED, 2e-6, "rate_too_low"),
        (BUNDLED, 3e-6, None),
        (STATIC, 0.5, "rate_too_high"),
        (STATIC, 0.2, None),
        (STATIC, 1e-4, "rate_too_low"),
        (STATIC, 2e-4, None),
    ],
)
def test_a_learning_rate_off_by_ten_for_the_kind_of_base(
    told: Told, proposed: Propose, pairs: str, base: BaseConfig, rate: float, kind: str | None
) -> None:
    config = proposed(pairs, base, learning_rate=rate)
    warned = {one for one in told.of(config) if one.startswith("rate_")}
    assert warned == ({kind} if kind else set())
    if kind:
        mended = told.mended(config, kind)
        assert mended.training.learning_rate == proposed(pairs, base).training.learning_rate


@pytest.mark.parametrize(
    ("length", "base", "warned"),
    [(100, "tiny", True), (100, "static", False), (10, "tiny", False)],
)
def test_texts_longer_than_the_maximum_length(
    workspace: Workspace,
    told: Told,
    proposed: Propose,
    tiny_base: Path,
    length: int,
    base: str,
    warned: bool,
) -> None:
    frame = many_pairs(120)
    frame["p"] = [(f"{row:03d}" + "鞋" * length)[:length] for row in range(120)]
    id = add_table(workspace, frame, Mapping("a", "p"))
    folder = BaseConfig(kind="folder", path=str(tiny_base))
    config = proposed(id, folder if base == "tiny" else STATIC)
    assert ("too_long" in told.of(config)) == warned
    if warned:
        # Half of the texts, the positives, have 102 tokens; the base reads 64.
        assert told.of(config)["too_long"].message.params == {"share": 0.5, "limit": 64}
        assert told.mended(config, "too_long").base.kind == "static"
    assert CUT_SHARE < 0.5


def test_a_maximum_length_that_was_set_too_low_can_be_taken_back(
    workspace: Workspace, told: Told, proposed: Propose, triplets: str, tiny_base: Path
) -> None:
    config = proposed(triplets, BaseConfig(kind="folder", path=str(tiny_base)), max_length=8)
    assert told.mended(config, "too_long").training.max_length is None


def test_a_base_that_cannot_read_the_text(
    workspace: Workspace, told: Told, proposed: Propose, triplets: str
) -> None:
    config = proposed(triplets, BUNDLED)
    assert 0.6 < told.of(config)["unreadable"].message.params["share"] < 0.8
    assert told.mended(config, "unreadable").base.kind == "static"
    english = many_pairs().assign(a=[f"shoe number {row}" for row in range(600)])
    english["p"] = [f"a good pair of shoes, article {row}" for row in range(600)]
    id = add_table(workspace, english, Mapping("a", "p"))
    assert "unreadable" not in told.of(proposed(id, BUNDLED))


def test_rows_that_the_base_has_learned_are_not_to_score_it(
    workspace: Workspace, told: Told, triplets: str, make_config: MakeConfig, tiny_base: Path
) -> None:
    first = make_config(triplets, seed=7)
    id = queue.submit(workspace, "train", first.to_dict(), name="first")
    workspace.run(id).joinpath("model").symlink_to(tiny_base)
    config = make_config(triplets, BaseConfig(kind="run", run=id), seed=8)
    mended = told.mended(config, "scored_rows_seen")
    assert (mended.training.seed, mended.evaluation.held_out_share) == (7, 0.2)


def test_few_rows_few_steps_and_batches_that_are_too_large(
    workspace: Workspace, told: Told, proposed: Propose, pairs: str
) -> None:
    frame = sample_frame(40)[["anchor", "positive"]]
    few = add_table(workspace, frame, Mapping("anchor", "positive"))
    config = proposed(few)
    assert told.mended(config, "few_held_out").evaluation.held_out_share == 0.5
    huge = proposed(few, batch_size=64)
    assert told.mended(huge, "batch_too_large").training.batch_size <= 36
    short = proposed(pairs, epochs=1, batch_size=256)
    assert "changed only 3 times" in told.of(short)["few_steps"].message.text()
    for way in (0, 1):
        told.mended(short, "few_steps", way)
    long = proposed(pairs)
    assert not {"few_held_out", "few_steps", "batch_too_large"} & set(told.of(long))


def test_the_command_line_says_the_same(
    workspace: Workspace,
    proposed: Propose,
    triplets: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr("core.training.start.ensure_supervisor", lambda _workspace: None)
    path = tmp_path / "config.yaml"
    for margin, warned in ((5.0, True), (0.5, False)):
        config = proposed(triplets, BUNDLED, "TripletLoss", {"triplet_margin": margin})
        path.write_text(config.to_yaml(), encoding="utf-8")
        asked = ["--workspace", str(workspace.root), "train", str(path), "--detach"]
        assert main(asked) == 0
        told = capsys.readouterr().err
        assert ("A margin of 5 can never be reached" in told) == warned
        assert ("- Set the margin to 0.5" in told) == warned
