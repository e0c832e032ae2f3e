"""Sums over whole numbers against moments that are known in closed form."""

import mpmath
import pytest
import sympy as sp

from symmle.cli.normalised import mass_warning
from symmle.derive.quadrature import integrate_against
from tests.by_rows import typed

POISSON = ("x*log(r) - r - loggamma(x + 1)", ["x: nonnegative integer"], ["r>0"])
LAPLACE = ("-k*abs(x - c) + log(tanh(k/2))", ["x: integer"], ["c: real", "k>0"])
REFLECTED = ("-x*log(r) - r - loggamma(1 - x)", ["x: integer in (-oo, 0]"], ["r>0"])
INFLATED = (
    "where(x < 1, log(z + (1-z)*exp(-r)), log(1-z) + x*log(r) - r - loggamma(x+1))",
    ["x: nonnegative integer"],
    ["r>0", "z: unit"],
)


@pytest.mark.parametrize(
    ("model", "point", "expected"),
    [
        (POISSON, (0.5,), 0.5),
        (POISSON, (5000,), 5000),  # the first 60 terms are zeros
        (REFLECTED, (300,), -300),
        (LAPLACE, (0, 0.7), 0),
        (LAPLACE, (-5000, 0.7), -5000),
        (INFLATED, (700, 0.25), 525),  # two modes, the lower one at the end
    ],
)
def test_mass_and_mean_of_laws_on_whole_numbers(model, point, expected) -> None:
    """Mass one and the mean in closed form, within the error that is claimed."""
    law = typed(*model)
    x, values = law.data[0].symbol, dict(zip(law.symbols, map(mpmath.mpf, point), strict=True))
    (mass, missed), (mean, error) = integrate_against(law, [sp.S.One, x], values)
    assert abs(mass - 1) <= missed + mpmath.mpf("1e-15")
    assert abs(mean - expected) <= error + mpmath.mpf("1e-15") * (1 + abs(expected))
    assert missed < 1e-12


def test_a_tail_too_heavy_to_sum_has_no_error_bound() -> None:
    """A zeta law with exponent 1.2: what is left after 20,000 terms is not small."""
    law = typed("-s*log(x) - log(zeta(s))", ["x: positive integer"], ["s>1"])
    _, error = integrate_against(law, [sp.S.One], {law.symbols[0]: mpmath.mpf("1.2")})[0]
    assert error == mpmath.inf


def test_a_mass_that_was_not_found_is_no_warning() -> None:
    """Of a law on all integers the warning says the sum, and never 0 for want of one."""
    assert mass_warning(typed("-k*abs(x) + log(tanh(k/2))", ["x: integer"], ["k>0"])) == ""
    assert "sums to 0.9" in mass_warning(typed(*LAPLACE))  # c = 1.3 is no whole number


def test_a_support_that_is_too_wide_is_told() -> None:
    """exp(-k*x) over the whole line has no mass, and no constant is missing."""
    told = mass_warning(typed("log(k) - k*x", ["x"], ["k>0"]))
    assert "no finite mass over 'real' x" in told and "'x>0'" in told
