"""Compiles graphs with ONNX Runtime, which calls a compiled graph a session."""

import os
from typing import Any

from textgen.runtime.engine.onnx_graph import GraphModel

# From 1.29 on the library reports its use to its maker, from its import on, unless this is set.
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")

import onnxruntime

Compiled = Any  # an `InferenceSession`; the library publishes no types

# Selects exact kernels where sums of 8-bit products would overflow (x86 without VNNI).
EXACT_SUMS = ("session.x64quantprecision", "1")
ERRORS_ONLY = 3  # log level; below it the library warns of missing hardware


def open_session(model: GraphModel, threads: int) -> Compiled:
    """Compile a graph.

    Args:
        model: the graph and its large arrays.
        threads: threads for one operation.
    """
    options = onnxruntime.SessionOptions()
    options.log_severity_level = ERRORS_ONLY
    options.intra_op_num_threads = threads
    options.add_session_config_entry(*EXACT_SUMS)
    values = [onnxruntime.OrtValue.ortvalue_from_numpy(a) for a in model.arrays.values()]
    options.add_external_initializers(list(model.arrays), values)
    return onnxruntime.InferenceSession(model.graph, options, providers=["CPUExecutionProvider"])
