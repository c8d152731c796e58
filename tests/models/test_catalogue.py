"""The table of bases: its figures against independent ones, and what is recommended when."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
from tokenizers import Tokenizer

from core.data.samples import add_sample
from core.data.shapes import Mapping, Shape
from core.data.store import DatasetInfo, load_dataset
from core.models import catalogue
from core.models.bases import BaseConfig, resolve
from core.models.catalogue import BaseRow, Figures, describe_bases, recommend
from core.models.extension_config import Extension
from core.models.vocabulary import folded
from core.training.advice.facts import read_facts
from core.training.defaults import propose
from core.training.estimate import estimate
from core.training.quickstart import add_sample_with_exam
from core.workspace import Workspace
from tests.pages.made import make_run
from tests.training.conftest import add_table

BUNDLED, STATIC = BaseConfig(kind="bundled"), BaseConfig(kind="static")
LARGER = BaseConfig(kind="bundled", extend=Extension())
ENGLISH = [
    ("how do I clean suede shoes", "Brush suede gently and let it dry away from heat."),
    ("what is the return window", "Items can be sent back within thirty days."),
    ("do you ship to Norway", "We deliver to all countries of Europe."),
    ("is this jacket waterproof", "The outer layer keeps rain out for several hours."),
    ("which size should I take", "Order one size up if you are between two sizes."),
    ("can I pay by invoice", "Paying later by invoice is possible for businesses."),
]


@pytest.fixture
def drugs(workspace: Workspace) -> DatasetInfo:
    return load_dataset(workspace, add_sample_with_exam(workspace, "drugs")).info


@pytest.fixture
def english(workspace: Workspace) -> DatasetInfo:
    frame = pd.DataFrame(ENGLISH * 5, columns=["q", "a"])
    frame["a"] += [f" ({number})" for number in range(len(frame))]
    return load_dataset(workspace, add_table(workspace, frame, Mapping("q", "a"))).info


def row_of(rows: list[BaseRow], config: BaseConfig) -> BaseRow:
    (found,) = [row for row in rows if row.config == config]
    return found


def test_the_figures_are_those_of_an_independent_count(
    workspace: Workspace, drugs: DatasetInfo
) -> None:
    rows = describe_bases(workspace, drugs)
    assert [row.config for row in rows] == [BUNDLED, LARGER, STATIC]
    bundled = row_of(rows, BUNDLED)
    base = resolve(workspace, BUNDLED)
    assert (bundled.dimension, bundled.max_length) == (384, 256)
    assert bundled.parameters == base.parameters == 22_713_216

    # Every text once, as a person would tell them apart, read with the tokenizer alone.
    texts = sorted({folded(text): text for text in read_facts(workspace, drugs).texts}.values())
    assert base.tokenizer is not None
    tokenizer = Tokenizer.from_file(str(base.tokenizer))
    tokenizer.no_truncation()
    tokenizer.no_padding()
    figures = bundled.figures
    assert figures is not None and not bundled.reads
    read = [tokenizer.encode(text, add_special_tokens=False).tokens for text in texts]
    unknown = sum(tokens.count("[UNK]") for tokens in read) / sum(map(len, read))
    # Of more texts than 2,000, that many are drawn.
    assert figures.texts == min(2_000, len(texts))
    assert figures.unknown_share == pytest.approx(unknown, abs=0.01)
    if len(texts) <= 2_000:
        seen = [tuple(tokens) for tokens in read]
        alike = sum(seen.count(tokens) > 1 for tokens in seen)
        assert figures.indistinguishable == alike

    for config in (BUNDLED, STATIC, LARGER):
        told = row_of(rows, config).figures
        assert told is not None
        expected = estimate(workspace, propose(workspace, drugs, config)).seconds
        assert told.seconds == pytest.approx(expected)
    static, larger = row_of(rows, STATIC).figures, row_of(rows, LARGER).figures
    assert static is not None and static.unknown_share == 0
    assert row_of(rows, STATIC).parameters == 3_000 * 1_024
    assert larger is not None and larger.unknown_share < 0.01
    assert larger.indistinguishable < figures.indistinguishable


def test_figures_are_kept_and_a_page_waits_no_longer_than_it_says(
    workspace: Workspace, english: DatasetInfo, monkeypatch: pytest.MonkeyPatch
) -> None:
    impatient = describe_bases(workspace, english, patience_seconds=-1)
    assert [row.config for row in impatient] == [BUNDLED, STATIC]
    assert {row.figures for row in impatient} == {None}
    known = describe_bases(workspace, english)
    assert None not in {row.figures for row in known}

    def never(*_: object) -> None:
        raise AssertionError("it is known already")

    monkeypatch.setattr(catalogue, "reading_of", never)
    monkeypatch.setattr(catalogue, "estimate_rows", never)
    assert describe_bases(workspace, english, patience_seconds=-1) == known
    # Damaged by hand: found out again.
    for file in (workspace.cache / "bases").iterdir():
        file.write_text("[]")
    with pytest.raises(AssertionError):
        describe_bases(workspace, english)


def test_two_sessions_may_look_at_the_same_base_at_once(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    products = load_dataset(workspace, add_sample(workspace, "products")).info
    really, looked = catalogue.coverage, []

    def look(tokenizer: Path, texts: object) -> object:
        # Another session comes, looks, and is done, while this one has only written its tokenizer.
        if not looked:
            looked.append(tokenizer)
            assert describe_bases(workspace, products)
        return really(tokenizer, texts)

    monkeypatch.setattr(catalogue, "coverage", look)
    extended = [row for row in describe_bases(workspace, products) if row.config.extend is not None]
    assert looked and all(row.figures is not None for row in extended)
    assert not list(workspace.cache.rglob("*.tokenizer"))


def test_another_speed_of_the_machine_is_another_estimate(
    workspace: Workspace, english: DatasetInfo
) -> None:
    from dataclasses import asdict

    from core.files import write_json
    from core.training.speed import GUESS, speed_path

    before = row_of(describe_bases(workspace, english), BUNDLED).figures
    slow = replace(GUESS, train_flops=GUESS.train_flops / 100, measured=True)
    write_json(speed_path(workspace), asdict(slow))
    after = row_of(describe_bases(workspace, english), BUNDLED).figures
    assert before is not None and before.seconds is not None
    assert after is not None and after.seconds is not None
    assert after.seconds > before.seconds


@pytest.mark.parametrize("sample", ["drugs", "products", "drug_pairs"])
def test_where_no_transformer_can_read_a_static_model_comes_first(
    workspace: Workspace, sample: str
) -> None:
    info = load_dataset(workspace, add_sample(workspace, sample)).info
    advice = recommend(describe_bases(workspace, info), info, gpu=False)
    assert advice.config == STATIC
    assert "all-MiniLM-L6-v2 cannot read 0.6" in advice.why.text()
    assert [one.config for one in advice.others] == [LARGER]
    # With a GPU the time does not matter so much.
    advice = recommend(describe_bases(workspace, info), info, gpu=True)
    assert advice.config == LARGER and [one.config for one in advice.others] == [STATIC]
    assert "cannot read 0.6" in advice.why.text() and "it sees word order" in advice.why.text()


def test_english_is_for_the_model_that_knows_it(workspace: Workspace, english: DatasetInfo) -> None:
    rows = describe_bases(workspace, english)
    assert LARGER not in [row.config for row in rows]
    for gpu in (True, False):
        advice = recommend(rows, english, gpu=gpu)
        assert advice.config == BUNDLED and advice.others == ()
        assert "knows its language already" in advice.why.text()


def test_a_model_from_a_hub_that_reads_the_table_is_preferred(
    workspace: Workspace, drugs: DatasetInfo
) -> None:
    rows = describe_bases(workspace, drugs)
    hub = BaseConfig(kind="hub", repo="BAAI/bge-small-zh-v1.5", revision="0" * 40)
    reads = Figures(0.01, 3, 2_000, 900.0, None)
    reader = replace(rows[0], config=hub, name="BAAI/bge-small-zh-v1.5", figures=reads)
    advice = recommend([*rows, reader], drugs, gpu=False)
    assert advice.config == hub and "bge-small-zh-v1.5 reads" in advice.why.text()


def test_where_nothing_is_searched_for_word_order_counts(
    workspace: Workspace, drugs: DatasetInfo
) -> None:
    rows = describe_bases(workspace, drugs)
    classes = replace(drugs, shape=Shape.CLASSES)
    assert recommend(rows, classes, gpu=False).config == LARGER
    # A loss that no static base can learn with leaves it out.
    unable = [
        replace(row, figures=replace(row.figures, seconds=None))
        if row.config == STATIC and row.figures
        else row
        for row in rows
    ]
    assert [one.config for one in recommend(unable, drugs, gpu=False).others] == []
    assert recommend(unable, drugs, gpu=False).config == LARGER


def test_a_good_run_on_the_same_table_is_offered_to_go_on_from(
    workspace: Workspace, static_folder: Path
) -> None:
    good = make_run(workspace, sample="products", name="Finder", scores=(0.3, 0.9))
    bad = make_run(workspace, sample="products", name="Loser", scores=(0.9, 0.3))
    other = make_run(workspace, sample="drugs", name="Drugs", scores=(0.3, 0.9))
    for id in (good, bad, other):
        shutil.copytree(static_folder, workspace.run(id) / "model")
    report = json.loads((workspace.run(bad) / "report.json").read_text())
    (workspace.run(bad) / "report.json").write_text(json.dumps({**report, "verdict": "worse"}))
    info = load_dataset(workspace, add_sample(workspace, "products")).info
    rows = describe_bases(workspace, info)
    run = BaseConfig(kind="run", run=good)
    assert [row.config for row in rows if row.config.kind == "run"] == [run]
    assert row_of(rows, run).gained == ("nDCG@10", 0.3, 0.9)
    advice = recommend(rows, info, gpu=False)
    assert advice.config == STATIC
    assert [one.config for one in advice.others] == [LARGER, run]
    words = advice.others[1].why.text()
    assert "The run Finder brought nDCG@10 on this table from 0.3 to 0.9" in words


def test_a_base_that_cannot_be_opened_is_left_out(
    workspace: Workspace, english: DatasetInfo, static_folder: Path
) -> None:
    id = make_run(workspace, sample="products", scores=(0.3, 0.9))
    model = Path(shutil.copytree(static_folder, workspace.run(id) / "model"))
    (model / "model.safetensors").write_bytes(b"short")
    info = load_dataset(workspace, add_sample(workspace, "products")).info
    assert [row.config.kind for row in describe_bases(workspace, info)].count("run") == 0


def test_a_static_model_cannot_tell_texts_of_another_order_apart(workspace: Workspace) -> None:
    rows = [("甲比乙大", "是的"), ("乙比甲大", "不是"), ("大小", "小大")]
    rows += [(f"問題{number}", f"答{number}") for number in range(10, 18)]
    frame = pd.DataFrame(rows, columns=["q", "a"])
    info = load_dataset(workspace, add_table(workspace, frame, Mapping("q", "a"))).info
    figures = row_of(describe_bases(workspace, info), STATIC).figures
    assert figures is not None
    assert (figures.texts, figures.indistinguishable) == (22, 4)
