"""What a model remembers of the text so far."""

import numpy as np
from numpy.typing import NDArray

# Hidden and cell state of each layer, bottom first, each of shape (batch, units).
State = tuple[NDArray[np.float32], ...]
