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
_WITHOUT_OWNER = """
albert-base-v1 albert-base-v2 albert-large-v1 albert-large-v2 albert-xlarge-v1 albert-xlarge-v2
albert-xxlarge-v1 albert-xxlarge-v2 bert-base-cased bert-base-cased-finetuned-mrpc
bert-base-chinese bert-base-german-cased bert-base-german-dbmdz-cased
bert-base-german-dbmdz-uncased bert-base-multilingual-cased bert-base-multilingual-uncased
bert-base-uncased bert-large-cased bert-large-cased-whole-word-masking
bert-large-cased-whole-word-masking-finetuned-squad bert-large-uncased
bert-large-uncased-whole-word-masking bert-large-uncased-whole-word-masking-finetuned-squad
camembert-base ctrl distilbert-base-cased distilbert-base-cased-distilled-squad
distilbert-base-german-cased distilbert-base-multilingual-cased distilbert-base-uncased
distilbert-base-uncased-distilled-squad distilbert-base-uncased-finetuned-sst-2-english
distilgpt2 distilroberta-base gpt2 gpt2-large gpt2-medium gpt2-xl openai-gpt roberta-base
roberta-base-openai-detector roberta-large roberta-large-mnli roberta-large-openai-detector
t5-11b t5-3b t5-base t5-large t5-small transfo-xl-wt103 xlm-clm-ende-1024 xlm-clm-enfr-1024
xlm-mlm-100-1280 xlm-mlm-17-1280 xlm-mlm-en-2048 xlm-mlm-ende-1024 xlm-mlm-enfr-1024
xlm-mlm-enro-1024 xlm-mlm-tlm-xnli15-1024 xlm-mlm-xnli15-1024 xlm-roberta-base
xlm-roberta-large xlm-roberta-large-finetuned-conll02-dutch
xlm-roberta-large-finetuned-conll02-spanish xlm-roberta-large-finetuned-conll03-english
xlm-roberta-large-finetuned-conll03-german xlnet-base-cased xlnet-large-cased
"""
OF_ONE_PART = frozenset(_WITHOUT_OWNER.split())
"""Models from before owners had names, as sentence-transformers lists them."""
_OF_SBERT = re.compile(
    r"(all|paraphrase|multi-qa|msmarco|distiluse|stsb?|nli|nq|quora|xlm-r)-.*"
    r"(MiniLM|mpnet|bert|albert|multilingual|xlm-r)[\w.-]*|LaBSE|(gtr|sentence)-t5-\w+",
    re.IGNORECASE,
)
"""Models that sentence-transformers finds without their owner, which is itself."""
_PLACES = re.compile(
    r"((sentence[-_]transformers|st|my|training|fine[-_]?tuned|trained|saved|local|base)[-_])?"
    r"(out|outputs?|models?|checkpoints?|ckpts?|results?|runs?|experiments?|exps?|logs?|saves?|saved|"
    r"weights|artifacts?|trained|fine[-_]?tuned|final|best|cache|data|datasets?|train(ing)?|src|"
    r"home|root|users?|mnt|media|content|workspace|tmp|temp|var|opt|usr|data\d|drive|kaggle|"
    r"local|path|path_to|to|download(s|ed)?|pretrained(_models?)?|snapshots)",
    re.IGNORECASE,
)
"""What folders are called and owners of models are not."""
_STATES = re.compile(r"(checkpoint|ckpt|epoch|step|iter|run|version)s?[-_]?\d+", re.IGNORECASE)
_ADDRESS = re.compile(r"https?://(?:www\.)?(?:huggingface\.co|hf\.co)/([^?#]+?)/?")
_CACHED = re.compile(r"(?:^|[/\\])models--([^/\\]+)")
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


def hub_name(text: str) -> str | None:
    """The model of a hub that ``text`` names, as the hub calls it; None where it names none.

    A card or a ``config.json`` tells where a model was loaded from, which may be a hub or a folder
    of its author's computer; those must not be taken for one another.

    Args:
        text: the whole of what stands there: ``owner/name``, one of the names without an owner, the
            model's address at Hugging Face, or its place in Hugging Face's own cache.
    """
    bare = text.strip()
    cached = _CACHED.search(bare)
    address = _ADDRESS.fullmatch(bare)
    if cached:
        bare = cached[1].replace("--", "/", 1)
    elif address:
        bare = address[1]
    if not re.fullmatch(REPO_PATTERN, bare) or "--" in bare or ".." in bare:
        return None
    owner, slash, name = bare.rpartition("/")
    if not slash:
        if name in OF_ONE_PART:
            return name
        return f"sentence-transformers/{name}" if _OF_SBERT.fullmatch(name) else None
    likely_folder = _PLACES.fullmatch(owner) or any(map(_STATES.fullmatch, (owner, name)))
    return None if likely_folder and not (cached or address) else bare


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
