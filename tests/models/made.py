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
