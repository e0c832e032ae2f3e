"""The expected information at numbers: against known closed forms, within the bound it gives."""

import functools
import itertools
import math

import mpmath
import pytest
import scipy.integrate
import scipy.special as special
import scipy.stats

from symmle import build_model, family_model
from symmle.derive import derive
from symmle.derive.information_at import information_at
from symmle.errors import InputError
from symmle.known import Known
from symmle.verify.case import case
from symmle.verify.derivatives import check_information

PI, EULER = math.pi, 0.57721566490153286


def own(density, parameters, data="real", constants=None):
    return build_model("own", density, {"x": data}, parameters, constants or {})


PLACE_AND_SPREAD = {"m": "real", "s": "positive"}


def student(df):
    return own(
        f"-({df} + 1)/2*log(1 + (x - m)**2/({df}*s**2)) - log(s) + loggamma(({df} + 1)/2)"
        f" - loggamma({df}/2) - log({df}*pi)/2",
        PLACE_AND_SPREAD,
    )


# Johnson, Kotz & Balakrishnan, Continuous Univariate Distributions: logistic (23.59), gumbel
# (22.88); Lange, Little & Taylor (1989) for t; the others by E[score score'] by hand.
CASES = {
    "logistic": (
        family_model("logistic"),
        (1.5, 0.7),
        [[1 / 3, 0], [0, (3 + PI**2) / 9]],
    ),
    "gumbel": (
        family_model("gumbel"),
        (-2.0, 0.7),
        [[1, -(1 - EULER)], [-(1 - EULER), PI**2 / 6 + (1 - EULER) ** 2]],
    ),
    "student": (student(5), (1.0, 0.7), [[6 / 8, 0], [0, 10 / 8]]),
    "cauchy": (family_model("cauchy"), (3.0, 0.7), [[1 / 2, 0], [0, 1 / 2]]),
    "laplace": (family_model("laplace"), (3.0, 0.7), [[1, 0], [0, 1]]),
}


@pytest.mark.parametrize("name", CASES)
def test_known_closed_forms_are_met_within_the_bound(name):
    """Per unit of 1/scale**2; the bound itself is below a millionth."""
    model, at, wanted = CASES[name]
    point = dict(zip(model.symbols, map(mpmath.mpf, at), strict=True))
    found = information_at(derive(model), point)
    for i in range(2):
        for j in range(2):
            off = abs(found.matrix[i][j] - wanted[i][j] / mpmath.mpf(at[1]) ** 2)
            assert off <= found.errors[i][j] + 1e-15 * (1 + abs(wanted[i][j]) / at[1] ** 2)
            assert found.errors[i][j] < 1e-6


@pytest.mark.parametrize(
    ("name", "at", "frozen"),
    [
        ("rice", (1.0, 0.7), lambda d, s: scipy.stats.rice(d / s, scale=s)),
        ("lomax", (2.5, 0.7), lambda a, s: scipy.stats.lomax(a, scale=s)),
        ("half_cauchy", (0.7,), lambda s: scipy.stats.halfcauchy(scale=s)),
        ("gompertz", (0.8, 0.7), lambda a, b: scipy.stats.gompertz(a / b, scale=1 / b)),
        ("kumaraswamy", (2.0, 3.0), None),
        ("hyperbolic_secant", (0.3, 0.7), None),
        ("half_logistic", (0.7,), lambda s: scipy.stats.halflogistic(scale=s)),
    ],
)
def test_families_agree_with_scipys_integrals_of_the_squared_slope(name, at, frozen):
    """E[score score'] by SciPy's quadrature, the slopes by differences: neither -E[H] nor SymPy."""
    model = family_model(name)
    found = information_at(
        derive(model), dict(zip(model.symbols, map(mpmath.mpf, at), strict=True))
    )
    assert found.known in (Known.CHECKED, Known.PROVED)

    def height(x, theta):
        if frozen is not None:
            return frozen(*theta).logpdf(x)
        if name == "kumaraswamy":
            a, b = theta
            return math.log(a * b) + (a - 1) * math.log(x) + (b - 1) * math.log1p(-(x**a))
        m, s = theta
        z = abs(x - m) * PI / (2 * s)
        return -z - math.log1p(math.exp(-2 * z)) - math.log(s)

    def slope(x, i):
        step = 1e-5
        up, down = list(at), list(at)
        up[i] += step
        down[i] -= step
        return (height(x, up) - height(x, down)) / (2 * step)

    def integrand(i, j, x):
        return math.exp(height(x, at)) * slope(x, i) * slope(x, j)

    ends = {
        "kumaraswamy": (0, 1),
        "hyperbolic_secant": (-15, 15),
        "lomax": (0, 400),
        "rice": (0, 9),
        "gompertz": (0, 8),
    }
    low, high = ends.get(name, (0, 30 if name != "half_cauchy" else 4000))
    cuts = [low, *(low + (high - low) * 2.0**-k for k in range(9 if high > 30 else 3, 0, -1)), high]
    for i in range(len(at)):
        for j in range(i + 1):
            product = functools.partial(integrand, i, j)
            total = sum(scipy.integrate.quad(product, *ab)[0] for ab in itertools.pairwise(cuts))
            tail = 2e-3 if name in ("half_cauchy", "lomax") else 2e-6
            assert float(found.matrix[i][j]) == pytest.approx(total, rel=tail, abs=1e-6)


