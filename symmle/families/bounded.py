"""Families on an interval."""

from symmle.families.row import Family, continuous_1, continuous_2

ROWS = (
    Family(
        "beta",
        "(a - 1)*log(x) + (b - 1)*log(1 - x) - loggamma(a) - loggamma(b) + loggamma(a + b)",
        {"x": "unit"},
        {"a": "positive", "b": "positive"},
        ("beta", {"a": "a", "b": "b"}),
        "dbeta(x, shape1=a, shape2=b)",
        continuous_2(25),
    ),
    Family(
        "kumaraswamy",
        "log(a) + log(b) + (a - 1)*log(x) + (b - 1)*log1p(-x**a)",
        {"x": "unit"},
        {"a": "positive", "b": "positive"},
        None,
        "VGAM::dkumar(x, shape1=a, shape2=b)",
        "Kumaraswamy, A generalized probability density function, J. Hydrology 46 (1980)",
    ),
    Family(
        "logit_normal",
        "-log(sigma) - log(2*pi)/2 - log(x) - log1p(-x) - (log(x) - log1p(-x) -"
        " mu)**2/(2*sigma**2)",
        {"x": "unit"},
        {"mu": "real", "sigma": "positive"},
        None,
        "dnorm(qlogis(x), mean=mu, sd=sigma)/(x*(1 - x))",
        continuous_1(12),
    ),
    Family(
        "unit_lindley",
        "2*log(theta) - log1p(theta) - 3*log1p(-x) - theta*x/(1 - x)",
        {"x": "unit"},
        {"theta": "positive"},
        None,
        "VGAM::dlind(x/(1 - x), theta=theta)/(1 - x)**2",
        "Mazucheli, Menezes & Chakraborty, On the one parameter unit-Lindley distribution (2019)",
    ),
    Family(
        "topp_leone",
        "log(2) + log(shape) + log1p(-x) + (shape - 1)*(log(x) + log(2 - x))",
        {"x": "unit"},
        {"shape": "positive"},
        None,
        "VGAM::dkumar(1 - x, shape1=2, shape2=shape)",  # its dtopple stops at a shape of one
        "Topp & Leone, A family of J-shaped frequency functions, JASA 50 (1955)",
    ),
    Family(
        "power_function",
        "log(shape) - shape*log(upper) + (shape - 1)*log(x)",
        {"x": "(0, upper]"},
        {"upper": "positive", "shape": "positive"},
        ("powerlaw", {"a": "shape", "scale": "upper"}),
        "extraDistr::dpower(x, alpha=upper, beta=shape)",
        continuous_2(25),
    ),
    Family(
        "uniform",
        "-log(upper - lower)",
        {"x": "[lower, upper]"},
        {"lower": "real", "upper": "(lower, oo)"},
        ("uniform", {"loc": "lower", "scale": "upper - lower"}),
        "dunif(x, min=lower, max=upper)",
        continuous_2(26),
    ),
    Family(
        "von_mises",
        "concentration*cos(x - location) - log(2*pi) - log(besseli(0, concentration))",
        {"x": "angle"},
        {"location": "angle", "concentration": "positive"},
        ("vonmises", {"kappa": "concentration", "loc": "location"}),
        "circular::dvonmises(x, mu=location, kappa=concentration)",
        "Mardia & Jupp, Directional Statistics (2000), sec. 3.5",
    ),
)
