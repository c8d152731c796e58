"""Static models from an analyst's own texts: a Unigram vocabulary and one vector a piece.

A text's vector is the mean of its pieces' vectors.  All segmentation is in ``tokenizer.json``, so
that sentence-transformers alone gives the same vectors anywhere.
"""

from __future__ import annotations

import json
import math
import re
from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits
from tokenizers import Regex, Tokenizer, models, normalizers, pre_tokenizers, trainers

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

PAD, UNKNOWN = "[PAD]", "[UNK]"
START_SCALE = 0.01
"""The spread of the vectors before training.

Small against a learning rate of 0.02, so that training decides where a piece points; on the drug
sample this reached nDCG@10 0.90 where a spread of 1 reached 0.45 after the same few steps.  A rate
of 0.001 moves the vectors a part of the way only: for tables that are too small to learn all from.
"""
_RARITY_POWER = 0.75
"""Of the inverse document frequency.  Before training, nDCG@10 of held-out rows is as with 1 to
within 0.004 (500 product triplets 0.94, 500 rows about drugs 0.89, 500 glosses 0.54), and that of
the product questions 0.70 instead of 0.69, of the drug questions 0.51 instead of 0.48 (means of
five seeds, of two for drugs and glosses)."""
_LEAN = 0.15
"""How far a piece leans towards the answers of its rows before training.  From 0 to 0.15 the
product questions rise from nDCG@10 0.73 to 0.78, the drug questions from 0.51 to 0.61 and their
held-out rows from 0.89 to 0.91; held-out rows of the products fall from 0.950 to 0.945, of the
glosses from 0.54 to 0.53 (as above, without training, about 2,000 numbers)."""

_RUN = r"[a-z0-9]+(?:[.\-/][a-z0-9]+)*"
_RUN_OR_MARK = Regex(rf"{_RUN}|[\p{{P}}\x21-\x2f\x3a-\x40\x5b-\x60\x7b-\x7e]")
_PRINTABLE_ASCII = [chr(code) for code in range(33, 127)]
_BYTES = [f"<0x{byte:02X}>" for byte in range(256)]
_LONGEST_RUN, _KNOWN_FROM, _SHARE_OF_RUNS = 24, 2, 4
_MARGIN = 1e-3
_BATCH = 10_000


