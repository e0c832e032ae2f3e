"""Families whose number of parameters follows a dimension: a row is made when it is asked for."""

from collections.abc import Callable, Mapping
from itertools import chain
from types import MappingProxyType

from symmle.families.row import Family

_JKB = "Kotz, Balakrishnan & Johnson, Continuous Multivariate Distributions 1 (2000)"
_JKB_DISCRETE = "Johnson, Kotz & Balakrishnan, Discrete Multivariate Distributions (1997)"


def categorical(k: int) -> Family:
    """One of k classes, numbered 1 to k: k - 1 free probabilities, the last is what is left."""
    chosen = [f"where(x > {i - 0.5}, 1, 0)*where(x < {i + 0.5}, 1, 0)" for i in range(1, k)]
    terms = [f"{each}*log(p{i})" for i, each in enumerate(chosen, 1)]
    terms.append(f"where(x > {k - 0.5}, 1, 0)*log({_rest('p', k)})")
    chances = [*(f"p{i}" for i in range(1, k)), _rest("p", k)]
    return Family(
        "categorical",
        " + ".join(terms),
        {"x": f"integer in [1, {k}]"},
        _probabilities(k),
        None,
        f"extraDistr::dcat(x, prob=c({', '.join(chances)}))",
        f"{_JKB_DISCRETE}, ch. 35",
    )


def multinomial(k: int) -> Family:
    """Counts of k classes, given their sum: k - 1 free probabilities, the last is what is left."""
    counts = [f"x{i}" for i in range(1, k + 1)]
    chances = [*(f"p{i}" for i in range(1, k)), _rest("p", k)]
    density = f"loggamma({' + '.join(counts)} + 1)"
    density += "".join(f" - loggamma({each} + 1)" for each in counts)
    pairs = zip(counts, chances, strict=True)
    density += "".join(f" + {count}*log({chance})" for count, chance in pairs)
    return Family(
        "multinomial",
        density,
        dict.fromkeys(counts, "nonnegative integer"),
        _probabilities(k),
        None,
        f"dmultinom(c({', '.join(counts)}), prob=c({', '.join(chances)}))",
        f"{_JKB_DISCRETE}, ch. 35",
    )


def dirichlet(k: int) -> Family:
    """Shares of a whole: k - 1 columns, the last share is what is left; k exponents."""
    shares = [*(f"x{i}" for i in range(1, k)), _rest("x", k)]
    names = [f"a{i}" for i in range(1, k + 1)]
    density = f"loggamma({' + '.join(names)})"
    density += "".join(f" - loggamma({each})" for each in names)
    pairs = zip(names, shares, strict=True)
    density += "".join(f" + ({name} - 1)*log({share})" for name, share in pairs)
    return Family(
        "dirichlet",
        density,
        {f"x{i}": "unit" if i == 1 else f"(0, {_rest('x', i)})" for i in range(1, k)},
        dict.fromkeys(names, "positive"),
        None,
        f"extraDistr::ddirichlet(c({', '.join(shares)}), alpha=c({', '.join(names)}))",
        f"{_JKB}, ch. 49",
    )


def multivariate_normal(k: int) -> Family:
    """k columns with means mu1.. and covariances s11, s12, ...: the log of the determinant is
    where the matrix must be positive definite."""
    s = [[f"s{min(i, j) + 1}{max(i, j) + 1}" for j in range(k)] for i in range(k)]
    away = [f"(x{i} - mu{i})" for i in range(1, k + 1)]
    determinant = _determinant(s)
    form = [
        f"({'-' if (i + j) % 2 else ''}({'2*' if i < j else ''}({_minor(s, i, j)})))"
        f"*{away[i]}*{away[j]}"
        for i in range(k)
        for j in range(i, k)
    ]
    spread = {s[i][j]: "positive" if i == j else "real" for i in range(k) for j in range(i, k)}
    if k > 2:  # three rows have a positive determinant with two negative eigenvalues too
        spread["s33"] = "(s23**2/s22, oo)"
    columns, centres = ([f"{letter}{i}" for i in range(1, k + 1)] for letter in ("x", "mu"))
    return Family(
        "multivariate_normal",
        f"-{k}*log(2*pi)/2 - log({determinant})/2 - ({' + '.join(form)})/(2*({determinant}))",
        {f"x{i}": "real" for i in range(1, k + 1)},
        {f"mu{i}": "real" for i in range(1, k + 1)} | spread,
        None,
        f"mvtnorm::dmvnorm(c({', '.join(columns)}), mean=c({', '.join(centres)}), "
        f"sigma=matrix(c({', '.join(chain.from_iterable(s))}), nrow={k}))",
        f"{_JKB}, ch. 45",
    )


def _rest(letter: str, k: int) -> str:
    """What k - 1 shares leave of one."""
    return "1" + "".join(f" - {letter}{i}" for i in range(1, k))


def _probabilities(k: int) -> dict[str, str]:
    return {f"p{i}": "unit" for i in range(1, k)}


def _minor(rows: list[list[str]], i: int, j: int) -> str:
    left = [[each for c, each in enumerate(row) if c != j] for r, row in enumerate(rows) if r != i]
    return _determinant(left)


def _determinant(rows: list[list[str]]) -> str:
    """By expansion along the first row; 1 for no row."""
    if not rows:
        return "1"
    terms = [f"{'-' if j % 2 else ''}{rows[0][j]}*({_minor(rows, 0, j)})" for j in range(len(rows))]
    return " + ".join(f"({each})" for each in terms) if len(terms) > 1 else rows[0][0]


# name: (how a row of a dimension is made, the smallest dimension, the one meant by default,
# the largest, and by how much the columns of data fall short of the dimension; None: one column)
SIZED: Mapping[str, tuple[Callable[[int], Family], int, int, int, int | None]] = MappingProxyType(
    {
        "categorical": (categorical, 2, 3, 9, None),
        "multinomial": (multinomial, 2, 3, 9, 0),
        "dirichlet": (dirichlet, 2, 3, 9, 1),
        "multivariate_normal": (multivariate_normal, 2, 2, 3, 0),
    }
)
