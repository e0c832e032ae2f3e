"""What is born at the edge of stability, seen by running the map itself."""

import numpy as np
import pytest
import sympy as sp

from symmle.schemes import (
    alternating,
    simultaneous,
    update,
)
from symmle.stability import (
    Criticality,
    Event,
    stability,
)
from tests.sweeps import P, at_origin, g, score_of

# What is born at the edge


def iterated(score, scheme, point, step, count):
    """The last points of a run of the statements themselves, in floats."""
    written = update(score, scheme, g)
    lines = []
    for line in written.statements:
        functions = [sp.lambdify((*score.parameters, g), value, "math") for value in line.values]
        lines.append(([score.parameters.index(p) for p in line.parameters], functions))
    run = []
    for _ in range(count):
        for places, functions in lines:
            new = [f(*point, step) for f in functions]
            for place, value in zip(places, new, strict=True):
                point[place] = value
        run.append(list(point))
        if max(map(abs, point)) > 10:  # thrown out for good
            break
    return np.array(run)


def cycle_amplitude(score, scheme, start, edge, excess):
    run = iterated(score, scheme, list(start), edge * (1 + excess), int(60 / excess))
    return np.linalg.norm(run[-1] - run[-2]) / 2


BENT = score_of(
    -2 * P[0] ** 2
    - P[1] ** 2 / 2
    - P[0] * P[1] / 2
    + P[1] ** 3 / 4
    - P[0] * P[1] ** 2 / 3
    + P[1] ** 4 / 10
    + P[0] ** 3 / 5,
    *P[:2],
)


@pytest.mark.parametrize("scheme", [simultaneous, alternating])
def test_a_supercritical_flip_gives_birth_to_a_small_cycle(scheme):
    """Just beyond the edge the 2-cycle has amplitude sqrt(d|multiplier| / coefficient) in the
    direction of the eigenvector whose first entry is 1."""
    found = stability(BENT, scheme(P[:2]), g, dict.fromkeys(P[:2], sp.S.Zero))
    edge = found.edge
    assert edge.event is Event.FLIP and edge.criticality is Criticality.SUPERCRITICAL
    excess, place = 1e-3, float(edge.step)
    jacobian = sp.lambdify(g, found.jacobian, "numpy")
    growth = min(np.linalg.eigvals(jacobian(place * (1 + excess))).real)
    values, vectors = np.linalg.eig(jacobian(place))
    vector = vectors[:, np.argmin(values.real)]
    expected = np.sqrt((-growth - 1) / float(edge.coefficient)) * np.linalg.norm(vector / vector[0])
    measured = cycle_amplitude(BENT, scheme(P[:2]), (0.01, -0.02), place, excess)
    assert abs(measured / expected - 1) < 0.02
    small = cycle_amplitude(BENT, scheme(P[:2]), (0.01, -0.02), place, excess / 4)
    assert abs(measured / small - 2) < 0.05


def test_a_subcritical_flip_throws_even_from_inside():
    """x -> x - g(x + x**3): before the edge at 2 a repelling 2-cycle bounds the basin."""
    score = score_of(-(P[0] ** 2) / 2 - P[0] ** 4 / 4, P[0])
    found = stability(score, simultaneous(P[:1]), g, {P[0]: sp.S.Zero})
    assert found.edge.criticality is Criticality.SUBCRITICAL and found.edge.coefficient == -2
    inside, outside = (
        iterated(score, simultaneous(P[:1]), [start], 1.98, n)[-1, 0]
        for start, n in ((0.09, 4000), (0.11, 4000))
    )
    assert abs(inside) < 1e-6  # the cycle sits at sqrt(0.02/1.98) = 0.1005
    assert abs(outside) > 10


def test_a_flip_of_a_quadratic_is_degenerate():
    """A linear map has no cycle of its own: the coefficient is exactly zero."""
    found = at_origin(sp.diag(1, 3), alternating)
    assert found.edge.criticality is Criticality.DEGENERATE and found.edge.coefficient == 0


@pytest.mark.parametrize("bend", [1, -1])
def test_the_circle_of_a_neimark_sacker(bend):
    """Supercritical: it attracts beyond the edge, with radius sqrt(d|multiplier| / -coefficient).
    Subcritical: before the edge it bounds the basin."""
    x, y = P[:2]
    bowl = -(x**2) / 2 - y**2 / 2 - x * y / 3 + (x**3 + x * y**2 - y**3) / 9
    score = score_of(bowl + bend * (x**4 + y**4) / 20, x, y)
    found = stability(score, alternating((x, y)), g, {x: sp.S.Zero, y: sp.S.Zero})
    edge = found.edge
    assert edge.event is Event.NEIMARK_SACKER
    assert edge.criticality is (
        Criticality.SUPERCRITICAL if edge.coefficient < 0 else Criticality.SUBCRITICAL
    )
    side = 1 if edge.coefficient < 0 else -1
    place = float(edge.step)
    step = place * (1 + 2e-3 * side)
    jacobian = sp.lambdify(g, found.jacobian, "numpy")
    growth = abs(np.linalg.eigvals(jacobian(step))[0]) - 1
    reach = 2 * np.sqrt(growth / -float(edge.coefficient))  # x = z + conj(z): q is (1, ...)
    run = iterated(score, alternating((x, y)), [0.3 * reach, 0.0], step, 30000)
    if side > 0:
        assert abs(np.ptp(run[-3000:, 0]) / (2 * reach) - 1) < 0.02
    else:
        assert np.abs(run[-1]).max() < 1e-9
        assert (
            np.abs(iterated(score, alternating((x, y)), [3 * reach, 0.0], step, 30000)).max() > 10
        )
