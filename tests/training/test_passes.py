"""What goes through a model in training is what the library would have it read."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from core.models.bundled import bundled_path
from core.models.static import build_static, train_tokenizer
from core.models.tokens import tokenise

TEXTS = [
    "阿莫西林胶囊的用法用量：口服，成人一次0.5g，每6～8小时1次。",
    "trail running shoes, waterproof, AX55",
    "鞋",
    " ",
    "阿莫西林" * 400,
    "防水 跑鞋 trail",
]
TABLE = pd.DataFrame(
    {
        "anchor": [TEXTS[2], TEXTS[5], TEXTS[1], TEXTS[2]],
        "positive": [TEXTS[0], TEXTS[1], TEXTS[4], TEXTS[3]],
        "score": np.array([1.0, 0.5, 0.0, 0.25], dtype=np.float32),
    }
)


@pytest.fixture(scope="module")
def minilm() -> Any:
    from sentence_transformers import SentenceTransformer

    return SentenceTransformer(str(bundled_path()), device="cpu", local_files_only=True)


@pytest.fixture(scope="module")
def static() -> Any:
    return build_static(train_tokenizer(TEXTS, 200, 2), TEXTS, 32, 0)


@pytest.fixture(params=["minilm", "static"])
def model(request: pytest.FixtureRequest) -> Any:
    return request.getfixturevalue(request.param)


def same(ours: dict[str, Any], theirs: dict[str, Any]) -> bool:
    import torch

    return list(ours) == list(theirs) and all(
        torch.equal(ours[name], value) if isinstance(value, torch.Tensor) else ours[name] == value
        for name, value in theirs.items()
    )


@pytest.mark.parametrize("prompt", [None, "query: "])
def test_batches_of_cut_texts_are_the_librarys(model: Any, prompt: str | None) -> None:
    tokens = tokenise(model, TEXTS, prompt=prompt)
    assert tokens is not None
    for places in ([0, 1, 2], [4], [3, 5, 3], [5, 4, 3, 2, 1, 0]):
        theirs = model.preprocess([TEXTS[place] for place in places], prompt=prompt)
        assert same(tokens.features(np.array(places)), theirs)


def test_rows_are_put_together_as_the_librarys_collator_does(model: Any) -> None:
    from sentence_transformers.sentence_transformer.data_collator import (
        SentenceTransformerDataCollator,
    )

    from core.training.rows import TrainingRows

    prompts = {"anchor": "query: "}
    rows = TrainingRows(model, TABLE, prompts)
    collate = SentenceTransformerDataCollator(preprocess_fn=model.preprocess, prompts=prompts)
    for places in ([0, 1, 2, 3], [3, 1], [2]):
        assert same(rows.batch(places), collate(TABLE.iloc[places].to_dict("records")))


def test_a_stop_request_is_heard_while_texts_are_cut(static: Any) -> None:
    from core.training.rows import TrainingRows

    class Wanted(Exception):
        pass

    def stop() -> None:
        raise Wanted

    with pytest.raises(Wanted):
        TrainingRows(static, TABLE, {}, stop)


def test_all_texts_in_one_pass_make_the_vectors_that_each_makes_alone(model: Any) -> None:
    import torch

    from core.training.packing import position_offset, prepared
    from core.training.rows import TrainingRows

    rows = TrainingRows(model, TABLE, {})
    with torch.no_grad(), prepared(model):
        model.eval()
        offset = None if not hasattr(model[0], "auto_model") else position_offset(model)
        batch = rows.together([3, 0, 2, 1], offset)
        found = model(batch["together"])["sentence_embedding"]
    if offset is not None:
        found = found[batch["places"]]
    texts = TABLE.iloc[[3, 0, 2, 1]]
    alone = model.encode(texts["anchor"].tolist() + texts["positive"].tolist(), batch_size=1)
    np.testing.assert_allclose(found.numpy(), alone, atol=2e-5)
    assert batch["label"].tolist() == [0.25, 1.0, 0.0, 0.5]


def test_packed_and_filled_up_texts_give_the_same_gradients(minilm: Any) -> None:
    import torch

    from core.training.packing import pack, prepared

    tokens = tokenise(minilm, TEXTS)
    assert tokens is not None
    target = torch.randn(len(TEXTS), 384, generator=torch.Generator().manual_seed(0))

    def gradients(vectors: Any) -> dict[str, Any]:
        minilm.zero_grad()
        (vectors * target).sum().backward()
        return {
            name: part.grad.clone()
            for name, part in minilm.named_parameters()
            if part.grad is not None
        }

    minilm.eval()
    filled = gradients(minilm(tokens.features(np.arange(len(TEXTS))))["sentence_embedding"])
    with prepared(minilm):
        features, places = pack([tokens.text(at) for at in range(len(TEXTS))])
        packed = gradients(minilm(features)["sentence_embedding"][places])
    assert filled.keys() == packed.keys()
    for name, value in filled.items():
        assert torch.allclose(packed[name], value, atol=2e-4 * float(value.abs().max() + 1)), name


def test_what_was_exchanged_for_training_is_put_back(minilm: Any) -> None:
    from torch import nn

    from core.training.packing import handing_on, prepared

    def state() -> tuple[list[type], str, bool]:
        transformer = minilm[0].auto_model
        kinds = [type(module) for module in minilm.modules() if "rop" in type(module).__name__]
        return kinds, transformer.config._attn_implementation, "forward" in vars(minilm)

    before = state()
    with pytest.raises(KeyError), prepared(minilm), handing_on(minilm):
        assert state() != before and nn.Dropout not in state()[0]
        raise KeyError
    assert state() == before


def test_a_special_attention_does_not_take_packed_texts(minilm: Any) -> None:
    from core.training.packing import can_pack, prepared

    tokens = tokenise(minilm, TEXTS)
    assert tokens is not None
    attention = minilm[0].auto_model.encoder.layer[0].attention.self
    with prepared(minilm):
        assert can_pack(minilm, tokens)
        attention.is_causal = True
        try:
            assert not can_pack(minilm, tokens)
        finally:
            attention.is_causal = False
    # Without what is exchanged for training the texts would all see one another.
    assert not can_pack(minilm, tokens)


def test_quick_dropout_drops_its_share_and_makes_up_for_it() -> None:
    import torch

    from core.training.dropout import QuickDropout, quick_dropout

    torch.manual_seed(0)
    values = torch.ones(400, 501, requires_grad=True)
    dropped = quick_dropout(values, 0.1)
    gone = float((dropped == 0).float().mean())
    assert gone == pytest.approx(0.1, abs=0.003)
    assert float(dropped.detach().mean()) == pytest.approx(1.0, abs=0.005)
    assert dropped.unique().tolist() == pytest.approx([0.0, 1 / 0.9], rel=1e-3)
    # Neither rows nor columns go together.
    assert float((dropped == 0).float().mean(dim=0).max()) < 0.2
    dropped.sum().backward()
    assert values.grad is not None and torch.equal(values.grad, dropped.detach())
    module = QuickDropout(0.5)
    assert torch.equal(module.eval()(values), values)
    assert not torch.equal(module.train()(values), values)


def test_quick_dropout_is_as_chance_was_seeded() -> None:
    import torch

    from core.training.dropout import quick_dropout

    values = torch.ones(1_001)

    def drawn(seed: int) -> Any:
        torch.manual_seed(seed)
        return quick_dropout(values, 0.3), quick_dropout(values, 0.3)

    first, second = drawn(1)
    again, _ = drawn(1)
    other, _ = drawn(2)
    assert torch.equal(first, again)
    assert not torch.equal(first, second) and not torch.equal(first, other)
