"""Doubt the schemes: their Jacobians and ranges, by running the update itself.

The update that is run here takes its gradient from differences of the plain average of the typed
log-density, so it shares nothing with the maps, Jacobians and ranges that it is held against.
"""

from collections.abc import Callable

import mpmath
import sympy as sp

from symmle.known import Known
from symmle.schemes import Scheme, alternating, simultaneous
from symmle.stability import SchemeStability, stability
from symmle.verify.case import DIGITS, Case, Check, agree, raw_average
from symmle.verify.estimator import estimate_on

Sweep = Callable[[tuple[mpmath.mpf, ...]], tuple[mpmath.mpf, ...]]
_NEAR = mpmath.mpf(10) ** -16  # distance from the fixed point at which a run starts
_MOST_OPERATIONS = 1_000  # of a Hessian whose sweeps are looked at in symbols
_CLAIMED = 25  # digits of a Hessian at numbers: the fractions of its sweep are exact from there
_RUN = 150  # sweeps; the last two thirds are measured


def claims(doubted: Case) -> tuple[SchemeStability, ...]:
    """What is claimed of both schemes at the estimate, in symbols, or at numbers if undecided."""
    if not doubted.estimator.follows_score:
        return ()  # no scheme comes to rest where the score does not vanish
    step = step_symbol(doubted)
    found = []
    large = sum(entry.count_ops() for entry in doubted.estimator.hessian) > _MOST_OPERATIONS
    for scheme in schemes(doubted):
        if large:  # nothing is said of it in symbols
            there = _at_sample(doubted, scheme, step)
            found += [] if there is None else [there]
            continue
        symbolic = stability(
            doubted.derivation.score,
            scheme,
            step,
            doubted.estimator.values,
            strict_maximum=doubted.estimator.maximum is Known.PROVED,
            edges=False,
        )
        if symbolic.stable_steps is None or symbolic.known is Known.UNKNOWN:
            found.append(_at_sample(doubted, scheme, step) or symbolic)
        else:
            found.append(symbolic)
    return tuple(found)


def schemes(doubted: Case) -> tuple[Scheme, ...]:
    """Simultaneous and alternating; one and the same for a single parameter."""
    theta = doubted.derivation.score.parameters
    return (simultaneous(theta), alternating(theta))[: 2 if len(theta) > 1 else 1]


def step_symbol(doubted: Case) -> sp.Symbol:
    """A positive symbol for the step that the model does not use."""
    taken = {symbol.name for symbol in doubted.model.log_density.free_symbols}
    name = next(name for name in ("g", "step", "step_size", "g_") if name not in taken)
    return sp.Symbol(name, positive=True)


def _at_sample(doubted: Case, scheme: Scheme, step: sp.Symbol) -> SchemeStability | None:
    with mpmath.workdps(DIGITS):
        theta = estimate_on(doubted)
        if theta is None:
            return None
        point = {symbol: sp.Float(value, _CLAIMED) for symbol, value in theta.items()}
        return stability(
            doubted.derivation.score,
            scheme,
            step,
            point,
            evaluate=lambda expr: sp.Float(doubted.value(expr, {}), _CLAIMED),
            edges=False,
        )


def check_jacobian(doubted: Case) -> Check | None:
    """The Jacobian of each sweep is what differences of the running update give."""
    with mpmath.workdps(DIGITS):
        theta = estimate_on(doubted)
        if theta is None:
            return None
        if not doubted.stabilities:
            return None
        at, g = tuple(theta[s] for s in doubted.model.symbols), mpmath.mpf("0.37")
        for claimed in doubted.stabilities:
            run = _sweep(doubted, claimed, g)
            for j in range(len(at)):
                h = mpmath.mpf(10) ** -12
                ahead = run(tuple(v + h * (i == j) for i, v in enumerate(at)))
                behind = run(tuple(v - h * (i == j) for i, v in enumerate(at)))
                for i in range(len(at)):
                    slope = (ahead[i] - behind[i]) / (2 * h)
                    value = doubted.value(claimed.jacobian[i, j], theta | {claimed.step: g})
                    if not agree(value, slope, mpmath.mpf(10) ** -12):
                        detail = (
                            f"{claimed.name}, entry {i + 1}, {j + 1}: "
                            f"claimed {mpmath.nstr(value, 10)}, found {mpmath.nstr(slope, 10)}"
                        )
                        return Check(_JACOBIANS, _RUNNING, Known.CHECKED, False, detail)
    return Check(_JACOBIANS, _RUNNING, Known.CHECKED, True)


