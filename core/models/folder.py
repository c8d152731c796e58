"""What a model folder holds, read from its small files: no weights are loaded, no code is run."""

from __future__ import annotations

import json
import math
import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any, Literal

from core.models.hub.names import hub_name
from core.problems import N_, Problem, Term

Kind = Literal["transformer", "static"]

_LIBRARY = "sentence_transformers."
_BEGINNING = 2_000
_UNLIMITED = 1_000_000
"""Tokenizers without a limit say so with a number far above any real one."""
_HEADER_LIMIT = 100_000_000
_EMBEDDING_TENSOR = re.compile(r"(embeddings?|embed_\w+|wte|wpe|shared)\.weight$")
_AN_ADDRESS = r"huggingface\.co/", r"(?![\w./-])"
_A_WHOLE_VALUE = "[\"']", "[\"']"
_POOLING_MODES = (
    "pooling_mode_cls_token",
    "pooling_mode_mean_tokens",
    "pooling_mode_max_tokens",
    "pooling_mode_mean_sqrt_len_tokens",
    "pooling_mode_weightedmean_tokens",
    "pooling_mode_lasttoken",
)


class NoSuchFolder(Problem):
    what = N_("There is no folder {path} on the computer that runs Pairloom.")
    do = N_("Check the spelling of the path. If the model was deleted, choose another one.")


class NotAModelFolder(Problem):
    what = N_("The folder {path} is not a model folder: {missing} is missing.")
    do = N_(
        "Choose the folder that holds config.json, tokenizer.json and model.safetensors; "
        "a sentence-transformers folder has modules.json as well."
    )


class PickledWeights(Problem):
    what = N_("The weights of the model in {path} are in {file}, a format that can hide programs.")
    do = N_(
        "Pairloom opens only weights in the safetensors format. Get the model in that format, "
        "or save it again with a current version of sentence-transformers."
    )


class OwnCode(Problem):
    what = N_("The model in {path} brings program code of its own ({where}).")
    do = N_("Pairloom never runs code from a model folder. Choose a model that needs none.")


class UnsupportedModel(Problem):
    what = N_("The model in {path} begins with a part named {type}, which Pairloom cannot train.")
    do = N_("Choose a model that begins with a transformer or a static embedding.")


class DamagedModelFile(Problem):
    what = N_("The file {file} of the model cannot be read: {reason}.")
    do = N_("Copy or download the model again.")


@dataclass(frozen=True)
class ResolvedBase:
    """A base model as far as its small files tell.

    Attributes:
        name: how it is shown and written into cards; may be a Term.  Never a path.
        kind: "transformer", or "static" for a table of token vectors.
        path: the folder; None for a static model that is yet to be built.
        tokenizer: its ``tokenizer.json``; None when it is yet to be trained.
        dimension: the length of its vectors.
        max_length: the most tokens of a text that it reads; None when there is no limit.
        parameters: how many numbers there are to train.
        embedding_parameters: those among them that are looked up and not multiplied.
        layers: transformer layers; 0 for a static model.
        hidden: the width of a layer; 0 for a static model.
        intermediate: the width of a layer's feed-forward part; 0 for a static model.
    """

    name: str
    kind: Kind
    path: Path | None
    tokenizer: Path | None
    dimension: int
    max_length: int | None
    parameters: int
    embedding_parameters: int
    layers: int = 0
    hidden: int = 0
    intermediate: int = 0


def read_folder(path: Path) -> ResolvedBase:
    """What the model in ``path`` is: a sentence-transformers folder, or a transformers one.

    Raises:
        NoSuchFolder, NotAModelFolder, DamagedModelFile: there is no whole model in the folder.
        PickledWeights, OwnCode: opening it could run programs.
        UnsupportedModel: it is no transformer and no static embedding.
    """
    path = path.expanduser().resolve()
    if not path.is_dir():
        raise NoSuchFolder(path=str(path))
    modules = _modules(path)
    kind, first = modules[0]
    tensors: dict[str, tuple[int, ...]] = {}
    for _, folder in dict.fromkeys(modules):
        tensors.update(_tensors(path, folder, required=folder == first))
    if kind == "StaticEmbedding":
        return _static(path, first, tensors)
    if kind == "Transformer":
        return _transformer(path, modules, tensors)
    raise UnsupportedModel(path=str(path), type=kind)


def check_settings(path: Path) -> None:
    """Refuse what a model's settings alone tell; its weights and tokenizer need not be there yet.

    Raises:
        OwnCode: opening it would run programs.
        UnsupportedModel: it is no transformer and no static embedding.
        DamagedModelFile: a file of settings cannot be read.
    """
    _refuse_own_code(path)
    if (path / "modules.json").exists():
        kind, _ = _modules(path)[0]
        if kind not in ("StaticEmbedding", "Transformer"):
            raise UnsupportedModel(path=str(path), type=kind)


