"""Time and accuracy of one fit: symmle's generated module, SciPy, statsmodels and iminuit.

    pip install statsmodels iminuit
    python benchmarks/fits.py [--sizes 1000 100000 1000000] [--rounds 3] [--write]

All run in one process on the same data, turn about; medians are compared.  The error is the
largest distance of a parameter from the root of the score in 80-bit arithmetic, typed by hand
here (`REFERENCES`), in units of the parameter.  `--write` puts the table into
benchmarks/README.md.  Nothing is asserted: a time is a fact about a machine.
"""

import argparse
import statistics
import sys
import time
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import mpmath
import numpy as np
from iminuit import Minuit
from scipy import special, stats
from statsmodels.discrete.discrete_model import NegativeBinomial

from symmle.codegen import generate, load
from symmle.derive import derive
from symmle.estimate import estimate
from symmle.families import family_model

PAGE = Path(__file__).resolve().parent / "README.md"
BEGIN, END = "<!-- fits: begin -->\n", "<!-- fits: end -->\n"
SECONDS = 60.0  # a competitor that needs longer than this once is not asked again for more rows

Long = np.longdouble
Point = tuple[float, ...]
Rows = np.ndarray


@dataclass(frozen=True, slots=True)
class Race:
    """One family: data, and each competitor as a function from rows to our parameters."""

    draw: Callable[[np.random.Generator, int], Rows]
    scipy: Callable[[Rows], Point] | None
    log_density: Callable[..., Rows]
    start: Point
    positive: tuple[bool, ...]
    statsmodels: Callable[[Rows], Point] | None = None


def _iminuit(race: Race, x: Rows) -> Point:
    """MIGRAD on the sum of log-densities, with its own numeric gradient."""
    found = Minuit(lambda theta: -float(np.sum(race.log_density(x, *theta))), list(race.start))
    found.errordef = Minuit.LIKELIHOOD
    found.limits = [(1e-12, None) if positive else (None, None) for positive in race.positive]
    found.migrad()
    return tuple(found.values)


def _student(x: Rows, location: float, scale: float, df: float) -> Rows:
    constant = special.gammaln((df + 1) / 2) - special.gammaln(df / 2) - np.log(df * np.pi) / 2
    return constant - np.log(scale) - (df + 1) / 2 * np.log1p(((x - location) / scale) ** 2 / df)


def _negative_binomial(x: Rows, size: float, mu: float) -> Rows:
    return stats.nbinom.logpmf(x, size, size / (size + mu))


def _statsmodels_negative_binomial(x: Rows) -> Point:
    found = NegativeBinomial(x, np.ones_like(x)).fit(disp=0, maxiter=200)
    return 1 / float(found.params[1]), float(np.exp(found.params[0]))


def _scipy_student(x: Rows) -> Point:
    df, location, scale = stats.t.fit(x)
    return location, scale, df


