"""Every kind of base gives, exported and loaded by a process that knows nothing of Pairloom, the
vectors that it gave here: on texts of several languages, marks, digits, lengths and scripts."""

from __future__ import annotations

import zipfile
from pathlib import Path

import numpy as np
import pytest

from core.export.archive import write_archive
from core.export.verify import verify_folder
from core.jobs.status import JobState, JobStatus
from core.models.bases import BaseConfig, resolve
from core.models.extension_config import Extension
from core.models.hub.jobs import fetch_repo, params_for
from core.models.hub.settings import save_hub
from core.training.encoding import load_model
from core.workspace import Workspace
from tests.models.hub_server import read_files, running_hub
from tests.models.made import TEXTS, save_bert
from tests.retrieval.stand_in import running_job
from tests.training.conftest import (
    MakeConfig,
    make_config,
    one_thread,
    run_here,
    triplets,
)
from tests.training.conftest import sample_frame as product_frame

__all__ = ["make_config", "one_thread", "triplets"]


def mixed_texts() -> list[str]:
    """More than 100 texts: Chinese, English, French, Russian, Arabic, emoji, numbers, long, odd."""
    products = product_frame(40)
    texts = [*TEXTS, *products["anchor"], *products["positive"]]
    texts += [
        "阿莫西林胶囊0.25g×24粒",
        "ＡＸ55型　全角字母和数字１２３",
        "Suede shoes, size 42½ – brown",
        "Crème brûlée à l’orange",
        "Красная куртка, непромокаемая",
        "حذاء رياضي أحمر",
        "手机壳📱 iPhone 15 Pro Max",
        "  spaces   and\ttabs\nand lines  ",
        "3.14159265358979",
        "国药准字H20013191",
        "e\u0301 combining, \u00e9 composed",
        "𠮷野家の牛丼",
        "한국어 설명서",
        "a",
        "的",
        "！？。，",
        "https://example.com/p?id=42&x=中文",
        "药" * 400,
        "word " * 400,
        "unseenword 从未见过的词 zzqx-99",
    ]
    return list(dict.fromkeys(texts))


# A static model and an extended one are looked at likewise, in less time, in
# tests/models/test_static.py and tests/training/test_extension_training.py.
@pytest.mark.slow
@pytest.mark.parametrize("kind", ["bundled", "folder", "static", "hub", "run", "extended"])
def test_a_fresh_process_gives_the_same_vectors(
    workspace: Workspace,
    triplets: str,
    make_config: MakeConfig,
    tiny_base: Path,
    tmp_path: Path,
    kind: str,
) -> None:
    folder = model_of(kind, workspace, triplets, make_config, tiny_base)
    texts = mixed_texts()
    assert len(texts) >= 100
    model = load_model(folder, "cpu")
    vectors = model.encode(texts, normalize_embeddings=True)
    assert len(np.unique(vectors.round(4), axis=0)) > 60

    archive = tmp_path / "model.zip"
    write_archive(folder, archive)
    with zipfile.ZipFile(archive) as opened:
        opened.extractall(tmp_path / "elsewhere")
    (exported,) = (tmp_path / "elsewhere").iterdir()
    assert verify_folder(exported, texts, vectors) <= 1e-5


def model_of(
    kind: str, workspace: Workspace, dataset: str, make_config: MakeConfig, tiny: Path
) -> Path:
    """A model that began as a base of this kind: trained, but for the bundled one, which is big."""
    few = {"epochs": 1, "batch_size": 16, "learning_rate": 1e-3}
    if kind == "bundled":
        path = resolve(workspace, BaseConfig(kind="bundled")).path
        assert path is not None
        return path
    base = BaseConfig(kind="folder", path=str(tiny))
    if kind == "static":
        base = BaseConfig(kind="static", vocabulary_size=600, dimension=32)
    elif kind == "extended":
        latin = save_bert(workspace.root / "latin")
        base = BaseConfig(kind="folder", path=str(latin), extend=Extension(characters=50))
    elif kind == "hub":
        with running_hub() as hub:
            save_hub(workspace, "huggingface", address=hub.address, token=None)
            commit = hub.add("tiny/base", read_files(tiny))
            params = params_for("huggingface", "tiny/base", None)
            fetch_repo(running_job(workspace, "fetch_repo", params))
        base = BaseConfig(kind="hub", repo="tiny/base", revision=commit)
    elif kind == "run":
        first = run_here(workspace, make_config(dataset, base, **few))
        base = BaseConfig(kind="run", run=first.name)
    folder = run_here(workspace, make_config(dataset, base, **few))
    assert JobStatus.load(folder).state is JobState.SUCCEEDED
    return folder / "model"
