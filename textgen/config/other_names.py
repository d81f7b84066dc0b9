"""Names of settings in Keras, transformers, llama.cpp, textgenrnn and char-rnn."""

from collections.abc import Sequence

OTHER_NAMES = {
    "max_new_tokens": "max_length max_tokens max_new_token max_gen_length n_predict length",
    "min_new_tokens": "min_length min_tokens",
    "temperature": "temp",
    "repetition_penalty": "repeat_penalty rep_pen",
    "seed": "random_seed random_state",
    "beams": "num_beams beam_size beam_width",
    "stop": "stop_sequence stop_sequences stop_strings stop_words",
    "ban": "bad_words",
    "banned_tokens": "bad_words_ids suppress_tokens",
    "json_schema": "json schema",
    "regex": "pattern",
    "budget": "time max_time duration",
    "steps": "max_steps num_steps",
    "epochs": "num_epochs num_train_epochs",
    "batch_size": "batch",
    "window": "seq_length seq_len sequence_length max_seq_len block_size bptt",
    "learning_rate": "lr",
    "clip_norm": "grad_clip max_grad_norm gradient_clip clipnorm",
    "patience": "early_stopping",
    "validation": "validation_split val_split test_size",
    "units": "hidden_size hidden_dim rnn_size",
    "layers": "num_layers n_layers rnn_layers",
    "embedding_size": "embedding_dim dim_embeddings emb_size",
    "tie_embeddings": "tie_weights tied",
    "vocab_size": "max_words num_words",
}

# Advice for settings of other programs that have no counterpart: the setting that shows that the
# advice fits, and the advice.
SEVERAL_TEXTS = ("seed", "for several texts, give a list of prompts, such as [prompt] * 3")
INSTEAD = {
    "do_sample": ("temperature", "temperature=0 always takes the likeliest token"),
    "num_samples": SEVERAL_TEXTS,
    "num_return_sequences": SEVERAL_TEXTS,
    "n": SEVERAL_TEXTS,
}


def meant_by(name: str, known: Sequence[str]) -> str:
    """Return advice for a setting of another program; "" if the setting is unknown.

    Args:
        name: the given name.
        known: the legal names.
    """
    for own, others in OTHER_NAMES.items():
        if own in known and name in others.split():
            return f"did you mean {own!r}?"
    needed, advice = INSTEAD.get(name, ("", ""))
    return advice if needed in known else ""
