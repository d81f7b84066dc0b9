"""The state of a model after some text."""

import numpy as np
from numpy.typing import NDArray

# The arrays that `ModelConfig.state_units` names, in that order, each of shape (batch, units).
State = tuple[NDArray[np.float32], ...]
