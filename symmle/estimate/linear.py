"""Solve several parameters at once, where their score components are linear in them together.

The normal equations of a regression are of this kind, and the cell probabilities of a multinomial
are: x/p = z/(1 - p - q) is linear once the denominators are gone.  One elimination in a field of
rational functions replaces as many substitutions, each of which would have to be simplified.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import sympy as sp
from sympy.polys.fields import sfield
from sympy.polys.matrices import DomainMatrix

from symmle.sample_mean import masked, nodes

_MOST_OPERATIONS = 1500  # of the equations that are looked at
_MOST_UNKNOWNS = 12


@dataclass(frozen=True, slots=True)
class LinearBlock:
    """The parameters that were solved together, and their values.

    complete: whether where the determinant is zero some value has no value, so that no solution
    is lost where all have one.
    """

    values: dict[sp.Symbol, sp.Expr]
    complete: bool


def linear_block(
    equations: Sequence[tuple[sp.Symbol, sp.Expr]], unknowns: Sequence[sp.Symbol]
) -> LinearBlock | None:
    """Two or more parameters whose own equations are linear in them, solved; or None."""
    own = [
        (symbol, equation)
        for symbol, equation in equations
        if symbol in unknowns
        and symbol in equation.free_symbols
        and not any(node.free_symbols & set(unknowns) for node in nodes([equation]))
    ]
    if len(own) < 2 or sum(each.count_ops() for _, each in own) > _MOST_OPERATIONS:
        return None
    letters, back = masked(sp.Tuple(*(equation for _, equation in own)))
    field, rows = sfield(list(letters))
    numerators = {symbol: row.numer for (symbol, _), row in zip(own, rows, strict=True)}
    chosen = _linear_together(numerators, field)
    if not 2 <= len(chosen) <= _MOST_UNKNOWNS:
        return None
    places = [field.symbols.index(symbol) for symbol in chosen]
    matrix, right = [], []
    for symbol in chosen:
        row, rest = [field.zero] * len(chosen), field.zero
        for monomial, coefficient in numerators[symbol].terms():
            bare = tuple(0 if i in places else power for i, power in enumerate(monomial))
            term = field(field.ring({bare: coefficient}))
            held = [k for k, place in enumerate(places) if monomial[place]]
            if held:
                row[held[0]] += term
            else:
                rest -= term
        matrix.append(row)
        right.append([rest])
    square = DomainMatrix(matrix, (len(chosen), len(chosen)), field.to_domain())
    determinant = square.charpoly()[-1]
    if determinant == 0:
        return None
    solution = square.lu_solve(DomainMatrix(right, (len(chosen), 1), field.to_domain()))
    values = [row[0] for row in solution.to_list()]
    complete = _vanishes_only_below(determinant.numer, [value.denom for value in values])
    return LinearBlock(
        {
            symbol: sp.factor_terms(value.as_expr()).xreplace(back)
            for symbol, value in zip(chosen, values, strict=True)
        },
        complete,
    )


def _linear_together(
    numerators: dict[sp.Symbol, sp.polys.rings.PolyElement],
    field: sp.polys.fields.FracField,
) -> list[sp.Symbol]:
    """The largest set found by leaving out, one by one, what spoils most equations."""
    inside_functions = {
        symbol
        for generator in field.symbols
        if not generator.is_Symbol
        for symbol in generator.free_symbols
    }
    chosen = [s for s in numerators if s not in inside_functions and s in field.symbols]
    while chosen:
        places = {symbol: field.symbols.index(symbol) for symbol in chosen}
        spoils = dict.fromkeys(chosen, 0)
        for owner in chosen:
            for monomial in numerators[owner]:
                if sum(monomial[place] for place in places.values()) > 1:
                    for symbol, place in places.items():
                        spoils[symbol] += monomial[place] > 0
                    spoils[owner] += 1
        worst = max(chosen, key=lambda symbol: spoils[symbol])
        if spoils[worst] == 0:
            break
        chosen.remove(worst)
    return [
        symbol
        for symbol in chosen
        if any(m[field.symbols.index(symbol)] for m in numerators[symbol])
    ]


def _vanishes_only_below(
    determinant: sp.polys.rings.PolyElement, below: Sequence[sp.polys.rings.PolyElement]
) -> bool:
    """Whether each factor of the determinant has a strict sign or divides a denominator."""
    _, factors = determinant.factor_list()
    for factor, _ in factors:
        shown = factor.as_expr()
        signed = shown.is_positive or shown.is_negative
        if not signed and not any(each.rem(factor) == 0 for each in below):
            return False
    return True
