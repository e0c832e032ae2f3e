"""Data: files and arrays -> columns of checked doubles, and their means and covariances.

    files     CSV, TSV, text, .npy, Parquet, Feather and standard input
    sample    the frozen record that everything below reads, and the checks on its values
    moments   weighted means and covariances to the last digits

A number is wrong here once or never: what is not a finite number is refused with its row, and
nothing is dropped that was not asked to be.
Imports NumPy; of symmle it needs `errors` only.  `fit` and `cli` consume it.
"""

from symmle.data.files import read
from symmle.data.moments import covariance, variance, weighted_mean
from symmle.data.sample import Sample, from_array, from_columns, require_domain

__all__ = [
    "Sample",
    "covariance",
    "from_array",
    "from_columns",
    "read",
    "require_domain",
    "variance",
    "weighted_mean",
]
