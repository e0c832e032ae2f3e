"""Cases of the literature, each with its source: what a book or a paper says, and what is found.

One table: a problem, what is asked of it, and the answer that the source gives.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import pytest
import sympy as sp

from symmle.dynamics import cycles, of_map
from symmle.fixed_points import fixed_points
from symmle.problem import Problem, build_problem
from symmle.schemes import (
    Metric,
    Rule,
    Scheme,
    alternating,
    newton,
    simultaneous,
    with_rule,
)
from symmle.stability import stability
from symmle.stability.of_problem import map_stability

STEP = sp.Symbol("step", positive=True)
Q = sp.Rational


@dataclass(frozen=True)
class Case:
    """A problem with what is asked: a scheme (`rule`), the values of `over`, or cycles.

    ends, event: of the stable set, `()` where it is empty.  best: (step, rate).
    at: (step or None, verdict, spectral radius or None).  cycle: (period, verdicts).
    """

    source: str
    record: Mapping[str, object]
    rule: object = None
    over: str = ""
    point: Mapping[str, str] = field(default_factory=dict)
    ends: tuple[object, ...] | None = None
    event: str = ""
    best: tuple[object, object] | None = None
    at: tuple[object, str, object] | None = None
    cycle: tuple[int, list[str]] | None = None


def quadratic(*rows: str) -> dict[str, object]:
    """Minimise v'Av/2, the rows of A as text."""
    matrix = [[sp.Rational(entry) for entry in row.split()] for row in rows]
    names = ["x", "y", "z"][: len(matrix)]
    terms = [
        f"({matrix[i][j]})*{names[i]}*{names[j]}/2"
        for i in range(len(names))
        for j in range(len(names))
    ]
    return {"objective": {"minimise": " + ".join(terms)}, "variables": dict.fromkeys(names, "real")}


def game(first: str, second: str) -> dict[str, object]:
    return {
        "objective": {"x": {"minimise": first}, "y": {"maximise": second}},
        "variables": {"x": "real", "y": "real"},
    }


def mapped(domain: str = "real", constants: Mapping[str, str] | None = None, **image: str):
    return {
        "map": image,
        "variables": dict.fromkeys(image, domain),
        "constants": constants or {},
    }


def sor(symbols: tuple[sp.Symbol, ...]) -> Scheme:
    """Gauss-Seidel with relaxation: each equation solved for its own unknown, in turn."""
    return replace(alternating(symbols), metric=Metric.OBSERVED)


def jacobi(symbols: tuple[sp.Symbol, ...]) -> Scheme:
    return replace(simultaneous(symbols), metric=Metric.DIAGONAL_OBSERVED)


def ruled(rule: Rule, momentum: object = 0, maker=simultaneous):
    return lambda symbols: with_rule(maker(symbols), rule, sp.Rational(momentum))


HEAVY, NESTEROV = Rule.HEAVY_BALL, Rule.NESTEROV
BILINEAR = game("x*y", "x*y")
POSITIVE = {"r": "positive"}
STIFF = ("1 0 0", "0 3 0", "0 0 9")  # eigenvalues from m = 1 to L = 9
COUPLED = quadratic("1 4/5 4/5", "4/5 1 4/5", "4/5 4/5 1")

