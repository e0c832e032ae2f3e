"""Make family_fits.json: 40 rows of each family, and how high a plain maximiser climbs on them.

Run:  python tests/ref/make_family_fits.py > tests/ref/family_fits.json

Rows are drawn by SciPy, or by inverting the density on a grid where SciPy lacks the family; the
log-likelihood is SciPy's, or the density written out below; the maximiser is Nelder-Mead, started
half a unit of the free coordinates away from the point that the rows were drawn at.  symmle takes
no part.
"""

import json
import math
import platform
import sys
from collections.abc import Callable

import numpy as np
import scipy
from scipy import optimize, special, stats

ROWS = 40
lg, log, exp = special.gammaln, np.log, np.exp
R, P, U, P1 = "real", "positive", "unit", "above one"
OUT = {
    R: lambda t: t,
    P: np.exp,
    P1: lambda t: 1 + np.exp(t),
    U: special.expit,
}
IN = {R: lambda v: v, P: np.log, P1: lambda v: np.log(v - 1), U: special.logit}


def sc(name: str, arguments: Callable[..., dict[str, float]]) -> Callable[..., object]:
    """A SciPy distribution at our parameters."""
    return lambda *theta: getattr(stats, name)(**arguments(*theta))


def ls(name: str) -> Callable[..., object]:
    return sc(name, lambda loc, scale: {"loc": loc, "scale": scale})


def of_scale(name: str) -> Callable[..., object]:
    return sc(name, lambda scale: {"scale": scale})


