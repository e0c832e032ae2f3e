"""Names of types that the helpers use."""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Point = tuple[float, ...]
_EPSILON = 2.0**-52
_MOST_STEPS = 200
