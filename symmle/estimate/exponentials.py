"""Exponentials as letters, so that signs and fractions are those of rational expressions."""

import sympy as sp


def without_exponentials(matrix: sp.Matrix) -> sp.Matrix:
    """A positive letter for each exponential, its rational powers for its powers."""
    letters: dict[sp.Expr, sp.Symbol] = {}

    def letter(call: sp.Expr) -> sp.Expr:
        argument = sp.expand_mul(call.args[0])
        for known, symbol in letters.items():
            ratio = sp.cancel(argument / known)
            if ratio.is_Rational:
                return symbol**ratio
        letters[argument] = sp.Dummy(positive=True)
        return letters[argument]

    return matrix.applyfunc(
        lambda e: sp.expand(e, power_exp=False).replace(lambda c: isinstance(c, sp.exp), letter)
    )
