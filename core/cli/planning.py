"""``sample``, ``config`` and ``estimate``: from a table to a run, before it starts."""

from __future__ import annotations

import argparse
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from core.cli.output import DONE, FAILED, WARNED, say, say_json
from core.cli.runs import start_and_follow
from core.cli.steering import changes_of
from core.cli.work import work
from core.data.findings import Severity
from core.data.samples import SAMPLES
from core.data.store import DatasetInfo, load_dataset
from core.export.card.words import Words
from core.models.bases import BaseConfig, list_bases, resolve
from core.models.bundled import BUNDLED_NAME
from core.models.catalogue import describe_bases, recommend
from core.problems import N_, Problem
from core.training.advice import Advice, advise
from core.training.advice.facts import cut_share
from core.training.config import RunConfig
from core.training.continuing import change_config
from core.training.defaults import propose
from core.training.estimate import Estimate, estimate
from core.training.measured import to_measure
from core.training.quickstart import quickstart_estimate, sample_config
from core.training.start import check_config
from core.workspace import Workspace

if TYPE_CHECKING:
    from core.cli.parser import Commands

_STATIC, _BUNDLED = "static", "bundled"
_words = Words("en").say
"""A message with its numbers rounded."""


class SampleUnknown(Problem):
    what = N_("There is no sample named {name}.")
    do = N_("The samples are: {names}.")


class StartUnknown(Problem):
    what = N_("There is no base model named {name}.")
    do = N_("Give the folder of a model, the id of a finished run, or one of: {names}.")


class NothingToEstimate(Problem):
    what = N_("It is not said what is to be estimated.")
    do = N_("Name a config.yaml, or a dataset with --dataset.")


def add_commands(commands: Commands) -> None:
    """Declare the commands of this module."""
    sample = commands.add_parser(
        "sample", help="train a first model on a sample, as Home does with one click"
    )
    sample.add_argument("sample", nargs="?", help="its name; without one the samples are listed")
    sample.add_argument("--detach", action="store_true", help="do not wait; print the run's id")
    sample.add_argument("--json", action="store_true", help="as JSON")
    sample.set_defaults(command=_sample)

    config = commands.add_parser("config", help="print the configuration that Train proposes")
    config.add_argument("--dataset", metavar="ID", required=True, help="the table to learn from")
    _add_choices(config)
    config.add_argument("--json", action="store_true", help="as JSON instead of YAML")
    config.set_defaults(command=_config)

    told = commands.add_parser("estimate", help="say how long a run will take, and what to know")
    told.add_argument("config", nargs="?", type=Path, help="a config.yaml")
    told.add_argument("--dataset", metavar="ID", help="instead: what Train proposes for this table")
    _add_choices(told)
    told.add_argument("--probe", action="store_true", help="try a few real batches first")
    told.add_argument("--json", action="store_true", help="as JSON")
    told.set_defaults(command=_estimate)


def _add_choices(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--base",
        metavar="NAME|FOLDER|RUN",
        help="what training starts from (default: the recommended one); static: from your own data",
    )
    command.add_argument("--loss", metavar="NAME", help="another loss (default: what suits)")
    command.add_argument(
        "--set",
        dest="changes",
        metavar="SETTING=VALUE",
        action="append",
        default=[],
        help="another value, such as training.epochs=3; may be given several times",
    )


# Samples ------------------------------------------------------------------------------------------


def _sample(workspace: Workspace, options: argparse.Namespace) -> int:
    if options.sample is None:
        return _list_samples(workspace, options)
    if options.sample not in SAMPLES:
        raise SampleUnknown(name=options.sample, names=", ".join(SAMPLES))
    config = sample_config(workspace, options.sample)
    return start_and_follow(workspace, config, detach=options.detach, json=options.json)


def _list_samples(workspace: Workspace, options: argparse.Namespace) -> int:
    records = [
        {
            "id": sample.id,
            "name": sample.title,
            "description": sample.description,
            "seconds": round(quickstart_estimate(workspace, sample.id).seconds, 1),
        }
        for sample in SAMPLES.values()
    ]
    if options.json:
        say_json(records)
        return DONE
    for one in records:
        say(f"{one['id']}  {one['name']}, about {one['seconds']:.0f} s. {one['description']}")
    return DONE


# Configurations -----------------------------------------------------------------------------------


def _config(workspace: Workspace, options: argparse.Namespace) -> int:
    config = _proposed(workspace, options)
    if options.json:
        say_json(config.to_dict())
    else:
        say(config.to_yaml().rstrip())
    return DONE


