"""Writes the sample tables beside this file, or checks that they are what it would write.

python sample_data/make.py                      rewrite the tables
python sample_data/make.py --check              compare the tables with what would be written
python sample_data/make.py --card000 OUT.csv    write 36,421 scored drug pairs, and nothing else
"""

from __future__ import annotations

import argparse
import csv
import io
import sys
from pathlib import Path

from drugs import build_card_pairs, build_drug_tables
from products import Table, build_product_tables

HERE = Path(__file__).resolve().parent
HAND_WRITTEN = HERE / "source"
DEFAULT_FACTS = HERE.parent.parent / "shared" / "data" / "drug_facts.csv.gz"


def main(arguments: list[str] | None = None) -> int:
    """Run the command line.

    :param arguments: Words after the script's name; by default those of this process.
    :return: Exit status: 0, or 1 where a check found a difference or the source is missing.
    """
    options = _read_arguments(arguments)
    has_source = options.source.is_file()
    if not has_source:
        _say(
            "Left out the drug tables: they need drug_facts.csv.gz (columns drug,attribute,value); "
            "give its place with --source PATH."
        )
    if options.card000:
        return write_card_pairs(options.source, options.card000) if has_source else 1
    tables = build_product_tables(HAND_WRITTEN)
    if has_source:
        tables |= build_drug_tables(options.source, HAND_WRITTEN)
    return check(tables, options.out) if options.check else write(tables, options.out)


def to_csv(rows: Table) -> bytes:
    """Lay rows out as UTF-8 CSV with a header and line feeds."""
    text = io.StringIO()
    writer = csv.DictWriter(text, fieldnames=list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode()


def write(tables: dict[str, Table], folder: Path) -> int:
    """Write every table into the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, rows in tables.items():
        (folder / name).write_bytes(to_csv(rows))
        _say(f"{name}: {len(rows)} rows")
    return 0


def write_card_pairs(source: Path, path: Path) -> int:
    """Write scored pairs in the number that the published drug model was trained on."""
    rows = build_card_pairs(source)
    path.write_bytes(to_csv(rows))
    _say(f"{path}: {len(rows)} rows")
    return 0


def check(tables: dict[str, Table], folder: Path) -> int:
    """Compare the files in the folder with the tables, and name those that differ."""
    differing = [
        name
        for name, rows in tables.items()
        if not (folder / name).is_file() or (folder / name).read_bytes() != to_csv(rows)
    ]
    for name in differing:
        _say(f"{name} differs from what make.py makes; run it without --check to rewrite it.")
    if not differing:
        _say(f"{len(tables)} files are what make.py makes.")
    return 1 if differing else 0


def _read_arguments(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description="Write the sample tables, or check that they are up to date."
    )
    parser.add_argument("--check", action="store_true", help="compare instead of writing")
    parser.add_argument("--out", type=Path, default=HERE, help="folder to write to or to check")
    parser.add_argument("--source", type=Path, default=DEFAULT_FACTS, help="the drug facts table")
    parser.add_argument(
        "--card000",
        type=Path,
        metavar="OUT.csv",
        help="write 36,421 scored drug pairs there, and nothing else",
    )
    return parser.parse_args(arguments)


def _say(sentence: str) -> None:
    sys.stdout.write(sentence + "\n")


if __name__ == "__main__":
    sys.exit(main())
