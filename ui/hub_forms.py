"""Getting a model from a hub: looking it up, fetching it, and where the hubs are."""

from __future__ import annotations

import streamlit as st

from core.jobs.queue import find_active
from core.models.bases import BaseConfig
from core.models.hub.jobs import Params, forget_look, looked_up, params_for
from core.models.hub.listing import Snapshot
from core.models.hub.names import DEFAULT_REVISIONS, TITLES, Source, check_names
from core.models.hub.settings import hub_of, save_hub, usual_address
from core.models.hub.shelf import (
    Download,
    delete_download,
    here_bytes,
    hidden_folder,
    list_downloads,
    list_unfinished,
    whole_folder,
)
from core.problems import Problem
from core.workspace import Workspace
from ui import format as fmt
from ui.base_table import Choose
from ui.jobs import Wanted, follow, replace
from ui.language import _, ngettext, say

_LOOKED, _FETCHING = "hub_looked", "hub_fetching"
_SAVED = "hub_saved"
"""How many times settings were saved: what was typed, such as a token, is then forgotten."""


def get_from_hub(workspace: Workspace, choose: Choose) -> None:
    """The section for models from hubs, folded away until it is wanted.

    Args:
        workspace: where they are kept.
        choose: makes a base the one that the form starts from.
    """
    with st.expander(
        _("Get a model from a hub"), icon=":material/cloud_download:", key="hub_section"
    ):
        params = _ask(workspace)
        shown = _show_looked(workspace, params, choose) if params is not None else None
        for one in list_unfinished(workspace):
            if shown is None or _key(one.snapshot) != _key(shown):
                _show_fetching(workspace, one.snapshot)
        _show_downloads(workspace)


def _ask(workspace: Workspace) -> Params | None:
    """The fields, and what was looked up last."""
    titles: dict[Source, str] = TITLES
    with st.container(horizontal=True, vertical_alignment="bottom"):
        source = st.segmented_control(
            _("Hub"),
            list(titles),
            default="huggingface",
            format_func=titles.__getitem__,
            required=True,
            key="hub_source",
            persist_state="session",
        )
        with st.popover(_("Hub settings"), icon=":material/settings:", key="hub_settings"):
            _settings(workspace, source)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        repo = st.text_input(
            _("Name of the model"),
            placeholder="BAAI/bge-small-zh-v1.5",
            key="hub_repo",
            persist_state="session",
        )
        revision = st.text_input(
            _("Revision"),
            placeholder=DEFAULT_REVISIONS[source],
            help=_(
                "A branch, a tag or a commit. Whatever it is, the commit that it stands for now is "
                "what is fetched and written into the run."
            ),
            key="hub_revision",
            persist_state="session",
        )
        if st.button(_("Look it up"), icon=":material/search:", key="hub_look", disabled=not repo):
            params = params_for(source, repo, revision)
            try:
                check_names(params["repo"], params["revision"])
            except Problem as problem:
                st.session_state.pop(_LOOKED, None)
                st.error(say(problem))
            else:
                forget_look(workspace, params)
                st.session_state[_LOOKED] = params
    st.caption(
        _(
            "Only safetensors weights are fetched, and no code of the model is ever run. "
            "The hub hears the name of the model and, if there is one, your token; nothing of your "
            "data."
        )
    )
    looked: Params | None = st.session_state.get(_LOOKED)
    return looked


def _show_looked(workspace: Workspace, params: Params, choose: Choose) -> Snapshot | None:
    snapshot = looked_up(workspace, params)
    if snapshot is None:
        title = _("Looking up {repo}").format(repo=fmt.verbatim(params["repo"]))
        follow(workspace, [Wanted("look_at_repo", params, "look", title)])
        return None
    with st.container(border=True, gap="xsmall"):
        st.markdown(f"**{fmt.verbatim(snapshot.repo)}**")
        files = ngettext("{n} file", "{n} files", len(snapshot.files))
        st.caption(
            " · ".join(
                (
                    fmt.size(snapshot.bytes),
                    files.format(n=len(snapshot.files)),
                    _("{revision} is commit {commit}").format(
                        revision=fmt.verbatim(snapshot.asked), commit=snapshot.commit[:10]
                    ),
                )
            )
        )
        if whole_folder(workspace, snapshot).exists():
            st.success(_("It is on this computer."), icon=":material/check_circle:")
            config = BaseConfig(
                kind="hub",
                source=snapshot.source,
                repo=snapshot.repo,
                revision=snapshot.commit,
            )
            st.button(
                _("Start from it"),
                icon=":material/check:",
                key="hub_use",
                on_click=choose,
                args=(config,),
            )
        else:
            _show_fetching(workspace, snapshot, named=True)
    return snapshot


