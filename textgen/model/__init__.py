"""The network: a Keras embedding, stacked LSTM layers and a projection to logits."""
