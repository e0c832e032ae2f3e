"""The sample mean is a symbol: an expression node and its algebra.

`mean(T)` binds the data symbols in T.  It is linear, constants come out of it, a derivative
goes into it, and n is never a number.  What is left of a log-likelihood once every factor free
of the data is outside is of two kinds:

    a statistic  mean(T(x))         computed once per data set
    a pass       mean(T(x, theta))  needed once per evaluation

A product is expanded only when that turns some of it into statistics; a pass keeps its compact
form.  `separate` moves parameters out of passes for the algebra of estimation, at the price of
that compact form; second moments are brought to central form in `squares`.
Imports `domain` and `fraction` only.
"""

from collections.abc import Iterable
from functools import lru_cache
from typing import ClassVar

import sympy as sp

from symmle.domain import Datum
from symmle.fraction import reduced_fraction
from symmle.hyperbolic import in_tanh
from symmle.zero_log import zero_times_log

_MOST_TERMS = 400  # an expansion that may have more terms than this is not tried
_MOST_OPERATIONS = 300  # nor is that of a larger factor


def has_data(expr: sp.Basic) -> bool:
    """Whether a data symbol occurs outside every sample mean."""
    return any(isinstance(symbol, Datum) for symbol in expr.free_symbols)


class OverData(sp.Function):
    """A function of whole columns: its data symbols are bound.

    keeps_sign: whether it is of one strict sign where its argument is.
    """

    keeps_sign: ClassVar[bool] = False

    @property
    def free_symbols(self) -> set[sp.Symbol]:
        inside = set().union(*(arg.free_symbols for arg in self.args))
        return {symbol for symbol in inside if not isinstance(symbol, Datum)}

    def _eval_is_real(self) -> bool:
        return True  # a log-density is real on its support, and that is where the data are


class SampleMean(OverData):
    """mean(T) of one expression over the rows of the data (weighted where the data are).

    Evaluates itself to the normal form described at the top of this file.  The mean of something
    that is nowhere negative is taken to be positive: not all of it is zero.  Whoever evaluates it
    on data checks that first (`may_vanish`).
    """

    nargs = 1
    keeps_sign = True

    @classmethod
    def eval(cls, arg: sp.Expr) -> sp.Expr | None:
        if not has_data(arg):
            return arg
        if arg.is_Add:
            return sp.Add(*(cls(term) for term in arg.args))
        constant, rest = _split(arg)
        if constant is not sp.S.One:
            return sp.Add(*(constant * term for term in sp.Add.make_args(cls(rest))))
        terms = _statistics_split_off(rest)
        return None if terms is None else sp.Add(*(_mean_of_term(term) for term in terms))

    def _eval_derivative(self, symbol: sp.Symbol) -> sp.Expr:
        return zero_times_log(SampleMean(in_tanh(self.args[0].diff(symbol))))

    def _eval_is_positive(self) -> bool | None:
        return True if on_support(self.args[0]).is_nonnegative else None

    def _eval_is_negative(self) -> bool | None:
        return True if on_support(self.args[0]).is_nonpositive else None

    def _sympystr(self, printer: sp.printing.StrPrinter) -> str:
        return f"mean({printer.doprint(self.args[0])})"


class SampleCovariance(OverData):
    """cov(A, B), divisor n or the weights; var(A) when both are the same.

    A variance is taken to be positive: the sample is not constant.  Whoever evaluates it on data
    checks that first.
    """

    nargs = 2

    @classmethod
    def eval(cls, first: sp.Expr, second: sp.Expr) -> sp.Expr | None:
        if not has_data(first) or not has_data(second):
            return sp.S.Zero
        outside, inside = zip(*(_split(arg) for arg in (first, second)), strict=True)
        if outside != (sp.S.One, sp.S.One):
            return sp.Mul(*outside) * cls(*inside)
        ordered = sorted((first, second), key=sp.default_sort_key)
        return None if (first, second) == tuple(ordered) else cls(*ordered)

    def _eval_derivative(self, symbol: sp.Symbol) -> sp.Expr:
        first, second = self.args
        return SampleCovariance(first.diff(symbol), second) + SampleCovariance(
            first, second.diff(symbol)
        )

    def _eval_is_positive(self) -> bool | None:
        return True if self.args[0] == self.args[1] else None

    def _sympystr(self, printer: sp.printing.StrPrinter) -> str:
        first, second = (printer.doprint(arg) for arg in self.args)
        return f"var({first})" if first == second else f"cov({first}, {second})"

    def raw(self) -> sp.Expr:
        """The same in raw moments: mean(A*B) - mean(A)*mean(B)."""
        first, second = self.args
        return SampleMean(first * second) - SampleMean(first) * SampleMean(second)


