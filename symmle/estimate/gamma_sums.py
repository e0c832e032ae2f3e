"""Log-likelihoods normalised by gammas of sums: strict concavity, and when there is a maximum.

trigamma(a + b + ...) lies below 1/(1/trigamma(a) + 1/trigamma(b) + ...) for positive arguments:
1/trigamma is strictly convex, because 2*polygamma(2)**2 > trigamma*polygamma(3), and it vanishes
at zero, so it is superadditive.  Source: Alzer & Wells, Inequalities for the polygamma functions,
SIAM J. Math. Anal. 29 (1998) 1459, theorem 2.1 (n = 2).

The maximum of L(a) = sum of a[i]*M[i] - loggamma(a[i]), plus loggamma(sum of a), over a > 0
exists exactly when the exp(M[i]) add up to less than one.  L is strictly concave and tends to
minus infinity wherever an a[i] tends to zero; in the direction d >= 0, sum of d = 1, it grows at
the rate sum of d[i]*M[i] - d[i]*log(d[i]) (Stirling), whose largest value is the log of
sum of exp(M[i]) (Gibbs); and a concave function has a maximum, a bounded set of them, exactly when
it falls in every direction.  Source: Rockafellar, Convex Analysis (1970), theorem 27.1.
Where M[i] = mean(T[i]) and the exp(T[i]) add up to one in every row, the sum is below one exactly
when not all rows are equal (Jensen): as log(x) and log(1 - x) do.
"""

from collections.abc import Sequence

import sympy as sp

from symmle.domain import Variable
from symmle.estimate.existence import is_positive
from symmle.fraction import reduced_fraction
from symmle.sample_mean import linear_in_means, mean, nodes, var


def trigamma_of_sums_bounded(matrix: sp.ImmutableMatrix) -> sp.ImmutableMatrix:
    """The matrix with trigamma of a sum of positive terms by the bound above, a positive letter
    making it exact, and letters for the trigammas of single terms; as it is if there is no sum.
    """
    calls = [call for call in matrix.atoms(sp.polygamma) if call.args[0] == 1]
    sums = [c for c in calls if c.args[1].is_Add and all(t.is_positive for t in c.args[1].args)]
    letters = {call: sp.Dummy(positive=True) for call in calls if call not in sums}
    here: dict[sp.Basic, sp.Expr] = dict(letters)
    for call in sums:
        parts = [sp.polygamma(1, term) for term in call.args[1].args]
        if not set(parts) <= set(letters):
            return matrix
        rest = sp.Dummy(positive=True)
        here[call] = 1 / sp.Add(rest, *(1 / letters[part] for part in parts))
    return matrix.xreplace(here).applyfunc(reduced_fraction) if sums else matrix


def maximum_of_gamma_sums(average: sp.Expr, parameters: Sequence[Variable]) -> sp.Basic | None:
    """When a log-likelihood of the form at the top has its maximum; None for any other form."""
    theta = [v.symbol for v in parameters]
    if len(theta) < 2 or any((v.domain.lower, v.domain.upper) != (0, sp.oo) for v in parameters):
        return None
    wide = sp.expand_mul(average)
    gammas = sp.loggamma(sp.Add(*theta)) - sp.Add(*(sp.loggamma(a) for a in theta))
    linear = sp.expand(wide - gammas)
    insides = _linear_parts(linear, theta)
    if insides is None:
        return None
    shares = [reduced_fraction(sp.together(sp.exp(inside))) for inside in insides]
    if reduced_fraction(sp.together(sp.Add(*shares) - 1)) == 0:
        told = sp.Add(*(var(each) for each in _telling(shares)))
        return sp.StrictGreaterThan(told, 0, evaluate=False)
    return is_positive(1 - sp.Add(*(sp.exp(mean(inside)) for inside in insides)))


def _telling(shares: Sequence[sp.Expr]) -> list[sp.Expr]:
    """What is equal in two rows exactly when all shares are: the data themselves where they are."""
    data = sorted({s for each in shares for s in each.free_symbols}, key=sp.default_sort_key)
    slopes = [reduced_fraction(each.diff(data[0])) for each in shares] if len(data) == 1 else []
    one_to_one = any(slope.is_positive or slope.is_negative for slope in slopes)
    return list(data) if one_to_one or set(data) <= set(shares) else list(shares[:-1])


def _linear_parts(linear: sp.Expr, theta: Sequence[sp.Symbol]) -> list[sp.Expr] | None:
    """T[i] where the expression is sum of theta[i]*mean(T[i]), plus what is free of theta."""
    found = []
    for symbol in theta:
        slope = sp.expand(linear.diff(symbol))
        if slope.free_symbols & set(theta):
            return None
        terms, rest = linear_in_means(slope)
        if nodes([rest]):
            return None
        found.append(sp.Add(rest, *(weight * inside for inside, weight in terms)))
    plain = linear.xreplace(dict.fromkeys(theta, sp.S.Zero))
    return None if plain.free_symbols & set(theta) else found