def check_ranges(doubted: Case) -> Check | None:
    """A run at 0.99 of each end of a stable range contracts, at 1.01 of it expands."""
    told = []
    with mpmath.workdps(DIGITS):
        theta = estimate_on(doubted)
        if theta is None:
            return None
        at = tuple(theta[s] for s in doubted.model.symbols)
        for claimed in doubted.stabilities:
            for interval in claimed.stable_steps or ():
                upper = doubted.value(interval.upper, theta)
                if not mpmath.isfinite(upper):
                    continue
                inside, outside = (
                    _growth(_sweep(doubted, claimed, upper * factor), at)
                    for factor in (mpmath.mpf("0.99"), mpmath.mpf("1.01"))
                )
                told.append(f"{claimed.name} to {mpmath.nstr(upper, 6)}")
                if not inside < 1 < outside:
                    detail = (
                        f"{told[-1]}: factors {mpmath.nstr(inside, 6)} and "
                        f"{mpmath.nstr(outside, 6)} a sweep at 0.99 and 1.01 of it"
                    )
                    return Check(_RANGES, _RUNNING, Known.CHECKED, False, detail)
    if not told:
        return None
    return Check(_RANGES, _RUNNING, Known.CHECKED, True, "; ".join(told))


def check_rates(doubted: Case) -> Check | None:
    """A run at the best step contracts by the claimed rate."""
    with mpmath.workdps(DIGITS):
        theta = estimate_on(doubted)
        if theta is None:
            return None
        at = tuple(theta[s] for s in doubted.model.symbols)
        seen = False
        for claimed in doubted.stabilities:
            if claimed.best_step is None or claimed.rate is None:
                continue
            seen = True
            best = doubted.value(claimed.best_step, theta)
            rate = doubted.value(claimed.rate, theta)
            measured = _growth(_sweep(doubted, claimed, best), at)
            if abs(measured - rate) > mpmath.mpf("0.02"):
                detail = (
                    f"{claimed.name}: claimed {mpmath.nstr(rate, 6)}, "
                    f"measured {mpmath.nstr(measured, 6)}"
                )
                return Check(_RATES, _RUNNING, Known.CHECKED, False, detail)
    return Check(_RATES, _RUNNING, Known.CHECKED, True) if seen else None


_JACOBIANS = "the Jacobian of each sweep at the estimate"
_RANGES = "the ranges of stable steps"
_RATES = "the rate at the best step"
_RUNNING = "running the update with differences of the plain average"


def _sweep(doubted: Case, claimed: SchemeStability, g: mpmath.mpf) -> Sweep:
    """The update itself: each block in turn moves by g times differences of the plain average."""
    average, theta = raw_average(doubted), doubted.model.symbols
    scheme = claimed.map.scheme

    def once(at: tuple[mpmath.mpf, ...]) -> tuple[mpmath.mpf, ...]:
        for block in list(scheme.blocks) * scheme.sweeps:
            places = [theta.index(symbol) for symbol in block.parameters]
            for _ in range(block.repeat):
                slopes = {
                    k: mpmath.diff(average, at, tuple(int(k == j) for j in range(len(at))))
                    for k in places
                }
                at = tuple(v + g * slopes.get(k, 0) for k, v in enumerate(at))
        return at

    return once


def _growth(run: Sweep, fixed: tuple[mpmath.mpf, ...]) -> mpmath.mpf:
    """The factor per sweep by which a small distance from the fixed point changes."""
    at = tuple(v + _NEAR * (1 + i) for i, v in enumerate(fixed))
    distances = []
    for _ in range(_RUN):
        at = run(at)
        distances.append(mpmath.norm([a - f for a, f in zip(at, fixed, strict=True)]))
        if not _NEAR / 10**25 < distances[-1] < _NEAR * 10**8:
            break
    window = len(distances) // 3
    if window == 0:
        return distances[-1] / mpmath.norm([_NEAR * (1 + i) for i in range(len(fixed))])
    # the largest of a window: complex multipliers make the distance swing as it shrinks
    last, before = max(distances[-window:]), max(distances[-2 * window : -window])
    return (last / before) ** (mpmath.mpf(1) / window)