def _proposed(workspace: Workspace, options: argparse.Namespace) -> RunConfig:
    """What Train proposes for a dataset, with the changes that were asked for."""
    info = load_dataset(workspace, options.dataset).info
    if options.base is None:
        base = _recommended(workspace, info)
    else:
        base = base_named(workspace, options.base)
    return change_config(propose(workspace, info, base, loss=options.loss), changes_of(options))


def _recommended(workspace: Workspace, info: DatasetInfo) -> BaseConfig:
    advice = recommend(describe_bases(workspace, info), info)
    say(" ".join(_words(words) for words in (advice.why, advice.limits) if words), error=True)
    return advice.config


def base_named(workspace: Workspace, name: str) -> BaseConfig:
    """The base that somebody means by ``static``, ``bundled``, a name, a run's id or a folder.

    Raises:
        StartUnknown: there is no such base.
    """
    if name == _STATIC:
        return BaseConfig(kind="static")
    if name in (_BUNDLED, BUNDLED_NAME, BUNDLED_NAME.rpartition("/")[2]):
        return BaseConfig(kind="bundled")
    # A folder's path is no id, even where it leads to a run's folder.
    if name == Path(name).name and (workspace.runs / name).is_dir():
        return BaseConfig(kind="run", run=name)
    hub = [choice for choice in list_bases(workspace) if choice.config.kind == "hub"]
    for choice in hub:
        if name in (choice.name, choice.name.rpartition("/")[2]):
            return choice.config
    if Path(name).is_dir():
        return BaseConfig(kind="folder", path=str(Path(name).resolve()))
    names = [_STATIC, _BUNDLED, *(choice.name for choice in hub)]
    raise StartUnknown(name=name, names=", ".join(names))


# Estimates ----------------------------------------------------------------------------------------


def _estimate(workspace: Workspace, options: argparse.Namespace) -> int:
    if options.config is not None:
        config = change_config(RunConfig.load(options.config), changes_of(options))
    elif options.dataset is not None:
        config = _proposed(workspace, options)
    else:
        raise NothingToEstimate
    info = check_config(workspace, config)
    if options.probe:
        params = {"config": to_measure(config).to_dict()}
        if not work(workspace, "probe", params, "probe", json=options.json):
            return FAILED
    told = estimate(workspace, config)
    found = advise(workspace, info, config, resolve(workspace, config.base))
    cut = cut_off(workspace, info, config)
    if options.json:
        say_json({**asdict(told), **cut, "warnings": [_warning(advice) for advice in found]})
    else:
        _say_estimate(config, told, cut)
        for advice in found:
            say(f"{advice.severity.value}: {_words(advice.message)} {_words(advice.why)}")
            for way in advice.ways:
                say(f"  - {_words(way.label)}")
    worst = max((list(Severity).index(advice.severity) for advice in found), default=0)
    return WARNED if worst >= list(Severity).index(Severity.WARNING) else DONE


def cut_off(workspace: Workspace, info: DatasetInfo, config: RunConfig) -> dict[str, Any]:
    """How many tokens of a text the run reads, and which share of the texts is longer.

    Both are None where nothing is cut off, or the vocabulary is yet to be made.
    """
    base = resolve(workspace, config.base)
    limits = [base.max_length, config.training.max_length]
    limit = min((one for one in limits if one), default=None)
    if limit is None or base.tokenizer is None:
        return {"max_length": limit, "cut_off_share": None}
    return {"max_length": limit, "cut_off_share": cut_share(workspace, info, base, limit)}


def _warning(advice: Advice) -> dict[str, Any]:
    return {
        "kind": advice.kind,
        "severity": advice.severity.value,
        "message": advice.message.to_json(),
        "why": advice.why.to_json(),
        "ways": [way.label.to_json() for way in advice.ways],
    }


def _say_estimate(config: RunConfig, told: Estimate, cut: dict[str, Any]) -> None:
    guess = "" if told.measured else " (a guess: this machine's speed has not been measured yet)"
    say(f"about {told.seconds:.0f} s on this machine{guess}")
    say(f"{told.steps} steps over {told.train_rows} rows, {told.held_out_rows} rows are scored")
    if told.real is not None:
        used, usable = told.real.peak_bytes / 1e9, told.real.usable_bytes / 1e9
        say(
            f"measured on {told.real.device}: {told.real.step_seconds:.2g} s a step, "
            f"{used:.2f} of {usable:.2f} GB memory; at most {told.real.largest} rows at once"
        )
        asked = config.training.batch_size
        if told.suggested_batch not in (None, asked):
            say(f"a batch of {told.suggested_batch} rows suits better than {asked}")
    if cut["cut_off_share"] is not None:
        say(f"{cut['cut_off_share']:.1%} of the texts are cut off after {cut['max_length']} tokens")
