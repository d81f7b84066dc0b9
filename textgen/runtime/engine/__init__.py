"""The model as ONNX graphs: tokens and state in, logits and state out."""
