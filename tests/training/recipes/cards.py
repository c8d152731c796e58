"""Small model cards as different versions of the library print them; the facts are made up."""

from __future__ import annotations

VERSION_2 = """---
library_name: sentence-transformers
pipeline_tag: sentence-similarity
tags:
- sentence-transformers
---

# shoes/finder

This is a [sentence-transformers](https://www.SBERT.net) model: It maps sentences & paragraphs to \
a 768 dimensional dense vector space and can be used for tasks like clustering.

## Training
The model was trained with the parameters:

**DataLoader**:

`sentence_transformers.datasets.NoDuplicatesDataLoader.NoDuplicatesDataLoader` of length 250 with \
parameters:
```
{'batch_size': 32}
```

**Loss**:

`sentence_transformers.losses.MultipleNegativesRankingLoss.MultipleNegativesRankingLoss` with \
parameters:
  ```
  {'scale': 30.0, 'similarity_fct': 'cos_sim'}
  ```

Parameters of the fit()-Method:
```
{
    "epochs": 4,
    "evaluation_steps": 0,
    "evaluator": "NoneType",
    "max_grad_norm": 1,
    "optimizer_class": "<class 'torch.optim.adamw.AdamW'>",
    "optimizer_params": {
        "lr": 3e-05
    },
    "scheduler": "WarmupLinear",
    "steps_per_epoch": null,
    "warmup_steps": 100,
    "weight_decay": 0.01
}
```

## Full Model Architecture
```
SentenceTransformer(
  (0): Transformer({'max_seq_length': 128, 'do_lower_case': False}) with Transformer model: \
MPNetModel
  (1): Pooling({'word_embedding_dimension': 768, 'pooling_mode_cls_token': False, \
'pooling_mode_mean_tokens': True})
)
```
"""

VERSION_3 = """---
base_model: BAAI/bge-base-en-v1.5
language:
- en
license: apache-2.0
tags:
- sentence-transformers
- loss:MatryoshkaLoss
widget:
- source_sentence: red shoe
  sentences:
  - a red shoe | size 40
  - a blue boot
---

# Shoes, found

## Model Details

### Model Description
- **Model Type:** Sentence Transformer
- **Base model:** [BAAI/bge-base-en-v1.5](https://huggingface.co/BAAI/bge-base-en-v1.5) \
<!-- at revision a5beb1e3e68b9ab74eb54cfd186867f64f240e1a -->
- **Maximum Sequence Length:** 512 tokens
- **Output Dimensionality:** 768 tokens
- **Similarity Function:** Cosine Similarity

### Full Model Architecture

```
SentenceTransformer(
  (0): Transformer({'max_seq_length': 512, 'do_lower_case': True}) with Transformer model: BertModel
  (1): Pooling({'word_embedding_dimension': 768, 'pooling_mode_cls_token': True, \
'pooling_mode_mean_tokens': False})
  (2): Normalize()
)
```

<!--
## Training Details
Not this one: it is a comment.
-->

## Evaluation

### Metrics

#### Information Retrieval
* Dataset: `dim_768`
* Evaluated with [<code>InformationRetrievalEvaluator</code>](https://sbert.net/docs)

| Metric              | Value      |
|:--------------------|:-----------|
| cosine_accuracy@1   | 0.71       |
| **cosine_ndcg@10**  | **0.8042** |

## Training Details

### Training Datasets

#### json

* Dataset: json
* Size: 6,300 training samples
* Columns: <code>positive</code> and <code>anchor</code>
* Approximate statistics based on the first 1000 samples:
  |         | positive | anchor |
  |:--------|:---------|:-------|
  | type    | string   | string |
  | details | <ul><li>min: 8 tokens</li><li>mean: 44.3 tokens</li><li>max: 312 tokens</li></ul> | \
<ul><li>min: 7 tokens</li><li>mean: 20.4 tokens</li><li>max: 43 tokens</li></ul> |
* Samples:
  | positive                | anchor                |
  |:------------------------|:----------------------|
  | <code>a \\| b</code>     | <code>which?</code>   |
* Loss: [<code>MatryoshkaLoss</code>](https://sbert.net/docs) with these parameters:
  ```json
  {
      "loss": "MultipleNegativesRankingLoss",
      "matryoshka_dims": [
          768,
          256
      ],
      "matryoshka_weights": [
          1,
          2
      ],
      "n_dims_per_step": -1
  }
  ```

### Training Hyperparameters
#### Non-Default Hyperparameters

- `eval_strategy`: epoch
- `per_device_train_batch_size`: 32
- `gradient_accumulation_steps`: 16
- `learning_rate`: 2e-05
- `num_train_epochs`: 4
- `lr_scheduler_type`: cosine_with_restarts
- `warmup_ratio`: 0.1
- `bf16`: True
- `tf32`: True
- `load_best_model_at_end`: True
- `optim`: adafactor
- `max_grad_norm`: 0.5
- `batch_sampler`: no_duplicates
- `prompts`: {'anchor': 'query: ', 'positive': 'passage: '}

### Training Logs
| Epoch      | Step   | Training Loss | dim_768_cosine_ndcg@10 |
|:----------:|:------:|:-------------:|:----------------------:|
| 0.8122     | 10     | 1.5602        | -                      |
| **0.9746** | **12** | **-**         | **0.7911**             |

* The bold row denotes the saved checkpoint.

### Framework Versions
- Python: 3.10.12
- Sentence Transformers: 3.0.1
- Transformers: 4.41.2
"""

