"""Cards as versions 3, 4 and 5 wrote them, by their template; the facts are made up."""

from __future__ import annotations

_CARD = """---
tags:
- sentence-transformers
- sentence-similarity
- feature-extraction
{tags}
base_model: {base}
widget:
- source_sentence: which boot keeps the rain out
  sentences:
  - a boot for wet days
  - a pan for the oven
  - a sandal
pipeline_tag: sentence-similarity
library_name: sentence-transformers
---

# SentenceTransformer based on {base}

This is a [sentence-transformers](https://www.SBERT.net) model finetuned from \
[{base}](https://huggingface.co/{base}). It maps sentences & paragraphs to a 768-dimensional dense \
vector space and can be used for semantic textual similarity, semantic search and more.

## Model Details

### Model Description
- **Model Type:** Sentence Transformer
- **Base model:** [{base}](https://huggingface.co/{base}) <!-- at revision \
86741b4e3f5cb7765a600d3a3d55a0f6a6cb443d -->
- **Maximum Sequence Length:** 512 tokens
- **Output Dimensionality:** 768 {unit}
- **Similarity Function:** Cosine Similarity
<!-- - **Training Dataset:** Unknown -->
<!-- - **Language:** Unknown -->

### Full Model Architecture

```
SentenceTransformer(
  (0): Transformer({{'max_seq_length': 512, 'do_lower_case': False}}) with Transformer model: \
BertModel 
  (1): Pooling({{'word_embedding_dimension': 768, 'pooling_mode_cls_token': False, \
'pooling_mode_mean_tokens': True, 'include_prompt': True}})
)
```

## Usage

### Direct Usage (Sentence Transformers)

```python
from sentence_transformers import SentenceTransformer
# Download from the 🤗 Hub
model = SentenceTransformer("sentence_transformers_model_id")
```

<!--
### Direct Usage (Transformers)

<details><summary>Click to see the direct usage in Transformers</summary>

</details>
-->

## Training Details

{tables}
### Training Hyperparameters
#### Non-Default Hyperparameters

{settings}

#### All Hyperparameters
<details><summary>Click to expand</summary>

- `overwrite_output_dir`: False
{settings}
- `lr_scheduler_type`: linear
- `optim`: adamw_torch

</details>

### Training Logs
| Epoch | Step | Training Loss |
|:-----:|:----:|:-------------:|
| 0.5   | 500  | 0.6123        |
| 1.0   | 1000 | 0.2301        |


### Framework Versions
- Python: 3.11.9
- Sentence Transformers: {version}
- Transformers: 4.51.3

## Citation
"""


def _table(columns: list[str], loss: str, rows: int, name: str = "Unnamed Dataset") -> str:
    codes = [f"<code>{column}</code>" for column in columns]
    listed = " and ".join(codes) if len(codes) == 2 else f"{', '.join(codes[:-1])}, and {codes[-1]}"
    details = ["<ul><li>min: 4 tokens</li><li>mean: 12.5 tokens</li><li>max: 40 tokens</li></ul>"]
    return "\n".join(
        [
            f"#### {name}",
            "",
            f"* Size: {rows:,} training samples",
            f"* Columns: {listed}",
            "* Approximate statistics based on the first 1000 samples:",
            f"  |  | {' | '.join(columns)} |",
            f"  |:--|{'|'.join([':--'] * len(columns))}|",
            f"  | type | {' | '.join(['string'] * len(columns))} |",
            f"  | details | {' | '.join(details * len(columns))} |",
            "* Samples:",
            f"  | {' | '.join(columns)} |",
            f"  |{'|'.join([':--'] * len(columns))}|",
            f"  | {' | '.join(f'<code>{column} 1</code>' for column in columns)} |",
            f"* Loss: [<code>{loss.partition(' ')[0]}</code>](https://sbert.net/docs) with these "
            "parameters:",
            "  ```json",
            f"  {loss.partition(' ')[2]}",
            "  ```",
            "",
        ]
    )


