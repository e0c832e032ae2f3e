"""When an estimate exists, and why there is but one: conditions against brute-force search."""

from collections.abc import Callable, Sequence
from itertools import combinations_with_replacement, pairwise

import mpmath
import pytest
import sympy as sp

from symmle.derive import derive
from symmle.domain import Datum, Domain, Variable
from symmle.estimate import Estimator, Kind, estimate
from symmle.estimate.expansion import leading_term
from symmle.estimate.monotone import signed_equation
from symmle.estimate.one_root import crosses_once
from symmle.estimate.positive_sums import is_whole
from symmle.families import family_model
from symmle.known import Known
from symmle.precise import evaluate
from symmle.sample_mean import mean
from tests.by_rows import typed

# family: (the condition, sample that meets it, one that does not)
CONDITIONS = {
    "negative_binomial": ("var(x) - mean(x) > 0", [0, 1, 0, 4, 7], [1, 2, 1, 3]),
    "von_mises": (None, [0.1, 0.9, 2.0, -0.4], [0.5, 0.5, 0.5]),
    "yule_simon": ("mean(x) - 1 > 0", [1, 1, 2, 5], [1, 1, 1]),
    "zeta": ("mean(log(x)) > 0", [1, 1, 2, 5], [1, 1, 1]),
    "half_cauchy": ("2*mean(sign(x)) - 1 > 0", [0, 0.2, 3.0], [0, 0, 4.0]),
    "half_logistic": ("mean(x) > 0", [0, 0.2, 3.0], [0, 0, 0]),
    "gompertz": (None, [0.9, 1.0, 1.3], [0.01, 0.1, 4.0, 0.2]),
    "log_gamma": (None, [1.5, 2.5, 9.0], [2.0, 2.0]),
}


def _estimator(name: str) -> Estimator:
    return estimate(derive(family_model(name)))


def _holds(condition: sp.Basic, columns: dict[sp.Symbol, list[mpmath.mpf]]) -> bool:
    parts = condition.args if isinstance(condition, sp.And) else (condition,)
    return all(evaluate(each.lhs - each.rhs, columns, {}) > mpmath.mpf("1e-25") for each in parts)


def _profiles(name: str, x: Sequence[mpmath.mpf]) -> Callable[[mpmath.mpf], mpmath.mpf]:
    """The profile log-likelihood by hand, in the parameter that is left; log coordinate."""
    n, m = len(x), mpmath.fsum(x) / len(x)
    lg = mpmath.loggamma

    def avg(f: Callable[[mpmath.mpf], mpmath.mpf]) -> mpmath.mpf:
        return mpmath.fsum(map(f, x)) / n

    resultant = mpmath.hypot(avg(mpmath.cos), avg(mpmath.sin))
    by_hand: dict[str, Callable[[mpmath.mpf], mpmath.mpf]] = {
        "negative_binomial": lambda r: (
            avg(lambda y: lg(y + r) - lg(r))
            + r * mpmath.log(r / (r + m))
            + m * mpmath.log(m / (r + m))
        ),
        "von_mises": lambda k: k * resultant - mpmath.log(mpmath.besseli(0, k)),
        "yule_simon": lambda a: avg(lambda y: mpmath.log(a * mpmath.beta(y, a + 1))),
        "zeta": lambda e: avg(lambda y: -(1 + e) * mpmath.log(y)) - mpmath.log(mpmath.zeta(1 + e)),
        "half_cauchy": lambda s: avg(lambda y: -mpmath.log(s) - mpmath.log(1 + (y / s) ** 2)),
        "half_logistic": lambda s: avg(
            lambda y: -mpmath.log(s) - y / s - 2 * mpmath.log(1 + mpmath.exp(-y / s))
        ),
        "gompertz": lambda b: b * m - mpmath.log(avg(lambda y: mpmath.expm1(b * y)) / b),
        "log_gamma": lambda a: (
            a * mpmath.log(a / avg(mpmath.log))
            - lg(a)
            - a
            + a * avg(lambda y: mpmath.log(mpmath.log(y)))
        ),
    }
    return by_hand[name]


def _summit_is_inside(height: Callable[[mpmath.mpf], mpmath.mpf]) -> bool:
    """Whether the highest of many points from 1e-9 to 1e9 is not at an end, and the only hill."""
    values = [height(mpmath.mpf(10) ** (mpmath.mpf(k) / 4)) for k in range(-36, 10)]
    rises = [after > before for before, after in pairwise(values)]
    turns = sum(one != other for one, other in pairwise(rises))
    assert turns <= 1
    return turns == 1 and rises[0]