CASES = {
    # -- quadratic forms
    "gradient descent": Case(
        "Polyak, Introduction to Optimization (1987), 1.4.2: step < 2/L, best 2/(L + m)",
        quadratic("1 0", "0 9"), simultaneous, ends=(0, Q(2, 9)), event="flip",
        best=(Q(1, 5), Q(4, 5))),
    "gradient descent, coupled": Case(
        "Nesterov, Introductory Lectures on Convex Optimization (2004), theorem 2.1.15",
        quadratic("2 1", "1 2"), simultaneous, ends=(0, Q(2, 3)), event="flip",
        best=(Q(1, 2), Q(1, 2))),
    "heavy ball, its range": Case(
        "Polyak, Some methods of speeding up the convergence of iteration methods, USSR Comput. "
        "Math. Math. Phys. 4 (1964) 1: step < 2 (1 + b)/L",
        quadratic(*STIFF), ruled(HEAVY, "9/10"), ends=(0, Q(19, 45)), event="flip"),
    "heavy ball, the best": Case(
        "Polyak (1964): step 4/(sqrt(L) + sqrt(m))**2, rate (sqrt(L) - sqrt(m))/(sqrt(L) + "
        "sqrt(m)), which is the root of the momentum",
        quadratic(*STIFF), ruled(HEAVY, "1/4"), best=(Q(1, 4), Q(1, 2))),
    "Nesterov, its range": Case(
        "O'Donoghue & Candes, Adaptive restart for accelerated gradient schemes, Found. Comput. "
        "Math. 15 (2015) 715: step*L < (2 + 2 b)/(1 + 2 b)",
        quadratic(*STIFF), ruled(NESTEROV, "1/2"), ends=(0, Q(1, 6)), event="flip"),
    "Nesterov at 1/L": Case(
        "Lessard, Recht & Packard, SIAM J. Optim. 26 (2016) 57, table 1: rate 1 - sqrt(m/L)",
        quadratic(*STIFF), ruled(NESTEROV, "1/2"), at=(Q(1, 9), "stable", Q(2, 3))),
    "Nesterov, tuned for quadratics": Case(
        "Lessard, Recht & Packard (2016), table 1: 4/(3 L + m), rate 1 - 2/sqrt(3 L/m + 1)",
        quadratic("1 0", "0 5"), ruled(NESTEROV, "1/3"), best=(Q(1, 4), Q(1, 2))),
    "Newton, damped": Case(
        "Ortega & Rheinboldt, Iterative Solution of Nonlinear Equations (1970), 8.1",
        quadratic("2 1", "1 2"), newton, ends=(0, 2), event="flip", best=(1, 0)),
    "proximal point": Case(
        "Rockafellar, SIAM J. Control Optim. 14 (1976) 877: any step",
        quadratic(*STIFF), ruled(Rule.IMPLICIT), ends=(0, sp.oo), event="none"),
    "successive over-relaxation": Case(
        "Ostrowski, Rend. Mat. Appl. 14 (1954) 140; Reich (1949): 0 < w < 2 for a definite matrix",
        quadratic("4 1 2", "1 3 1", "2 1 5"), sor, ends=(0, 2)),
    "Gauss-Seidel": Case(
        "Young, Iterative Solution of Large Linear Systems (1971), 5.2: the square of Jacobi's",
        quadratic("2 1", "1 2"), sor, at=(1, "stable", Q(1, 4))),
    "the best relaxation": Case(
        "Young, Trans. Amer. Math. Soc. 76 (1954) 92: w = 2/(1 + sqrt(1 - mu**2)), rate w - 1",
        quadratic("2 1", "1 2"), sor,
        best=(2 / (1 + sp.sqrt(Q(3, 4))), 2 / (1 + sp.sqrt(Q(3, 4))) - 1)),
    "Jacobi, damped": Case(
        "Varga, Matrix Iterative Analysis (1962), 3.1",
        quadratic("2 1", "1 2"), jacobi, ends=(0, Q(4, 3)), event="flip"),
    "Jacobi fails": Case(
        "Golub & Van Loan, Matrix Computations (4th ed.), 11.2: a definite matrix on which Jacobi "
        "diverges and Gauss-Seidel does not",
        COUPLED, jacobi, at=(1, "unstable", Q(8, 5))),
    "where Gauss-Seidel does not": Case(
        "Golub & Van Loan, 11.2", COUPLED, sor, at=(1, "stable", None)),
    # -- games
    "bilinear, together": Case(
        "Gidel et al., Negative momentum for improved game dynamics, AISTATS 2019, theorem 4",
        BILINEAR, simultaneous, ends=()),
    "bilinear, in turn": Case(
        "Gidel et al. (2019), theorem 4: alternating steps stay bounded and do not converge",
        BILINEAR, alternating, ends=(), at=(Q(1, 2), "marginal", 1)),
    "bilinear, in turn, far": Case(
        "Bailey, Gidel & Piliouras, COLT 2020: bounded for step < 2 only",
        BILINEAR, alternating, at=(Q(5, 2), "unstable", 4)),
    "bilinear, negative momentum together": Case(
        "Gidel et al. (2019), theorem 5: no momentum helps simultaneous steps",
        BILINEAR, ruled(HEAVY, "-1/2"), ends=()),
    "bilinear, negative momentum in turn": Case(
        "Gidel et al. (2019), section 5: a negative momentum makes alternating steps converge",
        BILINEAR, ruled(HEAVY, "-1/2", alternating), at=(Q(1, 2), "stable", None)),
    "bilinear, extragradient": Case(
        "Zhang & Yu, Convergence of gradient methods on bilinear zero-sum games, ICLR 2020: "
        "step < 1",
        BILINEAR, ruled(Rule.EXTRAGRADIENT), ends=(0, 1), event="neimark_sacker"),
    "bilinear, optimistic": Case(
        "Zhang & Yu (2020): step < 1/sqrt(3)",
        BILINEAR, ruled(Rule.OPTIMISTIC), ends=(0, 1 / sp.sqrt(3)), event="neimark_sacker"),
    "bilinear, implicit": Case(
        "Mokhtari, Ozdaglar & Pattathil, AISTATS 2020, theorem 2: proximal point, any step",
        BILINEAR, ruled(Rule.IMPLICIT), ends=(0, sp.oo), event="none"),
    "a game's eigenvalues": Case(
        "Mescheder, Nowozin & Geiger, The numerics of GANs, NIPS 2017, lemma 4: step < "
        "2/|a|/(1 + (b/a)**2) for eigenvalues a + i b",
        game("x**2/2 + 3*x*y", "3*x*y - y**2/2"), simultaneous, ends=(0, Q(1, 5)),
        event="neimark_sacker"),
    "the same game in turn": Case(
        "Zhang, Wang, Lessard & Grosse, AISTATS 2022: the range falls as 1/c instead of 1/c**2",
        game("x**2/2 + 3*x*y", "3*x*y - y**2/2"), alternating, ends=(0, Q(1, 2)), event="flip"),
    "a duopoly": Case(
        "Theocharis, Rev. Econ. Stud. 27 (1960) 133: best replies of two firms converge",
        mapped(x="(1 - y)/2", y="(1 - x)/2"), at=(None, "stable", Q(1, 2))),
    "three firms": Case(
        "Theocharis (1960): three firms oscillate for ever",
        mapped(x="(1 - y - z)/2", y="(1 - x - z)/2", z="(1 - x - y)/2"),
        at=(None, "marginal", 1)),
    # -- maps
    "logistic": Case(
        "May, Nature 261 (1976) 459", mapped(constants=POSITIVE, x="r*x*(1 - x)"), over="r",
        point={"x": "(r - 1)/r"}, ends=(1, 3), event="flip"),
    "logistic, the 2-cycle": Case(
        "May (1976): it attracts up to 1 + sqrt(6) = 3.4495",
        mapped(constants={"r": "3.449"}, x="r*x*(1 - x)"), cycle=(2, ["stable"])),
    "logistic, beyond the 2-cycle": Case(
        "May (1976)", mapped(constants={"r": "3.45"}, x="r*x*(1 - x)"), cycle=(2, ["unstable"])),
    "logistic, period three": Case(
        "Strogatz, Nonlinear Dynamics and Chaos (1994), 10.4: attracts from 3.8284 to 3.8415",
        mapped(constants={"r": "3.841"}, x="r*x*(1 - x)"), cycle=(3, ["stable", "unstable"])),
    "logistic, beyond period three": Case(
        "Strogatz (1994), 10.4",
        mapped(constants={"r": "3.842"}, x="r*x*(1 - x)"), cycle=(3, ["unstable", "unstable"])),
    "Ricker": Case(
        "May & Oster, Amer. Nat. 110 (1976) 573",
        mapped("positive", POSITIVE, x="x*exp(r*(1 - x))"), over="r", point={"x": "1"},
        ends=(0, 2), event="flip"),
    "Ricker, the 2-cycle": Case(
        "May & Oster (1976): it attracts up to 2.526",
        mapped("positive", {"r": "2.526"}, x="x*exp(r*(1 - x))"), cycle=(2, ["stable"])),
    "Ricker, beyond the 2-cycle": Case(
        "May & Oster (1976)",
        mapped("positive", {"r": "2.527"}, x="x*exp(r*(1 - x))"), cycle=(2, ["unstable"])),
    "Beverton-Holt": Case(
        "Beverton & Holt, On the Dynamics of Exploited Fish Populations (1957): always, if alive",
        mapped("positive", POSITIVE, x="r*x/(1 + x)"), over="r", point={"x": "r - 1"},
        ends=(1, sp.oo), event="none"),
    "Hassell": Case(
        "Hassell, J. Anim. Ecol. 44 (1975) 283: with exponent 4 up to r = 16",
        mapped("positive", POSITIVE, x="r*x/(1 + x)**4"), over="r", point={"x": "r**(1/4) - 1"},
        ends=(1, 16), event="flip"),
    "Henon": Case(
        "Henon, Comm. Math. Phys. 50 (1976) 69: period one for -(1 - b)**2/4 < a < 3 (1 - b)**2/4",
        mapped(constants={"r": "real"}, x="1 - r*x**2 + y", y="3*x/10"), over="r",
        point={"x": "(sqrt(400*r + 49) - 7)/(20*r)", "y": "3*(sqrt(400*r + 49) - 7)/(200*r)"},
        ends=(-Q(49, 400), Q(147, 400)), event="flip"),
    "Henon, the 2-cycle": Case(
        "Henon (1976): it attracts up to a = (1 - b)**2 + (1 + b)**2/4 = 0.9125",
        mapped(x="1 - 91*x**2/100 + y", y="3*x/10"), cycle=(2, ["stable"])),
    "Henon, beyond the 2-cycle": Case(
        "Henon (1976)", mapped(x="1 - 915*x**2/1000 + y", y="3*x/10"), cycle=(2, ["unstable"])),
    "delayed logistic": Case(
        "Maynard Smith, Mathematical Ideas in Biology (1968); Kuznetsov, Elements of Applied "
        "Bifurcation Theory, example 4.2",
        mapped("positive", POSITIVE, x="r*x*(1 - y)", y="x"), over="r",
        point={"x": "(r - 1)/r", "y": "(r - 1)/r"}, ends=(1, 2), event="neimark_sacker"),
    "cobweb": Case(
        "Ezekiel, The cobweb theorem, Q. J. Econ. 52 (1938) 255: supply less steep than demand",
        mapped(constants=POSITIVE, x="10 - r*x"), over="r", point={"x": "10/(1 + r)"},
        ends=(0, 1), event="flip"),
    "the infinite power": Case(
        "Euler, De formulis exponentialibus replicatis (1783); Knoebel, Amer. Math. Monthly 88 "
        "(1981) 235: below exp(-e) the powers tend to a 2-cycle",
        mapped(x="exp(-3*x)"), at=(None, "unstable", None), cycle=(2, ["stable"])),
    "square root": Case(
        "Ostrowski, Solution of Equations and Systems of Equations (1960): Newton's is quadratic",
        mapped("positive", x="(x + 2/x)/2"), at=(None, "stable", 0)),
    "genetic linkage, EM": Case(
        "Dempster, Laird & Rubin, J. R. Stat. Soc. B 39 (1977) 1, section 1: rate 0.1328 at 0.6268",
        mapped("unit", x="(125*x/(2 + x) + 34)/(125*x/(2 + x) + 72)"),
        at=(None, "stable", "0.132778")),
}  # fmt: skip


