"""What a row of the catalogue says, and the books that rows cite."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Family:
    """One row: everything is text in the language of `parsing`.

    scipy: the name in scipy.stats and {its argument: expression in our parameters}; None where
    SciPy has no such distribution.
    given: those of the parameters that are known numbers, and are not estimated.
    r: the density in R, begun by the function of its stats or of the package named before ::, an
    expression that R evaluates once x and the parameters have values; None where there is none.
    """

    name: str
    log_density: str
    data: Mapping[str, str]
    parameters: Mapping[str, str]
    scipy: tuple[str, Mapping[str, str]] | None
    r: str | None
    reference: str
    given: tuple[str, ...] = ()


def continuous_1(chapter: int) -> str:
    """A chapter of Johnson, Kotz & Balakrishnan, volume 1."""
    book = "Johnson, Kotz & Balakrishnan, Continuous Univariate Distributions 1 (1994)"
    return f"{book}, ch. {chapter}"


def continuous_2(chapter: int) -> str:
    """A chapter of Johnson, Kotz & Balakrishnan, volume 2."""
    book = "Johnson, Kotz & Balakrishnan, Continuous Univariate Distributions 2 (1995)"
    return f"{book}, ch. {chapter}"


def counts(chapter: int) -> str:
    """A chapter of Johnson, Kemp & Kotz."""
    return f"Johnson, Kemp & Kotz, Univariate Discrete Distributions (2005), ch. {chapter}"


def losses(section: str) -> str:
    """A section of the appendix of Klugman, Panjer & Willmot."""
    return f"Klugman, Panjer & Willmot, Loss Models (4th ed., 2012), appendix {section}"
