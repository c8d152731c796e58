"""All odd files in one place.

``python -m tests.data.reading.odd_files FOLDER`` writes them into a folder, to be tried by hand.
"""

from __future__ import annotations

import sys
from pathlib import Path

from tests.data.reading.odd_archives import ARCHIVES
from tests.data.reading.odd_json import JSON_FILES
from tests.data.reading.odd_parquet import PARQUET_FILES
from tests.data.reading.odd_workbooks import WORKBOOKS

ODD_FILES = {**WORKBOOKS, **JSON_FILES, **PARQUET_FILES, **ARCHIVES}


if __name__ == "__main__":
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    for file_name, odd in ODD_FILES.items():
        (folder / file_name).write_bytes(odd.data)