def test_there_are_thirty_and_each_has_a_source() -> None:
    """With a year in each source, but where it is named a second time by its authors."""
    assert len(CASES) >= 30
    assert all(any(c.isdigit() for c in case.source) for case in CASES.values())


@pytest.mark.parametrize("name", CASES)
def test_what_the_literature_says(name: str) -> None:
    """The stable set, the best step and its rate, a verdict, or the cycles."""
    case = CASES[name]
    problem = build_problem("case", dict(case.record))
    if case.cycle is not None:
        _cycles(problem, *case.cycle)
    if (case.ends, case.best, case.at) == (None, None, None):
        return
    found = _found(problem, case)
    if case.ends is not None:
        shown = [(each.lower, each.upper) for each in found.stable_steps]
        assert len(shown) == bool(case.ends)
        for ours, theirs in zip(shown, [case.ends] if case.ends else [], strict=True):
            assert all(_same(a, b) for a, b in zip(ours, theirs, strict=True))
    if case.event:
        assert found.stable_steps[0].upper_event == case.event
    if case.best is not None:
        assert _same(found.best_step, case.best[0], 1e-8)
        assert _same(found.rate, case.best[1], 1e-8)
    if case.at is not None:
        _, verdict, radius = case.at
        assert found.at_step.verdict == verdict
        if radius is not None:
            digits = 1e-5 if isinstance(radius, str) else 1e-12
            assert _same(found.at_step.spectral_radius, sp.sympify(radius), digits)