RANKING = 'MultipleNegativesRankingLoss {"scale": 20.0, "similarity_fct": "cos_sim"}'
WRAPPED = (
    'MatryoshkaLoss {"loss": "MultipleNegativesRankingLoss", "matryoshka_dims": [768, 512, 128], '
    '"matryoshka_weights": [1, 1, 1], "n_dims_per_step": -1}'
)


def card(
    *tables: str,
    version: str,
    settings: tuple[str, ...],
    base: str = "sentence-transformers/all-mpnet-base-v2",
    tags: tuple[str, ...] = ("loss:MultipleNegativesRankingLoss",),
) -> str:
    """A card with these tables and settings."""
    title = "### Training Datasets" if len(tables) > 1 else "### Training Dataset"
    return _CARD.format(
        base=base,
        tags="\n".join(f"- {tag}" for tag in tags),
        unit="tokens" if version.startswith("3.0") else "dimensions",
        tables="\n".join([title, "", *tables]),
        settings="\n".join(f"- {one}" for one in settings),
        version=version,
    )


VERSION_3_MATRYOSHKA = card(
    _table(["anchor", "positive"], WRAPPED, 6300, "json"),
    version="3.0.1",
    settings=("`per_device_train_batch_size`: 32", "`warmup_ratio`: 0.1", "`num_train_epochs`: 4"),
    tags=("loss:MatryoshkaLoss", "loss:MultipleNegativesRankingLoss"),
    base="bert-base-chinese",
)
VERSION_4_SEVERAL = card(
    _table(["premise", "hypothesis"], RANKING, 9000, "all-nli"),
    _table(["sentence1", "sentence2", "score"], 'CoSENTLoss {"scale": 20.0}', 5749, "stsb"),
    version="4.1.0",
    settings=(
        "`per_device_train_batch_size`: 128",
        "`bf16`: True",
        "`multi_dataset_batch_sampler`: round_robin",
        "`prompts`: {'all-nli': {'premise': 'query: '}, 'stsb': {'sentence1': 'sts: '}}",
    ),
)
VERSION_5_PROMPTS = card(
    _table(["question", "answer", "negative"], RANKING, 100_000),
    version="5.1.0",
    settings=(
        "`eval_strategy`: steps",
        "`per_device_train_batch_size`: 16",
        "`learning_rate`: 2e-05",
        "`warmup_ratio`: 0.1",
        "`prompts`: {'question': 'query: ', 'answer': 'document: ', 'negative': 'document: '}",
        "`batch_sampler`: no_duplicates",
    ),
)

_OTHER = """---
tags:
{tags}
base_model: {base}
pipeline_tag: {task}
library_name: sentence-transformers
---

# {title} based on {base}

## Model Details

### Model Description
- **Model Type:** {title}
- **Base model:** [{base}](https://huggingface.co/{base})
- **Maximum Sequence Length:** 512 tokens

### Full Model Architecture

```
{drawn}(
  (0): Transformer({{'max_seq_length': 512}}) with Transformer model: BertModel
)
```

## Training Details

### Training Dataset

#### Unnamed Dataset

* Size: 78,704 training samples
* Columns: <code>query</code> and <code>answer</code>
* Loss: [<code>{loss}</code>](https://sbert.net/docs)
"""
CROSS_ENCODER = _OTHER.format(
    tags="- sentence-transformers\n- cross-encoder\n- generated_from_trainer",
    base="answerdotai/ModernBERT-base",
    task="text-ranking",
    title="Cross Encoder",
    drawn="CrossEncoder",
    loss="BinaryCrossEntropyLoss",
)
SPLADE = _OTHER.format(
    tags="- sentence-transformers\n- sparse-encoder\n- sparse\n- splade",
    base="distilbert/distilbert-base-uncased",
    task="feature-extraction",
    title="SPLADE Sparse Encoder",
    drawn="SparseEncoder",
    loss="SpladeLoss",
)
