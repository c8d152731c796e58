"""The quiet lines under the page list: which device trains, where everything is kept."""

from __future__ import annotations

import streamlit as st

from core.devices import Device, list_devices
from core.workspace import Workspace
from ui import format as fmt
from ui.language import _, ngettext


def device_label(device: Device) -> str:
    """A device in a few words."""
    if device.cores:
        cores = ngettext("{n} core", "{n} cores", device.cores).format(n=device.cores)
        return _("CPU, {cores}").format(cores=cores)
    return fmt.verbatim(device.name)


def workspace_lines() -> None:
    """What runs train on, and the workspace's folder."""
    folder = fmt.verbatim(str(Workspace.open().root))
    st.caption(
        ":material/memory: "
        + _("Trains on: {devices}").format(devices=_training_devices())
        + "  \n:material/folder: "
        + _("Workspace: {folder}").format(folder=folder)
    )


def _training_devices() -> str:
    devices = _devices()
    gpus = [device for device in devices if not device.cores]
    return _(", ").join(device_label(device) for device in gpus or devices)


@st.cache_data(ttl="10m", show_spinner=False)
def _devices() -> list[Device]:
    return list_devices()
