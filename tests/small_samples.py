"""Few rows, equal rows and extreme rows for each kind of data, and what is to be said of them.

EXPECTED: for each family what is said of each sample, in the order of `samples_of`; behind a colon
the parameter that runs off, and its end.  `exists` is a maximum that doubles may not reach (data of
1e-300): it is found, or nothing is claimed.  `none` is any answer without an estimate: it stands
where nothing is known how to solve, and where theory leaves the choice between two words.
"""

from symmle.families import FAMILIES

LAST = 2.0**-52
EQUAL = 5
REAL = {
    "one": [0.4],
    "two": [-1.3, 0.4],
    "three": [-1.3, 0.4, 2.9],
    "equal": [0.4] * EQUAL,
    "tiny": [-2e-300, 1e-300, 4e-300],
    "huge": [-2e300, 1e300, 4e300],
    "outlier": [-1.3, 0.4, 2.9, 1.1, 1e100],
}
POSITIVE = {
    "one": [1.9],
    "two": [0.7, 1.9],
    "three": [0.7, 1.9, 4.2],
    "equal": [1.9] * EQUAL,
    "tiny": [1e-300, 2e-300, 5e-300],
    "huge": [1e300, 2e300, 5e300],
    "outlier": [0.7, 1.9, 4.2, 1.1, 1e100],
}
UNIT = {
    "one": [0.45],
    "two": [0.2, 0.45],
    "three": [0.2, 0.45, 0.8],
    "equal": [0.45] * EQUAL,
    "tiny": [1e-300, 2e-300, 5e-300],
    "huge": [1 - LAST / 2, 1 - LAST, 1 - 2 * LAST],
    "outlier": [0.2, 0.45, 0.8, 0.3, 1e-300],
}
ABOVE_ONE = {
    "one": [2.2],
    "two": [1.4, 2.2],
    "three": [1.4, 2.2, 5.1],
    "equal": [2.2] * EQUAL,
    "tiny": [1 + LAST, 1 + 2 * LAST, 1 + 4 * LAST],
    "huge": [1e300, 2e300, 5e300],
    "outlier": [1.4, 2.2, 5.1, 1.9, 1e100],
}
ANGLE = {
    "one": [0.3],
    "two": [-0.6, 0.3],
    "three": [-0.6, 0.3, 1.1],
    "equal": [0.3] * EQUAL,
    "tiny": [-2e-300, 1e-300, 4e-300],
    "huge": [-3.14, 3.14, 3.1],
    "outlier": [-0.6, 0.3, 1.1, 0.2, 3.1],
}
COUNTS = {
    "one": [2],
    "two": [1, 4],
    "three": [1, 4, 2],
    "equal": [2] * EQUAL,
    "least": [0] * 3,
    "huge": [10**15, 2 * 10**15, 5 * 10**15],
    "outlier": [1, 4, 2, 3, 10**5],
}
FROM_ONE = COUNTS | {"least": [1] * 3}
BY_DATA = {
    "real": REAL,
    "[lower, upper]": REAL,
    "[minimum, oo)": REAL,
    "positive": POSITIVE,
    "(0, upper]": POSITIVE,
    "nonnegative": POSITIVE | {"least": [0.0] * 3},
    "unit": UNIT,
    "(1, oo)": ABOVE_ONE,
    "angle": ANGLE,
    "integer": COUNTS,
    "nonnegative integer": COUNTS,
    "integer in [0, trials]": COUNTS,
    "integer in [lower, upper]": COUNTS,
    "positive integer": FROM_ONE,
    "integer in [1, size]": FROM_ONE,
    "integer in [0, 1]": {
        "one": [1], "two": [0, 1], "three": [0, 1, 1], "equal": [1] * EQUAL, "least": [0] * 3
    },
    "integer in [1, 3]": {"one": [2], "two": [1, 2], "three": [1, 2, 3], "equal": [2] * EQUAL},
}  # fmt: skip
BY_NAME = {
    "pareto": POSITIVE,
    "multinomial": {
        "one": [[1, 4, 2]],
        "two": [[1, 4, 2], [3, 2, 2]],
        "three": [[1, 4, 2], [3, 2, 2], [2, 1, 5]],
        "equal": [[1, 4, 2]] * EQUAL,
        "least": [[0, 4, 0]] * 3,
        "huge": [[10**15, 2 * 10**15, 5 * 10**15]] * 2,
        "outlier": [[1, 4, 2], [3, 2, 2], [1, 10**6, 1]],
    },
    "dirichlet": {
        "one": [[0.2, 0.3]],
        "two": [[0.2, 0.3], [0.4, 0.35]],
        "three": [[0.2, 0.3], [0.4, 0.35], [0.15, 0.6]],
        "equal": [[0.2, 0.3]] * EQUAL,
        "tiny": [[1e-300, 0.5], [2e-300, 0.3], [5e-300, 0.4]],
        "outlier": [[0.2, 0.3], [0.4, 0.35], [0.15, 0.6], [1e-300, 0.5]],
    },
    "multivariate_normal": {
        "one": [[0.4, 2.0]],
        "two": [[-1.3, 0.4], [0.4, 2.0]],
        "three": [[-1.3, 0.4], [0.4, 2.0], [2.9, 1.1]],
        "equal": [[0.4, 2.0]] * EQUAL,
        "tiny": [[-2e-300, 1e-300], [1e-300, 2e-300], [4e-300, -1e-300]],
        "huge": [[-2e300, 1e300], [1e300, 2e300], [4e300, -1e300]],
        "outlier": [[-1.3, 0.4], [0.4, 2.0], [2.9, 1.1], [1.0, 1e100]],
    },
}