RACES: Mapping[str, Race] = {
    "normal": Race(
        lambda rng, n: rng.normal(3, 2, n),
        lambda x: stats.norm.fit(x),
        lambda x, m, s: -np.log(s) - (x - m) ** 2 / (2 * s**2) - np.log(2 * np.pi) / 2,
        (0.0, 1.0),
        (False, True),
    ),
    "gamma": Race(
        lambda rng, n: rng.gamma(2.5, 1 / 1.5, n),
        lambda x: (lambda a, _, s: (a, 1 / s))(*stats.gamma.fit(x, floc=0)),
        lambda x, a, b: a * np.log(b) - special.gammaln(a) + (a - 1) * np.log(x) - b * x,
        (1.0, 1.0),
        (True, True),
    ),
    "weibull": Race(
        lambda rng, n: 2 * rng.weibull(1.7, n),
        lambda x: (lambda k, _, s: (k, s))(*stats.weibull_min.fit(x, floc=0)),
        lambda x, k, s: np.log(k) - k * np.log(s) + (k - 1) * np.log(x) - (x / s) ** k,
        (1.0, 1.0),
        (True, True),
    ),
    "beta": Race(
        lambda rng, n: rng.beta(2.2, 3.4, n),
        lambda x: stats.beta.fit(x, floc=0, fscale=1)[:2],
        lambda x, a, b: (a - 1) * np.log(x) + (b - 1) * np.log1p(-x) - special.betaln(a, b),
        (1.0, 1.0),
        (True, True),
    ),
    "cauchy": Race(
        lambda rng, n: 1 + 2 * rng.standard_cauchy(n),
        lambda x: stats.cauchy.fit(x),
        lambda x, m, s: -np.log(np.pi * s) - np.log1p(((x - m) / s) ** 2),
        (0.0, 1.0),
        (False, True),
    ),
    "logistic": Race(
        lambda rng, n: rng.logistic(1, 2, n),
        lambda x: stats.logistic.fit(x),
        lambda x, m, s: -(x - m) / s - np.log(s) - 2 * np.logaddexp(0, -(x - m) / s),
        (0.0, 1.0),
        (False, True),
    ),
    "student_t": Race(
        lambda rng, n: 1 + 2 * rng.standard_t(4.0, n),
        _scipy_student,
        _student,
        (0.0, 1.0, 5.0),
        (False, True, True),
    ),
    "negative_binomial": Race(
        lambda rng, n: rng.negative_binomial(2.5, 2.5 / 6.5, n).astype(float),
        None,
        _negative_binomial,
        (1.0, 1.0),
        (True, True),
        _statsmodels_negative_binomial,
    ),
}


def _symmle(name: str) -> Callable[[Rows], Point]:
    derivation = derive(family_model(name))
    module = load(generate(derivation, estimate(derivation)), f"benchmark_{name}")
    return lambda x: tuple(module.fit(x))


# ---- the truth: Newton on the score in 80 bits, with derivatives by differences ----


def _score(name: str, x: Rows, theta: list[mpmath.mpf]) -> list[mpmath.mpf]:
    """The average score, its sums over the rows in 80-bit arithmetic; typed by hand."""
    psi = mpmath.digamma
    row = [Long(str(value)) for value in theta]

    def mean(values: Rows) -> mpmath.mpf:
        return mpmath.mpf(str(np.mean(values)))

    if name == "normal":
        z = (x - row[0]) / row[1]
        return [mean(z), mean(z * z) - 1]
    if name == "gamma":
        a, b = theta
        return [mpmath.log(b) - psi(a) + mean(np.log(x)), a / b - mean(x)]
    if name == "beta":
        a, b = theta
        return [psi(a + b) - psi(a) + mean(np.log(x)), psi(a + b) - psi(b) + mean(np.log1p(-x))]
    if name == "weibull":
        logs = np.log(x / row[1])
        power = np.exp(row[0] * logs)
        return [1 / theta[0] + mean(logs - power * logs), mean(power) - 1]
    if name == "logistic":
        z = (x - row[0]) / row[1]
        slope = np.tanh(z / 2)
        return [mean(slope), mean(z * slope) - 1]
    if name in ("cauchy", "student_t"):
        df = theta[2] if name == "student_t" else mpmath.mpf(1)
        nu = row[2] if name == "student_t" else Long(1)
        z = (x - row[0]) / row[1]
        weight = (nu + 1) / (nu + z * z)
        found = [mean(weight * z), mean(weight * z * z) - 1]
        if name == "student_t":
            constant = psi((df + 1) / 2) - psi(df / 2)
            found.append(constant - mean(np.log1p(z * z / nu)) + mean(weight * z * z - 1) / df)
        return found
    size, mu = theta  # negative binomial: counts are few distinct values
    values, counts = np.unique(x, return_counts=True)
    shares = [mpmath.mpf(int(c)) / len(x) for c in counts]
    gap = mpmath.fdot(shares, [psi(size + int(v)) - psi(size) for v in values])
    average = mpmath.fdot(shares, [int(v) for v in values])
    return [gap + mpmath.log(size / (size + mu)) + 1 - (size + average) / (size + mu), average - mu]