def mean(expr: sp.Expr) -> sp.Expr:
    """The sample mean of `expr`, in normal form."""
    return SampleMean(expr)


def cov(first: sp.Expr, second: sp.Expr) -> sp.Expr:
    """The sample covariance, divisor n or the weights."""
    return SampleCovariance(first, second)


def var(expr: sp.Expr) -> sp.Expr:
    """The sample variance, divisor n or the weights."""
    return SampleCovariance(expr, expr)


def nodes(exprs: Iterable[sp.Basic]) -> tuple[OverData, ...]:
    """Every mean and covariance in the expressions, outermost ones only, in a stable order."""
    found: set[OverData] = set()
    for expr in exprs:
        walk = sp.preorder_traversal(expr)
        for node in walk:
            if isinstance(node, OverData):
                found.add(node)
                walk.skip()
    return tuple(sorted(found, key=sp.default_sort_key))


def statistics(exprs: Iterable[sp.Basic], parameters: Iterable[sp.Symbol]) -> tuple[OverData, ...]:
    """The nodes free of the parameters: computed once per data set."""
    theta = set(parameters)
    return tuple(node for node in nodes(exprs) if not node.free_symbols & theta)


def passes(exprs: Iterable[sp.Basic], parameters: Iterable[sp.Symbol]) -> tuple[OverData, ...]:
    """The nodes that depend on the parameters: needed once per evaluation."""
    theta = set(parameters)
    return tuple(node for node in nodes(exprs) if node.free_symbols & theta)


def may_vanish(node: OverData) -> bool:
    """Whether a node may be zero on data: all but what keeps the strict sign of its T."""
    inside = on_support(node.args[0])
    return not (node.keeps_sign and (inside.is_positive or inside.is_negative))


@lru_cache(maxsize=4096)
def on_support(expr: sp.Expr) -> sp.Expr:
    """An expression that has the signs of `expr` over the rows, and shows them.

    On (0, 1), x/(x - 1) is -t with t > 0; and log(x) is the logarithm of what is below one.
    """
    here = {s: s.inside for s in expr.free_symbols if isinstance(s, Datum) and s.inside is not None}
    if not here or expr.count_ops() > _MOST_OPERATIONS:
        return expr
    return sp.factor_terms(reduced_fraction(expr.xreplace(here).replace(sp.log, log_by_sign)))


def log_by_sign(inside: sp.Expr) -> sp.Expr:
    """log(B) as a letter of known sign where B is known to lie above or below one."""
    above = sp.factor_terms(reduced_fraction(inside - 1))
    signs = ("positive", "nonnegative", "negative", "nonpositive")
    held = {sign: True for sign in signs if getattr(above, f"is_{sign}")}
    return sp.Dummy("log", real=True, **held) if held else sp.log(inside)


def masked(expr: sp.Expr, cautious: bool = False) -> tuple[sp.Expr, dict[sp.Symbol, OverData]]:
    """(`expr` with a letter for each node, {letter: node}): for algebra that knows no means.

    cautious: a node that is positive only by convention gets a letter that may be zero.
    """
    letter: dict[OverData, sp.Symbol] = {}
    for i, node in enumerate(nodes([expr])):
        signs = {"positive": bool(node.is_positive), "negative": bool(node.is_negative)}
        if cautious and may_vanish(node):
            signs = {"nonnegative": signs["positive"], "nonpositive": signs["negative"]}
        held = {sign: True for sign, holds in signs.items() if holds}
        letter[node] = sp.Dummy(f"m{i}", real=True, **held)
    return expr.xreplace(letter), {symbol: node for node, symbol in letter.items()}


def raw(expr: sp.Expr) -> sp.Expr:
    """Covariances written in raw moments; the inverse of `squares.central`, for algebra only."""
    return expr.replace(lambda e: isinstance(e, SampleCovariance), lambda e: e.raw())


