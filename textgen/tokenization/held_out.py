"""The reason why nothing of a corpus is held out, and its remedy."""

from textgen.errors import by_setting
from textgen.tokenization.token_store import StoreManifest


def why_nothing_is_held_out(manifest: StoreManifest) -> str | None:
    """Return the reason why the validation split is empty, with a remedy; None if it is not.

    Args:
        manifest: of the token store.
    """
    if manifest.counts["validation"].tokens:
        return None
    count, validation = manifest.counts["train"].documents, manifest.settings.get("validation")
    if manifest.cut.startswith("documents whose hash"):  # of which one is always held out
        joined = by_setting("{} makes one of each file, ", "documents", "file")
        if manifest.settings.get("documents") == "file":
            joined = ""
        length = manifest.counts["train"].characters // count
        by_file = by_setting("{} names others, ", "validation", "FILE")
        by_exact = by_setting("{} leaves one, ", "duplicates", "exact")
        return (
            f"all {count:,} documents are equal, so none can be held out to measure quality; "
            f"{joined}{by_file}{by_exact}of {length:,} characters, and divides it"
        )
    named = validation if isinstance(validation, str) else "the validation split"
    left_out = ", ".join(f"{why}: {count:,}" for why, count in manifest.removed.items())
    why = f"left out were {left_out}" if left_out else "there is none in it"
    another = by_setting("name another with {}", "validation")
    share = by_setting(", or a share, as {}", "validation", 0.1)
    return f"no text of {named} is left to measure quality ({why}); {another}{share}"
