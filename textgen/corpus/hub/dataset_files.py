"""Datasets on the Hugging Face hub: the dataset and commit of a name, and the files of a dataset.

The hub gives the commit. The library `datasets` finds the files of each split and their form. All
further requests name the commit, so that nothing can change.
"""

import contextlib
import dataclasses
import json
import logging
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from textgen.config.corpus import DocumentRule
from textgen.corpus.corpus_file import SPLIT_NAMES, CorpusFile, suffixes
from textgen.corpus.datasets_library import import_datasets
from textgen.corpus.forms import form_of
from textgen.corpus.hub.hub_api import ask, is_offline, probe
from textgen.corpus.hub.hub_dataset import HUB, SHORT, HubDataset, HubName
from textgen.corpus.hub.hub_errors import is_trouble, translated
from textgen.corpus.hub.hub_file import HubFile
from textgen.corpus.hub.resolved_names import recall, recall_by_name, remember
from textgen.corpus.hub.retries import retries_logged
from textgen.errors import DataError, UsageError, brief
from textgen.progress import SILENT, ProgressReporter

if TYPE_CHECKING:
    from huggingface_hub import DatasetInfo

logger = logging.getLogger(__name__)
OTHER_CARDS = (".huggingface.yaml", "dataset_infos.json")
OTHER_PACKINGS = (".zip", ".xz", ".bz2", ".lz4", ".7z", ".tar")


def resolve(name: str) -> HubDataset:
    """Return the dataset at the commit that a name means now; offline, at the one it meant last.

    Args:
        name: `hf:org/name`, perhaps with `:config` and `@revision`.

    Raises:
        UsageError: not such a name, or no such configuration.
        MissingInput: no such dataset or revision, no access to it, or not in the cache.
        DataError: a dataset of no known form.
        ConnectionError: the hub cannot be reached.
    """
    hub_name = HubName.parse(name)
    datasets = import_datasets(HUB)
    if is_offline():
        return recall_by_name(hub_name)
    probe()
    with retries_logged():
        info = ask(hub_name)
        dataset = recall(hub_name, str(info.sha)) or _described(datasets, hub_name, info)
    try:
        remember(hub_name, dataset)
    except OSError as error:  # the dataset can be read all the same
        logger.warning(
            "%s: %s; %s cannot be found there again offline; XDG_CACHE_HOME names another place",
            error.filename,
            error.strerror,
            hub_name.id,
        )
    return dataset


def hub_files(
    dataset: HubDataset,
    splits: Sequence[str] = (),
    *,
    streaming: bool,
    rule: DocumentRule,
    progress: ProgressReporter = SILENT,
) -> list[CorpusFile]:
    """Return the files of a dataset as files of a corpus. Nothing is downloaded yet.

    Args:
        dataset: at a commit.
        splits: names of its splits; all if none is named.
        streaming: whether a file is removed after it was read.
        rule: for reading them.
        progress: receives the bytes that have come.

    Raises:
        UsageError: the dataset has no such split.
        DataError: the packing of a file cannot be read.
    """
    for split in splits:
        if split not in dataset.files:
            there = ", ".join(dataset.files)
            raise UsageError(f"{dataset.name}: no split {split!r}; it has: {there}")
    return [
        _corpus_file(
            dataset, split, HubFile(dataset.id, dataset.revision, path, streaming, progress), rule
        )
        for split in dataset.files
        if split in (splits or dataset.files)
        for path in dataset.files[split]
    ]


def _corpus_file(
    dataset: HubDataset, split: str, stored: HubFile, rule: DocumentRule
) -> CorpusFile:
    """Return a file of a dataset as a file of a corpus."""
    name = f"{HUB}{dataset.id}:{dataset.config}@{dataset.revision[:SHORT]} {stored.path}"
    path = Path(stored.path)
    form, options = _form_and_options(dataset, path)
    file = CorpusFile(
        name,
        stored,
        form,
        suffixes(path)[1],
        rule,
        SPLIT_NAMES.get(split),
        hub_split=split,
        options=options,
    )
    if form_of(file).is_plain and stored.path.endswith(OTHER_PACKINGS):
        raise DataError(f"{name}: packed in a way that is not read; unpack it, and name the files")
    return file


def _form_and_options(dataset: HubDataset, path: Path) -> tuple[str, Mapping[str, Any]]:
    """Return the form of a file, one of ours where it fits the library's builder, and options."""
    builder, options = dataset.builder, dataset.options
    if builder == "text":
        return "text", {}
    if builder == "csv" and options == {"sep": "\t"}:
        return "tsv", {}
    if builder == "json" and suffixes(path)[0] == ".jsonl" and not options:
        return "jsonl", {}
    return builder, options


def _described(datasets: Any, name: HubName, info: "DatasetInfo") -> HubDataset:
    """Describe the dataset at a commit: its files, their form and their licence."""
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
    """Return the library's builder, which reads the card and lists the files."""
    files = [file.rfilename for file in info.siblings or []]
    script = f"{name.id.partition('/')[2]}.py"
    if script in files:
        raise DataError(f"{name}: needs the program {script}, and programs of a set are never run")
    try:
        _fetch_cards(name, str(info.sha), files)
        return _loaded(datasets, name, str(info.sha))
    except UsageError:
        raise
    except Exception as error:  # the errors of the library have no common class
        if is_trouble(error):
            raise translated(str(name), error) from None
        if isinstance(error, FileNotFoundError):
            raise DataError(f"{name}: no files of a known form where its card says") from None
        raise DataError(f"{name}: {brief(error)}") from None


def _fetch_cards(name: HubName, commit: str, files: list[str]) -> None:
    """Fetch the cards of a dataset before the library does.

    The library takes a card that fails to come for one that is missing, and loses the reason.
    """
    from huggingface_hub import hf_hub_download
    from huggingface_hub.errors import RemoteEntryNotFoundError

    for card in ["README.md", *(card for card in OTHER_CARDS if card in files)]:
        with contextlib.suppress(RemoteEntryNotFoundError):
            hf_hub_download(name.id, card, repo_type="dataset", revision=commit)


def _loaded(datasets: Any, name: HubName, commit: str) -> Any:
    """Load the library's builder of a dataset.

    Raises:
        UsageError: no such configuration, or none was named where there are several.
    """
    location = f"hf://datasets/{name.id}"  # without hf:// a folder of this name would do
    try:
        # A cache of its own: from the user's, the library takes another commit if this one fails.
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
    """Return the builder options in the card of a dataset.

    Raises:
        DataError: their types are not those of JSON.
    """
    general = {"name", "version", "data_dir", "data_files", "description"}
    usual = type(config)()
    own = {field.name: getattr(config, field.name) for field in dataclasses.fields(config)}
    chosen = {k: v for k, v in own.items() if k not in general and v != getattr(usual, k)}
    try:
        return dict(json.loads(json.dumps(chosen)))
    except TypeError as error:
        raise DataError(f"{name}: an option in its card cannot be used: {error}") from None
