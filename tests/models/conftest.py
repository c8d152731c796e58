"""One small static model for all tests of models."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.models.made import save_static


@pytest.fixture(scope="session")
def static_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An untrained static model, not to be changed."""
    return save_static(tmp_path_factory.mktemp("static") / "model")
