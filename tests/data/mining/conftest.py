"""A small table whose rows set every trap of mining, and a real model that can tell its texts."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from core.data.shapes import Mapping
from core.models.bases import BaseConfig
from core.workspace import Workspace
from tests.training.conftest import add_table, tiny_base

__all__ = ["tiny_base"]

THINGS = ("router", "printer", "camera", "kettle", "lamp", "phone", "radio", "clock", "scale")
JOBS = (("reset", "hold its button"), ("clean", "wipe it dry"), ("charge", "plug it in"))
PAIRS = [
    (f"how to {verb} the {thing}", f"to {verb} the {thing}, {answer}")
    for thing in THINGS
    for verb, answer in JOBS
]
TRAPS = [
    # An anchor that is another row's positive, and a chain of three that mean the same.
    ("to reset the router, hold its button", "hold the button to reset the router"),
    ("router reset", "hold the button to reset the router"),
    ("router reset", "the router resets with its button"),
    # The anchor of the first row in another writing is a positive here.
    ("resetting", "How to RESET  the router"),
    # A right answer with other punctuation, one that contains it, and nearly all of one.
    ("router help", "to reset the router - hold its button!"),
    ("router manual", "to reset the router, hold its button for ten seconds"),
    ("router hint", "reset the router, hold its button"),
]


@pytest.fixture
def pairs() -> pd.DataFrame:
    """34 pairs as a stored dataset has them."""
    frame = pd.DataFrame(PAIRS + TRAPS, columns=["anchor", "positive"], dtype="str")
    return frame.assign(row=range(2, len(frame) + 2)).astype({"row": "int32"})


@pytest.fixture
def dataset(workspace: Workspace, pairs: pd.DataFrame) -> str:
    """The same as a dataset on disk; its id."""
    return add_table(workspace, pairs, Mapping("anchor", "positive"))


@pytest.fixture(scope="session")
def model_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An untrained static model of the pairs' words: texts with the same words are near."""
    from core.models.static import build_static, train_tokenizer

    texts = [text for pair in PAIRS + TRAPS for text in pair]
    folder = tmp_path_factory.mktemp("words") / "words"
    # So many numbers that words are hardly alike by chance.
    build_static(train_tokenizer(texts, 400, 6), texts, 1024, 1).save_pretrained(str(folder))
    return folder


@pytest.fixture
def words(model_folder: Path) -> BaseConfig:
    """That model as a base."""
    return BaseConfig(kind="folder", path=str(model_folder))
