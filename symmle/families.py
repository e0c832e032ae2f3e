"""The catalogue: a family is a row of text, and the engine knows none of them by name.

A row states a density, the domains, the names it goes by elsewhere and a reference.  It carries
no estimator and no derivative: those are found.  To add a family, add a row.
Reading the rows costs nothing: SymPy is imported only when a row is made a model.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from types import MappingProxyType
from typing import TYPE_CHECKING

from symmle.errors import InputError

if TYPE_CHECKING:
    from symmle.model import Model


@dataclass(frozen=True, slots=True)
class Family:
    """One row: everything is text in the language of `parsing`.

    scipy: the name in scipy.stats and {its argument: expression in our parameters}.
    r: the density function of R's stats (or of the named package) and its arguments.
    """

    name: str
    log_density: str
    data: Mapping[str, str]
    parameters: Mapping[str, str]
    scipy: tuple[str, Mapping[str, str]]
    r: str
    reference: str


def _jkb(volume: str, chapter: int) -> str:
    editions = {
        "1": "Johnson, Kotz & Balakrishnan, Continuous Univariate Distributions 1 (1994)",
        "2": "Johnson, Kotz & Balakrishnan, Continuous Univariate Distributions 2 (1995)",
        "d": "Johnson, Kemp & Kotz, Univariate Discrete Distributions (2005)",
    }
    return f"{editions[volume]}, ch. {chapter}"


_ROWS = (
    Family(
        "normal",
        "-log(sigma) - (x - mu)**2/(2*sigma**2) - log(2*pi)/2",
        {"x": "real"},
        {"mu": "real", "sigma": "positive"},
        ("norm", {"loc": "mu", "scale": "sigma"}),
        "dnorm(x, mean=mu, sd=sigma)",
        _jkb("1", 13),
    ),
    Family(
        "lognormal",
        "-log(x) - log(sigma) - (log(x) - mu)**2/(2*sigma**2) - log(2*pi)/2",
        {"x": "positive"},
        {"mu": "real", "sigma": "positive"},
        ("lognorm", {"s": "sigma", "scale": "exp(mu)"}),
        "dlnorm(x, meanlog=mu, sdlog=sigma)",
        _jkb("1", 14),
    ),
    Family(
        "exponential",
        "log(rate) - rate*x",
        {"x": "nonnegative"},
        {"rate": "positive"},
        ("expon", {"scale": "1/rate"}),
        "dexp(x, rate=rate)",
        _jkb("1", 19),
    ),
    Family(
        "gamma",
        "shape*log(rate) - loggamma(shape) + (shape - 1)*log(x) - rate*x",
        {"x": "positive"},
        {"shape": "positive", "rate": "positive"},
        ("gamma", {"a": "shape", "scale": "1/rate"}),
        "dgamma(x, shape=shape, rate=rate)",
        _jkb("1", 17),
    ),
    Family(
        "weibull",
        "log(shape) - shape*log(scale) + (shape - 1)*log(x) - (x/scale)**shape",
        {"x": "positive"},
        {"shape": "positive", "scale": "positive"},
        ("weibull_min", {"c": "shape", "scale": "scale"}),
        "dweibull(x, shape=shape, scale=scale)",
        _jkb("1", 21),
    ),
    Family(
        "inverse_gaussian",
        "log(shape)/2 - log(2*pi)/2 - 3*log(x)/2 - shape*(x - mu)**2/(2*mu**2*x)",
        {"x": "positive"},
        {"mu": "positive", "shape": "positive"},
        ("invgauss", {"mu": "mu/shape", "scale": "shape"}),
        "statmod::dinvgauss(x, mean=mu, shape=shape)",
        _jkb("1", 15),
    ),
    Family(
        "beta",
        "(a - 1)*log(x) + (b - 1)*log(1 - x) - loggamma(a) - loggamma(b) + loggamma(a + b)",
        {"x": "unit"},
        {"a": "positive", "b": "positive"},
        ("beta", {"a": "a", "b": "b"}),
        "dbeta(x, shape1=a, shape2=b)",
        _jkb("2", 25),
    ),
    Family(
        "cauchy",
        "-log(pi) - log(scale) - log1p(((x - location)/scale)**2)",
        {"x": "real"},
        {"location": "real", "scale": "positive"},
        ("cauchy", {"loc": "location", "scale": "scale"}),
        "dcauchy(x, location=location, scale=scale)",
        _jkb("1", 16),
    ),
    Family(
        "rayleigh",
        "log(x) - 2*log(scale) - x**2/(2*scale**2)",
        {"x": "positive"},
        {"scale": "positive"},
        ("rayleigh", {"scale": "scale"}),
        "VGAM::drayleigh(x, scale=scale)",
        _jkb("1", 18),
    ),
    Family(
        "poisson",
        "x*log(rate) - rate - loggamma(x + 1)",
        {"x": "nonnegative integer"},
        {"rate": "positive"},
        ("poisson", {"mu": "rate"}),
        "dpois(x, lambda=rate)",
        _jkb("d", 4),
    ),
    Family(
        "bernoulli",
        "x*log(p) + (1 - x)*log(1 - p)",
        {"x": "integer in [0, 1]"},
        {"p": "unit"},
        ("bernoulli", {"p": "p"}),
        "dbinom(x, size=1, prob=p)",
        _jkb("d", 3),
    ),
    Family(
        "geometric",
        "log(p) + x*log(1 - p)",
        {"x": "nonnegative integer"},
        {"p": "unit"},
        ("geom", {"p": "p", "loc": "-1"}),
        "dgeom(x, prob=p)",
        _jkb("d", 5),
    ),
    Family(
        "negative_binomial",
        "loggamma(x + size) - loggamma(size) - loggamma(x + 1)"
        " + size*log(size/(size + mu)) + x*log(mu/(size + mu))",
        {"x": "nonnegative integer"},
        {"size": "positive", "mu": "positive"},
        ("nbinom", {"n": "size", "p": "size/(size + mu)"}),
        "dnbinom(x, size=size, mu=mu)",
        _jkb("d", 5),
    ),
)

FAMILIES: Mapping[str, Family] = MappingProxyType({row.name: row for row in _ROWS})


def family(name: str) -> Family:
    """The row of that name; InputError names the nearest ones."""
    try:
        return FAMILIES[name]
    except KeyError:
        near = get_close_matches(name.lower().replace("-", "_"), FAMILIES, n=3, cutoff=0.5)
        hint = f"did you mean {' or '.join(near)}?" if near else "`list` shows those there are;"
        raise InputError(
            f"there is no family {name!r} in the catalogue; {hint} "
            "give a density of your own with --logpdf or a model file"
        ) from None


def family_model(name: str) -> "Model":
    """The model of a catalogue row, parsed anew.  Raises InputError for an unknown name."""
    from symmle.model import build_model

    row = family(name)
    return build_model(row.name, row.log_density, row.data, row.parameters)
