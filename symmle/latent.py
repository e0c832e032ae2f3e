"""Latent variables: the density of what is observed, and means given what is observed.

With the log-density l(x, z; theta) of data x and latent variables z together, what is observed has
log f(x) = log(sum or integral of exp(l) over z), and a function T(x, z) has the mean E[T | x].
Both are found by rule:

* over finitely many values, a sum; each value has the weight exp(l)/f(x);
* where l is linear in the statistics T_j(z) of a law of the table below, l = c + eta.T + log h,
  log f = c + A(eta) with the law's log-normaliser A, and the T_j have means dA/deta_j and
  covariances d2A/deta_i deta_j given x (Barndorff-Nielsen, Information and Exponential Families,
  1978, chapter 8).

Imports `domain` and `errors` only.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import product

import sympy as sp

from symmle.domain import Datum, Domain, Variable
from symmle.errors import InputError

MOST_STATES = 64
_LONGEST = 150  # operations of what is factored
_A, _B = sp.symbols("eta0:2", real=True)  # the natural parameters of a law
_TOP = sp.Symbol("top", positive=True)  # the upper end of a domain


@dataclass(frozen=True, slots=True)
class _Law:
    """A family of laws of one latent variable.

    integer, lower, upper: its support; an upper end of None may be any.
    statistics: T_j, functions of z.  base: log h(z).
    normaliser: A, in the natural parameters `_A` and `_B`, and the upper end `_TOP`.
    primitive: how many of the statistics have their polynomials of second degree averaged.
    """

    integer: bool
    lower: sp.Expr
    upper: sp.Expr | None
    statistics: tuple[sp.Expr, ...]
    base: sp.Expr
    normaliser: sp.Expr
    primitive: int

    def fits(self, where: Domain) -> bool:
        """Whether a domain is the support."""
        upper = where.upper if self.upper is None else self.upper
        return (where.integer, where.lower, where.upper) == (self.integer, self.lower, upper)


def _factorial(n: sp.Expr) -> sp.Expr:
    return sp.loggamma(n + 1, evaluate=False)


_Z = sp.Symbol("z", positive=True)
_POSITIVE = False, sp.S.Zero, sp.oo
_LAWS = (
    _Law(  # normal
        False, -sp.oo, sp.oo, (_Z, _Z**2), sp.S.Zero,
        -(_A**2) / (4 * _B) + sp.log(-sp.pi / _B) / 2, 1,
    ),
    _Law(  # gamma
        *_POSITIVE, (_Z, sp.log(_Z)), sp.S.Zero,
        sp.loggamma(_B + 1) - (_B + 1) * sp.log(-_A), 2,
    ),
    _Law(  # inverse gamma
        *_POSITIVE, (1 / _Z, sp.log(_Z)), sp.S.Zero,
        sp.loggamma(-_B - 1) + (_B + 1) * sp.log(-_A), 2,
    ),
    _Law(  # the root of a gamma, as Rayleigh's and Maxwell's
        *_POSITIVE, (_Z**2, sp.log(_Z)), sp.S.Zero,
        sp.loggamma((_B + 1) / 2) - sp.log(2) - (_B + 1) / 2 * sp.log(-_A), 2,
    ),
    _Law(  # beta
        False, sp.S.Zero, sp.S.One, (sp.log(_Z), sp.log(1 - _Z)), sp.S.Zero,
        sp.loggamma(_A + 1) + sp.loggamma(_B + 1) - sp.loggamma(_A + _B + 2), 2,
    ),
    _Law(  # Poisson
        True, sp.S.Zero, sp.oo, (_Z,), -_factorial(_Z),
        sp.exp(_A), 1,
    ),
    _Law(  # binomial
        True, sp.S.Zero, None, (_Z,), -_factorial(_Z) - _factorial(_TOP - _Z),
        _TOP * sp.log(1 + sp.exp(_A)) - _factorial(_TOP), 1,
    ),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Given:
    """One latent variable given the data: its law with the natural parameters in place."""

    variable: sp.Symbol
    primitives: tuple[sp.Expr, ...]
    means: tuple[sp.Expr, ...]
    covariances: tuple[tuple[sp.Expr, ...], ...]

    def mean(self, function: sp.Expr) -> sp.Expr:
        """E[T] of a polynomial of second degree in the primitives, about their means."""
        if self.variable not in function.free_symbols:
            return function
        here = sp.expand_log(function)
        letters = [sp.Dummy(real=True) for _ in self.primitives]
        for primitive, letter in zip(self.primitives, letters, strict=True):
            here = here.subs(primitive, letter)  # z**2 in 1/z is no primitive, and stays
        slopes = [here.diff(letter) for letter in letters]
        seconds = [[slope.diff(letter) for letter in letters] for slope in slopes]
        flat = [entry for row in seconds for entry in row]
        if any(self.variable in e.free_symbols or e.free_symbols & {*letters} for e in flat) or (
            self.variable in here.free_symbols
        ):
            raise InputError(
                f"the mean of {function} over {self.variable} has no closed form that is known "
                "here, so EM has no E-step; give another parametrisation of the latent variable"
            )
        place = dict(zip(letters, self.means, strict=True))
        spread = sp.Add(
            *(
                entry * self.covariances[i][j] / 2
                for i, row in enumerate(seconds)
                for j, entry in enumerate(row)
            )
        )
        return here.xreplace(place) + spread


@dataclass(frozen=True, slots=True)
class State:
    """One choice of values for the latent variables that have finitely many.

    log_density: l there, integrated over the others.  joint: l there, with the others in it.
    """

    values: Mapping[sp.Symbol, sp.Expr]
    joint: sp.Expr
    log_density: sp.Expr
    others: tuple[_Given, ...]

    def mean(self, function: sp.Expr) -> sp.Expr:
        """E[T | x] of what is a function of the data and of the other latent variables."""
        for each in self.others:
            function = each.mean(function)
        return function


@dataclass(frozen=True, slots=True)
class Conditional:
    """The latent variables given the data, at the parameters that stand in the formulas.

    log_density: of what is observed.  states: one where no latent variable is finite.
    """

    log_density: sp.Expr
    states: tuple[State, ...]

    def mean(self, function: Callable[[State], sp.Expr]) -> sp.Expr:
        """E[T | x], T told for each state: the sum of its means with the states' weights."""
        logs = [state.log_density for state in self.states]
        parts = []
        for weight, state in zip(_weights(logs), self.states, strict=True):
            parts.append(weight * state.mean(function(state)))
        return sp.Add(*parts)


