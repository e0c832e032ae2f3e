"""Expressions as text for one number at a time: `math`, and the functions of `library`."""

from collections.abc import Mapping
from types import MappingProxyType

# SymPy's name, or that of a stable form: what it is called in scalar code.
_NUMBERS = {
    "exp": "math.exp",
    "stable_exp": "math.exp",
    "log": "math.log",
    "log1p": "math.log1p",
    "expm1": "math.expm1",
    "logaddexp": "_logaddexp",
    "expit": "_expit",
    "sin": "math.sin",
    "cos": "math.cos",
    "tan": "math.tan",
    "asin": "math.asin",
    "acos": "math.acos",
    "atan": "math.atan",
    "atan2": "math.atan2",
    "asinh": "math.asinh",
    "sinh": "math.sinh",
    "cosh": "math.cosh",
    "tanh": "math.tanh",
    "Abs": "abs",
    "sign": "_sign",
    "floor": "math.floor",
    "loggamma": "math.lgamma",
    "gamma": "math.gamma",
    "beta": "_beta",
    "binomial": "_binomial",
    "polygamma": "_polygamma",
    "ive": "_ive",
    "erf": "math.erf",
    "tail": "math.erfc",
    "log_tail": "_log_erfc",
    "erfcx": "_erfcx",
    "zeta_slope": "_zeta",
    "lambert_w": "_lambert_w",
    "log_sinh": "_log_sinh",
    "log_cosh": "_log_cosh",
    "log1mexp": "_log1mexp",
    "log_beta": "_log_beta",
    "loggamma_rise": "_loggamma_rise",
    "peak": "max",
    "log_ratio": "_log_ratio",
    "rise": "_rise",
    "log_minus_digamma": "_log_minus_digamma",
    "inverse_minus_trigamma": "_inverse_minus_trigamma",
}
FUNCTIONS: Mapping[str, tuple[str, str]] = MappingProxyType(
    {name: (text, text) for name, text in _NUMBERS.items()}
)
