"""Data sets on the Hugging Face hub: a name becomes a set at a commit, a set becomes parts.

The hub is asked for the commit; the `datasets` library finds out which files of it make which
split, and how they are read. Everything after that goes by commit, so it cannot change.
"""

import contextlib
import dataclasses
import json
import logging
import os
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from textgen.config.corpus import DocumentRule
from textgen.corpus.corpus_file import SPLIT_NAMES, CorpusFile, suffixes
from textgen.corpus.hub.hub_api import ask, is_offline, probe
from textgen.corpus.hub.hub_dataset import HUB, SHORT, HubDataset, HubName
from textgen.corpus.hub.hub_errors import is_trouble, translated
from textgen.corpus.hub.hub_file import HubFile
from textgen.corpus.hub.resolved_names import recall, recall_by_name, remember
from textgen.corpus.hub.retries import retries_logged
from textgen.errors import DataError, NotInstalled, UsageError, brief
from textgen.progress import SILENT, ProgressReporter

if TYPE_CHECKING:
    from huggingface_hub import DatasetInfo

logger = logging.getLogger(__name__)
READ_BY_US = ("text", "csv", "tsv", "jsonl")
OTHER_CARDS = (".huggingface.yaml", "dataset_infos.json")
OTHER_PACKINGS = (".zip", ".xz", ".bz2", ".lz4", ".7z", ".tar")


def import_datasets(what: str) -> Any:
    """Import Hugging Face `datasets`, which is slow, and keep it from reporting our users.

    Args:
        what: needs it, for the error.

    Raises:
        NotInstalled: it is not there.
    """
    os.environ.setdefault("HF_UPDATE_DOWNLOAD_COUNTS", "0")
    os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
    try:
        import datasets
        from huggingface_hub.utils import disable_progress_bars
    except ImportError:
        instead = "give .txt, .csv or .jsonl"
        raise NotInstalled(f"reading {what}", "datasets", "corpora", instead) from None
    datasets.logging.set_verbosity(datasets.logging.CRITICAL)  # its errors reach us as exceptions
    datasets.disable_progress_bars()
    disable_progress_bars()
    return datasets


def resolve(name: str) -> HubDataset:
    """Find the commit that a name means now, and what is there; offline, what it meant last.

    Args:
        name: `hf:org/name`, with `:config` and `@revision` if they are wanted.

    Raises:
        UsageError: not such a name, or no such configuration.
        MissingInput: no such set or revision, not for this user, or not in the cache.
        DataError: a set of no known form.
        ConnectionError: the hub cannot be reached.
    """
    wanted = HubName.parse(name)
    datasets = import_datasets(HUB)
    if is_offline():
        return recall_by_name(wanted)
    probe()
    with retries_logged():
        info = ask(wanted)
        found = recall(wanted, str(info.sha)) or _described(datasets, wanted, info)
    try:
        remember(wanted, found)
    except OSError as error:  # it can be read all the same
        logger.warning(
            "%s: %s; %s cannot be found there again offline; XDG_CACHE_HOME names another place",
            error.filename,
            error.strerror,
            wanted.id,
        )
    return found


def hub_parts(
    hub_set: HubDataset,
    splits: Sequence[str] = (),
    *,
    streaming: bool,
    rule: DocumentRule,
    progress: ProgressReporter = SILENT,
) -> list[CorpusFile]:
    """Return the files of a set as parts of a corpus. Nothing is downloaded yet.

    Args:
        splits: those that are wanted; all if none is named.
        streaming: whether a file is removed when it has been read.
        rule: how they are read.
        progress: receives the bytes that have come.

    Raises:
        UsageError: the set has no such split.
        DataError: a file is packed in a way that cannot be read.
    """
    for split in splits:
        if split not in hub_set.files:
            there = ", ".join(hub_set.files)
            raise UsageError(f"{hub_set.name}: no split {split!r}; it has: {there}")
    wanted = [split for split in hub_set.files if split in (splits or hub_set.files)]
    return [
        _part(
            hub_set, split, HubFile(hub_set.id, hub_set.revision, path, streaming, progress), rule
        )
        for split in wanted
        for path in hub_set.files[split]
    ]


