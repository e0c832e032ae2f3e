"""Make estimates.json: maximum-likelihood estimates by scipy.stats alone, symmle not involved.

Run:  python tests/ref/make_estimates.py > tests/ref/estimates.json

The likelihood is scipy's logpdf or logpmf, the maximiser scipy's Nelder-Mead restarted until it
stands still, so the log-likelihood is good to some 13 digits and the point to some 7.
"""

import json
import platform

import numpy as np
import scipy
from scipy import optimize, stats

# family: (scipy name, what our parameters are to scipy, start, which parameters are positive)
FAMILIES = {
    "normal": ("norm", lambda mu, sigma: {"loc": mu, "scale": sigma}, [0.5, 1.0], [0, 1]),
    "lognormal": ("lognorm", lambda mu, s: {"s": s, "scale": np.exp(mu)}, [0.5, 1.0], [0, 1]),
    "exponential": ("expon", lambda rate: {"scale": 1 / rate}, [1.0], [1]),
    "gamma": ("gamma", lambda a, b: {"a": a, "scale": 1 / b}, [1.5, 1.0], [1, 1]),
    "weibull": ("weibull_min", lambda k, s: {"c": k, "scale": s}, [1.5, 1.0], [1, 1]),
    "inverse_gaussian": ("invgauss", lambda m, k: {"mu": m / k, "scale": k}, [1.5, 1.0], [1, 1]),
    "beta": ("beta", lambda a, b: {"a": a, "b": b}, [1.5, 1.5], [1, 1]),
    "cauchy": ("cauchy", lambda m, s: {"loc": m, "scale": s}, [0.5, 1.0], [0, 1]),
    "rayleigh": ("rayleigh", lambda s: {"scale": s}, [1.0], [1]),
    "poisson": ("poisson", lambda rate: {"mu": rate}, [2.0], [1]),
    "bernoulli": ("bernoulli", lambda p: {"p": p}, [0.4], [2]),
    "geometric": ("geom", lambda p: {"p": p, "loc": -1}, [0.4], [2]),
    "negative_binomial": (
        "nbinom", lambda n, mu: {"n": n, "p": n / (n + mu)}, [1.5, 2.0], [1, 1]
    ),
}  # fmt: skip
REAL = [0.37, -1.9, 2.71, 0.05, 5.3, -0.6, 1.44, 0.9, 1.1, -0.2]
POSITIVE = [0.31, 1.7, 0.92, 4.4, 2.05, 0.66, 7.9, 1.15, 0.48, 3.3]
UNIT = [0.13, 0.58, 0.34, 0.91, 0.47, 0.72, 0.06, 0.66, 0.29, 0.4]
COUNTS = [0, 3, 1, 9, 0, 2, 14, 1, 0, 4]
ZERO_ONE = [0, 1, 1, 0, 0, 1, 0, 0, 0, 0]
DATA = {
    "normal": REAL, "cauchy": REAL, "beta": UNIT, "poisson": COUNTS, "geometric": COUNTS,
    "negative_binomial": COUNTS, "bernoulli": ZERO_ONE,
}  # fmt: skip

OUT = (lambda t: t, np.exp, lambda t: 1 / (1 + np.exp(-t)))
IN = (lambda v: v, np.log, lambda v: np.log(v / (1 - v)))


def best(name: str, x: np.ndarray) -> tuple[list[float], float]:
    """The maximiser and the log-likelihood there."""
    scipy_name, arguments, start, kinds = FAMILIES[name]
    distribution = getattr(stats, scipy_name)
    logs = distribution.logpmf if hasattr(distribution, "logpmf") else distribution.logpdf

    def loss(free: np.ndarray) -> float:
        point = [OUT[kind](t) for kind, t in zip(kinds, free, strict=True)]
        value = -float(np.sum(logs(x, **arguments(*point))))
        return value if np.isfinite(value) else 1e300

    at = np.array([IN[kind](v) for kind, v in zip(kinds, start, strict=True)])
    for _ in range(6):
        at = optimize.minimize(
            loss,
            at,
            method="Nelder-Mead",
            options={"xatol": 1e-12, "fatol": 1e-14, "maxiter": 4000},
        ).x
    return [float(OUT[kind](t)) for kind, t in zip(kinds, at, strict=True)], -loss(at)


def main() -> None:
    """Print the reference as JSON, the versions that made it first."""
    record: dict[str, object] = {
        "made_by": f"scipy {scipy.__version__}, numpy {np.__version__}, "
        f"Python {platform.python_version()}"
    }
    for name in FAMILIES:
        data = DATA.get(name, POSITIVE)
        point, height = best(name, np.array(data, dtype=float))
        record[name] = {"data": data, "estimate": point, "log_likelihood": height}
    print(json.dumps(record, indent=1))


if __name__ == "__main__":
    main()
