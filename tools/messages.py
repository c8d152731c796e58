"""Keep the message catalogues in step with the code: `python -m tools.messages extract | check`."""

from __future__ import annotations

import argparse
import ast
import io
import re
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from string import Formatter

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po, write_po

ROOT = Path(__file__).resolve().parent.parent
SOURCES = ("core", "ui", "pages")
LANGUAGES = ("en", "zh_CN")
SOURCE_LANGUAGE = "en"
_KEYWORDS = {"_": None, "N_": None, "ngettext": (1, 2)}
_CHINESE = re.compile("[\u4e00-\u9fff]")
# Names that are the same in Chinese.  Entries without a word of their own need not be listed.
SAME_IN_CHINESE = {"Pairloom", "CPU, {cores}", "UMAP", "nDCG@10", "MRR@10", "MAP@100", "F1"}


def catalogue_path(root: Path, language: str) -> Path:
    """Where the catalogue of ``language`` lies under the project's ``root``."""
    return root / "ui" / "locale" / language / "LC_MESSAGES" / "pairloom.po"


def template(root: Path = ROOT) -> Catalog:
    """Every message that the code under ``root`` asks for, with the files that ask for it."""
    catalogue = Catalog(charset="utf-8")
    for source in SOURCES:
        for file, _line, message, comments, context in extract_from_dir(
            root / source,
            method_map=[("**.py", "python")],
            keywords=_KEYWORDS,
            comment_tags=("i18n:",),
            strip_comment_tags=True,
        ):
            catalogue.add(
                message,
                locations=[(f"{source}/{file}", 1)],
                auto_comments=comments,
                context=context,
            )
    return catalogue


def extract(root: Path = ROOT) -> None:
    """Rewrite both catalogues: new messages in, obsolete ones out, translations kept.

    The English one is complete afterwards.
    """
    for language in LANGUAGES:
        path = catalogue_path(root, language)
        catalogue = _load(path, language)
        catalogue.update(template(root), no_fuzzy_matching=True, update_creation_date=False)
        if language == SOURCE_LANGUAGE:
            for message in _entries(catalogue):
                message.string = message.id
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(_written(catalogue))


def check(root: Path = ROOT) -> list[str]:
    """What is wrong with the catalogues, one sentence each; empty when nothing is."""
    wanted = {message.id: message for message in _entries(template(root))}
    faults = [f"{where}: in an f-string, where Babel may not see it" for where in _hidden(root)]
    for language in LANGUAGES:
        path = catalogue_path(root, language)
        entries = {message.id: message for message in _entries(_load(path, language))}
        found = [("missing, run extract", id) for id in wanted.keys() - entries.keys()]
        found += [("stale, run extract", id) for id in entries.keys() - wanted.keys()]
        found += [
            (fault, id) for id, entry in entries.items() for fault in _faults(entry, language)
        ]
        faults += [f"{language}: {fault}: {_forms(id)[0]!r}" for fault, id in found]
    return sorted(faults)


def _hidden(root: Path) -> Iterator[str]:
    """Where a sentence is asked for inside an f-string: Python 3.11 gives Babel no tokens there."""
    for file in sorted(path for source in SOURCES for path in (root / source).rglob("*.py")):
        for text in ast.walk(ast.parse(file.read_bytes())):
            if isinstance(text, ast.JoinedStr):
                yield from (
                    f"{file.relative_to(root)}:{call.lineno}"
                    for call in ast.walk(text)
                    if isinstance(call, ast.Call)
                    and isinstance(call.func, ast.Name)
                    and call.func.id in _KEYWORDS
                    and isinstance(call.args[0], ast.Constant)
                )


def _faults(message: Message, language: str) -> Iterator[str]:
    strings = _forms(message.string)
    if not all(strings) or message.fuzzy:
        yield "not translated"
    elif language == SOURCE_LANGUAGE:
        if strings != _forms(message.id):
            yield "English differs from the message"
    else:
        if not all(_is_chinese(string, message) for string in strings):
            yield "no Chinese in the translation"
        # Of "one row" and "{n} rows", the last is the one that serves every number.
        if any(_fields(string) != _fields(_forms(message.id)[-1]) for string in strings):
            yield "the {fields} differ"


def _is_chinese(string: str, message: Message) -> bool:
    words = "".join(literal for literal, *_field in Formatter().parse(_forms(message.id)[0]))
    wordless = not any(map(str.isalpha, words))
    return bool(_CHINESE.search(string)) or wordless or message.id in SAME_IN_CHINESE


def _fields(text: str) -> set[tuple[str, str]]:
    """The fields of a template with how each is formatted."""
    parts = Formatter().parse(text)
    return {(name, spec or "") for _literal, name, spec, _conversion in parts if name is not None}


def _forms(value: str | Iterable[str]) -> tuple[str, ...]:
    return (value,) if isinstance(value, str) else tuple(value)


def _entries(catalogue: Catalog) -> list[Message]:
    return [message for message in catalogue if message.id]


def _load(path: Path, language: str) -> Catalog:
    if not path.exists():
        return Catalog(
            locale=language,
            charset="utf-8",
            header_comment="# What Pairloom says. Msgids are the English sentences in the code.",
            project="Pairloom",
            version="1",
            msgid_bugs_address="-",
            last_translator="-",
            language_team="-",
            fuzzy=False,
        )
    with path.open("rb") as file:
        return read_po(file, locale=language)


def _written(catalogue: Catalog) -> bytes:
    buffer = io.BytesIO()
    write_po(
        buffer, catalogue, width=100, sort_by_file=True, ignore_obsolete=True, include_lineno=False
    )
    return buffer.getvalue()


def main() -> int:
    """The command line; 1 when ``check`` finds a fault."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("command", choices=("extract", "check"))
    if parser.parse_args().command == "extract":
        extract()
        return 0
    faults = check()
    sys.stdout.writelines(f"{fault}\n" for fault in faults)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
