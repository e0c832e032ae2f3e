"""Every isolated solution of polynomial equations, against Newton's method from random starts."""

import json

import numpy as np
import pytest
import sympy as sp
from scipy import optimize

from symmle.__main__ import main
from symmle.fixed_points import fixed_points
from symmle.known import Known
from symmle.polynomial_system import real_solutions
from symmle.problem import build_problem

X, Y, Z = sp.symbols("x y z", real=True)

# objective -> how many real critical points (Himmelblau, Applied nonlinear programming, 1972)
OBJECTIVES = {
    (X**2 + Y - 11) ** 2 + (X + Y**2 - 7) ** 2: 9,
    X**4 / 4 + Y**4 / 4 - X * Y - X / 5: 3,
    X**6 / 4 + Y**4 / 4 - 3 * X * Y - X / 5: 3,
    X**4 / 4 + Y**4 / 4 + Z**4 / 4 - X * Y - Y * Z + X * Z / 3 - X / 5: 3,
    (X**2 - 2) ** 2 + (Y**2 - 3) ** 2: 9,
    X**4 / 4 - X**2 / 2 + X / 10: 3,
    X**4 + Y**4: 1,  # of multiplicity 9
    X**3 * Y - Y**2 + X * Y**3: 1,  # of multiplicity 5: no linear form has its shape
    X**5 / 5 + X: 0,
    (X**3 - 2 * X + 2) ** 3: 3,  # its real root is a double zero of the slope
}


@pytest.mark.parametrize("objective", OBJECTIVES, ids=str)
def test_every_real_critical_point_is_found(objective: sp.Expr) -> None:
    """As many as are known; each is one; and every one that random starts come to is listed."""
    symbols = sorted(objective.free_symbols, key=str)
    slopes = [objective.diff(symbol) for symbol in symbols]
    found = real_solutions(slopes, symbols)
    assert len(found) == OBJECTIVES[objective]
    for point in found:
        assert all(abs(sp.N(each.xreplace(point), 30)) < 1e-35 for each in slopes)
    run = sp.lambdify([symbols], slopes)
    table = np.array([[float(v) for v in point.values()] for point in found])
    draw = np.random.default_rng(7)
    for start in draw.uniform(-4, 4, (60, len(symbols))):
        end, _, status, _ = optimize.fsolve(run, start, full_output=True)
        if status == 1 and np.max(np.abs(run(end))) < 1e-11 and objective != X**4 + Y**4:
            assert np.min(np.max(np.abs(table - end), axis=1)) < 1e-3


def test_radicals_stay_exact_and_long_roots_are_many_digits() -> None:
    """sqrt(2) beside sqrt(3) although t has degree 4; a rational beside a root of a cubic."""
    points = real_solutions([X**2 - 2, Y**2 - 3], [X, Y])
    assert {point[X] for point in points} == {sp.sqrt(2), -sp.sqrt(2)}
    (point,) = real_solutions([X**3 - 2 * X + 2, Y * 3 - 1], [X, Y])
    assert point[Y] == sp.Rational(1, 3)
    assert point[X].is_Float and abs(point[X] - sp.real_root(sp.CRootOf(X**3 - 2 * X + 2, 0))) < (
        sp.Float("1e-38")
    )


def test_lines_of_solutions_and_numbers_that_are_not_rational_are_left() -> None:
    """Neither isolated, nor rational: None, and other roads are tried."""
    assert real_solutions([X + Y - 1, 2 * X + 2 * Y - 2], [X, Y]) is None
    assert real_solutions([X**2 - sp.pi], [X]) is None
    assert real_solutions([X**2 + Y**2 + 1, X - Y], [X, Y]) == []


def test_roots_that_radicals_do_not_give_are_not_passed_over() -> None:
    """A quintic with a symbol: none of its roots is known, so nothing is said of all of them."""
    problem = build_problem(
        "m",
        {
            "map": {"x": "x + x**5 - x - c"},
            "variables": {"x": "real"},
            "constants": {"c": "positive"},
        },
    )
    found = fixed_points(problem)
    assert (found.points, found.complete) == ((), False)


def test_points_to_many_digits_prove_nothing(tmp_path, capsys) -> None:
    """A double well with a tilt: the ends are certified, not proved, and the wells are right."""
    path = tmp_path / "wells.toml"
    text = '[objective]\nminimise = "x**4/4 - x**2/2 + x/10"\n[variables]\nx = "real"\n'
    path.write_text(text, "utf-8")
    assert main(["stability", str(path), "--json"]) == 0
    record = json.loads(capsys.readouterr().out)
    assert record["fixed_points_complete"]
    wells = sorted(np.roots([1, 0, -1, 0.1]).real)
    assert [float(p["fixed_point"]["x"]) for p in record["fixed_points"]] == pytest.approx(wells)
    assert {each["known"] for each in record["fixed_points"]} == {Known.CERTIFIED}
    for each in record["schemes"]:
        assert each["known"] == Known.CERTIFIED
        curvature = 3 * float(each["fixed_point"]["x"]) ** 2 - 1
        ends = [interval["upper"] for interval in each["stable_steps"]]
        assert ends == ([] if curvature < 0 else pytest.approx([2 / curvature], rel=1e-12))


@pytest.mark.parametrize(
    ("objective", "said"),
    [
        ("3*x", "every solution of the polynomial equations, and none lies in the domains"),
        ("3", "nothing moves at any point; name one with --at"),
        ("(x + y - 1)**2", "met none that is isolated; name one with --at"),
    ],
)
def test_why_there_is_no_fixed_point(objective, said, tmp_path, capsys) -> None:
    """Exit status 1, and one sentence that says which of the reasons it is."""
    path = tmp_path / "none.toml"
    domains = 'x = "real"\n' + ('y = "real"\n' if "y" in objective else "")
    path.write_text(f'[objective]\nminimise = "{objective}"\n[variables]\n{domains}', "utf-8")
    assert main(["stability", str(path)]) == 1
    assert said in capsys.readouterr().err


def test_a_double_zero_to_many_digits_is_no_minimum(tmp_path, capsys) -> None:
    """(x^3 - 2x + 2)^3 bends nowhere at its real zero, which 40 digits cannot say: unknown."""
    path = tmp_path / "double.toml"
    text = '[objective]\nminimise = "(x**3 - 2*x + 2)**3"\n[variables]\nx = "real"\n'
    path.write_text(text, "utf-8")
    assert main(["stability", str(path), "--step", "0.1", "--json"]) == 0
    record = json.loads(capsys.readouterr().out)
    known = {each["kind"]: each["known"] for each in record["fixed_points"]}
    assert known == {"strict maximum": "proved", "strict minimum": "proved", "singular": "unknown"}
    for each in record["schemes"]:
        if each["kind"] == "singular":
            assert (each["verdict"], each["known"], each["stable_steps"]) == (
                ("unknown", "unknown", None)
            )
