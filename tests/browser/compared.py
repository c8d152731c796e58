"""A finished run with two small real models, made without training, for the encoder to load."""

from __future__ import annotations

import shutil

from core.files import write_json
from core.models.fingerprint import model_fingerprint
from core.training import artifacts
from core.workspace import Workspace
from tests.models.made import save_bert, save_static
from tests.pages.compared import BASE_NAME, make_compared


def make_real_compared(workspace: Workspace, sample: str = "products") -> str:
    """The base reads Latin letters only, as MiniLM nearly does; the tuned model is a static one."""
    id = make_compared(workspace, sample=sample)
    folder = workspace.run(id)
    shutil.rmtree(folder / artifacts.MODEL)
    save_static(folder / artifacts.MODEL)
    base = save_bert(workspace.root / "somewhere" / "latin")
    reference = {"name": BASE_NAME, "path": str(base), "fingerprint": model_fingerprint(base)}
    write_json(folder / artifacts.REFERENCE, reference)
    return id
