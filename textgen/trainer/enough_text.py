"""Is there enough text to train on, and to measure quality? Found out before TensorFlow loads."""

from textgen.artifact.conditioning import MOST_LABELS
from textgen.config.training import TrainingConfig
from textgen.errors import DataError, by_setting
from textgen.tokenization.held_out import why_nothing_is_held_out
from textgen.tokenization.token_store import TokenStore


def require_enough_text(store: TokenStore, training: TrainingConfig) -> None:
    """Refuse a corpus that cannot be trained on.

    Args:
        store: the corpus.
        training: with the streams and the window.

    Raises:
        DataError: too little of it is trained on or held out, or it has too many labels.
    """
    require_length(store.counts("train").tokens, training.batch_size, training.window)
    if why := why_nothing_is_held_out(store.manifest):
        raise DataError(f"{store.manifest.corpus}: {why}")
    if len(store.labels) > MOST_LABELS:
        raise DataError(
            f"the corpus has {len(store.labels):,} labels, more than {MOST_LABELS:,}; choose "
            f"another {by_setting('{}', 'label_column')}"
        )


def require_length(tokens: int, batch_size: int, window: int) -> None:
    """Refuse a training split that has not one window for each stream.

    Raises:
        DataError: it is too short.
    """
    if tokens < batch_size * window:
        raise DataError(
            f"the corpus is too short: {tokens} tokens to train on, but {batch_size} "
            f"streams of {window} tokens need {batch_size * window}; give more text, or a "
            f"smaller {by_setting('{}', 'batch_size')} or {by_setting('{}', 'window')}"
        )
