"""Running a trained model without a training framework: ONNX Runtime, state in and out."""