@pytest.mark.parametrize("name", CONDITIONS)
def test_the_condition_says_when_there_is_a_maximum(name: str) -> None:
    """On a sample of either side: the profile by hand has a summit inside, or runs to an end."""
    text, meets, fails = CONDITIONS[name]
    found = _estimator(name)
    assert (found.kind, found.unique, found.maximum) == (Kind.REDUCED, True, Known.PROVED)
    assert found.exists is not None
    assert text is None or str(found.exists) == text
    (x,) = found.exists.atoms(Datum)
    for sample, expected in ((meets, True), (fails, False)):
        with mpmath.workdps(60):
            rows = [mpmath.mpf(str(each)) for each in sample]
            assert _holds(found.exists, {x: rows}) == expected
            assert _summit_is_inside(_profiles(name, rows)) == expected


def test_every_small_sample_of_counts() -> None:
    """The negative binomial's equation changes sign once if var > mean, and else never."""
    found = _estimator("negative_binomial")
    equation = found.equation
    assert equation is not None and found.exists is not None
    (x,) = equation.expression.atoms(Datum)
    sizes = [mpmath.mpf(10) ** (mpmath.mpf(k) / 3) for k in range(-9, 16)]
    for sample in combinations_with_replacement((0, 1, 2, 4, 7), 3):
        if not any(sample):
            continue
        columns = {x: [mpmath.mpf(each) for each in sample]}
        with mpmath.workdps(50):
            values = [evaluate(equation.expression, columns, {equation.unknown: r}) for r in sizes]
            turns = sum(mpmath.sign(a) != mpmath.sign(b) for a, b in pairwise(values))
            assert values[0] > 0
            assert turns == int(_holds(found.exists, columns))


@pytest.mark.parametrize(
    ("x", "y", "expected"),
    [
        ([0, 1, 2, 5], [1, 0, 3, 1], True),
        ([0, 1, 2, 5], [0, 0, 0, 4], False),
        ([-3, 1, 2, 5], [2, 0, 0, 0], False),
        ([2, 2, 2, 2], [1, 2, 3, 1], False),
        ([0, 1, 2, 5], [0, 0, 0, 0], False),
    ],
)
def test_counts_at_one_end_of_the_covariate_only(x, y, expected: bool) -> None:
    """A Poisson regression has no slope if only the rows with the largest (least) x count.

    The profile by hand, b*mean(x*y) - mean(y)*log(mean(exp(b*x))), rises to one end or is flat.
    """
    text = "y*(a+b*x)-exp(a+b*x)-loggamma(y+1)"
    found = estimate(derive(typed(text, ["x", "y: nonnegative integer"], ["a", "b"])))
    assert (found.unique, found.maximum) == (True, Known.PROVED)
    assert found.exists is not None
    columns = {s: x if s.name == "x" else y for s in found.exists.atoms(Datum)}
    with mpmath.workdps(60):
        assert _holds(found.exists, columns) == expected
        slopes = [
            mpmath.fsum(a * b for a, b in zip(x, y, strict=True)) / 4
            - mpmath.fsum(y)
            / 4
            * mpmath.fsum(a * mpmath.exp(b * a) for a in x)
            / mpmath.fsum(mpmath.exp(b * a) for a in x)
            for b in (-30, 30)
        ]
    assert (slopes[0] > mpmath.mpf("1e-6") and slopes[1] < -mpmath.mpf("1e-6")) == expected


SIZE = Variable(sp.Symbol("r", positive=True), Domain("positive", sp.S.Zero, sp.oo))
COUNT = Variable(
    Datum("x", real=True, nonnegative=True),
    Domain("nonnegative integer", sp.S.Zero, sp.oo, lower_closed=True, integer=True),
)
WEIGHT = Variable(
    Datum("x", real=True, nonnegative=True),
    Domain("nonnegative", sp.S.Zero, sp.oo, lower_closed=True),
)


def _form(w: sp.Expr, m: sp.Expr, whole: sp.Expr) -> sp.Expr:
    return sp.log(w) - sp.log(w + m) + mean(sp.polygamma(0, w + whole)) - sp.polygamma(0, w)