def _static(path: Path, folder: Path, tensors: dict[str, tuple[int, ...]]) -> ResolvedBase:
    _need(path, folder, ["tokenizer.json"])
    shape = tensors.get("embedding.weight") or tensors.get("embeddings")
    if shape is None or len(shape) != 2:
        raise DamagedModelFile(
            file=str(folder / "model.safetensors"),
            reason=Term(N_("it has no table of token vectors")),
        )
    return ResolvedBase(
        name=_name(path),
        kind="static",
        path=path,
        tokenizer=folder / "tokenizer.json",
        dimension=shape[1],
        max_length=_truncation(folder / "tokenizer.json"),
        parameters=math.prod(shape),
        embedding_parameters=math.prod(shape),
    )


def _transformer(
    path: Path, modules: list[tuple[str, Path]], tensors: dict[str, tuple[int, ...]]
) -> ResolvedBase:
    folder = modules[0][1]
    _need(path, folder, ["config.json", "tokenizer.json"])
    config = _read(folder / "config.json")
    hidden = _first_number(config, ("hidden_size", "d_model", "dim", "n_embd"))
    if hidden is None:
        raise DamagedModelFile(
            file=str(folder / "config.json"), reason=Term(N_("it does not say hidden_size"))
        )
    parameters = sum(math.prod(shape) for shape in tensors.values())
    embedding = sum(
        math.prod(shape)
        for name, shape in tensors.items()
        if len(shape) == 2 and _EMBEDDING_TENSOR.search(name)
    )
    layers = _first_number(config, ("num_hidden_layers", "num_layers", "n_layers", "n_layer"))
    return ResolvedBase(
        name=_name(path),
        kind="transformer",
        path=path,
        tokenizer=folder / "tokenizer.json",
        dimension=_dimension(hidden, modules),
        max_length=_max_length(folder, config),
        parameters=parameters,
        embedding_parameters=embedding,
        layers=layers or 1,
        hidden=hidden,
        intermediate=_first_number(config, ("intermediate_size", "d_ff", "hidden_dim", "n_inner"))
        or 4 * hidden,
    )


def _modules(path: Path) -> list[tuple[str, Path]]:
    """The model's modules in order: class name without its package, and folder."""
    _refuse_own_code(path)
    if not (path / "modules.json").exists():
        _need(path, path, ["config.json", "tokenizer.json"], "modules.json")
        return [("Transformer", path)]
    modules = []
    for entry in _read(path / "modules.json", list):
        try:
            type, relative = str(entry["type"]), PurePosixPath(entry["path"])
        except (KeyError, TypeError) as error:
            raise DamagedModelFile(
                file=str(path / "modules.json"), reason=Term(N_("an entry lacks type or path"))
            ) from error
        if not type.startswith(_LIBRARY):
            raise OwnCode(path=str(path), where=type)
        if relative.is_absolute() or ".." in relative.parts:
            raise DamagedModelFile(
                file=str(path / "modules.json"), reason=Term(N_("a path leads out of the folder"))
            )
        modules.append((type.rpartition(".")[2], path / relative))
        _refuse_own_code(path / relative)
    if not modules:
        raise DamagedModelFile(
            file=str(path / "modules.json"), reason=Term(N_("it lists no modules"))
        )
    return modules


def _refuse_own_code(folder: Path) -> None:
    for name in ("config.json", "tokenizer_config.json", "processor_config.json"):
        if (folder / name).exists() and "auto_map" in _read(folder / name):
            raise OwnCode(path=str(folder), where=f"auto_map, {name}")


def _need(path: Path, folder: Path, names: Iterable[str], *also: str) -> None:
    """Refuse a folder that lacks any of ``names``; ``also`` is listed with what is missing."""
    missing = [name for name in names if not (folder / name).exists()]
    if missing:
        raise NotAModelFolder(path=str(path), missing=", ".join([*missing, *also]))


def _tensors(path: Path, folder: Path, *, required: bool) -> dict[str, tuple[int, ...]]:
    """Names and shapes of the tensors in a module's folder."""
    index, single = folder / "model.safetensors.index.json", folder / "model.safetensors"
    if single.exists():
        files = {single}
    elif index.exists():
        files = {folder / name for name in _read(index).get("weight_map", {}).values()}
    else:
        for pattern in ("pytorch_model*.bin", "*.pt", "*.pth", "*.ckpt"):
            for pickled in sorted(folder.glob(pattern)):
                raise PickledWeights(path=str(path), file=pickled.name)
        if required:
            raise NotAModelFolder(path=str(path), missing="model.safetensors")
        files = set()
    shapes: dict[str, tuple[int, ...]] = {}
    for file in sorted(files):
        prefix = "" if folder == path else f"{folder.name}."
        for name, entry in _header(file).items():
            # Whole numbers are positions and the like; only fractions are trained.
            if "F" in entry["dtype"]:
                shapes[name if required else prefix + name] = tuple(entry["shape"])
    return shapes