def test_a_sum_over_whole_numbers():
    """Negative binomial: the size's own information by a plain sum with SciPy's trigamma."""
    model, (size, mu) = family_model("negative_binomial"), (2.5, 3.0)
    found = information_at(derive(model), dict(zip(model.symbols, (size, mu), strict=True)))
    law = scipy.stats.nbinom(size, size / (size + mu))
    total = sum(law.pmf(k) * special.polygamma(1, k + size) for k in range(400))
    wanted = special.polygamma(1, size) - total - mu / (size * (size + mu))
    assert float(found.matrix[0][0]) == pytest.approx(wanted, rel=1e-9)
    assert abs(float(found.matrix[0][0]) - wanted) <= float(found.errors[0][0]) + 1e-13


def test_a_closed_matrix_is_only_rounded():
    """Nothing is integrated: PROVED, and 40 digits."""
    model = family_model("normal")
    found = information_at(derive(model), {s: mpmath.mpf(3) for s in model.symbols})
    assert found.known is Known.PROVED
    with mpmath.workdps(45):
        assert abs(found.matrix[1][1] - mpmath.mpf(2) / 9) < mpmath.mpf("1e-39")


@pytest.mark.parametrize(
    ("model", "word"),
    [
        (own("-(x - m)/s - 2*log(1 + exp(-(x - m)/s)) - log(2*s)", PLACE_AND_SPREAD), "mass"),
        (family_model("pareto"), "support"),
    ],
)
def test_refusals_say_why(model, word):
    """A density without mass one, and a support that moves."""
    with pytest.raises(InputError, match=word):
        information_at(derive(model), {s: mpmath.mpf(1) for s in model.symbols})


@pytest.mark.parametrize(
    ("density", "support", "parameters"),
    [
        ("log(a) + a*log(m) - (a + 1)*log(x)", "[m, oo)", {"m": "positive", "a": "positive"}),
        ("log(k) - k*(x - m)", "[m, oo)", {"m": "real", "k": "positive"}),
        ("log(k) - k*(m - x)", "(-oo, m]", {"m": "real", "k": "positive"}),
        ("log(a) - a*log(m) + (a - 1)*log(x)", "(0, m]", {"m": "positive", "a": "positive"}),
        ("2*log(k) + log(x - m) - k*(x - m)", "[m, oo)", {"m": "real", "k": "positive"}),
    ],
)
def test_products_of_slopes_from_a_moving_end(
    density: str, support: str, parameters: dict[str, str]
) -> None:
    """E[score score'] of a support that a parameter moves is what quadrature gives.

    It is said not to be the information: it bounds no variance.
    """
    doubted = case(build_model("moved", density, {"x": support}, parameters))
    information = doubted.derivation.information
    assert information.known is Known.UNKNOWN and "bounds no variance" in information.road
    if "log(x - m)" in density:  # 1/(x - m)**2 has no mean there
        assert len(information.unresolved) == 1
        return
    assert not information.unresolved
    found = check_information(doubted)
    assert found.ok is True, found.detail
