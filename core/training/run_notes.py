"""What people note about a run: favourite, archived, tags, a note; one small file in its folder."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Any

from filelock import FileLock

from core.files import read_json, write_json
from core.problems import N_, Problem
from core.workspace import Workspace

NOTES_FILE = "notes.json"
MOST_TAGS = 12
LONGEST_TAG = 30
LONGEST_NOTE = 2_000
_LOCK = ".notes.lock"


class TagTooLong(Problem):
    what = N_("The tag “{tag}” is longer than {most} characters.")
    do = N_("Take a short word; longer thoughts go into the note.")


class TooManyTags(Problem):
    what = N_("A run can have {most} tags at most.")
    do = N_("Take one away first.")


class NoteTooLong(Problem):
    what = N_("The note has {count} characters; {most} fit.")
    do = N_("Shorten it.")


@dataclass(frozen=True)
class Notes:
    """What ``notes.json`` says.

    Attributes:
        favourite: somebody put a star on it.
        archived: it has left the lists of the screens; a link to it still opens it.
        tags: short words, in the order in which they were given.
        note: free text.
    """

    favourite: bool = False
    archived: bool = False
    tags: tuple[str, ...] = ()
    note: str = ""


def load_notes(run: Path) -> Notes:
    """The notes in a run's folder; empty ones where there are none, or none that can be read."""
    try:
        data = read_json(run / NOTES_FILE)
        known = {one.name: data[one.name] for one in fields(Notes) if one.name in data}
        return replace(Notes(**known), tags=tuple(map(str, known.get("tags", ()))))
    except (OSError, ValueError, TypeError):
        return Notes()


def change_notes(
    workspace: Workspace,
    id: str,
    *,
    add_tags: Iterable[str] = (),
    remove_tags: Iterable[str] = (),
    **changes: Any,
) -> Notes:
    """Change what is noted about a run, in one step.

    Args:
        workspace: where the run is.
        id: the run.
        add_tags: tags that it is to have, too.
        remove_tags: tags that it is not to have any more.
        changes: new values by the names of :class:`Notes`.

    Returns:
        The notes as they are now.

    Raises:
        UnknownItem: there is no such run.
        TagTooLong, TooManyTags, NoteTooLong: what is to be noted does not fit.
    """
    folder = workspace.run(id)
    # Two people, or a screen and a command, may change different parts at the same time.
    with FileLock(workspace.runs / _LOCK):
        before = load_notes(folder)
        notes = replace(before, **changes)
        dropped = {_tag(tag) for tag in remove_tags}
        tags = dict.fromkeys(filter(None, map(_tag, (*notes.tags, *add_tags))))
        notes = replace(
            notes, note=notes.note.strip(), tags=tuple(tag for tag in tags if tag not in dropped)
        )
        _check(notes)
        if notes != before:
            write_json(folder / NOTES_FILE, asdict(notes))
    return notes


def _tag(text: str) -> str:
    """A tag as it is kept: without spaces around it, and with single ones in it."""
    return " ".join(text.split())


def _check(notes: Notes) -> None:
    for tag in notes.tags:
        if len(tag) > LONGEST_TAG:
            raise TagTooLong(tag=tag, most=LONGEST_TAG)
    if len(notes.tags) > MOST_TAGS:
        raise TooManyTags(most=MOST_TAGS)
    if len(notes.note) > LONGEST_NOTE:
        raise NoteTooLong(count=len(notes.note), most=LONGEST_NOTE)