def _show_fetching(workspace: Workspace, snapshot: Snapshot, *, named: bool = False) -> None:
    """How far the download is, or the buttons that begin it, go on with it, or drop it."""
    key = _key(snapshot)
    params = params_for(snapshot.source, snapshot.repo, snapshot.at)
    title = _("{repo}, {size}").format(
        repo=fmt.verbatim(snapshot.repo), size=fmt.size(snapshot.bytes)
    )
    go_on = _("Go on with the download")
    wanted = Wanted("fetch_repo", params, "fetch", title, again=go_on)
    going: dict[str, bool] = st.session_state.setdefault(_FETCHING, {})
    if going.get(key) or find_active(workspace, wanted.kind, params) is not None:
        replace(workspace, f"hub-{key}", wanted)
        follow(workspace, [wanted])
        if find_active(workspace, wanted.kind, params) is not None:
            st.button(
                _("Pause the download"),
                icon=":material/pause:",
                key=f"hub_pause_{key}",
                on_click=_pause,
                args=(workspace, key),
            )
        return
    here = here_bytes(hidden_folder(workspace, snapshot), snapshot)
    if here:
        if not named:
            st.markdown(f"**{fmt.verbatim(snapshot.repo)}**")
        st.caption(
            _("{here} of {size} are here already; the download goes on from there.").format(
                here=fmt.size(here), size=fmt.size(snapshot.bytes)
            )
        )
    with st.container(horizontal=True):
        st.button(
            go_on if here else _("Download"),
            icon=":material/download:",
            type="primary" if named else "secondary",
            key=f"hub_fetch_{key}",
            on_click=going.__setitem__,
            args=(key, True),
        )
        if here:
            _offer_removal(workspace, snapshot, key)


def _pause(workspace: Workspace, key: str) -> None:
    st.session_state[_FETCHING].pop(key, None)
    # Another job takes its place, so that this one is asked to stop.
    replace(workspace, f"hub-{key}", Wanted("fetch_repo", {}, name="", title=""))


def _key(one: Snapshot | Download) -> str:
    """What tells a version of a model from all others, however it was asked for."""
    return f"{one.source}-{one.repo}-{one.commit}"


def _offer_removal(workspace: Workspace, one: Snapshot | Download, key: str) -> None:
    if st.button(_("Delete"), icon=":material/delete:", type="tertiary", key=f"hub_delete_{key}"):
        try:
            delete_download(workspace, one.source, one.repo, one.commit)
        except Problem as problem:
            st.error(say(problem))
        else:
            st.rerun()


def _show_downloads(workspace: Workspace) -> None:
    downloads = list_downloads(workspace)
    if not downloads:
        return
    st.markdown(_("**On this computer**"))
    for one in downloads:
        with st.container(horizontal=True, vertical_alignment="center"):
            facts = (fmt.size(one.bytes), one.commit[:10], fmt.moment(one.fetched))
            st.markdown(f"{fmt.verbatim(one.repo)} :small[{' · '.join(facts)}]", width="stretch")
            _offer_removal(workspace, one, _key(one))


def _settings(workspace: Workspace, source: Source) -> None:
    """Address and token of a hub.  The token that is set is never shown."""
    hub = hub_of(workspace, source)
    saved: int = st.session_state.get(_SAVED, 0)
    with st.form(f"hub_settings_{source}", border=False):
        address = st.text_input(
            _("Address"),
            value=hub.address if hub.own_address else "",
            placeholder=usual_address(source),
            help=_("A mirror, for example. Left empty, it is the usual one."),
            key=f"hub_address_{source}_{saved}",
        )
        token = st.text_input(
            _("Access token"),
            type="password",
            placeholder=_("one is set") if hub.token else _("none"),
            help=_(
                "For private models and for those whose terms you have agreed to. It is kept in "
                "the workspace, where only you can read it, and sent to this address only. With "
                "another address it has to be typed again."
            ),
            key=f"hub_token_{source}_{saved}",
        )
        forget = hub.own_token and st.checkbox(
            _("Forget the token"), key=f"hub_forget_{source}_{saved}"
        )
        if st.form_submit_button(_("Save"), icon=":material/save:"):
            try:
                wanted = "" if forget else token.strip() or None
                save_hub(workspace, source, address=address, token=wanted)
            except Problem as problem:
                st.error(say(problem))
            else:
                st.session_state.pop(_LOOKED, None)
                st.session_state[_SAVED] = saved + 1
                st.toast(_("Saved."), icon=":material/check_circle:")
                st.rerun()