def train_tokenizer(texts: Sequence[str], vocabulary_size: int, max_piece_length: int) -> Tokenizer:
    """A Unigram tokenizer (Kudo 2018, "Subword regularization") for these texts.

    Texts are folded (NFKC, lower case) and cut at spaces, at the borders of runs of Latin letters
    and digits, and around punctuation; within that the likeliest pieces are chosen.  A run such as
    "0.25g" or "AX55" that is in two texts or more stays whole, the most frequent ones first, up to
    a quarter of the vocabulary; other runs are cut into pieces.  Every character of the texts and
    every printable ASCII character has a piece of its own; one that is in none of the texts is cut
    into its bytes, so that nothing is ever unknown.

    The same texts give the same tokenizer: the trainer's pieces do not depend on chance, but their
    order and scores do, so both are made anew from counts.

    Args:
        texts: at least one, not all blank.
        vocabulary_size: about how many pieces, bytes aside; more when the texts have more distinct
            characters.
        max_piece_length: characters a piece; whole runs may have up to 24.
    """
    ordered = sorted(set(texts))
    trained = _segmenter(models.Unigram())
    folded = [trained.normalizer.normalize_str(text) for text in ordered]
    runs = _known_runs(folded, vocabulary_size // _SHARE_OF_RUNS)
    alphabet = {*"".join(folded), *_PRINTABLE_ASCII}
    trainer = trainers.UnigramTrainer(
        # The trainer fails when there is no room for every character.
        vocab_size=max(vocabulary_size - len(runs), len(alphabet) + len((PAD, UNKNOWN))),
        max_piece_length=max_piece_length,
        unk_token=UNKNOWN,
        special_tokens=[PAD, UNKNOWN],
        initial_alphabet=_PRINTABLE_ASCII,
        show_progress=False,
    )
    trained.train_from_iterator(ordered, trainer, length=len(ordered))
    pieces = [piece for piece, _ in json.loads(trained.to_str())["model"]["vocab"]]
    counts: Counter[str] = Counter()
    characters: set[str] = set()
    for start in range(0, len(ordered), _BATCH):
        batch = ordered[start : start + _BATCH]
        for encoding in trained.encode_batch(batch, add_special_tokens=False):
            counts.update(encoding.tokens)
            characters.update("".join(encoding.tokens))
    known = (set(pieces) | characters) - {PAD, UNKNOWN}
    total = sum(counts.values()) + 0.5 * len(known)
    scored = sorted(
        ((piece, math.log((counts[piece] + 0.5) / total)) for piece in known),
        key=lambda item: (-item[1], item[0]),
    )
    # Bytes come last in every comparison: they are for what no piece stands for.
    lowest = scored[-1][1] - 10
    vocabulary = [(PAD, 0.0), (UNKNOWN, 0.0), *scored, *((byte, lowest) for byte in _BYTES)]
    return _segmenter(models.Unigram([*vocabulary, *_whole(runs, vocabulary)], 1, True))


def _known_runs(folded: Sequence[str], most: int) -> list[str]:
    """The runs of Latin letters and digits to keep whole, the ones in most texts first."""
    found: Counter[str] = Counter()
    for text in folded:
        found.update({run for run in re.findall(_RUN, text) if 1 < len(run) <= _LONGEST_RUN})
    known = [(-count, run) for run, count in found.items() if count >= _KNOWN_FROM]
    return [run for _, run in sorted(known)[:most]]


def _whole(runs: Sequence[str], vocabulary: Sequence[tuple[str, float]]) -> list[tuple[str, float]]:
    """The runs that are no pieces yet, each a little likelier than the best way to cut it."""
    scores = dict(vocabulary)
    plain = Tokenizer(models.Unigram(list(vocabulary), 1, False))
    added = [run for run in runs if run not in scores]
    cuts = [plain.encode(run, add_special_tokens=False).tokens for run in added]
    best = [sum(scores[token] for token in tokens) for tokens in cuts]
    return [(run, score + _MARGIN) for run, score in zip(added, best, strict=True)]


def build_static(
    tokenizer: Tokenizer,
    texts: Sequence[str],
    dimension: int,
    seed: int,
    starts: NDArray[np.float32] | None = None,
    pairs: Sequence[tuple[str, str]] = (),
) -> SentenceTransformer:
    """An untrained static model whose vectors have length 1.

    Each piece starts at a normally distributed vector, scaled by its inverse document frequency in
    ``texts``, so that what is in every text says little from the start.

    With ``pairs``, for small tables, it starts at right angles to the other pieces, as far as there
    are numbers for that, so that they are not alike by chance: on the product questions nDCG@10 is
    0.67 for 1,024 numbers as drawn and 0.73 for 2,048 at right angles.  On 20,000 rows about drugs
    such a start was worse in new wordings, 0.754 instead of 0.780 (one split).

    Args:
        tokenizer: from :func:`train_tokenizer`.
        texts: the training texts.
        dimension: the length of the vectors.
        seed: the same texts and seed give the same model.
        starts: what a base makes of each piece, [pieces, its dimension], which ``dimension`` then
            gives way to; not a number where it cannot read one, which starts at random.  Brought to
            the length of a random start, and scaled in the same way.
        pairs: questions and their answers; a question's pieces lean towards its answer from the
            start, so that a small table needs little training, which overwrites what the words
            themselves say.
    """
    import torch
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer.modules import Normalize, StaticEmbedding

    weights = inverse_document_frequency(tokenizer, texts)
    random = np.random.default_rng(seed)
    if starts is not None:
        dimension = starts.shape[1]
    rows = random.normal(size=(len(weights), dimension))
    if pairs:
        weights **= _RARITY_POWER
        rows = _apart(rows)
    if starts is not None:
        lengths = np.linalg.norm(starts, axis=1, keepdims=True)
        known = np.isfinite(lengths[:, 0]) & (lengths[:, 0] > 0)
        rows[known] = starts[known] / lengths[known] * math.sqrt(dimension)
    rows *= weights[:, None]
    if pairs:
        leaning = _towards_answers(tokenizer, pairs, rows)
        rows += _LEAN * math.sqrt(dimension) * weights[:, None] * leaning
    rows *= START_SCALE
    embedding = StaticEmbedding(tokenizer, embedding_weights=torch.tensor(rows).float())
    return SentenceTransformer(modules=[embedding, Normalize()])


def _apart(rows: NDArray[np.float64]) -> NDArray[np.float64]:
    """The rows turned to right angles, as many at a time as they have numbers; of one length."""
    count, dimension = rows.shape
    # Several threads wait for each other in loops: on two busy cores that took up to 28 s.
    with threadpool_limits(1, user_api="blas"):
        for begin in range(0, count, dimension):
            block = rows[begin : begin + dimension]
            rows[begin : begin + dimension] = np.linalg.qr(block.T)[0].T * math.sqrt(dimension)
    return rows


def _towards_answers(
    tokenizer: Tokenizer, pairs: Sequence[tuple[str, str]], rows: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Where the answers of the questions that each piece is in point, as random indexing does it.

    (Kanerva, Kristoferson & Holst 2000, "Random indexing of text samples for latent semantic
    analysis".)  What all answers have in common is left out.  Divided by the root of how many texts
    have the piece: as long for a frequent piece as for a rare one, if its answers are unrelated.
    """
    asked, answered = (
        [
            sorted(set(encoding.ids))
            for encoding in tokenizer.encode_batch(list(side), add_special_tokens=False)
        ]
        for side in zip(*pairs, strict=True)
    )
    answers = np.stack([rows[ids].sum(axis=0) for ids in answered])
    answers /= np.maximum(np.linalg.norm(answers, axis=1, keepdims=True), 1e-9)
    answers -= answers.mean(axis=0)
    towards, found = np.zeros_like(rows), np.zeros(len(rows))
    for question, answer, direction in zip(asked, answered, answers, strict=True):
        towards[question] += direction
        found[question] += 1
        found[answer] += 1
    return np.asarray(towards / np.sqrt(np.maximum(found, 1))[:, None])


def inverse_document_frequency(tokenizer: Tokenizer, texts: Sequence[str]) -> np.ndarray:
    """log((texts + 1) / (texts with the piece + 1)) for every piece, at least 0.01."""
    ordered = sorted(set(texts))
    found = np.zeros(tokenizer.get_vocab_size())
    for start in range(0, len(ordered), _BATCH):
        batch = ordered[start : start + _BATCH]
        for encoding in tokenizer.encode_batch(batch, add_special_tokens=False):
            found[list(set(encoding.ids))] += 1
    return np.maximum(np.log((len(ordered) + 1) / (found + 1)), 0.01)


def _segmenter(model: models.Model) -> Tokenizer:
    tokenizer = Tokenizer(model)
    tokenizer.normalizer = normalizers.Sequence([normalizers.NFKC(), normalizers.Lowercase()])
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.WhitespaceSplit(),
            # In one step: the point in 0.25g belongs to the run.
            pre_tokenizers.Split(_RUN_OR_MARK, "isolated"),
        ]
    )
    return tokenizer
