"""Latent variables: what is observed of them, EM, and its rate."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import mpmath
import numpy as np
import pytest
import sympy as sp
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

import symmle
from symmle.coordinates import in_coordinates
from symmle.derive import derive
from symmle.em import em, expected_information
from symmle.errors import InputError
from symmle.model import Model, build_model, load_model
from symmle.precise import evaluate
from symmle.schemes import em_gradient, expectation_maximisation
from symmle.stability import stability
from symmle.ties import fix
from symmle.tree_value import tree_value

Floats = NDArray[np.float64]
NORMAL = "-log(s{k}) - log(2*pi)/2 - (x - m{k})**2/(2*s{k}**2)"
FIVE = {"p": "unit", "m1": "real", "s1": "positive", "m2": "real", "s2": "positive"}
LINKAGE = (
    "log(binomial(y1, z)) + (y1 - z)*log(1/2) + z*log(t/4) + (y2 + y3)*log((1 - t)/4) + y4*log(t/4)"
)
COUNTS = "nonnegative integer"


@dataclass(frozen=True, slots=True)
class Case:
    """A complete-data density, a point of its parameters, and data."""

    log_density: str
    latent: Mapping[str, str]
    parameters: Mapping[str, str]
    at: tuple[float, ...]
    rows: Mapping[str, list[float]]
    domain: str = "real"

    def model(self) -> Model:
        """The model of what is observed."""
        data = dict.fromkeys(self.rows, self.domain)
        return build_model("case", self.log_density, data, self.parameters, latent=self.latent)


REALS = [0.3, -1.2, 2.5, 3.9, 4.4, 0.1, 6.0, 5.1, -0.4, 1.6]
WHOLE = [0.0, 3.0, 1.0, 0.0, 0.0, 2.0, 5.0, 0.0, 8.0, 6.0]
CASES = {
    "two normals": Case(
        f"where(z == 1, log(p) + {NORMAL.format(k=1)}, log(1 - p) + {NORMAL.format(k=2)})",
        {"z": "{0, 1}"}, FIVE, (0.4, 0.5, 1.2, 4.0, 1.5), {"x": REALS},
    ),
    "three normals": Case(
        "where(z == 0, log(p) - (x - a)**2/2, where(z == 1, log(q) - (x - b)**2/2, "
        "log(1 - p - q) - (x - c)**2/2)) - log(2*pi)/2",
        {"z": "{0, 1, 2}"},
        {"p": "unit", "q": "(0, 1 - p)", "a": "real", "b": "real", "c": "real"},
        (0.3, 0.4, 0.0, 2.0, 5.0), {"x": REALS},
    ),
    "t as a mixture of normals": Case(
        "log(z)/2 - log(s) - log(2*pi)/2 - z*(x - m)**2/(2*s**2) + 2*log(2) + log(z) - 2*z",
        {"z": "positive"}, {"m": "real", "s": "positive"}, (1.5, 2.0), {"x": REALS},
    ),
    "normal effects": Case(
        "-log(s) - (x - m - b)**2/(2*s**2) - log(u) - b**2/(2*u**2) - log(2*pi)",
        {"b": "real"}, {"m": "real", "u": "positive", "s": "positive"}, (1.5, 1.0, 2.0),
        {"x": REALS},
    ),
    "too many zeros": Case(
        "where(z == 1, log(w) + log(where(x == 0, 1, 0)), log(1 - w) + x*log(r) - r - "
        "loggamma(x + 1))",
        {"z": "{0, 1}"}, {"w": "unit", "r": "positive"}, (0.3, 2.0), {"x": WHOLE}, COUNTS,
    ),
    "linkage": Case(
        LINKAGE, {"z": "integer in [0, y1]"}, {"t": "unit"}, (0.4,),
        {"y1": [125.0], "y2": [18.0], "y3": [20.0], "y4": [34.0]}, COUNTS,
    ),
    "thinned Poisson": Case(
        "z*log(a) - a - loggamma(z + 1) + (x - z)*log(b) - b - loggamma(x - z + 1)",
        {"z": "integer in [0, x]"}, {"a": "positive", "b": "positive"}, (1.0, 2.5), {"x": WHOLE},
        COUNTS,
    ),
    "beta-binomial": Case(
        "x*log(q) + (4 - x)*log(1 - q) + loggamma(5) - loggamma(x + 1) - loggamma(5 - x) "
        "+ log(a) + (a - 1)*log(q)",
        {"q": "unit"}, {"a": "positive"}, (3.0,), {"x": [0.0, 3.0, 4.0, 2.0, 4.0]},
        "integer in [0, 4]",
    ),
}  # fmt: skip
CLOSED = {name: case for name, case in CASES.items() if name != "thinned Poisson"}


def exact(case: Case) -> tuple[dict[sp.Symbol, list[mpmath.mpf]], dict[sp.Symbol, mpmath.mpf]]:
    """(rows, point) by symbol."""
    model = case.model()
    rows = {each.symbol: [mpmath.mpf(v) for v in case.rows[each.name]] for each in model.data}
    return rows, dict(zip(model.symbols, map(mpmath.mpf, case.at), strict=True))


def number(expr: sp.Expr, case: Case, at: Mapping[sp.Symbol, mpmath.mpf]) -> mpmath.mpf:
    """An expression in sample means on the rows of a case."""
    return evaluate(expr, exact(case)[0], dict(at), None)


@cache
def _compiled(function: sp.Expr, symbols: tuple[sp.Symbol, ...]) -> Callable[..., Floats]:
    found: Callable[..., Floats] = sp.lambdify(symbols, function, ["scipy", "numpy"])
    return found


def over_latent(
    case: Case, row: int, theta: Mapping[sp.Symbol, mpmath.mpf], function: sp.Expr
) -> tuple[float, float]:
    """Sum, or integral, of function * f(x, z) over z, by brute force; and that of its size."""
    model = case.model()
    assert model.complete is not None
    (hidden,) = model.latent
    here = {s: values[row] for s, values in exact(case)[0].items()} | dict(theta)
    where = hidden.domain.at({s: sp.Float(v, 30) for s, v in here.items()})
    if where.integer:
        z, weights = np.arange(float(where.upper) + 1), np.ones(int(where.upper) + 1)
    else:
        ends = {1: (0, 0.1, 0.5, 0.9, 1), sp.oo: (0, 0.2, 1, 3, 10, 60)}[where.upper]
        ends = (-60, -20, -5, 0, 5, 20, 60) if where.lower != 0 else ends
        nodes, shares = np.polynomial.legendre.leggauss(60)
        halves = np.diff(np.array(ends, dtype=float)) / 2
        z = np.concatenate([e + h * (nodes + 1) for e, h in zip(ends, halves, strict=False)])
        weights = np.concatenate([h * shares for h in halves])
    symbols = (hidden.symbol, *here)
    numbers = [z, *(float(v) for v in here.values())]
    with np.errstate(divide="ignore"):
        logs = _compiled(model.complete.log_density, symbols)(*numbers)
    values = _compiled(function, symbols)(*numbers) * np.exp(logs) * weights
    return float(np.sum(values)), float(np.sum(np.abs(values)))


@pytest.mark.parametrize("name", CASES)
def test_what_is_observed_is_the_sum_or_integral_over_what_is_not(name: str) -> None:
    """exp(log f(x)) against the sum or the quadrature of exp(l(x, z)) over z."""
    case = CASES[name]
    rows, at = exact(case)
    with mpmath.workdps(25):
        for row in range(min(4, len(next(iter(rows.values()))))):
            here = {s: values[row] for s, values in rows.items()} | at
            density = mpmath.exp(mpmath.re(tree_value(case.model().log_density, here)))
            other, _ = over_latent(case, row, at, sp.Integer(1))
            assert abs(density - other) < 1e-10 * density


@pytest.mark.parametrize("name", CLOSED)
def test_a_step_of_em_maximises_the_mean_complete_log_density(name: str) -> None:
    """The gradient of Q(. | theta), its E-step a sum or a quadrature, vanishes at M(theta)."""
    case = CLOSED[name]
    model = case.model()
    assert model.complete is not None
    rows, at = exact(case)
    count = len(next(iter(rows.values())))
    with mpmath.workdps(20):
        image = {
            s: number(m, case, at) for s, m in zip(model.symbols, em(model).image, strict=True)
        }
        new = {s: sp.Symbol(f"{s.name}_new", **s.assumptions0) for s in model.symbols}
        moved = {new[s]: value for s, value in image.items()}
        for symbol in model.symbols:
            slope = model.complete.log_density.xreplace(new).diff(new[symbol])
            total = size = 0.0
            for row in range(count):
                share, _ = over_latent(case, row, at, sp.Integer(1))
                one, large = over_latent(case, row, at | moved, slope)
                total, size = total + one / share, size + large / share
            assert abs(total) < 1e-9 * size


@pytest.mark.parametrize("name", CLOSED)
def test_a_step_of_em_never_lowers_the_likelihood(name: str) -> None:
    """Dempster, Laird and Rubin 1977, theorem 1, for twenty steps."""
    case = CLOSED[name]
    model = case.model()
    average = derive(model).average_log_likelihood
    image = em(model).explicit()
    _, at = exact(case)
    before = number(average, case, at)
    for _ in range(20):
        at = {s: number(each, case, at) for s, each in zip(model.symbols, image, strict=True)}
        after = number(average, case, at)
        assert after >= before - 1e-14 * abs(before)
        before = after


@pytest.mark.parametrize("name", ["two normals", "t as a mixture of normals", "linkage"])
def test_the_jacobian_of_em_is_the_fraction_of_missing_information(name: str) -> None:
    """I + C**-1 H, from second derivatives, against differences of the map M at the estimate."""
    case = CLOSED[name]
    model = case.model()
    derivation, found = derive(model), em(model)
    _, at = exact(case)
    with mpmath.workdps(30):
        for _ in range(2000):
            new = {s: number(m, case, at) for s, m in zip(at, found.explicit(), strict=True)}
            done = max(abs(new[s] - at[s]) for s in at) < 1e-22
            at = new
            if done:
                break
        assert done

        def place(expr: sp.Expr) -> sp.Expr:
            return sp.Float(number(expr, case, at), 30)

        step = sp.Symbol("step", positive=True)
        scheme = expectation_maximisation(model.symbols, found.explicit())
        kept = stability(
            derivation.score, scheme, step, {}, information=found.information, evaluate=place
        )
        jacobian = kept.jacobian.xreplace({step: sp.Integer(1)})
        assert kept.stable_steps is not None
        assert kept.stable_steps[0].upper >= 2 - sp.Float("1e-12")
        width = mpmath.mpf("1e-10")
        for j, moved in enumerate(model.symbols):
            for i, image in enumerate(found.explicit()):
                ends = [number(image, case, at | {moved: at[moved] + k * width}) for k in (1, -1)]
                slope = (ends[0] - ends[1]) / (2 * width)
                assert abs(slope - jacobian[i, j]) < 1e-12


def test_the_rate_on_the_linkage_data() -> None:
    """Dempster, Laird and Rubin 1977, section 1: t = 0.6268215, and each step keeps 0.1328."""
    case = CASES["linkage"]
    model = case.model()
    sample = {name: np.array(values) for name, values in case.rows.items()}
    found = symmle.diagnose(model, sample, scheme="em", step=1, start={"t": 0.5})
    assert found.outcome.value == "converges"
    assert abs(found.final["t"] - 0.6268214980) < 1e-9
    assert found.predicted_rate is not None
    assert abs(found.predicted_rate - 0.132778734) < 1e-8
    # by hand, from x1 + x4 over x1 + x2 + x3 + x4 with x1 = 125 t/(2 + t)
    t, part = sp.Symbol("t"), 125 * sp.Symbol("t") / (2 + sp.Symbol("t"))
    slope = ((part + 34) / (part + 72)).diff(t).subs(t, found.final["t"])
    assert abs(slope - found.predicted_rate) < 1e-8


@pytest.mark.parametrize(("factor", "outcome"), [(0.99, "converges"), (1.01, "cycle")])
def test_the_end_of_the_stable_steps_is_where_runs_change(factor: float, outcome: str) -> None:
    """2/(1 - 0.1327787) = 2.3062165, and a supercritical flip: a cycle of two beyond."""
    case = CASES["linkage"]
    sample = {name: np.array(values) for name, values in case.rows.items()}
    step = factor * 2.30621650763
    found = symmle.diagnose(case.model(), sample, scheme="em", step=step, start={"t": 0.63})
    assert found.outcome.value == outcome


def test_em_does_not_depend_on_the_coordinates() -> None:
    """logit t: the same images, though the M-step would not be closed in it."""
    case = CASES["linkage"]
    model = in_coordinates(case.model(), ["t=logit"])
    (image,) = em(model).explicit()
    (plain,) = em(case.model()).explicit()
    (logit,), (symbol,) = model.symbols, case.model().symbols
    with mpmath.workdps(30):
        for t in (mpmath.mpf("0.1"), mpmath.mpf("0.9")):
            there = number(image, case, {logit: mpmath.log(t / (1 - t))})
            assert abs(1 / (1 + mpmath.exp(-there)) - number(plain, case, {symbol: t})) < 1e-25


def test_fixed_parameters_stay_out_of_em() -> None:
    """--fix before EM: the M-step of what is left."""
    model = fix(CASES["two normals"].model(), ["s1=1", "s2=1", "p=1/2"])
    assert [s.name for s in model.symbols] == ["m1", "m2"]
    assert len(em(model).explicit()) == 2
    assert [each.name for each in model.latent] == ["z"]


def test_the_information_of_the_complete_data_at_numbers() -> None:
    """Of a t: z is gamma(2, 2), so that E z = 1 and E[z (x - m)**2] = s**2."""
    model = CASES["t as a mixture of normals"].model()
    point = dict(zip(model.symbols, (sp.Integer(1), sp.Integer(2)), strict=True))
    found = expected_information(model, point)
    assert (found - sp.diag(sp.Rational(1, 4), sp.Rational(1, 2))).norm() < 1e-9


def test_the_gradient_form_has_the_same_jacobian() -> None:
    """Lange 1995: C**-1 times the gradient, to first order EM; here against differences of it."""
    model = CASES["linkage"].model()
    derivation, found = derive(model), em(model)
    step = sp.Symbol("step", positive=True)
    both = [
        stability(derivation.score, scheme, step, {}, information=found.information, edges=False)
        for scheme in (
            em_gradient(model.symbols),
            expectation_maximisation(model.symbols, found.explicit()),
        )
    ]
    assert both[0].jacobian == both[1].jacobian
    assert both[0].map.image != both[1].map.image


@settings(max_examples=25, deadline=None)
@given(
    st.lists(st.floats(-5, 5), min_size=2, max_size=6),
    st.floats(0.05, 0.95), st.floats(-3, 3), st.floats(0.3, 3),
)  # fmt: skip
def test_shares_of_a_mixture_of_any_two(
    rows: list[float], p: float, mu: float, width: float
) -> None:
    """The new share is the mean of p f1/(p f1 + q f2), whatever the rows; by NumPy."""
    case = CASES["two normals"]
    model = case.model()
    point = dict(zip(model.symbols, map(mpmath.mpf, (p, mu, 1.0, 0.5, width)), strict=True))
    x = np.array(rows)
    first = p * np.exp(-((x - mu) ** 2) / 2)
    second = (1 - p) * np.exp(-((x - 0.5) ** 2) / (2 * width**2)) / width
    expected = np.mean(first / (first + second))
    values = {model.data[0].symbol: [mpmath.mpf(v) for v in rows]}
    assert abs(evaluate(em(model).image[0], values, point, None) - expected) < 1e-12


@pytest.mark.parametrize(
    ("latent", "needed"),
    [
        ({"z": "(0, 3)"}, "cannot be integrated out of the log-density by rule"),
        ({"x": "real"}, "'x' is both observed and latent"),
        ({"z": "integer in [0, 99]"}, "more than 64 values"),
    ],
)
def test_what_cannot_be_latent_is_told(latent: dict[str, str], needed: str) -> None:
    """One sentence for each wrong input."""
    text = "-log(s) - (x - z)**2/(2*s**2)" if "z" in latent else "-log(s) - x**2/(2*s**2)"
    with pytest.raises(InputError, match=needed):
        build_model("case", text, {"x": "real"}, {"s": "positive"}, latent=latent)


def test_models_without_latent_variables_or_closed_m_step() -> None:
    """EM is refused, with what to do; the gradient form of it has the same rate."""
    with pytest.raises(InputError, match="em needs latent variables"):
        em(symmle.family_model("normal"))
    text = "z*(log(p) + a*log(r) - loggamma(a) + (a - 1)*log(x) - r*x) + (1 - z)*(log(1 - p) - x)"
    parameters = {"p": "unit", "a": "positive", "r": "positive"}
    model = build_model("g", text, {"x": "positive"}, parameters, latent={"z": "{0, 1}"})
    with pytest.raises(InputError, match="take --scheme em_gradient"):
        em(model).explicit()
    assert em(model).information.shape == (3, 3)


def test_a_model_file_may_have_a_table_of_latent_variables(tmp_path: Path) -> None:
    """[latent] beside [data]."""
    path = tmp_path / "t.toml"
    path.write_text(
        'logpdf = "log(z)/2 - z*(x - m)**2/2 - log(2*pi)/2 + 2*log(2) + log(z) - 2*z"\n'
        '[data]\nx = "real"\n[latent]\nz = "positive"\n[parameters]\nm = "real"\n',
        encoding="utf-8",
    )
    model = load_model(path)
    assert [each.name for each in model.data] == ["x"]
    assert [each.name for each in model.latent] == ["z"]


def test_a_parameter_may_have_the_name_of_a_mean_of_the_loop() -> None:
    """m1 is a parameter here, and was a letter of the compiled loop: the run then broke."""
    case = CASES["t as a mixture of normals"]
    text = case.log_density.replace("- m)", "- m1)").replace("s**2", "s0**2").replace("(s)", "(s0)")
    names = {"m1": "real", "s0": "positive"}
    model = build_model("case", text, {"x": "real"}, names, latent=case.latent)
    x = np.array([0.3, -1.2, 2.5, 3.9, 4.4, 0.1, 6.0])
    found = symmle.diagnose(model, x, scheme="em", step=1, start={"m1": 1.0, "s0": 1.5})
    assert found.outcome.value == "converges"