# family: (distribution, the point that rows are drawn at, the kind of each parameter)
IN_SCIPY = {
    "normal": (ls("norm"), [1.5, 2], [R, P]),
    "cauchy": (ls("cauchy"), [1.5, 2], [R, P]),
    "logistic": (ls("logistic"), [1.5, 2], [R, P]),
    "gumbel": (ls("gumbel_r"), [1.5, 2], [R, P]),
    "gumbel_minimum": (ls("gumbel_l"), [1.5, 2], [R, P]),
    "laplace": (ls("laplace"), [1.5, 2], [R, P]),
    "asymmetric_laplace": (
        sc("laplace_asymmetric", lambda m, s, k: {"kappa": k, "loc": m, "scale": s}),
        [1.5, 2, 0.7], [R, P, P],
    ),
    "student_t": (
        sc("t", lambda m, s, k: {"df": k, "loc": m, "scale": s}), [1.5, 2, 3], [R, P, P]
    ),
    "hyperbolic_secant": (
        sc("hypsecant", lambda m, s: {"loc": m, "scale": 2 * s / math.pi}), [1.5, 2], [R, P]
    ),
    "generalised_normal": (
        sc("gennorm", lambda m, s, k: {"beta": k, "loc": m, "scale": s}), [1.5, 2, 2.5], [R, P, P]
    ),
    "skew_normal": (
        sc("skewnorm", lambda m, s, a: {"a": a, "loc": m, "scale": s}), [1.5, 2, 3], [R, P, R]
    ),
    "generalised_extreme_value": (
        sc("genextreme", lambda m, s, k: {"c": -k, "loc": m, "scale": s}), [1.5, 2, 0.2], [R, P, R]
    ),
    "shifted_exponential": (
        sc("expon", lambda m, r: {"loc": m, "scale": 1 / r}), [1.5, 0.5], [R, P]
    ),
    "lognormal": (sc("lognorm", lambda m, s: {"s": s, "scale": exp(m)}), [0.5, 0.8], [R, P]),
    "exponential": (sc("expon", lambda r: {"scale": 1 / r}), [0.5], [P]),
    "gamma": (sc("gamma", lambda a, b: {"a": a, "scale": 1 / b}), [2.5, 0.8], [P, P]),
    "weibull": (sc("weibull_min", lambda k, s: {"c": k, "scale": s}), [1.7, 2], [P, P]),
    "inverse_gaussian": (
        sc("invgauss", lambda m, k: {"mu": m / k, "scale": k}), [2, 3], [P, P]
    ),
    "inverse_gamma": (sc("invgamma", lambda a, s: {"a": a, "scale": s}), [2.5, 2], [P, P]),
    "generalised_gamma": (
        sc("gengamma", lambda a, c, s: {"a": a, "c": c, "scale": s}), [1.5, 1.4, 2], [P, P, P]
    ),
    "chi": (sc("chi", lambda k: {"df": k}), [3.5], [P]),
    "chi_squared": (sc("chi2", lambda k: {"df": k}), [3.5], [P]),
    "fisher_f": (sc("f", lambda a, b: {"dfn": a, "dfd": b}), [4, 7], [P, P]),
    "rayleigh": (of_scale("rayleigh"), [2], [P]),
    "maxwell": (of_scale("maxwell"), [2], [P]),
    "half_normal": (of_scale("halfnorm"), [2], [P]),
    "half_cauchy": (of_scale("halfcauchy"), [2], [P]),
    "half_logistic": (of_scale("halflogistic"), [2], [P]),
    "levy": (of_scale("levy"), [2], [P]),
    "frechet": (sc("invweibull", lambda k, s: {"c": k, "scale": s}), [2.5, 2], [P, P]),
    "nakagami": (
        sc("nakagami", lambda k, w: {"nu": k, "scale": math.sqrt(w)}), [1.2, 3], [P, P]
    ),
    "rice": (sc("rice", lambda d, s: {"b": d / s, "scale": s}), [3, 1.2], [P, P]),
    "gompertz": (
        sc("gompertz", lambda a, r: {"c": a / r, "scale": 1 / r}), [0.3, 0.9], [P, P]
    ),
    "birnbaum_saunders": (
        sc("fatiguelife", lambda k, s: {"c": k, "scale": s}), [0.8, 2], [P, P]
    ),
    "pareto": (sc("pareto", lambda m, k: {"b": k, "scale": m}), [1.5, 2.5], [P, P]),
    "lomax": (sc("lomax", lambda k, s: {"c": k, "scale": s}), [1.5, 2], [P, P]),
    "generalised_pareto": (
        sc("genpareto", lambda s, k: {"c": k, "scale": s}), [2, 0.3], [P, R]
    ),
    "log_logistic": (sc("fisk", lambda k, s: {"c": k, "scale": s}), [2.5, 2], [P, P]),
    "burr": (
        sc("burr12", lambda d, c, s: {"c": c, "d": d, "scale": s}), [1.3, 2, 2], [P, P, P]
    ),
    "inverse_burr": (
        sc("mielke", lambda h, k, s: {"k": h * k, "s": k, "scale": s}), [1.3, 2.5, 2], [P, P, P]
    ),
    "paralogistic": (
        sc("burr12", lambda k, s: {"c": k, "d": k, "scale": s}), [1.7, 2], [P, P]
    ),
    "inverse_paralogistic": (
        sc("mielke", lambda k, s: {"k": k * k, "s": k, "scale": s}), [1.7, 2], [P, P]
    ),
    "inverse_pareto": (
        sc("mielke", lambda k, s: {"k": k, "s": 1, "scale": s}), [1.7, 2], [P, P]
    ),
    "beta_prime": (sc("betaprime", lambda a, b: {"a": a, "b": b}), [2, 3], [P, P]),
    "beta": (sc("beta", lambda a, b: {"a": a, "b": b}), [2, 3], [P, P]),
    "power_function": (
        sc("powerlaw", lambda u, k: {"a": k, "scale": u}), [2.5, 1.6], [P, P]
    ),
    "uniform": (
        sc("uniform", lambda low, up: {"loc": low, "scale": up - low}), [-1, 2.5], [R, R]
    ),
    "von_mises": (
        sc("vonmises", lambda m, k: {"kappa": k, "loc": m}), [0.7, 2], [R, P]
    ),
    "poisson": (sc("poisson", lambda r: {"mu": r}), [3.2], [P]),
    "bernoulli": (sc("bernoulli", lambda p: {"p": p}), [0.35], [U]),
    "binomial": (sc("binom", lambda n, p: {"n": n, "p": p}), [12, 0.35], ["whole", U]),
    "beta_binomial": (
        sc("betabinom", lambda n, a, b: {"n": n, "a": a, "b": b}), [12, 2, 3], ["whole", P, P]
    ),
    "geometric": (sc("geom", lambda p: {"p": p, "loc": -1}), [0.3], [U]),
    "shifted_geometric": (sc("geom", lambda p: {"p": p}), [0.3], [U]),
    "negative_binomial": (
        sc("nbinom", lambda k, m: {"n": k, "p": k / (k + m)}), [1.5, 4], [P, P]
    ),
    "log_series": (sc("logser", lambda p: {"p": p}), [0.7], [U]),
    "yule_simon": (sc("yulesimon", lambda a: {"alpha": a}), [2.2], [P]),
    "zeta": (sc("zipf", lambda a: {"a": a}), [2.3], [P1]),
    "zipf": (sc("zipfian", lambda a, n: {"a": a, "n": n}), [1.6, 15], [P1, "whole"]),
    "discrete_uniform": (
        sc("randint", lambda low, up: {"low": low, "high": up + 1}), [-3, 9], ["whole", "whole"]
    ),
    "skellam": (sc("skellam", lambda a, b: {"mu1": a, "mu2": b}), [4, 2.5], [P, P]),
}  # fmt: skip


