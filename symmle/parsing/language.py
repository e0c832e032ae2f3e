"""The words of the language: its functions, its constants, and what a name may be."""

import keyword
from collections.abc import Callable, Mapping

import sympy as sp

from symmle.errors import InputError
from symmle.parsing.source import short

ANY = 10**1200
CONSTANTS = {"pi": sp.pi, "E": sp.E, "EulerGamma": sp.EulerGamma}
STATISTICS = ("mean", "var", "cov", "median", "median_low", "median_high")
_SHADOWABLE = ("beta", "gamma", "zeta")  # functions whose names statisticians give to parameters


def _loggamma(argument: sp.Expr) -> sp.Expr:
    # Not left to SymPy: for an integer symbol it makes log(gamma(n)), which overflows at 171.
    return sp.loggamma(argument, evaluate=argument.is_number)


def _log_factor(factor: sp.Expr) -> sp.Expr | None:
    """log(factor) without overflow, if the factor is a power of a positive gamma, beta, ..."""
    base, exponent = factor.as_base_exp()
    below: list[sp.Expr] = []
    unsure: list[sp.Expr] = []
    match base:
        case sp.gamma():
            above = [*base.args]
        case sp.factorial():
            above = [base.args[0] + 1]
        case sp.beta():
            above, below = [*base.args], [sp.Add(*base.args)]
        case sp.binomial():
            n, k = base.args
            above, below = [n + 1], [k + 1, n - k + 1]
            if n.is_integer and k.is_integer:
                unsure = below[1:]  # not positive for k > n, where both sides are -oo
        case _:
            return None
    if not exponent.is_real or not all(g.is_positive or g in unsure for g in above + below):
        return None
    return exponent * (sp.Add(*map(_loggamma, above)) - sp.Add(*map(_loggamma, below)))


def _log(argument: sp.Expr, base: sp.Expr | None = None) -> sp.Expr:
    """log, with loggamma for the logs of gamma, beta, factorial, binomial: those overflow."""
    if base is not None:
        return _log(argument) / _log(base)
    factors = {each: _log_factor(each) for each in sp.Mul.make_args(argument)}
    rest = sp.Mul(*(each for each, value in factors.items() if value is None))
    return sp.Add(sp.log(rest), *(value for value in factors.values() if value is not None))


# name: (what it builds, its fewest and most arguments, the largest number that may stand in it)
FUNCTIONS: Mapping[str, tuple[Callable[..., sp.Expr], int, int, int]] = {
    "log": (_log, 1, 2, ANY),
    "log1p": (lambda x: _log(1 + x), 1, 1, ANY),
    "exp": (sp.exp, 1, 1, 2_700),
    "expm1": (lambda x: sp.exp(x) - 1, 1, 1, 2_700),
    "logaddexp": (lambda a, b: _log(sp.exp(a) + sp.exp(b)), 2, 2, 2_700),
    "sqrt": (sp.sqrt, 1, 1, ANY),
    "sign": (sp.sign, 1, 1, ANY),
    "floor": (sp.floor, 1, 1, ANY),
    "Abs": (sp.Abs, 1, 1, ANY),
    "abs": (sp.Abs, 1, 1, ANY),
    "Min": (sp.Min, 2, 8, ANY),
    "min": (sp.Min, 2, 8, ANY),
    "Max": (sp.Max, 2, 8, ANY),
    "max": (sp.Max, 2, 8, ANY),
    "gamma": (sp.gamma, 1, 1, 500),
    "loggamma": (_loggamma, 1, 1, 500),
    "factorial": (sp.factorial, 1, 1, 500),
    "binomial": (sp.binomial, 2, 2, 500),
    "beta": (sp.beta, 2, 2, 500),
    "digamma": (sp.digamma, 1, 1, 500),
    "trigamma": (sp.trigamma, 1, 1, 500),
    "polygamma": (sp.polygamma, 2, 2, 50),
    "besseli": (sp.besseli, 2, 2, 50),
    "zeta": (sp.zeta, 1, 2, 50),
    "erf": (sp.erf, 1, 1, 10**6),
    "erfc": (sp.erfc, 1, 1, 10**6),
    "Phi": (lambda z: sp.erfc(-z / sp.sqrt(2)) / 2, 1, 1, 10**6),  # the normal distribution's
    "LambertW": (sp.LambertW, 1, 1, 10**6),
    "sin": (sp.sin, 1, 1, 10**6),
    "cos": (sp.cos, 1, 1, 10**6),
    "tan": (sp.tan, 1, 1, 10**6),
    "atan": (sp.atan, 1, 1, ANY),
    "atan2": (sp.atan2, 2, 2, ANY),
    "sinh": (sp.sinh, 1, 1, 2_700),
    "cosh": (sp.cosh, 1, 1, 2_700),
    "tanh": (sp.tanh, 1, 1, 2_700),
}
CHOOSING = {"Abs", "abs", "sign", "floor", "Min", "min", "Max", "max", "where"}
DISCRETE = {
    "gamma",
    "loggamma",
    "factorial",
    "binomial",
    "beta",
    "digamma",
    "trigamma",
    "polygamma",
    "besseli",
    "zeta",
}  # a number inside x + 1000 costs as much as x = 1000
ELSEWHERE = {
    "ln": "log",
    "lgamma": "loggamma",
    "gammaln": "loggamma",
    "psi": "digamma",
    "choose": "binomial",
    "arctan": "atan",
    "arctan2": "atan2",
    "pnorm": "Phi",
    "ndtr": "Phi",
    "log_ndtr": "log(Phi(z))",
    "expit": "1/(1 + exp(-x))",
    "plogis": "1/(1 + exp(-x))",
    "logit": "log(p/(1 - p))",
    "ifelse": "where",
    "Piecewise": "where",
    "pow": "**",
    "lbeta": "log(beta(a, b))",
    "log10": "log(x, 10)",
    "log2": "log(x, 2)",
}


def check_name(name: str, what: str = "parameter") -> str:
    """Return `name` if it can name a symbol here, in SymPy and in generated code.

    It must be an ASCII identifier of at most 40 characters that is no Python keyword, does not
    start with an underscore, and means nothing else: no function of the language (except beta,
    gamma and zeta, which stay functions where they are called), no constant of SymPy (E, I, pi,
    oo: an expression printed with such a symbol would be read back as the number, silently),
    no sample statistic (mean, var, cov, median, ...).  SymPy's other names (S, N, shape, ...) are
    free; to read printed expressions, give SymPy the symbols: `sympify(text, locals={...})`.
    Raises InputError saying which rule is broken and what to write instead.
    """
    if not (name.isascii() and name.isidentifier() and name[0] != "_" and len(name) <= 40):
        reason = "use at most 40 letters, digits and _, with a letter first"
    elif keyword.iskeyword(name):
        other = "lam or rate" if name == "lambda" else f"{name}_"
        reason = f"it is a keyword of Python; write {other}"
    elif name in (*FUNCTIONS, "where") and name not in _SHADOWABLE:
        reason = f"it is a function; write {name}_"
    elif name in STATISTICS:
        reason = f"it denotes a sample statistic; write {name}_"
    elif isinstance(getattr(sp, name, None), sp.Basic):
        reason = f"SymPy reads it as a constant; write {name}_"
    else:
        return name
    raise InputError(f"{short(name)} cannot name a {what}: {reason}")
