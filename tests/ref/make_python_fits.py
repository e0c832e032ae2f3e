"""Make python_fits.json: fits by statsmodels and by SciPy's closed forms, symmle not involved.

Run from the root of the project:  python tests/ref/make_python_fits.py > tests/ref/python_fits.json
It needs pandas and statsmodels, which the project itself does not.
"""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import scipy
import statsmodels
import statsmodels.api as sm
from scipy import stats
from statsmodels.discrete.count_model import ZeroInflatedPoisson
from statsmodels.discrete.discrete_model import NegativeBinomial
from statsmodels.othermod.betareg import BetaModel

DATA = Path("tests/data")
STATSMODELS = f"statsmodels {statsmodels.__version__}"
SCIPY = f"scipy {scipy.__version__}"
fits: list[dict] = []


def column(file: str, name: str, divide: float = 1.0) -> np.ndarray:
    return pd.read_csv(DATA / file)[name].to_numpy(float) / divide


def record(family, file, name, estimate, log_likelihood, by, divide=1.0) -> None:
    fits.append(
        {
            "family": family,
            "file": file,
            "column": name,
            "divide": divide,
            "estimate": {key: float(value) for key, value in estimate.items()},
            "log_likelihood": float(log_likelihood),
            "by": by,
        }
    )


def negative_binomial(file: str) -> None:
    x = column(file, "x")
    found = NegativeBinomial(x, np.ones_like(x)).fit(disp=0, maxiter=500, gtol=1e-10)
    constant, alpha = found.params
    estimate = {"size": 1 / alpha, "mu": np.exp(constant)}
    record("negative_binomial", file, "x", estimate, found.llf, STATSMODELS)


def zero_inflated_poisson(file: str) -> None:
    x = column(file, "x")
    model = ZeroInflatedPoisson(x, np.ones_like(x))
    found = model.fit(disp=0, method="bfgs", maxiter=2000, gtol=1e-10)
    logit, log_rate = found.params
    estimate = {"rate": np.exp(log_rate), "zero": 1 / (1 + np.exp(-logit))}
    record("zero_inflated_poisson", file, "x", estimate, found.llf, STATSMODELS)


def beta(file: str, name: str, divide: float) -> None:
    x = column(file, name, divide)
    found = BetaModel(x, np.ones_like(x)).fit(disp=0, method="newton", maxiter=500)
    mean, precision = 1 / (1 + np.exp(-found.params[0])), np.exp(found.params[1])
    estimate = {"a": mean * precision, "b": (1 - mean) * precision}
    record("beta", file, name, estimate, found.llf, STATSMODELS, divide)


def regressions() -> None:
    cars = pd.read_csv(DATA / "mtcars.csv")
    for name, left, right, model in (
        ("poisson_regression", "carb", "qsec", sm.Poisson),
        ("logistic_regression", "vs", "wt", sm.Logit),
    ):
        found = model(cars[left], sm.add_constant(cars[right])).fit(disp=0, tol=1e-14)
        estimate = dict(zip("ab", found.params, strict=True))
        record(name, "mtcars.csv", f"{left},{right}", estimate, found.llf, STATSMODELS)
    exposure = sm.Poisson(cars["carb"], np.ones(len(cars)), exposure=cars["hp"]).fit(disp=0)
    estimate = {"rate": np.exp(exposure.params.iloc[0])}
    record("poisson_exposure", "mtcars.csv", "carb,hp", estimate, exposure.llf, STATSMODELS)


def scipy_closed_forms() -> None:
    x = column("danishuni.csv", "x")
    shape, _, minimum = stats.pareto.fit(x, floc=0)
    value = stats.pareto.logpdf(x, shape, scale=minimum).sum()
    record("pareto", "danishuni.csv", "x", {"minimum": minimum, "shape": shape}, value, SCIPY)
    for file in ("newcomb.csv", "galaxies.csv"):
        x = column(file, "x")
        location, scale = stats.laplace.fit(x)
        value = stats.laplace.logpdf(x, location, scale).sum()
        estimate = {"location": location, "scale": scale}
        record("laplace", file, "x", estimate, value, SCIPY)
    x = column("nile.csv", "x")
    low, width = stats.uniform.fit(x)
    value = stats.uniform.logpdf(x, low, width).sum()
    record("uniform", "nile.csv", "x", {"lower": low, "upper": low + width}, value, SCIPY)


for counts in ("discoveries.csv", "quakes_stations.csv"):
    negative_binomial(counts)
zero_inflated_poisson("discoveries.csv")
beta("nile.csv", "x", 1500.0)
beta("faithful.csv", "eruptions", 6.0)
regressions()
scipy_closed_forms()
print(json.dumps({"made_by": f"{STATSMODELS}, {SCIPY}", "fits": fits}, indent=1))