def conditional(log_density: sp.Expr, latent: Sequence[Variable]) -> Conditional:
    """Sum and integrate the latent variables out of a log-density.

    Raises InputError for more than 64 states, and for a variable that no rule integrates.
    """
    finite = [each for each in latent if _is_finite(each.domain)]
    rest = [each for each in latent if each not in finite]
    ranges = [range(int(v.domain.lower), int(v.domain.upper) + 1) for v in finite]
    states: list[State] = []
    for chosen in product(*ranges):
        if len(states) == MOST_STATES:
            names = ", ".join(each.name for each in finite)
            raise InputError(f"{names} have more than {MOST_STATES} values together; use fewer")
        values = {v.symbol: sp.Integer(k) for v, k in zip(finite, chosen, strict=True)}
        joint = here = log_density.xreplace(values)
        if here.has(sp.nan) or here in (sp.zoo, -sp.oo, sp.oo):
            raise InputError(f"the log-density has no value at {_told(values)}; correct it")
        others = []
        for variable in rest:
            here, law = _integrated(here, variable)
            others.append(law)
        states.append(State(values, joint, here, tuple(others)))
    return Conditional(_log_sum([s.log_density for s in states]), tuple(states))


def _is_finite(where: Domain) -> bool:
    ends = where.lower, where.upper
    return where.integer and all(end.is_number and end.is_finite for end in ends)


def _told(values: Mapping[sp.Symbol, sp.Expr]) -> str:
    return ", ".join(f"{symbol} = {value}" for symbol, value in values.items())


def _integrated(log_density: sp.Expr, variable: Variable) -> tuple[sp.Expr, _Given]:
    """(the log-density without the variable, the variable given the rest)."""
    for law in _LAWS:
        if not law.fits(variable.domain):
            continue
        here = {_Z: variable.symbol, _TOP: variable.domain.upper}
        statistics = tuple(each.xreplace(here) for each in law.statistics)
        found = _linear(log_density - law.base.xreplace(here), variable.symbol, statistics)
        if found is None:
            continue
        rest, weights = found
        here |= dict(zip((_A, _B), weights, strict=False))
        letters = (_A, _B)[: law.primitive]
        slopes = [law.normaliser.diff(letter) for letter in letters]
        means = tuple(_short(slope.xreplace(here)) for slope in slopes)
        spread = tuple(
            tuple(_short(slope.diff(other).xreplace(here)) for other in letters) for slope in slopes
        )
        marginal = _gathered(rest + law.normaliser.xreplace(here))
        return marginal, _Given(variable.symbol, statistics[: law.primitive], means, spread)
    raise InputError(
        f"{variable.name} on '{variable.domain.text}' cannot be integrated out of the log-density "
        "by rule: given the data it must have finitely many values, or be normal, gamma, inverse "
        "gamma, beta, Poisson or binomial"
    )


def _linear(
    expr: sp.Expr, z: sp.Symbol, statistics: Sequence[sp.Expr]
) -> tuple[sp.Expr, list[sp.Expr]] | None:
    """(c, eta) of c + eta.T(z); None where the expression has not that form."""
    rest, weights = sp.S.Zero, [sp.S.Zero for _ in statistics]
    expr = expr.replace(_is_log_of_binomial, lambda call: _log_binomial(*call.args[0].args))
    for term in sp.Add.make_args(_split(expr, z)):
        outside, inside = term.as_independent(z, as_Add=False)
        if inside == 1:
            rest += outside
        elif inside in statistics:
            weights[statistics.index(inside)] += outside
        else:
            return None
    return rest, [_short(weight) for weight in weights]


