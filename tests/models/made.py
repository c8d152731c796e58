"""Small real models for tests."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

TEXTS = [
    f"{drug}的{fact}：{value}"
    for drug in ("阿莫西林胶囊", "布洛芬缓释片", "头孢克肟颗粒", "复方甘草片", "维生素C泡腾片")
    for fact, value in (
        ("规格", "每粒0.25g，每板12粒"),
        ("批准文号", "国药准字H20013191，型号AX55"),
        ("用法", "口服，一次1～2片，一日3次，饭后服用"),
        ("禁忌", "对本品过敏者禁用；孕妇、哺乳期妇女慎用"),
    )
]
QUESTION, OTHERS = "布洛芬缓释片的用法", TEXTS[:3]


def save_static(folder: Path, seed: int = 7) -> Path:
    """Write an untrained static model for :data:`TEXTS` to ``folder``."""
    from core.models.static import build_static, train_tokenizer

    build_static(train_tokenizer(TEXTS, 400, 3), TEXTS, 32, seed).save_pretrained(str(folder))
    return folder


def set_prompts(folder: Path, prompts: dict[str, Any], default: str | None = None) -> Path:
    """Write into a model's folder what it puts before texts."""
    file = folder / "config_sentence_transformers.json"
    settings = json.loads(file.read_text(encoding="utf-8"))
    settings.update(prompts=prompts, default_prompt_name=default)
    file.write_text(json.dumps(settings), encoding="utf-8")
    return folder


def write_tensors(file: Path, **tensors: np.ndarray) -> None:
    """Write a safetensors file by its format's definition."""
    header: dict[str, Any] = {}
    body = b""
    for name, array in tensors.items():
        data = array.astype("<f4").tobytes()
        ends = [len(body), len(body) + len(data)]
        header[name] = {"dtype": "F32", "shape": list(array.shape), "data_offsets": ends}
        body += data
    text = json.dumps(header).encode()
    file.write_bytes(len(text).to_bytes(8, "little") + text + body)


LETTERS = "abcdefghijklmnopqrstuvwxyz0123456789.,:;-/()"
WORDS = ["shoe", "##s", "a", "red", "blue", "box", "of", "的", "用"]


def save_bert(folder: Path, seed: int = 7, words: list[str] = WORDS) -> Path:
    """Write a transformer of two small layers that reads Latin letters and ``words`` only.

    Its tokenizer is the library's own for BERT: lower case, no accents, Chinese characters apart.
    """
    import torch
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.base.modules import Transformer
    from sentence_transformers.sentence_transformer.modules import Normalize, Pooling
    from transformers import BertConfig, BertModel, BertTokenizer

    special = ["[PAD]", "[unused0]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    single = [form for letter in LETTERS for form in (letter, f"##{letter}")]
    vocabulary = list(dict.fromkeys([*special, *single, *words]))
    tokenizer = BertTokenizer(
        vocab={word: place for place, word in enumerate(vocabulary)}, model_max_length=64
    )
    torch.manual_seed(seed)
    bert = BertModel(
        BertConfig(
            vocab_size=len(vocabulary),
            hidden_size=32,
            num_hidden_layers=2,
            num_attention_heads=4,
            intermediate_size=64,
            max_position_embeddings=64,
        )
    )
    plain = folder.with_name(f"{folder.name}-plain")
    bert.save_pretrained(plain)
    tokenizer.save_pretrained(plain)
    transformer = Transformer(str(plain), max_seq_length=64)
    pooling = Pooling(transformer.get_embedding_dimension())
    model = SentenceTransformer(modules=[transformer, pooling, Normalize()], device="cpu")
    model.save_pretrained(str(folder))
    return folder
