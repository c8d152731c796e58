"""Equal models have equal fingerprints; any change that vectors could depend on makes another."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from core.models.fingerprint import model_fingerprint
from core.models.folder import NoSuchFolder


@pytest.fixture
def copy(static_folder: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(static_folder, tmp_path / "another name"))


def test_a_copy_has_the_same_whatever_its_name_and_card(copy: Path, static_folder: Path) -> None:
    (copy / "README.md").write_text("another card", encoding="utf-8")
    (copy / ".draft").mkdir()
    (copy / ".draft" / "model.safetensors").write_bytes(b"unfinished")
    assert model_fingerprint(copy) == model_fingerprint(static_folder)
    assert len(model_fingerprint(copy)) == 16


@pytest.mark.parametrize("name", ["model.safetensors", "tokenizer.json", "modules.json"])
def test_a_changed_file_makes_another(copy: Path, name: str) -> None:
    before = model_fingerprint(copy)
    (file,) = copy.rglob(name)
    data = file.read_bytes()
    file.write_bytes(data[:-1] + bytes([data[-1] ^ 1]))
    assert model_fingerprint(copy) != before


def test_a_file_more_or_elsewhere_makes_another(copy: Path) -> None:
    before = model_fingerprint(copy)
    (copy / "2_Dense").mkdir()
    (copy / "2_Dense" / "config.json").write_text("{}")
    with_dense = model_fingerprint(copy)
    (copy / "2_Dense").rename(copy / "3_Dense")
    assert len({before, with_dense, model_fingerprint(copy)}) == 3


def test_a_deleted_folder_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(NoSuchFolder, match=r"There is no folder .*gone"):
        model_fingerprint(tmp_path / "gone")