def _is_log_of_binomial(expr: sp.Expr) -> bool:
    return isinstance(expr, sp.log) and isinstance(expr.args[0], sp.binomial)


def _log_binomial(n: sp.Expr, k: sp.Expr) -> sp.Expr:
    return _factorial(n) - _factorial(k) - _factorial(n - k)


def _split(expr: sp.Expr, z: sp.Symbol) -> sp.Expr:
    """Terms that are products of what is free of z, left whole, and a function of z."""
    back: dict[sp.Symbol, sp.Expr] = {}
    done = []
    for term in sp.Add.make_args(expr):
        if z in term.free_symbols:
            done.append(sp.expand(sp.expand_log(_lettered(term, z, back))).xreplace(back))
        else:
            done.append(term)
    return sp.Add(*done)


def _lettered(expr: sp.Expr, z: sp.Symbol, back: dict[sp.Symbol, sp.Expr]) -> sp.Expr:
    """The expression with a letter for each largest part that is free of z, told in `back`."""
    if z not in expr.free_symbols:
        if expr.is_Atom:
            return expr
        letter = sp.Dummy(positive=expr.is_positive, real=True)
        back[letter] = expr
        return letter
    if expr.is_Add or expr.is_Mul:
        outside, inside = expr.as_independent(z, as_Add=bool(expr.is_Add))
        moving = inside.args if inside.func is expr.func else (inside,)
        parts = [_lettered(part, z, back) for part in moving]
        return expr.func(_lettered(outside, z, back), *parts)
    return expr if expr.is_Atom else expr.func(*(_lettered(part, z, back) for part in expr.args))


def _gathered(expr: sp.Expr) -> sp.Expr:
    """A sum with its rational terms together, and its logarithms taken apart."""
    expr = expr.replace(sp.log, lambda inside: sp.expand_log(sp.log(_short(inside))))
    terms = sp.Add.make_args(expr)
    rational = [term for term in terms if not term.atoms(sp.Function)]
    others = [term for term in terms if term.atoms(sp.Function)]
    return sp.Add(_short(sp.Add(*rational)), *others)


def _short(expr: sp.Expr) -> sp.Expr:
    """The expression, or its factors where these are shorter."""
    if expr.count_ops() > _LONGEST or expr.atoms(sp.Function):
        return expr
    factors = sp.factor(sp.together(expr))
    return factors if factors.count_ops() <= expr.count_ops() else expr


def _weights(logs: Sequence[sp.Expr]) -> list[sp.Expr]:
    """exp(l_k) / sum of exp(l_j): as they stand where no exponential is left, else by differences.

    1/(sum of exp(l_j - l_k)) neither overflows nor underflows where an exponential would.
    """
    if len(logs) == 1:
        return [sp.S.One]
    sizes = [_exponential(each - _shared(logs)) for each in logs]
    if not any(size.has(sp.exp) for size in sizes) or any(s.has(sp.Piecewise) for s in sizes):
        return [size / sp.Add(*sizes) for size in sizes]
    return [1 / sp.Add(*(_exponential(other - each) for other in logs)) for each in logs]


def _shared(logs: Sequence[sp.Expr]) -> sp.Expr:
    """The terms that all have in common."""
    common = set(sp.Add.make_args(logs[0]))
    for each in logs[1:]:
        common &= set(sp.Add.make_args(each))
    return sp.Add(*common)


def _exponential(expr: sp.Expr) -> sp.Expr:
    return sp.powsimp(sp.exp(expr)) if not expr.has(sp.Piecewise) else sp.exp(expr)


def _log_sum(logs: Sequence[sp.Expr]) -> sp.Expr:
    """log(sum of exp(l_k)), branch by branch where the l_k have branches in the data."""
    if len(logs) == 1:
        return logs[0]
    for each in logs:
        for choice in each.atoms(sp.Piecewise):
            if all(
                isinstance(s, Datum) for condition in choice.args for s in condition[1].free_symbols
            ):
                return _by_branch(logs, choice)
    shared = _shared(logs)
    total = sp.Add(*(_exponential(each - shared) for each in logs))
    return shared + (sp.S.Zero if total == 1 else sp.log(total))


def _by_branch(logs: Sequence[sp.Expr], choice: sp.Piecewise) -> sp.Expr:
    branches = []
    for value, condition in choice.args:
        here = [each.xreplace({choice: value}) for each in logs]
        if isinstance(condition, sp.Eq) and condition.lhs.is_Symbol:
            here = [each.xreplace({condition.lhs: condition.rhs}) for each in here]
        there = [each for each in here if not each.has(sp.zoo, -sp.oo)]
        branches.append((_log_sum(there), condition))
    return sp.Piecewise(*branches)
