"""Matching two tables: what is kept equals numpy, filters, refusals, and stops."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from core.data.samples import add_sample
from core.encoder import client
from core.jobs.context import STOP_FILE, Stopped
from core.matching import vectors
from core.matching.chosen import Candidates
from core.matching.export import load_candidates
from core.matching.match_job import match_tables
from core.matching.models import UsedModel
from core.matching.params import KEPT, MatchParams, SameTable
from core.matching.results import list_results, load_result
from core.matching.tables import AllBlank, ColumnGone, TableChoice, describe_table
from core.models.bundled import bundled_path
from core.models.checked import ModelChanged, ModelGone
from core.models.fingerprint import model_fingerprint
from core.problems import Problem
from core.retrieval.fusion import fuse_positions
from core.retrieval.lexical import LexicalIndex
from core.retrieval.ranking import top_k
from core.workspace import UnknownItem, Workspace
from tests.matching.conftest import choice, upload
from tests.retrieval.stand_in import CharacterEncoder, running_job

SHOES = ["踏岚 T3 越野跑鞋", "驰朔 R1 竞速跑鞋", "看家 P3 云台摄像头", "弯月 N1 小夜灯", "  "]
ASKED = ["越野跑鞋 踏岚", "摄像头 云台 P3", "小夜灯", "竞速 跑鞋", "", "碗"]
BRANDS = ["踏岚", "驰朔", "看家", "弯月", "无"]


def params(
    workspace: Workspace, left: TableChoice, right: TableChoice, **more: object
) -> MatchParams:
    contents = tuple(describe_table(workspace, one.kind, one.id).content for one in (left, right))
    return MatchParams(left=left, right=right, contents=contents, **more)


@pytest.fixture
def asked(workspace: Workspace) -> TableChoice:
    brands = ["踏岚", "看家", "", "驰朔", "踏岚", "踏岚"]
    return choice(upload(workspace, "asked.csv", {"q": ASKED, "brand": brands}), "q")


@pytest.fixture
def shoes(workspace: Workspace) -> TableChoice:
    columns = {"no": list("abcde"), "name": SHOES, "maker": BRANDS}
    id = upload(workspace, "shoes.csv", columns)
    return choice(id, "name", label="no", fields=("maker",))


def done(workspace: Workspace, wanted: MatchParams) -> Candidates:
    match_tables(running_job(workspace, "match", wanted.model_dump(mode="json")))
    return load_candidates(load_result(workspace, wanted.id))


def cosines(workspace: Workspace, model: UsedModel) -> np.ndarray:
    """The whole table of scores, blank rows left out, computed apart from the job."""
    ours = CharacterEncoder().encode(workspace, model.folder, [q for q in ASKED if q.strip()])
    theirs = CharacterEncoder().encode(workspace, model.folder, SHOES[:4])
    return ours @ theirs.T


def test_candidates_are_those_of_the_whole_table_of_scores(
    workspace: Workspace,
    asked: TableChoice,
    shoes: TableChoice,
    model: UsedModel,
    encoder: CharacterEncoder,
) -> None:
    wanted = params(workspace, asked, shoes, model=model)
    found = done(workspace, wanted)
    table = cosines(workspace, model)
    assert found.rows == 5
    for left in range(5):
        here = found.left == left
        order = np.argsort(-table[left], kind="stable")
        assert found.right[here].tolist() == order.tolist()
        assert found.rank[here].tolist() == [1, 2, 3, 4]
        np.testing.assert_allclose(found.score[here], table[left][order], atol=1e-6)
    meta = load_result(workspace, wanted.id).meta
    assert meta.tables["left"].blank == meta.tables["right"].blank == 1
    assert meta.tables["right"].fields == ("maker",)
    rows = load_result(workspace, wanted.id).rows("right", [3, 0]).to_pydict()
    assert rows == {"label": ["d", "a"], "text": [SHOES[3], SHOES[0]], "f0": ["弯月", "踏岚"]}


def test_a_filter_leaves_only_equal_cells(
    workspace: Workspace,
    asked: TableChoice,
    shoes: TableChoice,
    model: UsedModel,
    encoder: CharacterEncoder,
) -> None:
    found = done(workspace, params(workspace, asked, shoes, model=model, same=("brand", "maker")))
    # "小夜灯" has no brand; "" is blank and gone; "碗" is by 踏岚.
    assert list(zip(found.left.tolist(), found.right.tolist(), strict=True)) == [
        (0, 0),
        (1, 2),
        (3, 1),
        (4, 0),
    ]
    table = cosines(workspace, model)
    np.testing.assert_allclose(found.score, table[found.left, found.right], atol=1e-6)


def test_words_rank_as_the_word_index_does(
    workspace: Workspace, asked: TableChoice, shoes: TableChoice
) -> None:
    found = done(workspace, params(workspace, asked, shoes, method="words"))
    index = LexicalIndex.build(SHOES[:4])
    for left, text in enumerate(q for q in ASKED if q.strip()):
        best, scores = index.search(text, KEPT)
        assert found.right[found.left == left].tolist() == best.tolist()
        np.testing.assert_allclose(found.score[found.left == left], scores)
    assert 4 not in found.left  # "碗" shares no word with anything


def test_both_together_rank_by_both_and_show_the_models_score(
    workspace: Workspace,
    asked: TableChoice,
    shoes: TableChoice,
    model: UsedModel,
    encoder: CharacterEncoder,
) -> None:
    found = done(workspace, params(workspace, asked, shoes, model=model, method="both"))
    table = cosines(workspace, model)
    index = LexicalIndex.build(SHOES[:4])
    for left, text in enumerate(q for q in ASKED if q.strip()):
        wanted = fuse_positions(top_k(table[left], 50), index.search(text, 50)[0])
        here = found.left == left
        assert found.right[here].tolist() == wanted.tolist()
        np.testing.assert_allclose(found.score[here], table[left][wanted], atol=1e-6)


def test_a_text_is_read_once_however_often_and_wherever_it_stands(
    workspace: Workspace,
    asked: TableChoice,
    shoes: TableChoice,
    model: UsedModel,
    encoder: CharacterEncoder,
) -> None:
    done(workspace, params(workspace, asked, shoes, model=model))
    first = len(encoder.texts)
    assert first == len(set(encoder.texts)) == 9
    more = choice(
        upload(workspace, "more.csv", {"q": [*ASKED, "新的", "新的"], "x": ["1"] * 8}), "q"
    )
    done(workspace, params(workspace, more, shoes, model=model))
    assert encoder.texts[first:] == ["新的"]


def test_a_dataset_and_its_own_other_column(
    workspace: Workspace, model: UsedModel, encoder: CharacterEncoder
) -> None:
    id = add_sample(workspace, "products")
    one, other = (TableChoice(kind="dataset", id=id, text=role) for role in ("anchor", "positive"))
    found = done(workspace, params(workspace, one, other, model=model))
    assert found.rows == 500
    with pytest.raises(SameTable):
        done(workspace, params(workspace, one, one, model=model))


def test_what_cannot_be_matched_is_a_sentence(
    workspace: Workspace,
    asked: TableChoice,
    shoes: TableChoice,
    model: UsedModel,
    encoder: CharacterEncoder,
) -> None:
    def refused(left: TableChoice, **more: object) -> Problem:
        with pytest.raises(Problem) as caught:
            done(workspace, params(workspace, left, shoes, model=model, **more))
        return caught.value

    blank = choice(upload(workspace, "blank.csv", {"a": ["", " "], "b": ["1", "2"]}), "a")
    assert isinstance(refused(blank), AllBlank)
    assert isinstance(refused(choice(asked.id, "none")), ColumnGone)
    (model.folder / "model.safetensors").write_bytes(b"other")
    assert isinstance(refused(asked), ModelChanged)
    (model.folder / "model.safetensors").unlink()
    (model.folder / "modules.json").unlink()
    model.folder.rmdir()
    assert isinstance(refused(asked), ModelGone)
    assert list_results(workspace) == [] and list(workspace.matches.iterdir()) == []


@pytest.mark.parametrize(("words", "unread"), [("跑鞋 摄像头", 0.6), ("running shoes", 0.0)])
def test_the_result_says_how_much_of_the_texts_the_model_cannot_read(
    workspace: Workspace, encoder: CharacterEncoder, words: str, unread: float
) -> None:
    folder = bundled_path()
    model = UsedModel(
        role="bundled", name="MiniLM", folder=folder, fingerprint=model_fingerprint(folder)
    )
    sides = [
        choice(upload(workspace, f"{name}.csv", {"t": [words, f"{words} {name}"]}), "t")
        for name in ("a", "b")
    ]
    asked = params(workspace, *sides, model=model)
    done(workspace, asked)
    found = load_result(workspace, asked.id).meta.unread
    assert found == 0.0 if unread == 0.0 else found > unread


def test_one_row_each(workspace: Workspace, model: UsedModel, encoder: CharacterEncoder) -> None:
    one = choice(upload(workspace, "a.csv", {"t": ["鞋"], "x": ["1"]}), "t")
    other = choice(upload(workspace, "b.csv", {"t": ["跑鞋"], "x": ["1"]}), "t")
    found = done(workspace, params(workspace, one, other, model=model))
    assert found.left.tolist() == found.right.tolist() == [0]


def test_a_stop_leaves_vectors_but_no_result(
    workspace: Workspace,
    asked: TableChoice,
    shoes: TableChoice,
    model: UsedModel,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    wanted = params(workspace, asked, shoes, model=model)
    job = running_job(workspace, "match", wanted.model_dump(mode="json"))
    stand_in = CharacterEncoder()

    def encode_then_stop(*arguments: object) -> np.ndarray:
        (job.folder / STOP_FILE).write_text("{}")
        return stand_in.encode(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(client, "encode", encode_then_stop)
    with pytest.raises(Stopped):
        match_tables(job)
    assert list(workspace.matches.iterdir()) == []
    monkeypatch.setattr(client, "encode", stand_in.encode)
    assert done(workspace, wanted).rows == 5
    assert len(stand_in.texts) == len(set(stand_in.texts)) == 9


def test_a_killed_job_leaves_nothing_half_written(
    workspace: Workspace, asked: TableChoice, shoes: TableChoice
) -> None:
    wanted = params(workspace, asked, shoes, method="words")
    job = running_job(workspace, "match", wanted.model_dump(mode="json"))
    code = (
        "import os, signal, sys\n"
        "from pathlib import Path\n"
        "from core.jobs.context import JobContext, JobSpec\n"
        "from core.matching import match_job\n"
        "from core.workspace import Workspace\n"
        "import json\n"
        "match_job.write_meta = lambda *_: os.kill(os.getpid(), signal.SIGKILL)\n"
        "params = json.loads(sys.argv[2])\n"
        "folder = Path(sys.argv[1])\n"
        "match_job.match_tables(\n"
        "    JobContext(Workspace.open(), folder, JobSpec('match', params), 'cpu'))\n"
    )
    arguments = [sys.executable, "-c", code, str(job.folder), wanted.model_dump_json()]
    ended = subprocess.run(arguments, cwd=Path(__file__).parents[2], env=dict(os.environ))
    assert ended.returncode == -signal.SIGKILL
    (left_over,) = workspace.matches.iterdir()
    assert left_over.name.startswith(".") and list_results(workspace) == []
    with pytest.raises(UnknownItem):
        load_result(workspace, wanted.id)
    assert done(workspace, wanted).rows == 5
    assert [path.name for path in workspace.matches.iterdir()] == [wanted.id]


def test_vectors_of_a_torn_store_are_read_again(
    workspace: Workspace,
    asked: TableChoice,
    shoes: TableChoice,
    model: UsedModel,
    encoder: CharacterEncoder,
) -> None:
    done(workspace, params(workspace, asked, shoes, model=model))
    store = workspace.cache / "texts" / f"{model.fingerprint}.vectors"
    with store.open("r+b") as file:
        file.truncate(store.stat().st_size - 10)
    before = len(encoder.texts)
    table = cosines(workspace, model)
    found = done(workspace, params(workspace, asked, shoes, model=model, threshold=0.5))
    assert len(encoder.texts) == before + 1
    np.testing.assert_allclose(found.score, table[found.left, found.right], atol=1e-6)


def test_stores_that_nobody_used_for_long_make_room(tmp_path: Path) -> None:
    for name, age in (("old", 9 * 86_400), ("older", 10 * 86_400), ("new", 0)):
        file = tmp_path / f"{name}.vectors"
        file.write_bytes(b"x" * 100)
        then = file.stat().st_mtime - age
        os.utime(file, (then, then))
    vectors.tidy(tmp_path, most=250)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["new.vectors", "old.vectors"]
    vectors.tidy(tmp_path, most=50)
    assert [path.name for path in tmp_path.iterdir()] == ["new.vectors"]