def truth(name: str, x: Rows, near: Point) -> list[float]:
    """The root of the score near a point, by Newton with a difference Jacobian, at 30 digits."""
    rows = x.astype(Long)
    with mpmath.workdps(30):
        theta = [mpmath.mpf(value) for value in near]
        for _ in range(3):
            value = mpmath.matrix(_score(name, rows, theta))
            jacobian = mpmath.matrix(len(theta))
            for j in range(len(theta)):
                h = abs(theta[j]) * mpmath.mpf("1e-7") + mpmath.mpf("1e-12")
                moved = [t + h * (i == j) for i, t in enumerate(theta)]
                for i, after in enumerate(_score(name, rows, moved)):
                    jacobian[i, j] = (after - value[i]) / h
            theta = list(mpmath.matrix(theta) - mpmath.lu_solve(jacobian, value))
        return [float(value) for value in theta]


# ---- the race -----------------------------------------------------------------------------------


def _error(found: Point, exact: list[float]) -> float:
    return max(abs(f - e) / abs(e) for f, e in zip(found, exact, strict=True))


def measured(name: str, n: int, rounds: int, slow: set[tuple[str, str]]) -> list[str]:
    """One table row for each competitor: median milliseconds, ratio to ours, error."""
    race = RACES[name]
    x = race.draw(np.random.default_rng(20), n)
    runners: dict[str, Callable[[Rows], Point]] = {"symmle": _symmle(name)}
    if race.scipy is not None:
        runners["scipy.stats"] = race.scipy
    if race.statsmodels is not None:
        runners["statsmodels"] = race.statsmodels
    runners["iminuit"] = lambda rows: _iminuit(race, rows)
    runners = {who: run for who, run in runners.items() if (name, who) not in slow}
    times: dict[str, list[float]] = {who: [] for who in runners}
    points: dict[str, Point] = {}
    for _ in range(rounds):
        for who, run in runners.items():
            if (name, who) in slow:
                continue
            begin = time.perf_counter()
            points[who] = run(x)
            times[who].append(time.perf_counter() - begin)
            if times[who][-1] > SECONDS / 4:
                slow.add((name, who))
    exact = truth(name, x, points["symmle"])
    ours = statistics.median(times["symmle"])
    lines = []
    for who in runners:
        spent = statistics.median(times[who])
        lines.append(
            f"| {name} | {n:,} | {who} | {1e3 * spent:.3g} | {spent / ours:.3g} "
            f"| {_error(points[who], exact):.1e} |"
        )
    return lines


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sizes", type=int, nargs="+", default=[1_000, 100_000, 1_000_000])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--write", action="store_true", help="put the table into README.md")
    arguments = parser.parse_args()
    warnings.simplefilter("ignore")
    packages = ("numpy", "scipy", "statsmodels", "iminuit")
    lines = [
        "Measured with " + ", ".join(f"{name} {version(name)}" for name in packages) + ".",
        "",
        "| family | n | who | ms | times ours | relative error |",
        "|---|---:|---|---:|---:|---:|",
    ]
    slow: set[tuple[str, str]] = set()
    for n in arguments.sizes:
        for name in RACES:
            print(f"{name}, n = {n}", file=sys.stderr)
            lines += measured(name, n, arguments.rounds, slow)
    text = "\n".join(lines) + "\n"
    print(text)
    if arguments.write:
        page = PAGE.read_text(encoding="utf-8")
        before, rest = page.split(BEGIN)
        PAGE.write_text(f"{before}{BEGIN}\n{text}\n{END}{rest.split(END)[1]}", encoding="utf-8")


if __name__ == "__main__":
    main()