def separate(expr: sp.Expr) -> sp.Expr:
    """Move parameters out of the passes wherever a pass can shed one.

    mean((x/s)**k) becomes mean(x**k)/s**k, and mean(exp((m - x)/s)) becomes
    exp(m/s)*mean(exp(-x/s)).  For solving equations; not for computing, where it overflows.
    """
    return expr.replace(lambda e: isinstance(e, SampleMean), _separated)


def _separated(node: SampleMean) -> sp.Expr:
    terms = None if _has_high_power(node.args[0]) else _expanded(node.args[0])
    if terms is None:
        return node
    left = set().union(*(outer_symbols(rest) for _, rest in map(_split, terms)))
    if not left < outer_symbols(node.args[0]):
        return node
    return sp.Add(*(_mean_of_term(term) for term in terms))


def recentred(expr: sp.Expr) -> sp.Expr:
    """Write differences of products of means as covariances wherever that is shorter.

    mean(A*B) becomes cov(A, B) + mean(A)*mean(B); where A*B is a number c, mean(B) becomes
    (c - cov(A, B))/mean(A).  So mean(x)*mean(1/x) - 1, which cancels, is -cov(x, 1/x).
    """
    if any(not power.exp.is_Integer and power.base.is_Add for power in expr.atoms(sp.Pow)):
        return expr  # a root of a sum: its stable form must not be multiplied out
    means = [node for node in nodes([expr]) if isinstance(node, SampleMean)]
    for i, first in enumerate(means):
        for second in means[i:]:
            product = first.args[0] * second.args[0]
            spread = cov(first.args[0], second.args[0])
            if not has_data(product):
                here = {first: (product - spread) / second}
            elif SampleMean(product, evaluate=False) in means:
                here = {SampleMean(product, evaluate=False): spread + first * second}
            else:
                continue
            letters, back = masked(expr.xreplace(here))
            shorter = sp.factor_terms(reduced_fraction(letters)).xreplace(back)
            if shorter.count_ops() < expr.count_ops():
                expr = shorter
    return expr


def linear_in_means(expr: sp.Expr) -> tuple[list[tuple[sp.Expr, sp.Expr]], sp.Expr]:
    """([(T, its coefficient) for each term coefficient*mean(T) of a sum], what is left)."""
    linear = []
    rest = sp.S.Zero
    for term in sp.Add.make_args(expr):
        means = [factor for factor in sp.Mul.make_args(term) if isinstance(factor, SampleMean)]
        if len(means) == 1 and not nodes([term / means[0]]):
            linear.append((means[0].args[0], term / means[0]))
        else:
            rest += term
    return linear, rest


def tidy(expr: sp.Expr) -> sp.Expr:
    """Gather the terms that share a data-free factor: a/s**3 + b/s**3 is (a + b)/s**3."""
    gathered: dict[sp.Expr, list[sp.Expr]] = {}
    for term in sp.Add.make_args(expr):
        number, rest = sp.factor_terms(term).as_coeff_Mul()
        factors = sp.Mul.make_args(rest)
        outside = sp.Mul(*(factor for factor in factors if not factor.has(OverData)))
        inside = sp.Mul(*(factor for factor in factors if factor.has(OverData)))
        gathered.setdefault(outside, []).append(number * inside)
    return sp.Add(*(_product(outside, sp.Add(*terms)) for outside, terms in gathered.items()))


def _product(outside: sp.Expr, inside: sp.Expr) -> sp.Expr:
    number, rest = inside.primitive()
    if rest.is_Add:
        minus = sum(term.as_coeff_Mul()[0].is_negative for term in rest.args)
        if 2 * minus > len(rest.args) or (2 * minus == len(rest.args) and number.is_negative):
            number, rest = -number, -rest
    return number * outside * rest


def _split(term: sp.Expr) -> tuple[sp.Expr, sp.Expr]:
    """(factors free of the data, the others); sums among the others have their data positive."""
    outside, inside = [], []
    for factor in sp.Mul.make_args(term):
        if not has_data(factor):
            outside.append(factor)
            continue
        base, exponent = factor.as_base_exp()
        if exponent.is_Integer and base.is_Add and _leads_with_minus(base):
            outside.append(sp.S.NegativeOne**exponent)
            factor = (-base) ** exponent
        inside.append(factor)
    return sp.Mul(*outside), sp.Mul(*inside)