def two_piece(x, location, skew):
    return (x - location) * np.where(x < location, skew, 1 / skew)


# family: (log-density, the point, the kind of each parameter, where the rows lie)
WRITTEN_OUT = {
    "two_piece_normal": (
        lambda x, m, s, k: log(2 / (k + 1 / k)) + stats.norm.logpdf(two_piece(x, m, k), 0, s),
        [1.5, 2, 1.4], [R, P, P], (-40, 60),
    ),
    "two_piece_student_t": (
        lambda x, m, s, v, k: log(2 / (k + 1 / k)) + stats.t.logpdf(two_piece(x, m, k), v, 0, s),
        [1.5, 2, 3, 1.4], [R, P, P, P], (-80, 120),
    ),
    "two_piece_generalised_normal": (
        lambda x, m, s, b, k: (
            log(2 / (k + 1 / k)) + stats.gennorm.logpdf(two_piece(x, m, k), b, 0, s)
        ),
        [1.5, 2, 2.5, 1.4], [R, P, P, P], (-20, 40),
    ),
    "lindley": (
        lambda x, t: log(t**2 / (1 + t) * (1 + x)) - t * x, [0.8], [P], (0, 40)
    ),
    "log_gamma": (
        lambda x, a, b: stats.gamma.logpdf(log(x), a, 0, 1 / b) - log(x),
        [2.5, 2.2], [P, P], (1, 80),
    ),
    "kumaraswamy": (
        lambda x, a, b: log(a * b) + (a - 1) * log(x) + (b - 1) * log(1 - x**a),
        [2, 3], [P, P], (0, 1),
    ),
    "logit_normal": (
        lambda x, m, s: stats.norm.logpdf(special.logit(x), m, s) - log(x * (1 - x)),
        [0.4, 0.9], [R, P], (0, 1),
    ),
    "unit_lindley": (
        lambda x, t: log(t**2 / (1 + t)) - 3 * log(1 - x) - t * x / (1 - x), [1.5], [P], (0, 1)
    ),
    "topp_leone": (
        lambda x, a: log(a * (2 - 2 * x)) + (a - 1) * log(2 * x - x * x), [1.8], [P], (0, 1)
    ),
    "zero_inflated_poisson": (
        lambda x, r, z: log(z * (x == 0) + (1 - z) * stats.poisson.pmf(x, r)),
        [3.2, 0.3], [P, U], range(60),
    ),
    "zero_truncated_poisson": (
        lambda x, r: stats.poisson.logpmf(x, r) - log(1 - exp(-r)), [2.1], [P], range(1, 60)
    ),
    "borel": (
        lambda x, r: (x - 1) * log(r * x) - r * x - lg(x + 1), [0.4], [U], range(1, 200)
    ),
    "categorical": (
        lambda x, p, q: log(np.choose(x.astype(int) - 1, [p, q, 1 - p - q])),
        [0.2, 0.5], [U, U], range(1, 4),
    ),
}  # fmt: skip
# family: (log-density of the columns, the point, kinds, a sampler)
SEVERAL = {
    "multinomial": (
        lambda x, p, q: stats.multinomial.logpmf(x, x.sum(axis=1), [p, q, 1 - p - q]),
        [0.2, 0.5], [U, U], lambda rng: rng.multinomial(8, [0.2, 0.5, 0.3], ROWS),
    ),
    "dirichlet": (
        lambda x, *a: (
            lg(sum(a)) - sum(map(lg, a)) + (a[0] - 1) * log(x[:, 0]) + (a[1] - 1) * log(x[:, 1])
            + (a[2] - 1) * log(1 - x[:, 0] - x[:, 1])
        ),
        [2, 3, 1.5], [P, P, P], lambda rng: rng.dirichlet([2, 3, 1.5], ROWS)[:, :2],
    ),
    "multivariate_normal": (
        lambda x, m, n, a, b, c: stats.multivariate_normal([m, n], [[a, b], [b, c]]).logpdf(x),
        [1, -2, 2, 0.8, 1.5], [R, R, P, R, P],
        lambda rng: rng.multivariate_normal([1, -2], [[2, 0.8], [0.8, 1.5]], ROWS),
    ),
}  # fmt: skip