def test_the_form_in_other_dress() -> None:
    """Times a factor, in 1/r, as the log of a ratio, for x - 1 of whole numbers from one on."""
    r, x = SIZE.symbol, COUNT.symbol
    plain = _form(r, mean(x), x)
    for expr, sign in (
        (plain, 1),
        (-3 * plain / r**2, -1),
        (_form(1 / r, mean(x), x), -1),
        (-sp.log(1 + mean(x) / r) + mean(sp.polygamma(0, r + x)) - sp.polygamma(0, r), 1),
    ):
        found = crosses_once(expr, SIZE, [COUNT])
        assert found is not None
        assert (found.sign, str(found.exists)) == (sign, "var(x) - mean(x) > 0")
    ones = Variable(
        Datum("x", real=True, positive=True),
        Domain("positive integer", sp.S.One, sp.oo, lower_closed=True, integer=True),
    )
    shifted = crosses_once(_form(r, mean(ones.symbol) - 1, ones.symbol - 1), SIZE, [ones])
    assert shifted is not None


def test_what_only_looks_like_the_form() -> None:
    """Not whole numbers, not their mean, not all sizes, one term more: nothing is claimed."""
    r, x = SIZE.symbol, COUNT.symbol
    half = sp.Rational(1, 2)
    for expr, column in (
        (_form(r, mean(x), x), WEIGHT),
        (_form(r, mean(x) + 1, x), COUNT),
        (_form(r, sp.Integer(2), x), COUNT),
        (_form(1 + r, mean(x), x), COUNT),
        (_form(r, mean(x), x) + half / r, COUNT),
        (_form(r, mean(x), x / 2), COUNT),
        (mean(x) * _form(r, mean(x), x), COUNT),
    ):
        assert crosses_once(expr, SIZE, [column]) is None
    equation = signed_equation(_form(r, sp.Rational(7, 5), x), SIZE, False, True, [COUNT])
    assert not equation.has_one_root


def test_whole_numbers() -> None:
    """x and x - 1 by the column's domain; a half, and a column of any numbers, are not."""
    x = COUNT.symbol
    assert is_whole(x, [COUNT])
    assert is_whole(x * (x + 1), [COUNT])
    for expr, column in ((x - 1, COUNT), (x / 2, COUNT), (sp.sqrt(x), COUNT), (x, WEIGHT)):
        assert not is_whole(expr, [column])


@pytest.mark.parametrize(
    ("density", "data", "parameters"),
    [
        ("log(s) + log(1 + x**2/s**2)", ["x>0"], ["s>0"]),
        (
            "-(loggamma(x+r)-loggamma(r)-loggamma(x+1)+r*log(r/(r+m))+x*log(m/(r+m)))",
            ["x: nonnegative integer"],
            ["r>0", "m>0"],
        ),
        ("-k*cos(x-m)+log(besseli(0,k))", ["x: angle"], ["m: angle", "k>0"]),
    ],
)
def test_a_forgotten_minus_gives_no_maximum(density, data, parameters) -> None:
    """The same equations of minus a log-density: their root is no maximum, and none is claimed."""
    found = estimate(derive(typed(density, data, parameters)))
    assert found.maximum is Known.UNKNOWN


def test_two_roots_where_rows_do_not_fall_together() -> None:
    """Two clusters of data give a Lomax law a maximum although mean(x**2) < 2*mean(x)**2.

    The profile, by hand, falls from its end at infinite scale, rises again and falls: so its
    equation has two roots, and that inequality is no condition for an estimate.
    """
    x = [mpmath.mpf(1)] * 6 + [mpmath.mpf("1e-3")] * 4

    def height(v: mpmath.mpf) -> mpmath.mpf:
        b = mpmath.fsum(mpmath.log1p(v * each) for each in x) / len(x)
        return mpmath.log(v) - mpmath.log(b) - 1 - b

    values = [height(mpmath.mpf(10) ** (mpmath.mpf(k) / 8)) for k in range(-48, 80)]
    rises = [after > before for before, after in pairwise(values)]
    assert sum(one != other for one, other in pairwise(rises)) == 2
    assert max(values) > values[0]
    found = _estimator("lomax")
    assert found.unique is None
    assert found.exists is None
    columns = dict.fromkeys(found.exists_if.atoms(Datum), x)
    assert not _holds(found.exists_if, columns)


