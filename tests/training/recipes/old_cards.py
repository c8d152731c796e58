"""Cards as version 2.2 of the library wrote them, by its template; the facts are made up."""

from __future__ import annotations

_CARD = """
---
library_name: sentence-transformers
pipeline_tag: sentence-similarity
tags:
- sentence-transformers
- feature-extraction
- sentence-similarity
- transformers

---

# {{MODEL_NAME}}

This is a [sentence-transformers](https://www.SBERT.net) model: It maps sentences & paragraphs to \
a 384 dimensional dense vector space and can be used for tasks like clustering or semantic search.

<!--- Describe your model here -->

## Usage (Sentence-Transformers)

Using this model becomes easy when you have [sentence-transformers](https://www.SBERT.net) \
installed:

```
pip install -U sentence-transformers
```

Then you can use the model like this:

```python
from sentence_transformers import SentenceTransformer
sentences = ["This is an example sentence", "Each sentence is converted"]

model = SentenceTransformer('{{MODEL_NAME}}')
embeddings = model.encode(sentences)
print(embeddings)
```



## Usage (HuggingFace Transformers)
Without [sentence-transformers](https://www.SBERT.net), you can use the model like this:

```python
# Mean Pooling - Take attention mask into account for correct averaging
def mean_pooling(model_output, attention_mask):
    token_embeddings = model_output[0]
```



## Evaluation Results

<!--- Describe how your model was evaluated -->

For an automated evaluation of this model, see the *Sentence Embeddings Benchmark*: \
[https://seb.sbert.net](https://seb.sbert.net?model_name={{MODEL_NAME}})


## Training
The model was trained with the parameters:

{objectives}

Parameters of the fit()-Method:
```
{{
    "epochs": {epochs},
    "evaluation_steps": {evaluation_steps},
    "evaluator": "{evaluator}",
    "max_grad_norm": 1,
    "optimizer_class": "<class 'torch.optim.adamw.AdamW'>",
    "optimizer_params": {{
        "lr": {rate}
    }},
    "scheduler": "{scheduler}",
    "steps_per_epoch": {steps},
    "warmup_steps": {warmup},
    "weight_decay": 0.01
}}
```


## Full Model Architecture
```
SentenceTransformer(
  (0): Transformer({{'max_seq_length': 256, 'do_lower_case': False}}) with Transformer model: \
BertModel 
  (1): Pooling({{'word_embedding_dimension': 384, 'pooling_mode_cls_token': False, \
'pooling_mode_mean_tokens': True, 'pooling_mode_max_tokens': False, \
'pooling_mode_mean_sqrt_len_tokens': False}})
  (2): Normalize()
)
```

## Citing & Authors

<!--- Describe where people can find more information -->
"""

_LOADER = """**DataLoader**:

`torch.utils.data.dataloader.DataLoader` of length {batches} with parameters:
```
{{'batch_size': {size}, 'sampler': 'torch.utils.data.sampler.RandomSampler', 'batch_sampler': \
'torch.utils.data.sampler.BatchSampler'}}
```"""

_EVALUATION = "sentence_transformers.evaluation."


def _loss(name: str, parameters: str = "") -> str:
    where = f"`sentence_transformers.losses.{name}.{name}` "
    told = f"with parameters:\n  ```\n  {parameters}\n  ```" if parameters else ""
    return f"**Loss**:\n\n{where}{told}"


def _card(*objectives: str, **fit: object) -> str:
    usual = {
        "epochs": 1,
        "evaluation_steps": 0,
        "evaluator": "NoneType",
        "rate": "2e-05",
        "scheduler": "WarmupLinear",
        "steps": "null",
        "warmup": 10000,
    }
    return _CARD.format(objectives="\n\n".join(objectives), **(usual | fit))


SCORED = _card(
    _LOADER.format(batches=360, size=16),
    _loss("CosineSimilarityLoss"),
    epochs=4,
    evaluation_steps=1000,
    evaluator=_EVALUATION + "EmbeddingSimilarityEvaluator.EmbeddingSimilarityEvaluator",
    warmup=144,
)
"""A plain DataLoader, a loss that prints no parameters, an evaluator."""

TRIPLETS = _card(
    _LOADER.format(batches=1438, size=4),
    _loss(
        "TripletLoss",
        "{'distance_metric': <TripletDistanceMetric.EUCLIDEAN: <function "
        "TripletDistanceMetric.<lambda> at 0x7f2e1c0b5ca0>>, 'triplet_margin': 2}",
    ),
    evaluation_steps=500,
    evaluator=_EVALUATION + "TripletEvaluator.TripletEvaluator",
    scheduler="warmupcosine",
    warmup=576,
)
"""An enum as Python prints it."""

CONTRASTIVE = _card(
    _LOADER.format(batches=128, size=32),
    _loss(
        "ContrastiveLoss",
        "{'distance_metric': 'SiameseDistanceMetric.EUCLIDEAN', 'margin': 0.2, "
        "'size_average': True}",
    ),
    scheduler="constantlr",
    rate="0.0001",
    steps=64,
    epochs=3,
    warmup=0,
)

SEVERAL = _card(
    "**DataLoader**:\n\n`sentence_transformers.datasets.NoDuplicatesDataLoader."
    "NoDuplicatesDataLoader` of length 8885 with parameters:\n```\n{'batch_size': 64}\n```",
    _loss("MultipleNegativesRankingLoss", "{'scale': 20.0, 'similarity_fct': 'cos_sim'}"),
    _LOADER.format(batches=719, size=8),
    _loss("CosineSimilarityLoss"),
    epochs=5,
    warmup=360,
)
"""Two tables, each with its own loss."""

UNKNOWN_SIZE = _card(
    "**DataLoader**:\n\n`MultiDatasetDataLoader.MultiDatasetDataLoader` of length 5371 with "
    "parameters:\n```\n{'batch_size': 'unknown'}\n```",
    _loss("MultipleNegativesRankingLoss", "{'scale': 20, 'similarity_fct': 'dot_score'}"),
    steps=10000,
)

TIDIED = (
    _card(
        _LOADER.format(batches=17584, size=32),
        _loss("MultipleNegativesRankingLoss", "{'scale': 25.0, 'similarity_fct': 'cos_sim'}"),
        epochs=15,
        warmup=1000,
    )
    .replace("**DataLoader**:", "**DataLoader:**")
    .replace("**Loss**:", "**Loss:**")
    .replace(
        "Parameters of the fit()-Method:\n```", "**Parameters of the fit()-Method:**\n\n```python"
    )
)
"""As people tidy them up by hand."""