def _header(file: Path) -> dict[str, Any]:
    """The table of tensors at the beginning of a safetensors file."""
    try:
        size = file.stat().st_size
        with file.open("rb") as stream:
            length = int.from_bytes(stream.read(8), "little")
            if length > min(_HEADER_LIMIT, size - 8):
                raise DamagedModelFile(file=str(file), reason=Term(N_("it is cut off")))
            header = json.loads(stream.read(length))
        header.pop("__metadata__", None)
        end = max((entry["data_offsets"][1] for entry in header.values()), default=0)
    except OSError as error:
        raise DamagedModelFile(file=str(file), reason=error.strerror or str(error)) from error
    except (ValueError, KeyError, IndexError, TypeError, AttributeError) as error:
        reason = Term(N_("it is no safetensors file"))
        raise DamagedModelFile(file=str(file), reason=reason) from error
    if size < 8 + length + end:
        raise DamagedModelFile(file=str(file), reason=Term(N_("it is cut off")))
    return header


def _dimension(hidden: int, modules: list[tuple[str, Path]]) -> int:
    """The length of the vectors after pooling and dense layers."""
    dimension = hidden
    for type, folder in modules[1:]:
        config = _read(folder / "config.json") if (folder / "config.json").exists() else {}
        if type == "Pooling":
            # Older folders have a switch for every mode; several modes are put end to end.
            dimension = hidden * max(1, sum(bool(config.get(mode)) for mode in _POOLING_MODES))
            mode = config.get("pooling_mode")
            if isinstance(mode, list):
                dimension = hidden * len(mode)
        elif type == "Dense":
            dimension = int(config.get("out_features", dimension))
    return dimension


def _max_length(folder: Path, config: dict[str, Any]) -> int | None:
    """The most tokens of a text that are read, as sentence-transformers finds it."""
    limits = [config.get("max_position_embeddings")]
    for name, key in (
        ("sentence_bert_config.json", "max_seq_length"),
        ("tokenizer_config.json", "model_max_length"),
    ):
        if (folder / name).exists():
            limits.append(_read(folder / name).get(key))
    known = [int(limit) for limit in limits if limit and 0 < limit < _UNLIMITED]
    return min(known, default=None)


def _truncation(tokenizer: Path) -> int | None:
    """The most tokens of a text that a ``tokenizer.json`` lets through."""
    # It stands before the vocabulary, which may be of many megabytes.
    with tokenizer.open(encoding="utf-8", errors="replace") as file:
        beginning = file.read(_BEGINNING)
    found = re.search(r'"truncation":\s*\{[^}]*"max_length":\s*(\d+)', beginning)
    return int(found[1]) if found else None


def _name(path: Path) -> str:
    """The hub's name of the model in ``path`` if it can be told, else the folder's name.

    It is told by the hub's own cache (``models--BAAI--bge-small-zh-v1.5/snapshots/<revision>``), by
    an address in the model's card, or by a name that stands there, or in ``config.json``, with
    nothing before or behind it.  A piece of a path is no name, nor is ``owner/name`` where the
    folder lies in one called ``owner``: somebody may have typed it as a path.
    """
    for part in path.parts:
        if part.startswith("models--"):
            return hub_name(part) or path.name
    card = path / "README.md"
    text = card.read_text(encoding="utf-8", errors="replace") if card.exists() else ""
    found = [f"{owner}/{path.name}" for owner in _owners(text, path.name, *_AN_ADDRESS)]
    if not found:
        if (path / "config.json").exists():
            text += f'"{_read(path / "config.json").get("_name_or_path")}"'
        owners = _owners(text, path.name, *_A_WHOLE_VALUE)
        found = [f"{owner}/{path.name}" for owner in owners if owner != path.parent.name]
    named = Counter(filter(None, map(hub_name, found))).most_common(1)
    return named[0][0] if named else path.name


def _owners(text: str, name: str, before: str, behind: str) -> list[str]:
    """What stands before a slash and the model's name, between two given patterns."""
    return re.findall(rf"{before}([A-Za-z0-9][\w.-]*)/{re.escape(name)}{behind}", text)


def _first_number(config: dict[str, Any], names: Iterable[str]) -> int | None:
    return next((int(config[name]) for name in names if isinstance(config.get(name), int)), None)


def _read(file: Path, expected: type[Any] = dict) -> Any:
    """The JSON in ``file``, which must be of the expected type."""
    try:
        value = json.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise DamagedModelFile(file=str(file), reason=error.strerror or str(error)) from error
    except ValueError as error:
        raise DamagedModelFile(file=str(file), reason=Term(N_("it is no JSON"))) from error
    if not isinstance(value, expected):
        raise DamagedModelFile(file=str(file), reason=Term(N_("its JSON has the wrong form")))
    return value
