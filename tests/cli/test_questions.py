"""``questions``: one's own, asked after every run on a dataset."""

from __future__ import annotations

import json
from pathlib import Path

from core.cli.output import REFUSED
from core.data.samples import add_sample
from core.data.store import load_dataset
from core.training.config import OwnQuestion
from core.training.question_sets import load_questions
from core.workspace import Workspace
from tests.cli.conftest import Run


def test_questions_are_added_replaced_and_taken_away(
    workspace: Workspace, core: Run, tmp_path: Path
) -> None:
    id = add_sample(workspace, "products")
    family = load_dataset(workspace, id).info.family
    core("questions", id, "--add", "防滑的鞋", "--expect", "跑鞋")
    said = core("questions", id, "--add", "静音键盘", "--add", "保温杯")[1]
    assert said == "防滑的鞋\t跑鞋\n静音键盘\n保温杯\n"
    assert load_questions(workspace, family)[0] == OwnQuestion(question="防滑的鞋", expected="跑鞋")
    core("questions", id, "--add", "防滑的鞋", "--expect", "雨靴", "--remove", "静音键盘")
    shown = json.loads(core("questions", id, "--json")[1])
    assert shown[-1] == {"question": "防滑的鞋", "expected": "雨靴"} and len(shown) == 2
    code, _, told = core("questions", id, "--expect", "x")
    assert code == REFUSED and "there is not one question" in told
    file = tmp_path / "questions.tsv"
    file.write_text("问题一\t答案\n\n问题二\n", encoding="utf-8")
    assert core("questions", id, "--file", file)[1] == "问题一\t答案\n问题二\n"
    assert "cannot be read" in core("questions", id, "--file", tmp_path / "none")[2]
    assert core("questions", id, "--clear")[1] == "" and not load_questions(workspace, family)
