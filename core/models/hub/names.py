"""What hubs, models and commits are called, and which file of a model is wanted."""

from __future__ import annotations

import re
from typing import Literal

from core.problems import N_, Problem

Source = Literal["huggingface", "modelscope"]

TITLES: dict[Source, str] = {"huggingface": "Hugging Face", "modelscope": "ModelScope"}
"""The hubs as people know them, in the order in which they are offered."""

DEFAULT_REVISIONS: dict[Source, str] = {"huggingface": "main", "modelscope": "master"}

REPO_PATTERN = r"^[A-Za-z0-9][A-Za-z0-9._-]*(/[A-Za-z0-9][A-Za-z0-9._-]*)?$"
COMMIT_PATTERN = r"^[0-9a-f]{40}$"
_REVISION = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/-]{0,199}")

_SETTINGS = re.compile(r"(modules|config\w*|sentence_\w+_config|\w+_config)\.json")
_WORDS = re.compile(
    r"tokenizer\.json|special_tokens_map\.json|added_tokens\.json|vocab\.(txt|json)|merges\.txt"
)
_ABOUT = re.compile(r"README\.md|LICENSE(\.\w+)?", re.IGNORECASE)
_WEIGHTS = re.compile(r"model(-\d{5}-of-\d{5})?\.safetensors(\.index\.json)?")
_MODULE_FOLDER = re.compile(r"\d+_\w+")
_PICKLED = re.compile(r"(pytorch_model.*\.bin|.*\.(pt|pth|ckpt|pkl))")


class NotAName(Problem):
    what = N_("“{repo}” is not the name of a model on a hub.")
    do = N_(
        "Type owner and name as the hub shows them, for example BAAI/bge-small-zh-v1.5. A branch, "
        "a tag or a commit belongs into the field for the revision."
    )


def check_names(repo: str, revision: str | None) -> None:
    """Raise NotAName unless these can be the name of a model and of a revision."""
    if not re.fullmatch(REPO_PATTERN, repo) or "--" in repo or ".." in repo:
        raise NotAName(repo=repo)
    if revision is not None and (not _REVISION.fullmatch(revision) or ".." in revision):
        raise NotAName(repo=f"{repo}@{revision}")


def is_commit(revision: str | None) -> bool:
    """Whether the revision is a whole commit, which never becomes another one."""
    return revision is not None and re.fullmatch(COMMIT_PATTERN, revision) is not None


def is_wanted(path: str) -> bool:
    """Whether a model needs this file of its repository.

    These are the settings, the tokenizer and the safetensors weights, in the repository's root and
    in the folders of sentence-transformers modules (``1_Pooling``); and what a person should read.
    Programs, weights in other formats and variants for other engines are left where they are.
    """
    folder, slash, name = path.rpartition("/")
    if slash and not _MODULE_FOLDER.fullmatch(folder):
        return False
    return any(one.fullmatch(name) for one in (_SETTINGS, _WORDS, _ABOUT, _WEIGHTS))


def is_setting(path: str) -> bool:
    """Whether it is one of the small files that tell what the model is made of."""
    return _SETTINGS.fullmatch(path.rpartition("/")[2]) is not None


def is_weights(path: str) -> bool:
    """Whether it holds weights, or tells which files do."""
    return _WEIGHTS.fullmatch(path.rpartition("/")[2]) is not None


def is_pickled(path: str) -> bool:
    """Whether it holds weights in a format that can hide programs."""
    return _PICKLED.fullmatch(path.rpartition("/")[2]) is not None