@pytest.mark.parametrize(
    ("name", "condition"),
    [
        ("lomax", "(min(x) > 0) & (var(x) - mean(x)**2 > 0)"),  # mean(x**2) > 2*mean(x)**2
        ("inverse_pareto", "var(1/x) - mean(1/x)**2 > 0"),
    ],
)
def test_a_condition_that_is_enough(name: str, condition: str) -> None:
    """By hand, wherever it holds: the profile falls away from its top to both sides, far out."""
    found = _estimator(name)
    assert str(found.exists_if) == condition
    met = 0
    for rows in combinations_with_replacement(["0.02", "0.5", "1", "9"], 4):
        x = [mpmath.mpf(each) for each in rows]
        if not _holds(found.exists_if, dict.fromkeys(found.exists_if.atoms(Datum), x)):
            continue
        met += 1
        rates = x if name == "lomax" else [1 / each for each in x]

        def height(v: mpmath.mpf, rates: Sequence[mpmath.mpf] = rates) -> mpmath.mpf:
            b = mpmath.fsum(mpmath.log1p(v * each) for each in rates) / len(rates)
            return mpmath.log(v) - mpmath.log(b) - b

        with mpmath.workdps(60):
            values = [height(mpmath.mpf(10) ** k) for k in range(-15, 16)]
        assert values[0] < values[1] < max(values) > values[-2] > values[-1]
    assert met > 5


def test_a_typed_family_has_such_a_condition_too() -> None:
    """Lomax's law with a rate for its scale, and rows that cannot be zero."""
    model = typed("log(a) + log(b) - (a + 1)*log(1 + b*x)", ["x>0"], ["a>0", "b>0"])
    assert str(estimate(derive(model)).exists_if) == "var(x) - mean(x)**2 > 0"


def test_nothing_is_enough_where_the_other_parameter_has_no_maximum() -> None:
    """Minus a Lomax log-density: the profile is one of minima."""
    model = typed("-log(a) - log(b) + (a + 1)*log(1 + b*x)", ["x>0"], ["a>0", "b>0"])
    assert estimate(derive(model)).exists_if is None


X, T = Datum("x", positive=True), sp.Symbol("u", positive=True)
EXPANDED = [
    (mean(sp.log(1 + X / T)) - mean(X) / T, sp.oo),
    (mean(sp.polygamma(0, X + T)) - sp.polygamma(0, T), sp.oo),
    (mean(sp.polygamma(0, X + T)) - sp.polygamma(0, T), sp.S.Zero),
    (sp.log(T) - sp.log(T + mean(X)) + mean(X / (T + X)), sp.oo),
    (1 / T - mean(X * sp.exp(-X / T)), sp.S.Zero),
    (sp.sqrt(T**2 + mean(X) * T) - T, sp.oo),
    (mean(X**T) - 1, sp.S.Zero),
    (mean(sp.log(X) * X**T) + 3, sp.S.Zero),
    (mean(X) * T / (1 - T) - 4, sp.S.One),
]


@pytest.mark.parametrize(("expr", "end"), EXPANDED)
def test_the_leading_term_leads(expr: sp.Expr, end: sp.Expr) -> None:
    """Near the end, to 60 digits: the expression over its leading term is close to one."""
    leading = leading_term(expr, T, end, end is sp.oo or end == 1)
    assert leading is not None
    columns = {X: [mpmath.mpf(each) for each in ("0.3", "1.7", "2", "0.01")]}
    with mpmath.workdps(80):
        t = mpmath.mpf(10) ** -30
        place = 1 / t if end is sp.oo else mpmath.mpf(int(end)) + (-t if end == 1 else t)
        value = evaluate(expr, columns, {T: place})
        size = evaluate(sp.sympify(leading.coefficient), columns, {})
        size *= t ** mpmath.mpf(str(leading.power)) * mpmath.log(1 / t) ** leading.logs
        assert abs(value / size - 1) < mpmath.mpf("0.2")


@pytest.mark.parametrize(
    ("density", "data", "wider"),
    [  # a root of a quadratic, P + sqrt(Q) > 0; and -mean(log(x*(2 - x))) > 0
        ("2*log(t) - log(1+t) + log(1+x) - t*x", "x>0", "x>=0"),
        ("2*log(t) - log(1+t) - 3*log(1-x) - t*x/(1-x)", "x: unit", "x in [0, 1)"),
        ("log(t) + (t-1)*(log(x) + log(2-x))", "x: unit", "x in (0, 2)"),
    ],
)
def test_signs_that_the_support_settles_are_no_condition(
    density: str, data: str, wider: str
) -> None:
    """A value that is positive for every row in the support exists for every sample."""
    assert estimate(derive(typed(density, [data], ["t>0"]))).exists == sp.true
    assert estimate(derive(typed(density, [wider], ["t>0"]))).exists != sp.true
