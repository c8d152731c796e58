"""The trainer's settings by name: those that the installed library has, and what older ones became.

The lists are of ``SentenceTransformerTrainingArguments`` (transformers 5.23, sentence-transformers
6.2) and of the notes of the versions between; tests compare :data:`INSTALLED` with the library
itself, which the web server never imports.
"""

from __future__ import annotations


def _set_of(words: str) -> frozenset[str]:
    return frozenset(words.split())


INSTALLED = _set_of(
    """
    output_dir per_device_train_batch_size num_train_epochs max_steps learning_rate
    lr_scheduler_type lr_scheduler_kwargs warmup_steps optim optim_args weight_decay adam_beta1
    adam_beta2 adam_epsilon optim_target_modules gradient_accumulation_steps
    average_tokens_across_devices max_grad_norm label_smoothing_factor bf16 fp16 bf16_full_eval
    fp16_full_eval tf32 activation_checkpointing activation_checkpointing_kwargs
    gradient_checkpointing gradient_checkpointing_kwargs torch_compile torch_compile_backend
    torch_compile_mode use_liger_kernel liger_kernel_config use_cache neftune_noise_alpha
    torch_empty_cache_steps auto_find_batch_size logging_strategy logging_steps logging_first_step
    log_on_each_node logging_nan_inf_filter include_num_input_tokens_seen log_level
    log_level_replica disable_tqdm report_to run_name project trackio_space_id trackio_bucket_id
    trackio_static_space_id eval_strategy eval_steps eval_delay per_device_eval_batch_size
    prediction_loss_only eval_on_start eval_do_concat_batches eval_use_gather_object
    eval_accumulation_steps include_for_metrics batch_eval_metrics save_only_model save_strategy
    save_steps save_on_each_node save_total_limit enable_jit_checkpoint push_to_hub hub_token
    hub_private_repo hub_model_id hub_strategy hub_always_push hub_revision load_best_model_at_end
    metric_for_best_model greater_is_better ignore_data_skip
    restore_callback_states_from_checkpoint full_determinism seed data_seed use_cpu
    accelerator_config parallelism_config dataloader_drop_last dataloader_num_workers
    dataloader_pin_memory dataloader_persistent_workers dataloader_prefetch_factor
    dataloader_multiprocessing_context dataloader_in_order remove_unused_columns label_names
    train_sampling_strategy length_column_name ddp_find_unused_parameters ddp_bucket_cap_mb
    ddp_broadcast_buffers ddp_static_graph ddp_backend ddp_timeout fsdp fsdp_config deepspeed debug
    skip_memory_metrics do_train do_eval do_predict resume_from_checkpoint local_rank prompts
    batch_sampler multi_dataset_batch_sampler router_mapping learning_rate_mapping warmup_ratio
    """
)
"""What the installed library takes; ``warmup_ratio`` only to refer to ``warmup_steps``."""

RENAMED = {
    # Within the trainer.
    "warmup_ratio": "warmup_steps",
    "evaluation_strategy": "eval_strategy",
    "per_gpu_train_batch_size": "per_device_train_batch_size",
    "per_gpu_eval_batch_size": "per_device_eval_batch_size",
    "no_cuda": "use_cpu",
    "adafactor": "optim",
    "group_by_length": "train_sampling_strategy",
    "gradient_checkpointing": "activation_checkpointing",
    "gradient_checkpointing_kwargs": "activation_checkpointing_kwargs",
    "include_inputs_for_metrics": "include_for_metrics",
    "push_to_hub_model_id": "hub_model_id",
    "push_to_hub_organization": "hub_model_id",
    "push_to_hub_token": "hub_token",
    "torchdynamo": "torch_compile_backend",
    "dispatch_batches": "accelerator_config",
    "split_batches": "accelerator_config",
    "fsdp_min_num_params": "fsdp_config",
    "fsdp_transformer_layer_cls_to_wrap": "fsdp_config",
    "xpu_backend": "ddp_backend",
    # From model.fit, which had no trainer.
    "epochs": "num_train_epochs",
    "batch_size": "per_device_train_batch_size",
    "steps_per_epoch": "max_steps",
    "lr": "learning_rate",
    "scheduler": "lr_scheduler_type",
    "eps": "adam_epsilon",
    "use_amp": "fp16",
    "evaluation_steps": "eval_steps",
    "optimizer_class": "optim",
    "output_path": "output_dir",
    "save_best_model": "load_best_model_at_end",
    "checkpoint_save_steps": "save_steps",
    "checkpoint_save_total_limit": "save_total_limit",
    "show_progress_bar": "disable_tqdm",
}
"""Older names to those of the installed library."""

FROM_FIT = _set_of(
    """
    epochs batch_size lr scheduler eps use_amp optimizer_class save_best_model steps_per_epoch
    """
)
"""Names of ``model.fit``, which say what they say even where the value is 0 or false."""

NO_BEARING = _set_of(
    """
    output_dir disable_tqdm report_to run_name project trackio_space_id trackio_bucket_id
    trackio_static_space_id log_on_each_node log_level log_level_replica logging_strategy
    logging_steps logging_first_step logging_nan_inf_filter include_num_input_tokens_seen
    include_tokens_per_second skip_memory_metrics per_device_eval_batch_size prediction_loss_only
    eval_strategy eval_steps eval_delay eval_on_start eval_do_concat_batches eval_use_gather_object
    eval_accumulation_steps include_for_metrics batch_eval_metrics bf16_full_eval fp16_full_eval
    save_only_model save_strategy save_steps save_on_each_node save_total_limit save_safetensors
    enable_jit_checkpoint push_to_hub hub_token hub_private_repo hub_model_id hub_strategy
    hub_always_push hub_revision ignore_data_skip restore_callback_states_from_checkpoint use_cpu
    dataloader_num_workers dataloader_pin_memory dataloader_persistent_workers
    dataloader_prefetch_factor dataloader_multiprocessing_context dataloader_in_order
    remove_unused_columns label_names length_column_name debug do_train do_eval do_predict
    resume_from_checkpoint overwrite_output_dir torch_empty_cache_steps torch_compile
    torch_compile_backend torch_compile_mode use_cache metric_for_best_model greater_is_better
    multi_dataset_batch_sampler local_rank evaluator callback
    """
)
"""What changes the speed, the log or where files go, and nothing that the model learns."""