def samples_of(name: str) -> dict[str, list]:
    """The samples of a family, by what is special about them."""
    return BY_NAME.get(name) or BY_DATA[next(iter(FAMILIES[name].data.values()))]


EXPECTED = {
    "normal": "unbounded:sigma=0 ok ok unbounded:sigma=0 exists exists ok",
    "cauchy": "unbounded:scale=0 not_unique ok unbounded:scale=0 exists exists ok",
    "logistic": "unbounded:scale=0 ok ok unbounded:scale=0 exists exists ok",
    "gumbel": "unbounded:scale=0 ok ok unbounded:scale=0 exists exists exists",
    "gumbel_minimum": "unbounded:scale=0 ok ok unbounded:scale=0 exists exists exists",
    "laplace": "unbounded:scale=0 not_unique ok unbounded:scale=0 exists exists ok",
    "asymmetric_laplace": (
        "unbounded:scale=0 boundary:scale=0 boundary:scale=0 unbounded:scale=0 exists exists exists"
    ),
    "student_t": (
        "unbounded:scale=0 unbounded unbounded:scale=0 unbounded:scale=0 unbounded none unbounded"
    ),
    "hyperbolic_secant": "unbounded:scale=0 ok ok unbounded:scale=0 exists exists ok",
    "generalised_normal": (
        "unbounded:scale=0 unbounded:scale=0 unbounded:scale=0 unbounded:scale=0 none none none"
    ),
    "skew_normal": (
        "unbounded:scale=0 no_finite_estimate no_finite_estimate:alpha=oo "
        "unbounded:scale=0 none none none"
    ),
    "two_piece_normal": (
        "unbounded:scale=0 no_finite_estimate no_finite_estimate:skew=oo "
        "unbounded:scale=0 none none none"
    ),
    "two_piece_student_t": (
        "unbounded:scale=0 unbounded:scale=0 unbounded unbounded:scale=0 unbounded none unbounded"
    ),
    "two_piece_generalised_normal": (
        "unbounded:scale=0 unbounded:scale=0 unbounded:scale=0 unbounded:scale=0 none none none"
    ),
    "generalised_extreme_value": (
        "unbounded unbounded local_maximum unbounded unbounded none unbounded"
    ),
    "shifted_exponential": (
        "no_finite_estimate:rate=oo boundary boundary "
        "no_finite_estimate:rate=oo exists exists boundary"
    ),
    "lognormal": "unbounded:sigma=0 ok ok unbounded:sigma=0 ok ok ok",
    "exponential": "ok ok ok ok exists exists ok no_finite_estimate:rate=oo",
    "gamma": "no_finite_estimate:shape=oo ok ok no_finite_estimate:shape=oo exists exists ok",
    "weibull": "no_finite_estimate:shape=oo ok ok no_finite_estimate:shape=oo exists exists ok",
    "inverse_gaussian": (
        "no_finite_estimate:shape=oo ok ok no_finite_estimate:shape=oo exists exists ok"
    ),
    "inverse_gamma": (
        "no_finite_estimate:shape=oo ok ok no_finite_estimate:shape=oo exists exists ok"
    ),
    "generalised_gamma": (
        "unbounded no_finite_estimate:power=oo no_finite_estimate:power=oo "
        "unbounded none none boundary:power=0"
    ),
    "chi": "ok ok ok ok ok exists exists",
    "chi_squared": "ok ok ok ok ok exists exists",
    "fisher_f": (
        "no_finite_estimate:df1=oo no_finite_estimate:df1=oo no_finite_estimate:df1=oo "
        "no_finite_estimate:df1=oo none none none"
    ),
    "rayleigh": "ok ok ok ok exists exists ok",
    "maxwell": "ok ok ok ok exists exists ok",
    "half_normal": "ok ok ok ok exists exists ok unbounded:scale=0",
    "half_cauchy": "ok ok ok ok exists exists exists unbounded:scale=0",
    "half_logistic": "ok ok ok ok exists exists exists unbounded:scale=0",
    "levy": "ok ok ok ok exists exists ok",
    "frechet": "no_finite_estimate:shape=oo ok ok no_finite_estimate:shape=oo exists exists ok",
    "nakagami": (
        "no_finite_estimate:shape=oo ok ok no_finite_estimate:shape=oo exists exists exists"
    ),
    "rice": "unbounded:scale=0 ok boundary:distance=0 unbounded:scale=0 exists exists exists",
    "lindley": "ok ok ok ok exists exists exists",
    "gompertz": (
        "no_finite_estimate:rate=oo ok ok no_finite_estimate:rate=oo "
        "exists exists boundary:rate=0 no_finite_estimate"
    ),
    "birnbaum_saunders": "unbounded ok ok unbounded exists exists exists",
    "pareto": (
        "no_finite_estimate:shape=oo boundary boundary "
        "no_finite_estimate:shape=oo boundary boundary boundary"
    ),
    "lomax": (
        "no_finite_estimate:scale=oo no_finite_estimate:scale=oo no_finite_estimate:scale=oo "
        "no_finite_estimate:scale=oo none none ok none"
    ),
    "generalised_pareto": (
        "unbounded unbounded unbounded unbounded unbounded none local_maximum unbounded:scale=0"
    ),
    "log_logistic": (
        "no_finite_estimate:shape=oo ok ok no_finite_estimate:shape=oo exists exists ok"
    ),
    "burr": "unbounded no_finite_estimate no_finite_estimate unbounded none none none",
    "inverse_burr": "unbounded no_finite_estimate no_finite_estimate unbounded none none none",
    "paralogistic": (
        "no_finite_estimate:shape=oo ok ok no_finite_estimate:shape=oo exists exists ok"
    ),
    "inverse_paralogistic": (
        "no_finite_estimate:shape=oo ok ok no_finite_estimate:shape=oo exists exists ok"
    ),
    "inverse_pareto": (
        "boundary:scale=0 boundary:scale=0 boundary:scale=0 boundary:scale=0 exists exists exists"
    ),
    "beta_prime": "no_finite_estimate:a=oo ok ok no_finite_estimate:a=oo exists exists ok",
    "log_gamma": "no_finite_estimate:shape=oo ok ok no_finite_estimate:shape=oo ok ok ok",
    "beta": "no_finite_estimate:a=oo ok ok no_finite_estimate:a=oo exists exists ok",
    "kumaraswamy": "no_finite_estimate:b=oo ok ok no_finite_estimate:b=oo exists exists ok",
    "logit_normal": "unbounded:sigma=0 ok ok unbounded:sigma=0 exists ok ok",
    "unit_lindley": "ok ok ok ok exists ok ok",
    "topp_leone": "ok ok ok ok ok exists ok",
    "power_function": (
        "no_finite_estimate:shape=oo boundary boundary "
        "no_finite_estimate:shape=oo boundary boundary boundary"
    ),
    "uniform": (
        "unbounded:upper=lower boundary boundary unbounded:upper=lower boundary boundary boundary"
    ),
    "von_mises": (
        "no_finite_estimate:concentration=oo ok ok no_finite_estimate:concentration=oo exists ok ok"
    ),
    "poisson": "ok ok ok ok boundary:rate=0 ok ok",
    "bernoulli": "boundary:p=1 ok ok boundary:p=1 boundary:p=0",
    "binomial": "boundary ok ok boundary boundary no_finite_estimate no_finite_estimate",
    "beta_binomial": "none none none none none none none",
    "geometric": "ok ok ok ok boundary:p=1 ok ok",
    "shifted_geometric": "ok ok ok ok boundary:p=1 ok ok",
    "negative_binomial": (
        "no_finite_estimate:size=oo no_finite_estimate:size=oo no_finite_estimate:size=oo "
        "no_finite_estimate:size=oo boundary none ok"
    ),
    "log_series": "ok ok ok ok boundary:p=0 exists ok",
    "zero_inflated_poisson": (
        "boundary:zero=0 boundary:zero=0 boundary:zero=0 "
        "boundary:zero=0 boundary boundary:zero=0 boundary:zero=0"
    ),
    "zero_truncated_poisson": "ok ok ok ok boundary:rate=0 exists exists",
    "borel": "ok ok ok ok boundary:rate=0 ok ok",
    "yule_simon": "ok ok ok ok no_finite_estimate:shape=oo ok ok",
    "zeta": "ok ok ok ok no_finite_estimate:exponent=oo ok ok",
    "zipf": (
        "boundary:exponent=1 boundary:exponent=1 boundary:exponent=1 boundary:exponent=1 "
        "not_unique boundary:exponent=1 boundary"
    ),
    "discrete_uniform": "boundary boundary boundary boundary boundary boundary boundary",
    "skellam": "boundary:b=0 boundary:b=0 boundary:b=0 boundary:b=0 boundary exists exists",
    "categorical": "boundary:p1=0 boundary ok boundary:p1=0",
    "multinomial": "ok ok ok ok boundary:p1=0 ok ok",
    "dirichlet": "no_finite_estimate:a1=oo ok ok no_finite_estimate:a1=oo exists ok",
    "multivariate_normal": "unbounded:s11=0 unbounded ok unbounded:s11=0 exists exists exists",
}
