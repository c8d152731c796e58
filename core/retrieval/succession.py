"""Corpora that grew: the larger one takes the place of the one that it was made from.

A corpus never changes, so adding rows makes another one.  Where that has the same name, the earlier
state leaves the lists; a link still opens it.  What models had read of it goes as soon as the new
corpus has it, so that nothing is on the disk twice for long.
"""

from __future__ import annotations

import shutil

from core.retrieval.corpora import (
    Corpus,
    CorpusDamaged,
    CorpusInfo,
    delete_corpus,
    list_corpora,
    load_corpus,
)
from core.retrieval.hnsw import remove_graph
from core.workspace import UnknownItem, Workspace


def current_corpora(workspace: Workspace) -> list[CorpusInfo]:
    """What lists offer: every readable corpus that no other one took the place of, newest first."""
    infos = list_corpora(workspace)
    replaced = successors(infos)
    return [info for info in infos if info.id not in replaced]


def successors(infos: list[CorpusInfo]) -> dict[str, str]:
    """Which corpora (by id) another one took the place of, and which one did.

    Where several grew from one, the newest did.

    Args:
        infos: as :func:`core.retrieval.corpora.list_corpora` gives them.
    """
    by_id = {info.id: info for info in infos}
    replaced: dict[str, str] = {}
    for info in infos:
        parent = by_id.get(info.parent or "")
        if parent is not None and parent.name == info.name:
            replaced.setdefault(parent.id, info.id)
    return replaced


def earlier_states(workspace: Workspace, info: CorpusInfo) -> list[Corpus]:
    """The corpora that this one took the place of, the latest first."""
    found: list[Corpus] = []
    here = info
    while here.parent is not None:
        try:
            parent = load_corpus(workspace, here.parent)
        except (UnknownItem, CorpusDamaged):
            break
        if parent.info.name != info.name:
            break
        found.append(parent)
        here = parent.info
    return found


def forget_earlier(workspace: Workspace, corpus: Corpus, name: str | None) -> None:
    """Delete of the earlier states what ``corpus`` itself has now.

    Args:
        workspace: where they are.
        corpus: which one took their place.
        name: of the vectors; None for the word index.
    """
    for earlier in earlier_states(workspace, corpus.info):
        if name is None:
            shutil.rmtree(earlier.lexical_folder, ignore_errors=True)
        else:
            remove_graph(earlier.vectors_path(name))
            earlier.vectors_path(name).unlink(missing_ok=True)


def delete_with_earlier(workspace: Workspace, id: str) -> None:
    """Delete a corpus and the earlier states that nobody sees; else these would come back.

    One that another corpus grew from, too, stays.

    Raises:
        UnknownItem: there is none.
    """
    try:
        earlier = earlier_states(workspace, load_corpus(workspace, id).info)
    except CorpusDamaged:
        earlier = []
    delete_corpus(workspace, id)
    for state in earlier:
        if any(info.parent == state.info.id for info in list_corpora(workspace)):
            return
        delete_corpus(workspace, state.info.id)