def climbed(loss: Callable[..., float], start: np.ndarray) -> tuple[list[float], float]:
    at = start
    for _ in range(3):
        found = optimize.minimize(
            loss, at, method="Nelder-Mead",
            options={"xatol": 1e-7, "fatol": 1e-10, "maxiter": 500, "maxfev": 500},
        )  # fmt: skip
        at = found.x
    return list(at), float(found.fun)


def best(total: Callable[..., float], truth: list[float], kinds: list[str], highest: list[float]):
    """The highest point found; whole numbers are tried one by one near the truth."""
    free = [i for i, kind in enumerate(kinds) if kind != "whole"]

    def held(whole: dict[int, float]) -> tuple[float, list[float]]:
        def point(t: np.ndarray) -> list[float]:
            moved = dict(zip(free, t, strict=True))
            return [
                float(whole[i]) if i in whole else float(OUT[kinds[i]](moved[i]))
                for i in range(len(kinds))
            ]

        def loss(t: np.ndarray) -> float:
            value = total(*point(t))
            return -value if math.isfinite(value) else 1e300

        if not free:
            return -loss(np.array([])), point(np.array([]))
        start = np.array([IN[kinds[i]](truth[i]) for i in free])
        shifts = (0.5, -0.3)
        tops = [climbed(loss, start + shift) for shift in shifts if loss(start + shift) < 1e300]
        if not tops:
            tops = [climbed(loss, start)]
        at, low = min(tops, key=lambda each: each[1])
        return -low, point(np.array(at))

    whole = [i for i, kind in enumerate(kinds) if kind == "whole"]
    if not whole:
        return held({})
    if len(whole) == 1:
        return max(held({whole[0]: n}) for n in range(int(highest[1]), int(highest[1]) + 30))
    return held(dict(zip(whole, highest, strict=True)))


def main() -> None:
    fits = {}
    for name, row in (IN_SCIPY | WRITTEN_OUT | SEVERAL).items():
        print(name, file=sys.stderr)
        rng = np.random.default_rng(sum(map(ord, name)))
        if name in IN_SCIPY:
            law, truth, kinds = row
            x = np.asarray(law(*truth).rvs(ROWS, random_state=rng), float)
            logs = "logpmf" if hasattr(law(*truth).dist, "logpmf") else "logpdf"
            by = f"scipy.stats.{law(*truth).dist.name}"

            def density(x, *theta, law=law, logs=logs):
                return getattr(law(*theta), logs)(x)
        elif name in WRITTEN_OUT:
            density, truth, kinds, where = row
            by = "the density written out"
            if isinstance(where, range):
                grid = np.array(where, float)
            else:
                grid = np.linspace(*where, 400_003)[1:-1]
            with np.errstate(all="ignore"):
                mass = np.cumsum(exp(density(grid, *truth)))
            x = grid[np.searchsorted(mass / mass[-1], rng.uniform(size=ROWS))]
        else:
            density, truth, kinds, sampler = row
            by = "the density written out"
            x = np.asarray(sampler(rng), float)
        if name not in ("uniform", "pareto", "power_function", "shifted_exponential"):
            x = np.round(x, 6)
        if name == "von_mises":
            x = (x + math.pi) % (2 * math.pi) - math.pi

        def total(*theta, density=density, x=x):
            try:
                with np.errstate(all="ignore"):
                    return float(np.sum(density(x, *theta)))
            except (ValueError, np.linalg.LinAlgError):
                return -math.inf

        height, point = best(total, truth, kinds, [float(x.min()), float(x.max())])
        fits[name] = {
            "rows": x.tolist(), "log_likelihood": height, "point": point, "drawn_at": truth,
            "by": by,
        }  # fmt: skip
    versions = {
        "python": platform.python_version(), "numpy": np.__version__, "scipy": scipy.__version__
    }  # fmt: skip
    print(json.dumps({"versions": versions, "fits": fits}, indent=0))


if __name__ == "__main__":
    main()
