"""Families on a half line whose tails are powers."""

from symmle.families.row import Family, continuous_1, continuous_2, losses

ROWS = (
    Family(
        "pareto",
        "log(shape) + shape*log(minimum) - (shape + 1)*log(x)",
        {"x": "[minimum, oo)"},
        {"minimum": "positive", "shape": "positive"},
        ("pareto", {"b": "shape", "scale": "minimum"}),
        "VGAM::dpareto(x, scale=minimum, shape=shape)",
        continuous_1(20),
    ),
    Family(
        "lomax",
        "log(shape) - log(scale) - (shape + 1)*log1p(x/scale)",
        {"x": "nonnegative"},
        {"shape": "positive", "scale": "positive"},
        ("lomax", {"c": "shape", "scale": "scale"}),
        "VGAM::dlomax(x, scale=scale, shape3.q=shape)",
        continuous_1(20),
    ),
    Family(
        "generalised_pareto",
        "-log(scale) - (1 + 1/shape)*log1p(shape*x/scale)",
        {"x": "nonnegative"},
        {"scale": "positive", "shape": "real"},
        ("genpareto", {"c": "shape", "scale": "scale"}),
        "evd::dgpd(x, loc=0, scale=scale, shape=shape)",
        "Pickands, Statistical inference using extreme order statistics, Ann. Statist. 3 (1975)",
    ),
    Family(
        "log_logistic",
        "log(shape) - log(scale) + (shape - 1)*log(x/scale) - 2*log1p((x/scale)**shape)",
        {"x": "positive"},
        {"shape": "positive", "scale": "positive"},
        ("fisk", {"c": "shape", "scale": "scale"}),
        "actuar::dllogis(x, shape=shape, scale=scale)",
        continuous_2(23),
    ),
    Family(
        "burr",
        "log(tail) + log(shape) - log(scale) + (shape - 1)*log(x/scale) - (tail +"
        " 1)*log1p((x/scale)**shape)",
        {"x": "positive"},
        {"tail": "positive", "shape": "positive", "scale": "positive"},
        ("burr12", {"c": "shape", "d": "tail", "scale": "scale"}),
        "actuar::dburr(x, shape1=tail, shape2=shape, scale=scale)",
        losses("A.2"),
    ),
    Family(
        "inverse_burr",
        "log(head) + log(shape) - log(scale) + (head*shape - 1)*log(x/scale) - (head"
        " + 1)*log1p((x/scale)**shape)",
        {"x": "positive"},
        {"head": "positive", "shape": "positive", "scale": "positive"},
        ("mielke", {"k": "head*shape", "s": "shape", "scale": "scale"}),
        "actuar::dinvburr(x, shape1=head, shape2=shape, scale=scale)",
        losses("A.2"),
    ),
    Family(
        "paralogistic",
        "2*log(shape) - log(scale) + (shape - 1)*log(x/scale) - (shape +"
        " 1)*log1p((x/scale)**shape)",
        {"x": "positive"},
        {"shape": "positive", "scale": "positive"},
        ("burr12", {"c": "shape", "d": "shape", "scale": "scale"}),
        "actuar::dparalogis(x, shape=shape, scale=scale)",
        losses("A.2"),
    ),
    Family(
        "inverse_paralogistic",
        "2*log(shape) - log(scale) + (shape**2 - 1)*log(x/scale) - (shape +"
        " 1)*log1p((x/scale)**shape)",
        {"x": "positive"},
        {"shape": "positive", "scale": "positive"},
        ("mielke", {"k": "shape**2", "s": "shape", "scale": "scale"}),
        "actuar::dinvparalogis(x, shape=shape, scale=scale)",
        losses("A.2"),
    ),
    Family(
        "inverse_pareto",
        "log(shape) + log(scale) + (shape - 1)*log(x) - (shape + 1)*log(x + scale)",
        {"x": "positive"},
        {"shape": "positive", "scale": "positive"},
        ("mielke", {"k": "shape", "s": "1", "scale": "scale"}),
        "actuar::dinvpareto(x, shape=shape, scale=scale)",
        losses("A.2"),
    ),
    Family(
        "beta_prime",
        "(a - 1)*log(x) - (a + b)*log1p(x) - loggamma(a) - loggamma(b) + loggamma(a + b)",
        {"x": "positive"},
        {"a": "positive", "b": "positive"},
        ("betaprime", {"a": "a", "b": "b"}),
        "extraDistr::dbetapr(x, shape1=a, shape2=b)",
        continuous_2(25),
    ),
    Family(
        "log_gamma",
        "shape*log(rate) - loggamma(shape) + (shape - 1)*log(log(x)) - (rate + 1)*log(x)",
        {"x": "(1, oo)"},
        {"shape": "positive", "rate": "positive"},
        None,
        "actuar::dlgamma(x, shapelog=shape, ratelog=rate)",
        "Hogg & Klugman, Loss Distributions (1984), sec. 2.6",
    ),
)
