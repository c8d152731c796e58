"""Whom a person can search with: the models of finished runs, their bases, MiniLM, BM25, fusions.

A candidate has a key that goes into addresses, such as ``tuned:20261121-101530-products-3fa9``.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path

from core.models.bundled import BUNDLED_NAME, bundled_path
from core.models.fingerprint import model_fingerprint
from core.problems import Problem
from core.retrieval.answers import Column
from core.training.run_models import base_model, known_reference, tuned_model
from core.training.runs import Run

WORDS_KEY = "bm25"
BUNDLED_KEY = "minilm"
_FUSED = "fused:"


class Source(StrEnum):
    """Where a candidate's model comes from."""

    TUNED = "tuned"
    BASE = "base"
    BUNDLED = "bundled"
    WORDS = "words"


@dataclass(frozen=True)
class Candidate:
    """Somebody who can be asked.

    Attributes:
        key: names it in addresses.
        source: what kind of model it is.
        run: the run that it belongs to, if it does.
        model_name: of a base or the bundled model, as others know it.
        fused: its ranking is joined with that of BM25.
    """

    key: str
    source: Source
    run: Run | None = None
    model_name: str = ""
    fused: bool = False


@dataclass(frozen=True)
class Candidates:
    """All candidates by their key, and the keys that mean the same as another one's."""

    by_key: dict[str, Candidate]
    same_as: dict[str, str]

    def settle(self, keys: Iterable[str]) -> tuple[list[str], list[str]]:
        """The keys that are there, each once, and those that are not (a run was deleted)."""
        there: dict[str, None] = {}
        gone = []
        for key in keys:
            known = self.same_as.get(key, key)
            if known in self.by_key:
                there[known] = None
            else:
                gone.append(key)
        return list(there), gone


def find_candidates(runs: Iterable[Run], chosen: Run | None) -> Candidates:
    """Everybody who can be asked, those of the run ``chosen`` first.

    A base that several runs share is there once, as the chosen run's if it is its own.

    Args:
        runs: the finished runs, the newest first.
        chosen: the run that the person is working with.
    """
    ordered = sorted(runs, key=lambda run: chosen is None or run.id != chosen.id)
    by_key: dict[str, Candidate] = {}
    same_as: dict[str, str] = {}
    by_fingerprint: dict[str, str] = {}
    for run in ordered:
        base = _base_of(run)
        if base is not None:
            candidate, fingerprint = base
            first = by_fingerprint.setdefault(fingerprint, candidate.key)
            if first == candidate.key:
                by_key[candidate.key] = candidate
            else:
                same_as[candidate.key] = first
        tuned = Candidate(f"tuned:{run.id}", Source.TUNED, run)
        by_key[tuned.key] = tuned
    _add_bundled(by_key, same_as, by_fingerprint)
    by_key[WORDS_KEY] = Candidate(WORDS_KEY, Source.WORDS)
    for one in list(by_key.values()):
        if one.source is not Source.WORDS:
            fused = replace(one, key=_FUSED + one.key, fused=True)
            by_key[fused.key] = fused
    same_as.update({_FUSED + key: _FUSED + known for key, known in same_as.items()})
    return Candidates(by_key, same_as)


def default_keys(chosen: Run | None) -> list[str]:
    """Who is asked when nobody said anything else; the first is what the others are compared with.

    Some of the keys may mean another candidate, or nobody: see :meth:`Candidates.settle`.
    """
    if chosen is None:
        return [BUNDLED_KEY, WORDS_KEY]
    return [f"base:{chosen.id}", f"tuned:{chosen.id}", WORDS_KEY]


def column_of(candidate: Candidate, name: str) -> Column:
    """The candidate as a column that is called ``name``.

    Raises:
        TunedModelGone, BaseModelGone: the model's folder was deleted.
        BaseModelChanged: the base's folder holds another model now.
        RunFilesDamaged: a file of the run cannot be read.
        Problem: the bundled model is missing or changed.
    """
    if candidate.source is Source.WORDS:
        return Column.lexical(name)
    folder, fingerprint = _model(candidate)
    make = Column.fused if candidate.fused else Column.dense
    return make(name, folder, fingerprint)


def _base_of(run: Run) -> tuple[Candidate, str] | None:
    """A run's base and its fingerprint; None when the run's file cannot be read."""
    reference = known_reference(run)
    if reference is None:
        return None
    candidate = Candidate(f"base:{run.id}", Source.BASE, run, reference.name)
    return candidate, reference.fingerprint


def _add_bundled(
    by_key: dict[str, Candidate], same_as: dict[str, str], by_fingerprint: dict[str, str]
) -> None:
    try:
        fingerprint = model_fingerprint(bundled_path())
    except Problem:
        return
    known = by_fingerprint.get(fingerprint)
    if known is not None:
        same_as[BUNDLED_KEY] = known
    else:
        by_key[BUNDLED_KEY] = Candidate(BUNDLED_KEY, Source.BUNDLED, model_name=BUNDLED_NAME)


def _model(candidate: Candidate) -> tuple[Path, str]:
    """A candidate's model folder, which is there, and its fingerprint."""
    if candidate.run is None:
        path = bundled_path()
        return path, model_fingerprint(path)
    tuned = candidate.source is Source.TUNED
    model = tuned_model(candidate.run) if tuned else base_model(candidate.run)
    return model.folder, model.fingerprint
