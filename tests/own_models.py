"""Densities whose names and functions are awkward for some language."""

from symmle.model import Model, build_model

OWN: dict[str, Model] = {
    "names of C and JavaScript": build_model(
        "awkward names",
        "-log(double) - (out - register)**2/(2*double**2) - log(2*pi)/2",
        {"out": "real"},
        {"register": "real", "double": "positive"},
    ),
    "names of ours": build_model(
        "awkward names",
        "-log(slope) - (row - theta)**2/(2*slope**2) - log(1 + (row - theta)**2)*0 - log(2*pi)/2",
        {"row": "real"},
        {"theta": "real", "slope": "positive"},
    ),
    "functions that C and JavaScript lack": build_model(
        "skew",
        "log(2) - x**2/2 - log(2*pi)/2 + log(Phi(a*x)) - log(1 + exp(-b))",
        {"x": "real"},
        {"a": "real", "b": "positive"},
    ),
    "regression": build_model(
        "regression",
        "-log(s) - (y - a - b*x)**2/(2*s**2)",
        {"y": "real", "x": "real"},
        {"a": "real", "b": "real", "s": "positive"},
    ),
}
