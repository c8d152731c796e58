"""What a folder's small files tell, and every reason to refuse one."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core.models import folder as folders
from core.models.bundled import bundled_path
from core.models.folder import read_folder
from tests.models.made import write_tensors

BERT = {"hidden_size": 8, "num_hidden_layers": 2, "max_position_embeddings": 64}
FIRST = {"idx": 0, "path": "", "type": "sentence_transformers.models.Transformer"}
STATIC = {"idx": 0, "path": "", "type": "sentence_transformers.models.StaticEmbedding"}


def write(folder: Path, name: str, value: Any) -> None:
    file = folder / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(value), encoding="utf-8")


@pytest.fixture
def model(tmp_path: Path) -> Path:
    """A sentence-transformers folder as far as its small files go."""
    folder = tmp_path / "mine"
    write(folder, "modules.json", [FIRST])
    write(folder, "config.json", BERT)
    write(folder, "tokenizer.json", {})
    write_tensors(
        folder / "model.safetensors",
        **{
            "embeddings.word_embeddings.weight": np.zeros((30, 8)),
            "layer.weight": np.zeros((8, 8)),
        },
    )
    return folder


def test_the_bundled_base() -> None:
    base = read_folder(bundled_path())
    assert base.kind == "transformer"
    assert (base.dimension, base.max_length, base.layers) == (384, 256, 6)
    assert (base.hidden, base.intermediate) == (384, 1536)
    assert base.parameters == 22_713_216
    # Word pieces, positions and token types.
    assert base.embedding_parameters == (30_522 + 512 + 2) * 384
    assert base.tokenizer is not None and base.tokenizer.is_file()


def test_a_static_model_as_it_is_saved(static_folder: Path) -> None:
    base = read_folder(static_folder)
    assert (base.kind, base.dimension, base.max_length) == ("static", 32, None)
    assert base.parameters == base.embedding_parameters > 32 * 150


def test_a_plain_transformers_folder(model: Path) -> None:
    (model / "modules.json").unlink()
    base = read_folder(model)
    assert (base.name, base.dimension, base.max_length) == ("mine", 8, 64)
    assert (base.parameters, base.embedding_parameters) == (30 * 8 + 64, 30 * 8)


def test_a_dense_layer_decides_the_dimension(model: Path) -> None:
    pooling, dense = "sentence_transformers.models.Pooling", "sentence_transformers.models.Dense"
    write(
        model,
        "modules.json",
        [FIRST, {"path": "1_Pooling", "type": pooling}, {"path": "2_Dense", "type": dense}],
    )
    write(model, "1_Pooling/config.json", {"pooling_mode_mean_tokens": True})
    write(model, "2_Dense/config.json", {"out_features": 3})
    assert read_folder(model).dimension == 3


def test_the_hubs_name_is_found_in_its_cache(model: Path) -> None:
    cached = model.parent / "models--BAAI--bge-small-zh-v1.5" / "snapshots" / "abc"
    cached.parent.mkdir(parents=True)
    model.rename(cached)
    assert read_folder(cached).name == "BAAI/bge-small-zh-v1.5"


@pytest.mark.parametrize(
    ("loaded_from", "card", "name"),
    [
        ("/home/li.wei/secret-project/mine", "", "mine"),
        ("./secret-project/mine", "", "mine"),
        ("../secret-project/mine", "", "mine"),
        ("output/mine", "", "mine"),
        ("C:\\Users\\li\\secret-project\\mine", "", "mine"),
        ("C:/Users/li/secret-project/mine", "", "mine"),
        ("", 'SentenceTransformer("/home/li.wei/secret-project/mine")', "mine"),
        ("", "model = SentenceTransformer('output/mine')", "mine"),
        ("shoes-inc/mine", "", "shoes-inc/mine"),
        ("", 'SentenceTransformer("shoes-inc/mine")', "shoes-inc/mine"),
        ("", "[mine](https://huggingface.co/shoes-inc/mine)", "shoes-inc/mine"),
        ("", "see https://huggingface.co/shoes-inc/mine-too", "mine"),
        ("/home/li.wei/secret-project/mine", "huggingface.co/shoes-inc/mine", "shoes-inc/mine"),
    ],
)
def test_a_path_on_somebodys_computer_is_no_name(
    model: Path, loaded_from: str, card: str, name: str
) -> None:
    write(model, "config.json", BERT | {"_name_or_path": loaded_from})
    (model / "README.md").write_text(card, encoding="utf-8")
    assert read_folder(model).name == name


def test_the_folders_own_place_is_no_name(model: Path) -> None:
    place = model.parent / "secret-project" / "mine"
    place.parent.mkdir()
    model.rename(place)
    write(place, "config.json", BERT | {"_name_or_path": "secret-project/mine"})
    assert read_folder(place).name == "mine"


def no_folder(model: Path) -> None:
    model.rename(model.with_name("elsewhere"))


def no_config(model: Path) -> None:
    (model / "config.json").unlink()


def empty(model: Path) -> None:
    for file in model.iterdir():
        file.unlink()


def pickled(model: Path) -> None:
    (model / "model.safetensors").rename(model / "pytorch_model.bin")


def no_weights(model: Path) -> None:
    (model / "model.safetensors").unlink()


def code_in_modules(model: Path) -> None:
    write(model, "modules.json", [{"path": "", "type": "my_package.Transformer"}])


def code_in_config(model: Path) -> None:
    write(model, "config.json", {**BERT, "auto_map": {"AutoModel": "modeling.Mine"}})


def unknown_part(model: Path) -> None:
    type = "sentence_transformers.models.WordEmbeddings"
    write(model, "modules.json", [{"path": "", "type": type}])


def no_json(model: Path) -> None:
    (model / "config.json").write_text("{", encoding="utf-8")


def wrong_json(model: Path) -> None:
    write(model, "config.json", [1])


def no_hidden_size(model: Path) -> None:
    write(model, "config.json", {})


def no_modules(model: Path) -> None:
    write(model, "modules.json", [])


def no_type(model: Path) -> None:
    write(model, "modules.json", [{"path": ""}])


def path_out(model: Path) -> None:
    write(model, "modules.json", [{**FIRST, "path": "../other"}])


def cut_off(model: Path) -> None:
    weights = model / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-10])


def no_safetensors(model: Path) -> None:
    (model / "model.safetensors").write_bytes((5).to_bytes(8, "little") + b"hello")


def no_table(model: Path) -> None:
    write(model, "modules.json", [STATIC])


@pytest.mark.parametrize(
    ("spoil", "problem", "said"),
    [
        (no_folder, folders.NoSuchFolder, "There is no folder .*mine on the computer"),
        (no_config, folders.NotAModelFolder, "config.json is missing"),
        (empty, folders.NotAModelFolder, "config.json, tokenizer.json, modules.json is missing"),
        (no_weights, folders.NotAModelFolder, "model.safetensors is missing"),
        (pickled, folders.PickledWeights, "in pytorch_model.bin, a format that can hide programs"),
        (code_in_modules, folders.OwnCode, r"of its own \(my_package.Transformer\)"),
        (code_in_config, folders.OwnCode, r"of its own \(auto_map, config.json\)"),
        (unknown_part, folders.UnsupportedModel, "a part named WordEmbeddings"),
        (no_json, folders.DamagedModelFile, "config.json of the model .* it is no JSON"),
        (wrong_json, folders.DamagedModelFile, "its JSON has the wrong form"),
        (no_hidden_size, folders.DamagedModelFile, "it does not say hidden_size"),
        (no_modules, folders.DamagedModelFile, "modules.json .* it lists no modules"),
        (no_type, folders.DamagedModelFile, "an entry lacks type or path"),
        (path_out, folders.DamagedModelFile, "a path leads out of the folder"),
        (cut_off, folders.DamagedModelFile, "model.safetensors .* it is cut off"),
        (no_safetensors, folders.DamagedModelFile, "it is no safetensors file"),
        (no_table, folders.DamagedModelFile, "it has no table of token vectors"),
    ],
)
def test_what_is_refused(
    model: Path, spoil: Callable[[Path], None], problem: type[Exception], said: str
) -> None:
    read_folder(model)
    spoil(model)
    with pytest.raises(problem, match=said):
        read_folder(model)
