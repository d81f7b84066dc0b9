"""Compiled graphs, which ONNX Runtime calls sessions."""

import os
from typing import Any

from textgen.runtime.engine.onnx_graph import GraphModel

# From 1.29 on the library tells its maker that it runs, from its import on, unless it is told.
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")

import onnxruntime

Compiled = Any  # an `InferenceSession`; the library publishes no types

# Where a processor's sums of 8-bit products would overflow (x86 without VNNI), other kernels run.
EXACT_SUMS = ("session.x64quantprecision", "1")
ERRORS_ONLY = 3  # the library's log level; it warns of hardware it does not find


def open_session(model: GraphModel, threads: int) -> Compiled:
    """Compile a graph.

    Args:
        model: the graph and its large arrays.
        threads: that one operation may use.
    """
    options = onnxruntime.SessionOptions()
    options.log_severity_level = ERRORS_ONLY
    options.intra_op_num_threads = threads
    options.add_session_config_entry(*EXACT_SUMS)
    values = [onnxruntime.OrtValue.ortvalue_from_numpy(a) for a in model.arrays.values()]
    options.add_external_initializers(list(model.arrays), values)
    return onnxruntime.InferenceSession(model.graph, options, providers=["CPUExecutionProvider"])
