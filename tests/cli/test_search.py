"""``corpus``, ``search`` and ``evaluate`` on questions, from the command line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from core.cli import work
from core.cli.output import DONE, FAILED, REFUSED
from core.encoder import client
from core.files import read_json, write_json
from core.jobs.reasons import ProcessVanished
from core.retrieval import corpora
from core.retrieval.corpora import list_corpora, load_corpus
from core.retrieval.judgements import judge, judged_questions
from core.retrieval.lexical import LexicalIndex
from core.retrieval.sample_corpora import add_sample_corpus
from core.training.runs import load_run
from core.workspace import Workspace
from tests.cli.conftest import Run
from tests.pages.compared import do_jobs, fail_jobs, make_compared, make_model
from tests.retrieval.stand_in import CharacterEncoder

QUESTION = "越野跑鞋 男"


@pytest.fixture
def core(core: Run, monkeypatch: pytest.MonkeyPatch) -> Run:
    """The command line in this process; jobs are done at once."""
    monkeypatch.setattr(work, "ensure_supervisor", do_jobs)
    monkeypatch.setattr(client, "encode", CharacterEncoder().encode)
    return core


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    """A table of six products, one without a text."""
    path = tmp_path / "shop.csv"
    columns = {
        "sku": list("abcdef"),
        "名称": ["越野跑鞋 男", "公路跑鞋 女", "防水 登山鞋", "云台 摄像头", "", "跑鞋 儿童"],
        "brand": ["Kailas", "Nike", "Kailas", "Mi", "Mi", "Nike"],
        "price": ["899", "399", "1299", "199", "5", "259"],
    }
    pd.DataFrame(columns).to_csv(path, index=False)
    return path


def vectors_of(folder: Path, texts: list[str]) -> np.ndarray:
    return CharacterEncoder().encode(None, folder, texts)  # type: ignore[arg-type]


def test_a_corpus_is_made_listed_grown_and_deleted(
    workspace: Workspace, core: Run, shop: Path, tmp_path: Path
) -> None:
    options = ["--text", "名称", "--id", "sku"]
    code, id, told = core("corpus", shop, *options, "--name", "Shop")
    assert code == DONE and "5 texts; 5 rows added" in told and "1 without a text" in told
    id = id.strip()
    assert load_corpus(workspace, id).ids() == list("abcdf")
    assert list(workspace.uploads.iterdir()) == []
    judge(load_corpus(workspace, id), QUESTION, "a", "right")

    more = tmp_path / "more.csv"
    pd.DataFrame({"sku": ["a", "g"], "名称": ["越野跑鞋 男", "凉鞋"]}).to_csv(more, index=False)
    pd.read_csv(shop, dtype=str).iloc[[0]].to_csv(more, index=False)
    code, said, told = core("corpus", more, *options, "--add-to", id, "--json")
    assert code == DONE and json.loads(said)["added"]["already"] == 1
    pd.DataFrame({"sku": ["g"], "名称": ["凉鞋"]}).to_csv(more, index=False)
    code, said, told = core("corpus", more, *options, "--add-to", id, "--json")
    grown = json.loads(said)
    assert code == DONE and (grown["rows"], grown["parent"]) == (6, id), told
    assert judged_questions(load_corpus(workspace, grown["id"]))[0].right == ("a",)

    code, said, _ = core("corpus", "list")
    lines = {line.split()[0]: line for line in said.splitlines()}
    assert set(lines) == {id, grown["id"]}
    assert lines[id].endswith(f"rows were added since: {grown['id']}")
    assert "since" not in lines[grown["id"]]
    code, said, told = core("corpus", "delete", id)
    assert code == REFUSED and "Add --yes" in told
    code, said, _ = core("corpus", "delete", id, "--yes", "--json")
    assert code == DONE and json.loads(said) == {"deleted": id}
    assert [info.id for info in list_corpora(workspace)] == [grown["id"]]


def test_a_corpus_of_a_sample_or_a_dataset(workspace: Workspace, core: Run) -> None:
    run = load_run(workspace, make_compared(workspace))
    code, said, _ = core("corpus", "products", "--json")
    assert code == DONE and json.loads(said)["sample"] == "products"
    code, said, _ = core("corpus", run.config.dataset.id, "--columns", "positive", "--json")
    assert code == DONE and json.loads(said)["rows"] > 100
    folder = make_model(workspace.root / "letters")
    id = json.loads(said)["id"]
    code, said, _ = core("corpus", id, "--encode", folder)
    corpus = load_corpus(workspace, said.strip())
    (kept,) = corpus.vectors_path("x").parent.glob("*.npy")
    assert code == DONE and np.load(kept).shape[0] == corpus.info.rows


def test_search_prints_what_numpy_finds_and_the_changes_of_rank(
    workspace: Workspace, core: Run, tmp_path: Path
) -> None:
    run = load_run(workspace, make_compared(workspace))
    id = add_sample_corpus(workspace, "products")
    corpus = load_corpus(workspace, id)
    texts, ids = corpus.texts(), corpus.ids()
    by = ["--by", "base", "--by", f"{run.id},bm25", "--by", "fusion"]
    file = tmp_path / "answers.csv"
    code, said, told = core(
        "search", QUESTION, "--in", id, *by, "--top", 5, "--json", "--csv", file
    )
    assert code == DONE, told
    found = json.loads(said)
    base, tuned, words, fused = found["columns"]
    assert base["name"] == "Base: base-of-characters" and words["name"] == "BM25"
    assert fused["kind"] == "fused"

    folders = workspace.root / "somewhere" / "base", run.folder / "model"
    cosines = [vectors_of(folder, texts) @ vectors_of(folder, [QUESTION])[0] for folder in folders]
    for column, cosine in zip((base, tuned), cosines, strict=True):
        order = np.argsort(-cosine, kind="stable")[:5]
        assert [hit["id"] for hit in column["hits"]] == [ids[place] for place in order]
        assert [hit["score"] for hit in column["hits"]] == pytest.approx(cosine[order], abs=1e-6)
    rank = {ids[place]: at + 1 for at, place in enumerate(np.argsort(-cosines[0], kind="stable"))}
    for hit in tuned["hits"]:
        assert (hit["base_rank"], hit["change"]) == (rank[hit["id"]], rank[hit["id"]] - hit["rank"])
    lexical = LexicalIndex.build(texts).search(QUESTION, 5)[0]
    assert [hit["id"] for hit in words["hits"]] == [ids[place] for place in lexical]

    table = pd.read_csv(file)
    assert table["column"].value_counts().to_dict() == {
        column["name"]: len(column["hits"]) for column in found["columns"]
    }
    code, said, _ = core("search", QUESTION, "--in", id, *by, "--top", 5)
    assert code == DONE and said.count("\n\n") == 3 and "also in the first" in said


def test_search_warns_of_a_quick_index_that_finds_too_little(
    workspace: Workspace, core: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(corpora, "HNSW_FROM_ROWS", 100)
    corpus = load_corpus(workspace, add_sample_corpus(workspace, "products"))
    folder = make_model(workspace.root / "letters")
    code, said, told = core("search", "跑鞋", "--by", folder, "--quick")
    assert code == DONE and said and "quick index finds only" not in told
    (info,) = (corpus.folder / "vectors").glob("*.hnsw.json")
    write_json(info, read_json(info) | {"recall": 0.91})
    code, said, told = core("search", "跑鞋", "--by", folder, "--quick")
    assert code == DONE and said
    assert "letters: the quick index finds only 91.0% of the ten best texts" in told
    assert "quick index" not in core("search", "跑鞋", "--by", folder)[2]


def test_search_keeps_to_filters(core: Run, shop: Path) -> None:
    core("corpus", shop, "--text", "名称", "--id", "sku")

    def ids(*where: str) -> list[str]:
        wishes = [word for one in where for word in ("--where", one)]
        code, said, told = core("search", "跑鞋", "--by", "bm25", "--json", *wishes)
        assert code == DONE, told
        return [hit["id"] for hit in json.loads(said)["columns"][0]["hits"]]

    assert sorted(ids()) == ["a", "b", "c", "f"]
    assert sorted(ids("brand=Nike")) == ["b", "f"]
    assert sorted(ids("brand=Nike", "brand=Kailas")) == ["a", "b", "c", "f"]
    assert sorted(ids("price=300..900")) == ["a", "b"]
    assert sorted(ids("price=..300")) == ["f"]
    assert sorted(ids("brand~kai", "price=899")) == ["a"]


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["search", "?", "--in", "nowhere"], "There is no corpus named nowhere"),
        (["search", " "], "The question is empty"),
        (["search", "?", "--by", "nobody"], "nobody named nobody"),
        (["search", "?", "--by", "bm25", "--where", "brand"], "does not say what is asked"),
        (["search", "?", "--by", "bm25", "--where", "colour=red"], "Its fields are: brand"),
        (["search", "?", "--by", "bm25", "--where", "price=dear"], "“price=dear”"),
        (["search", "鞋", "--by", "bm25", "--where", "brand=Puma"], "No text of shop fits"),
        (["search", "鞋", "--by", "bm25", "--csv", "/no/where.csv"], "cannot be written"),
        (["corpus", "nothing.csv"], "nothing.csv is neither a file nor a dataset"),
        (["corpus", "delete"], "Give its id"),
        (["evaluate", "nobody"], "nobody is no run"),
        (["evaluate", "minilm", "--in", "CORPUS"], "There are no such questions for shop"),
        (["evaluate", "minilm", "--judged"], "There are no such questions for shop"),
        (["evaluate", "minilm", "--dataset", "x", "--judged"], "are two tests"),
        (["evaluate", "bm25", "--questions", "SHOP", "--question", "没有"], "no column named 没有"),
    ],
)
def test_what_cannot_be_done_is_refused(
    workspace: Workspace, core: Run, shop: Path, arguments: list[str], sentence: str
) -> None:
    core("corpus", shop, "--text", "名称", "--id", "sku")
    (info,) = list_corpora(workspace)
    known = {"CORPUS": info.id, "SHOP": str(shop)}
    code, said, told = core(*(known.get(word, word) for word in arguments))
    assert (code, said) == (REFUSED, ""), told
    assert sentence in told and "Traceback" not in told


def test_a_job_that_fails_is_told_by_the_exit_code(
    workspace: Workspace, core: Run, shop: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    core("corpus", shop, "--text", "名称")
    monkeypatch.setattr(work, "ensure_supervisor", lambda ws: fail_jobs(ws, ProcessVanished()))
    folder = make_model(workspace.root / "letters")
    code, said, told = core("search", "鞋", "--by", folder)
    assert (code, said) == (FAILED, "") and "ended without a word" in told
    code, said, told = core("search", "鞋", "--by", folder, "--json")
    assert (code, said) == (FAILED, "")
    assert json.loads(told.splitlines()[-1])["error"]["state"] == "failed"


def ndcg(ranked: list[str], right: set[str]) -> float:
    gained = sum(1 / np.log2(at + 2) for at, id in enumerate(ranked[:10]) if id in right)
    return float(gained / sum(1 / np.log2(at + 2) for at in range(min(len(right), 10))))


def test_evaluate_on_questions_gives_the_figures_that_numpy_gives(
    workspace: Workspace, core: Run, tmp_path: Path
) -> None:
    run = load_run(workspace, make_compared(workspace))
    id = add_sample_corpus(workspace, "products")
    corpus = load_corpus(workspace, id)
    file = tmp_path / "figures.csv"
    code, said, told = core("evaluate", run.id, "--in", id, "--json", "--csv", file)
    assert code == DONE, told
    found = json.loads(said)
    names = [column["name"] for column in found["columns"]]
    assert names == ["Base: base-of-characters", f"Tuned: {run.name}", "BM25"]
    assert found["answered"] == len(corpus.info.judged) == len(pd.read_csv(file))

    texts, ids, folder = corpus.texts(), corpus.ids(), run.folder / "model"
    vectors = vectors_of(folder, texts)
    wanted = []
    for question in corpus.info.judged:
        cosine = vectors @ vectors_of(folder, [question.question])[0]
        ranked = [ids[place] for place in np.argsort(-cosine, kind="stable")]
        wanted.append(ndcg(ranked, set(question.relevant)))
    assert found["columns"][1]["ndcg"] == pytest.approx(np.mean(wanted), abs=1e-3)
    low, high = found["columns"][1]["ndcg_interval"]
    assert low < found["columns"][1]["ndcg"] < high
    gain = found["columns"][1]["ndcg"] - found["columns"][0]["ndcg"]
    assert found["columns"][1]["gain"] == pytest.approx(gain)
    code, said, _ = core("evaluate", run.id, "--in", id)
    assert code == DONE and f"{found['columns'][1]['ndcg']:.3f}" in said and " won, " in said


def test_evaluate_with_questions_from_a_table(
    workspace: Workspace, core: Run, shop: Path, tmp_path: Path
) -> None:
    core("corpus", shop, "--text", "名称", "--id", "sku")
    asked = tmp_path / "asked.csv"
    rows: dict[str, Any] = {"问题": ["越野跑鞋", "云台 摄像头"], "答案": ["a", "d|gone"]}
    pd.DataFrame(rows).to_csv(asked, index=False)
    folder = make_model(workspace.root / "letters")
    options = ["--questions", asked, "--by", "bm25", "--json"]
    code, said, told = core("evaluate", folder, *options)
    assert code == DONE and "1 answers in the table are no texts" in told
    found = json.loads(said)
    assert [column["kind"] for column in found["columns"]] == ["dense", "lexical"]
    assert found["columns"][1]["ndcg"] == pytest.approx(1.0) and found["answered"] == 2
    # Two questions are too few for an interval, and for a word about chance.
    assert found["columns"][1]["ndcg_interval"] is found["columns"][1]["gain_interval"] is None
    code, said, _ = core("evaluate", folder, *options[:-1])
    assert code == DONE and said.count("too few to tell") == 3
    assert "fewer than 10 questions are too few to tell whether that is chance" in said
    pd.DataFrame({"问题": ["越野跑鞋"]}).to_csv(asked, index=False)
    code, said, _ = core("evaluate", folder, "--questions", asked, "--by", "bm25")
    assert code == DONE and "of the first 10" in said


def test_evaluate_of_a_run_alone_prints_its_report(workspace: Workspace, core: Run) -> None:
    from tests.pages.made import make_run

    id = make_run(workspace, scores=(0.4, 0.7))
    code, said, _ = core("evaluate", id)
    assert code == DONE and said.startswith("Better than before") and "0.700" in said
    code, said, _ = core("evaluate", id, "--json")
    found = json.loads(said)
    assert code == DONE and [one["metrics"]["ndcg@10"] for one in found["models"]] == [0.4, 0.7]
    code, _, told = core("evaluate", make_compared(workspace))
    assert code == REFUSED and "has no report" in told
