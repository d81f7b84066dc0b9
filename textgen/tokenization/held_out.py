"""Why nothing of a corpus is held out, where nothing is, and what helps."""

from textgen.tokenization.token_store import StoreManifest


def why_nothing_is_held_out(manifest: StoreManifest) -> str | None:
    """Say why the validation split is empty, and what helps; None if it is not.

    Args:
        manifest: of the token store.
    """
    if manifest.counts["validation"].tokens:
        return None
    count, validation = manifest.counts["train"].documents, manifest.settings.get("validation")
    if manifest.cut.startswith("documents whose hash"):  # of which one is taken in any case
        joined = "--documents file makes one of each file, "
        if manifest.settings.get("documents") == "file":
            joined = ""
        length = manifest.counts["train"].characters // count
        return (
            f"all {count:,} documents are equal, so none can be held out to measure quality; "
            f"{joined}--validation FILE names others, --duplicates exact leaves one, of "
            f"{length:,} characters, and divides it"
        )
    named = validation if isinstance(validation, str) else "the validation split"
    left_out = ", ".join(f"{why}: {count:,}" for why, count in manifest.removed.items())
    why = f"left out were {left_out}" if left_out else "there is none in it"
    return (
        f"no text of {named} is left to measure quality ({why}); name another with --validation, "
        f"or a share, as --validation 0.1"
    )
