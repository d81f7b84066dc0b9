"""Error texts for a path that is no model folder."""

from pathlib import Path

from textgen.corpus.corpus_file import STORE


def explain_missing(folder: Path, manifest: str) -> str:
    """Return what stands at a path that is no model folder, and the remedy.

    Args:
        folder: the path.
        manifest: name of the manifest of a model folder.
    """
    making = "'textgen train {} -o MODEL' makes one"
    if folder.is_file():
        if (folder.parent / manifest).exists():
            return f"a file of a model folder; name the folder, {folder.parent}"
        return f"a file, not a model folder; {making.format('CORPUS')}"
    if (folder / STORE).exists():
        return f"a token store, not a model folder; {making.format(folder)}"
    if folder.exists():
        return f"not a model folder (no {manifest}); {making.format('CORPUS')}"
    if ":" in folder.parts[0]:
        return "no such model folder, and models are not fetched; name one on this machine"
    return f"no such model folder; 'textgen train CORPUS -o {folder}' makes one"