def _part(hub_set: HubDataset, split: str, file: HubFile, rule: DocumentRule) -> CorpusFile:
    """Make a part of a file."""
    name = f"{HUB}{hub_set.id}:{hub_set.config}@{hub_set.revision[:SHORT]} {file.path}"
    form = _form(hub_set, Path(file.path))
    options = {} if form in ("text", "tsv") else hub_set.options
    _, packing = suffixes(Path(file.path))
    if form in READ_BY_US and not options and file.path.endswith(OTHER_PACKINGS):
        raise DataError(f"{name}: packed in a way that is not read; unpack it, and name the files")
    role = SPLIT_NAMES.get(split)
    return CorpusFile(name, file, form, packing, rule, role, hub_split=split, options=options)


def _form(hub_set: HubDataset, path: Path) -> str:
    """Return what reads a file: a reader of ours for what it knows, else the library's builder."""
    suffix, _ = suffixes(path)
    if hub_set.builder == "csv" and hub_set.options == {"sep": "\t"}:
        return "tsv"
    if hub_set.builder == "json" and suffix == ".jsonl" and not hub_set.options:
        return "jsonl"
    return hub_set.builder


def _described(datasets: Any, name: HubName, info: "DatasetInfo") -> HubDataset:
    """Find out which files make the set at a commit, and their form."""
    commit, licence = str(info.sha), (info.card_data and info.card_data.license) or "unknown"
    licences = licence if isinstance(licence, list) else [licence]
    root = f"hf://datasets/{name.id}@{commit}/"
    builder = _builder(datasets, name, info)
    config = builder.config
    return HubDataset(
        id=name.id,
        config=config.name,
        revision=commit,
        licence=", ".join(map(str, licences)),
        builder=builder.name,
        options=_options(name, config),
        files={
            str(split): tuple(url.removeprefix(root) for url in urls)
            for split, urls in config.data_files.items()
        },
    )


def _builder(datasets: Any, name: HubName, info: "DatasetInfo") -> Any:
    """Have the library read a set's card and list its files."""
    files = [file.rfilename for file in info.siblings or []]
    script = f"{name.id.partition('/')[2]}.py"
    if script in files:
        raise DataError(f"{name}: needs the program {script}, and programs of a set are never run")
    try:
        _fetch_cards(name, str(info.sha), files)
        return _loaded(datasets, name, str(info.sha))
    except UsageError:
        raise
    except Exception as error:  # what the library raises has no class in common
        if is_trouble(error):
            raise translated(str(name), error) from None
        if isinstance(error, FileNotFoundError):
            raise DataError(f"{name}: no files of a known form where its card says") from None
        raise DataError(f"{name}: {brief(error)}") from None


def _fetch_cards(name: HubName, commit: str, files: list[str]) -> None:
    """Fetch what describes a set before the library does.

    It forgets why the first one was refused, and takes one that fails for one that is not there.
    """
    from huggingface_hub import hf_hub_download
    from huggingface_hub.errors import RemoteEntryNotFoundError

    for card in ["README.md", *(card for card in OTHER_CARDS if card in files)]:
        with contextlib.suppress(RemoteEntryNotFoundError):
            hf_hub_download(name.id, card, repo_type="dataset", revision=commit)


def _loaded(datasets: Any, name: HubName, commit: str) -> Any:
    """Return the library's builder of a set.

    Raises:
        UsageError: there is no such configuration, or several, and none was named.
    """
    location = f"hf://datasets/{name.id}"  # without hf:// a folder of this name would be taken
    try:
        # A cache of its own: in the user's, the library would take another commit if this fails.
        with tempfile.TemporaryDirectory(prefix="textgen-") as folder:
            return datasets.load_dataset_builder(
                location, name=name.config, revision=commit, cache_dir=folder
            )
    except ValueError:
        configs = datasets.get_dataset_config_names(location, revision=commit)
        if name.config in configs or (name.config is None and len(configs) == 1):
            raise
        raise UsageError(
            f"{name}: name one of its configurations, as {HUB}{name.id}:{configs[0]}; "
            f"it has: {', '.join(configs)}"
        ) from None


def _options(name: HubName, config: Any) -> dict[str, Any]:
    """Return the options that a set's card gives its builder.

    Raises:
        DataError: they are not of the types of JSON.
    """
    general = {"name", "version", "data_dir", "data_files", "description"}
    usual = type(config)()
    own = {field.name: getattr(config, field.name) for field in dataclasses.fields(config)}
    chosen = {k: v for k, v in own.items() if k not in general and v != getattr(usual, k)}
    try:
        return dict(json.loads(json.dumps(chosen)))
    except TypeError as error:
        raise DataError(f"{name}: an option in its card cannot be used: {error}") from None