def _leads_with_minus(total: sp.Add) -> bool:
    """Whether the first term with data in it has a negative coefficient."""
    terms = (term.as_coeff_Mul() for term in total.args if has_data(term))
    number, _ = min(terms, key=lambda pair: sp.default_sort_key(pair[1]))
    return bool(number.is_negative)


def _mean_of_term(term: sp.Expr) -> sp.Expr:
    """mean of one term whose data factor needs no further look."""
    constant, rest = _split(term)
    return constant * (SampleMean(rest, evaluate=False) if has_data(rest) else rest)


def _statistics_split_off(factor: sp.Expr) -> list[sp.Expr] | None:
    """Terms of an expansion in which statistics come free; None when it is better left alone.

    Everything must become a statistic, or a sum must fall apart into some statistics and
    passes of the same parameters: `x*(mu + log(1 + exp(b*x)))` does, `(x - mu)/(s + (x - mu)**2)`
    does not.
    """
    if not outer_symbols(factor) or _has_high_power(factor):
        return None
    terms = _expanded(factor)
    if terms is None:
        return None
    loose = [outer_symbols(rest) for _, rest in map(_split, terms)]
    if any(loose) and all(loose):
        return None
    if any(loose) and not set().union(*loose) < outer_symbols(factor):
        return None
    return terms


def _has_high_power(factor: sp.Expr) -> bool:
    """Whether a cube or more of a sum is in it: its raw moments would cancel."""
    powers = (each.as_base_exp() for each in sp.Mul.make_args(factor))
    return any(base.is_Add and exponent.is_Integer and exponent > 2 for base, exponent in powers)


def outer_symbols(expr: sp.Expr) -> set[sp.Symbol]:
    """What an expression in the data depends on besides the data."""
    return {symbol for symbol in expr.free_symbols if not isinstance(symbol, Datum)}


def _expanded(factor: sp.Expr) -> list[sp.Expr] | None:
    """The terms of one expansion at the top level; None when there is none or it is too large."""
    if _term_bound(factor) > _MOST_TERMS or factor.count_ops() > _MOST_OPERATIONS:
        return None
    powers = (sp.expand_multinomial(each, deep=False) for each in sp.Mul.make_args(factor))
    wide = sp.expand_mul(sp.Mul(*powers), deep=False)
    terms = [
        part
        for term in sp.Add.make_args(wide)
        for part in sp.Add.make_args(sp.expand_mul(_powers_split(term), deep=False))
    ]
    return None if terms == [factor] else terms


def _powers_split(term: sp.Expr) -> sp.Expr:
    """Split each power and log of a term: (x/s)**k to x**k/s**k, log(x/s) to log(x) - log(s)."""
    split = []
    for factor in sp.Mul.make_args(term):
        base, exponent = factor.as_base_exp()
        if isinstance(base, sp.log) and exponent.is_Integer:
            factor = sp.expand_multinomial(sp.expand_log(base, deep=False) ** exponent, deep=False)
        elif isinstance(factor, sp.sin | sp.cos) and has_data(factor):
            factor = _angles_split(factor)
        elif not exponent.is_Integer:
            sums = sp.expand_power_exp(base ** sp.expand_mul(exponent), deep=False)
            factor = sp.Mul(
                *(sp.expand_power_base(each, deep=False) for each in sp.Mul.make_args(sums))
            )
        split.append(factor)
    return sp.Mul(*split)


def _angles_split(call: sp.Expr) -> sp.Expr:
    """cos(x - m) as cos(x)*cos(m) + sin(x)*sin(m); an angle without parameters is left alone."""
    moving, still = call.args[0].as_independent(*call.args[0].atoms(Datum), as_Add=True)
    if moving == 0 or still == 0:
        return call
    first, second = sp.Dummy(), sp.Dummy()
    parts = {first: moving, second: still}
    return call.func(first + second).expand(trig=True).xreplace(parts)


def _term_bound(factor: sp.Expr) -> int:
    """An upper bound of the number of terms of the expanded product."""
    bound = 1
    for each in sp.Mul.make_args(factor):
        base, exponent = each.as_base_exp()
        if base.is_Add and exponent.is_Integer and exponent > 0:
            bound *= int(sp.binomial(len(base.args) + min(int(exponent), 99) - 1, int(exponent)))
    return bound