def _found(problem: Problem, case: Case):
    if case.rule is None:
        names = {each.name: each.symbol for each in (*problem.given, *problem.variables)}
        point = {names[n]: sp.sympify(text, names) for n, text in case.point.items()}
        if not point:
            point = next(
                p.values
                for p in fixed_points(problem).points
                if problem.symbols[0] in p.values and p.values[problem.symbols[0]] != 0
            )
        return map_stability(problem, point, names[case.over] if case.over else None)
    origin = dict.fromkeys(problem.symbols, sp.S.Zero)
    step = None if case.at is None else sp.sympify(case.at[0])
    return stability(problem.field, case.rule(problem.symbols), STEP, origin, at=step)


def _cycles(problem: Problem, period: int, verdicts: list[str]) -> None:
    near = [point.values for point in fixed_points(problem).points]
    found = cycles(of_map("case", problem.variables, problem.image), period, near).cycles
    assert sorted(str(c.verdict) for c in found if c.period == period) == verdicts


def _same(ours: sp.Expr, theirs: sp.Expr, digits: float = 1e-14) -> bool:
    if sp.sympify(theirs).is_infinite or ours.is_infinite:
        return ours == theirs
    return abs(sp.N(ours - theirs, 30)) <= digits * max(1, abs(sp.N(theirs)))
