"""Families on the whole line."""

from symmle.families.row import Family, continuous_1, continuous_2

ROWS = (
    Family(
        "normal",
        "-log(sigma) - (x - mu)**2/(2*sigma**2) - log(2*pi)/2",
        {"x": "real"},
        {"mu": "real", "sigma": "positive"},
        ("norm", {"loc": "mu", "scale": "sigma"}),
        "dnorm(x, mean=mu, sd=sigma)",
        continuous_1(13),
    ),
    Family(
        "cauchy",
        "-log(pi) - log(scale) - log1p(((x - location)/scale)**2)",
        {"x": "real"},
        {"location": "real", "scale": "positive"},
        ("cauchy", {"loc": "location", "scale": "scale"}),
        "dcauchy(x, location=location, scale=scale)",
        continuous_1(16),
    ),
    Family(
        "logistic",
        "-log(scale) - (x - location)/scale - 2*log1p(exp(-(x - location)/scale))",
        {"x": "real"},
        {"location": "real", "scale": "positive"},
        ("logistic", {"loc": "location", "scale": "scale"}),
        "dlogis(x, location=location, scale=scale)",
        continuous_2(23),
    ),
    Family(
        "gumbel",
        "-log(scale) - (x - location)/scale - exp(-(x - location)/scale)",
        {"x": "real"},
        {"location": "real", "scale": "positive"},
        ("gumbel_r", {"loc": "location", "scale": "scale"}),
        "evd::dgumbel(x, loc=location, scale=scale)",
        continuous_2(22),
    ),
    Family(
        "gumbel_minimum",
        "-log(scale) + (x - location)/scale - exp((x - location)/scale)",
        {"x": "real"},
        {"location": "real", "scale": "positive"},
        ("gumbel_l", {"loc": "location", "scale": "scale"}),
        "evd::dgumbel(-x, loc=-location, scale=scale)",
        continuous_2(22),
    ),
    Family(
        "laplace",
        "-log(2) - log(scale) - Abs(x - location)/scale",
        {"x": "real"},
        {"location": "real", "scale": "positive"},
        ("laplace", {"loc": "location", "scale": "scale"}),
        "VGAM::dlaplace(x, location=location, scale=scale)",
        continuous_2(24),
    ),
    Family(
        "asymmetric_laplace",
        "-log(scale) - log(skew + 1/skew) - Abs(x - location)*where(x < location,"
        " 1/skew, skew)/scale",
        {"x": "real"},
        {"location": "real", "scale": "positive", "skew": "positive"},
        ("laplace_asymmetric", {"kappa": "skew", "loc": "location", "scale": "scale"}),
        "VGAM::dalap(x, location=location, scale=sqrt(2)*scale, kappa=skew)",
        "Kotz, Kozubowski & Podgorski, The Laplace Distribution and Generalizations (2001), ch. 3",
    ),
    Family(
        "student_t",
        "loggamma((df + 1)/2) - loggamma(df/2) - log(pi*df)/2 - log(scale) - (df +"
        " 1)*log1p(((x - location)/scale)**2/df)/2",
        {"x": "real"},
        {"location": "real", "scale": "positive", "df": "positive"},
        ("t", {"df": "df", "loc": "location", "scale": "scale"}),
        "dt((x - location)/scale, df=df)/scale",
        continuous_2(28),
    ),
    Family(
        "hyperbolic_secant",
        "-log(2) - log(scale) - log(cosh(pi*(x - location)/(2*scale)))",
        {"x": "real"},
        {"location": "real", "scale": "positive"},
        ("hypsecant", {"loc": "location", "scale": "2*scale/pi"}),
        "VGAM::dlogF(pi*(x - location)/scale, shape1=1/2, shape2=1/2)*pi/scale",
        continuous_2(23),
    ),
    Family(
        "generalised_normal",
        "log(shape) - log(2) - log(scale) - loggamma(1/shape) - (Abs(x - location)/scale)**shape",
        {"x": "real"},
        {"location": "real", "scale": "positive", "shape": "positive"},
        ("gennorm", {"beta": "shape", "loc": "location", "scale": "scale"}),
        "rmutil::dpowexp(x, m=location, s=scale**2/2**(2/shape), f=shape/2)",
        "Nadarajah, A generalized normal distribution, J. Appl. Stat. 32 (2005)",
    ),
    Family(
        "skew_normal",
        "log(erfc(-alpha*(x - location)/(scale*sqrt(2)))) - log(scale) - log(2*pi)/2"
        " - (x - location)**2/(2*scale**2)",
        {"x": "real"},
        {"location": "real", "scale": "positive", "alpha": "real"},
        ("skewnorm", {"a": "alpha", "loc": "location", "scale": "scale"}),
        "VGAM::dskewnorm(x, location=location, scale=scale, shape=alpha)",
        "Azzalini, A class of distributions which includes the normal ones (1985)",
    ),
    Family(
        "two_piece_normal",
        "log(2/pi)/2 - log(scale) - log(skew + 1/skew) - ((x - location)*where(x <"
        " location, skew, 1/skew)/scale)**2/2",
        {"x": "real"},
        {"location": "real", "scale": "positive", "skew": "positive"},
        None,
        "dnorm((x - location)*ifelse(x < location, skew, 1/skew), sd=scale)*2/(skew + 1/skew)",
        "Fernandez & Steel, On Bayesian modeling of fat tails and skewness, JASA 93 (1998)",
    ),
    Family(
        "two_piece_student_t",
        "log(2) + loggamma((df + 1)/2) - loggamma(df/2) - log(pi*df)/2 - log(scale)"
        " - log(skew + 1/skew) - (df + 1)*log1p(((x - location)*where(x < location,"
        " skew, 1/skew)/scale)**2/df)/2",
        {"x": "real"},
        {"location": "real", "scale": "positive", "df": "positive", "skew": "positive"},
        None,
        "dt((x - location)*ifelse(x < location, skew, 1/skew)/scale, df=df)*2/(scale*(skew +"
        " 1/skew))",
        "Fernandez & Steel, On Bayesian modeling of fat tails and skewness, JASA 93 (1998)",
    ),
    Family(
        "two_piece_generalised_normal",
        "log(shape) - log(scale) - loggamma(1/shape) - log(skew + 1/skew) - (Abs(x -"
        " location)*where(x < location, skew, 1/skew)/scale)**shape",
        {"x": "real"},
        {"location": "real", "scale": "positive", "shape": "positive", "skew": "positive"},
        None,
        "rmutil::dpowexp((x - location)*ifelse(x < location, skew, 1/skew),"
        " s=scale**2/2**(2/shape), f=shape/2)*2/(skew + 1/skew)",
        "Fernandez, Osiewalski & Steel, Modeling and inference with v-spherical"
        " distributions, JASA 90 (1995)",
    ),
    Family(
        "generalised_extreme_value",
        "-log(scale) - (1 + 1/shape)*log1p(shape*(x - location)/scale) - (1 +"
        " shape*(x - location)/scale)**(-1/shape)",
        {"x": "real"},
        {"location": "real", "scale": "positive", "shape": "real"},
        ("genextreme", {"c": "-shape", "loc": "location", "scale": "scale"}),
        "evd::dgev(x, loc=location, scale=scale, shape=shape)",
        continuous_2(22),
    ),
    Family(
        "shifted_exponential",
        "log(rate) - rate*(x - minimum)",
        {"x": "[minimum, oo)"},
        {"minimum": "real", "rate": "positive"},
        ("expon", {"loc": "minimum", "scale": "1/rate"}),
        "dexp(x - minimum, rate=rate)",
        continuous_1(19),
    ),
)
