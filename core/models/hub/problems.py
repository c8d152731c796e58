"""What can go wrong on the way from a hub, each with what to do about it."""

from __future__ import annotations

from core.problems import N_, Problem


class HubUnreachable(Problem):
    what = N_("The hub at {address} cannot be reached: {reason}.")
    do = N_(
        "Only downloads need it: all-MiniLM-L6-v2 and a static model from your own texts are here "
        "without it, and so is a model folder that was copied to this computer (choose “A model "
        "folder on this computer”). For a download, check the connection to the internet; where "
        "this address is blocked, set a mirror (for example https://hf-mirror.com) under Hub "
        "settings, or choose the other hub."
    )


class DownloadsSwitchedOff(Problem):
    what = N_("Downloads are switched off on this computer: HF_HUB_OFFLINE is set.")
    do = N_(
        "Start Pairloom without HF_HUB_OFFLINE and TRANSFORMERS_OFFLINE. Without a download there "
        "are all-MiniLM-L6-v2, a static model from your own texts, and any model folder on this "
        "computer."
    )


class HubTrouble(Problem):
    what = N_("The hub at {address} answers with an error: {reason}.")
    do = N_("The fault is on its side. Try again later; what has arrived is kept.")


class ConnectionLost(Problem):
    what = N_("The connection to {address} broke off again and again, last in {file}: {reason}.")
    do = N_("What has arrived is kept. Start the download again and it goes on from there.")


class NoSuchRepo(Problem):
    what = N_("{address} has no model named {repo}, or it is a private one.")
    do = N_(
        "Check the spelling: owner and name, as the hub shows them. For a private model, put an "
        "access token into the Hub settings."
    )


class NoSuchRevision(Problem):
    what = N_("{repo} has no branch, tag or commit named {revision}.")
    do = N_("Leave the revision empty for the newest version.")


class AccessRefused(Problem):
    what = N_("{repo} is only given to people who have agreed to its terms.")
    do = N_(
        "Open {page} in a browser, sign in and agree to the terms; then put an access token of "
        "that account into the Hub settings."
    )


class TokenRefused(Problem):
    what = N_("{address} does not accept the access token.")
    do = N_("Make a new one on the hub's page and put it into the Hub settings, or remove it.")


class OnlyPickledWeights(Problem):
    what = N_("{repo} has its weights only as {file}, a format that can hide programs.")
    do = N_(
        "Pairloom opens only weights in the safetensors format. Choose a model that has them, or "
        "look for a revision with a file model.safetensors."
    )


class NotAModelRepo(Problem):
    what = N_("{repo} is not a model that Pairloom can start from: {missing} is missing.")
    do = N_("Choose a sentence-transformers model, or a transformer with config and tokenizer.")


class RepoHasOwnCode(Problem):
    what = N_("{repo} brings program code of its own ({where}).")
    do = N_("Pairloom never runs code from a model. Choose a model that needs none.")


class WrongContent(Problem):
    what = N_("The file {file} of {repo} did not arrive as the hub describes it.")
    do = N_(
        "It was thrown away. Start the download again; if this happens a second time, the mirror "
        "is damaged, and another address is needed."
    )


class NotEnoughSpace(Problem):
    what = N_("{repo} needs {needed_bytes} more on the disk, and {free_bytes} are free.")
    do = N_("Free some space (old runs can be deleted) and start the download again.")


class DiskFilled(Problem):
    what = N_("The disk became full while {file} of {repo} was being fetched.")
    do = N_(
        "What has arrived is kept. Free some space (old runs can be deleted), then go on with the "
        "download."
    )


class AnswerNotUnderstood(Problem):
    what = N_("{address} does not answer as a hub does: {reason}.")
    do = N_("Check the address under Hub settings.")