VERSION_6 = """---
tags:
- sentence-transformers
base_model: sentence-transformers/all-MiniLM-L6-v2
---

# Kinds of shoes

## Model Details

### Model Description
- **Base model:** [sentence-transformers/all-MiniLM-L6-v2](https://huggingface.co/x)
- **Maximum Sequence Length:** 256 tokens
- **Output Dimensionality:** 384 dimensions
- **Similarity Function:** Cosine Similarity
- **Supported Modality:** Text

### Full Model Architecture

```
SentenceTransformer(
  (0): Transformer({'transformer_task': 'feature-extraction', 'architecture': 'BertModel'})
  (1): Pooling({'embedding_dimension': 384, 'pooling_mode': 'mean', 'include_prompt': True})
)
```

## Training Details

### Training Dataset

#### Unnamed Dataset

* Size: 216 training samples
* Columns: <code>text</code> and <code>label</code>
* Approximate statistics based on the first 100 samples:
  |          | text                                               | label           |
  |:---------|:---------------------------------------------------|:----------------|
  | type     | string                                             | int             |
  | modality | text                                               |                 |
  | details  | <ul><li>min: 8 tokens</li><li>mean: 12.38 tokens</li><li>max: 20 tokens</li></ul> | \
<ul><li>0: ~62.50%</li><li>1: ~37.50%</li></ul> |
* Loss: [<code>BatchSemiHardTripletLoss</code>](https://sbert.net/docs) with these parameters:
  ```json
  {
      "distance_metric": "BatchHardTripletLossDistanceFunction.eucledian_distance",
      "margin": 5
  }
  ```

### Evaluation Dataset

#### Unnamed Dataset

* Size: 24 evaluation samples
* Columns: <code>text</code> and <code>label</code>
* Loss: [<code>BatchSemiHardTripletLoss</code>](https://sbert.net/docs)

### Training Hyperparameters
#### Non-Default Hyperparameters

- `per_device_train_batch_size`: 32
- `warmup_steps`: 0.1
- `batch_sampler`: group_by_label
- `learning_rate_mapping`: {'^model\\\\.word_embeddings\\\\.weight$': 0.001}

#### All Hyperparameters
<details><summary>Click to expand</summary>

- `per_device_train_batch_size`: 32
- `num_train_epochs`: 3.0
- `max_steps`: 14
- `learning_rate`: 5e-05
- `lr_scheduler_type`: linear
- `warmup_steps`: 0.1
- `optim`: adamw_torch_fused
- `weight_decay`: 0.0
- `seed`: 7
- `data_seed`: None
- `batch_sampler`: group_by_label
- `warmup_ratio`: None
- `learning_rate_mapping`: {'^model\\\\.word_embeddings\\\\.weight$': 0.001}

</details>

### Training Logs
| Epoch  | Step | Training Loss | Validation Loss |
|:------:|:----:|:-------------:|:---------------:|
| 0      | 0    | -             | 1.6437          |
| 0.1429 | 1    | 2.5384        | -               |

### Framework Versions
- Sentence Transformers: 6.2.0
"""
