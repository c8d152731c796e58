"""What the web server imports stays light."""

from __future__ import annotations

import subprocess
import sys

from core.workspace import PROJECT_ROOT

HEAVY = ("torch", "sentence_transformers", "transformers", "umap", "sklearn", "numba", "bm25s")
MODULES = [
    ".".join(path.relative_to(PROJECT_ROOT).with_suffix("").parts)
    for package in ("retrieval", "inspection")
    for path in sorted((PROJECT_ROOT / "core" / package).glob("[a-z]*.py"))
]


def test_search_and_inspection_import_nothing_heavy() -> None:
    code = "\n".join(
        [
            "import sys",
            *(f"import {module}" for module in MODULES),
            f"print([name for name in {HEAVY!r} if name in sys.modules])",
        ]
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=PROJECT_ROOT, check=True
    )
    assert len(MODULES) >= 14
    assert done.stdout.strip() == "[]"
