"""Configurations are read back as they were written, and refused with the field that is wrong."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from core.training.config import ConfigUnreadable, RunConfig
from tests.training.conftest import MakeConfig


def test_a_configuration_survives_yaml(
    tmp_path: Path, triplets: str, make_config: MakeConfig
) -> None:
    config = make_config(triplets).model_copy(update={"name": "鞋子：第一次"})
    path = tmp_path / "config.yaml"
    path.write_text(config.to_yaml(), encoding="utf-8")
    assert RunConfig.load(path) == config
    assert "鞋子：第一次" in path.read_text(encoding="utf-8")


def test_a_file_from_before_the_advanced_settings_is_still_read(
    tmp_path: Path, triplets: str, make_config: MakeConfig
) -> None:
    config = make_config(triplets)
    data = config.to_dict()
    for name in (
        "gradient_accumulation",
        "gradient_checkpointing",
        "schedule",
        "precision",
        "query_prompt",
        "document_prompt",
        "data_seed",
    ):
        del data["training"][name]
    for name in ("evaluations", "keep_best", "patience", "questions", "confusables"):
        del data["evaluation"][name]
    del data["loss"]["matryoshka"]
    path = tmp_path / "config.yaml"
    path.write_text(yaml.safe_dump(data), encoding="utf-8")
    assert RunConfig.load(path) == config


def test_rows_of_a_step(triplets: str, make_config: MakeConfig) -> None:
    made = make_config(triplets, batch_size=12, gradient_accumulation=3)
    assert made.training.rows_per_step == 36


@pytest.mark.parametrize(
    ("old", "new", "named"),
    [
        ("batch_size: 8", "batch_size: zero", "training.batch_size"),
        ("batch_size: 8", "batch_size: 0", "training.batch_size"),
        ("held_out_share: 0.2", "held_out_share: 1.5", "evaluation.held_out_share"),
        ("kind: static", "kind: magic", "base.kind"),
        ("seed: 42", "sede: 42", "training.sede"),
        ("schedule: linear", "schedule: zigzag", "training.schedule"),
        ("precision: auto", "precision: fp8", "training.precision"),
        ("evaluations: 8", "evaluations: 0", "evaluation.evaluations"),
        ("patience: null", "patience: 0", "evaluation.patience"),
        ("version: 1", "version: 2", "version"),
    ],
)
def test_what_is_wrong_is_named(
    tmp_path: Path, triplets: str, make_config: MakeConfig, old: str, new: str, named: str
) -> None:
    text = make_config(triplets).to_yaml()
    assert old in text
    path = tmp_path / "mine.yaml"
    path.write_text(text.replace(old, new), encoding="utf-8")
    with pytest.raises(ConfigUnreadable) as caught:
        RunConfig.load(path)
    assert f"mine.yaml is not a run configuration: {named}:" in str(caught.value)
    assert "config.yaml of an earlier run" in str(caught.value)


@pytest.mark.parametrize("content", [b"", b"just words", b"a: [", b"\xff\xfe\x00", b"- 1\n- 2\n"])
def test_what_is_no_configuration_is_a_sentence(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "mine.yaml"
    path.write_bytes(content)
    with pytest.raises(ConfigUnreadable, match=r"mine\.yaml is not a run configuration"):
        RunConfig.load(path)
