"""Special functions of one number at a time, to nearly all digits.

Sources: DLMF (https://dlmf.nist.gov), by section at each function.
"""

import math

from symmle.codegen.scalar.library.program import Rows

_SMALLEST = 2.0**-1022
_ZETA = (  # zeta(k) - 1 for k = 2, 3, ..., 29 (DLMF 25.2.1)
    0.6449340668482264, 0.2020569031595943, 0.08232323371113819, 0.03692775514336993,
    0.01734306198444914, 0.008349277381922827, 0.00407735619794434, 0.002008392826082214,
    0.0009945751278180853, 0.0004941886041194646, 0.00024608655330804830,
    0.00012271334757848915, 6.124813505870483e-05, 3.058823630702049e-05,
    1.5282259408651872e-05, 7.637197637899763e-06, 3.817293264999840e-06,
    1.9082127165539390e-06, 9.539620338727961e-07, 4.769329867878065e-07,
    2.384505027277330e-07, 1.1921992596531107e-07, 5.960818905125948e-08,
    2.980350351465228e-08, 1.4901554828365042e-08, 7.450711789835430e-09,
    3.725334024788457e-09, 1.8626597235130490e-09,
)  # fmt: skip
_EULER = 0.5772156649015329


def _stirling_rest(z: float) -> float:
    """loggamma(z) less its leading terms, for z >= 10 (DLMF 5.11.1)."""
    w = 1.0 / z / z
    last = 1.0 / 1188.0 - w * (691.0 / 360360.0 - w * (1.0 / 156.0 - w * 3617.0 / 122400.0))
    rest = 1.0 / 12.0 - w * (1.0 / 360.0 - w * (1.0 / 1260.0 - w * (1.0 / 1680.0 - w * last)))
    return rest / z


def _loggamma_about_two(d: float) -> float:
    """loggamma(2 + d) for abs(d) <= 0.5 (DLMF 5.7.3)."""
    total, power = (1.0 - _EULER) * d, d
    for k in range(len(_ZETA)):
        power *= -d
        total -= _ZETA[k] * power / (k + 2.0)
    return total


def _loggamma(z: float) -> float:
    """The logarithm of the gamma function for z > 0, where a language has none."""
    if 1.5 <= z <= 2.5:
        return _loggamma_about_two(z - 2.0)
    if 0.5 <= z < 1.5:
        return _loggamma_about_two(z - 1.0) - math.log1p(z - 1.0)
    if z < 0.5:
        return _loggamma_about_two(z) - math.log1p(z) - math.log(z)
    if z > 10.0:
        return (z - 0.5) * math.log(z) - z + 0.9189385332046728 + _stirling_rest(z)
    product = 1.0
    while z > 2.5:
        z -= 1.0
        product *= z
    return _loggamma_about_two(z - 2.0) + math.log(product)


def _gamma(z: float) -> float:
    """The gamma function, where a language has none (DLMF 5.5.1, 5.5.3)."""
    if z < 0.5:
        if z == math.floor(z):
            return math.nan
        return math.pi / (math.sin(math.pi * z) * _gamma(1.0 - z))
    if z > 25.0:
        return math.exp(_loggamma(z))
    product = 1.0
    while z > 2.5:
        z -= 1.0
        product *= z
    while z < 1.5:
        product /= z
        z += 1.0
    return product * math.exp(_loggamma_about_two(z - 2.0))


def _loggamma_rise(a: float, b: float) -> float:
    """loggamma(a + b) - loggamma(a) for a, b > 0 without the difference (DLMF 5.11.1)."""
    if b > 1e290 * min(a, 1.0):
        return math.lgamma(a + b) - math.lgamma(a)
    steps = 0.0
    while a < 10.0:
        steps += math.log1p(b / a)
        a += 1.0
    whole = a + b
    rest = _stirling_rest(whole) - _stirling_rest(a)
    return (a - 0.5) * math.log1p(b / a) + b * (math.log(whole) - 1.0) + rest - steps


def _log_beta(a: float, b: float) -> float:
    """log(beta(a, b)), also where one argument is much larger than the other."""
    small, large = min(a, b), max(a, b)
    return math.lgamma(small) - _loggamma_rise(large, small)


def _beta(a: float, b: float) -> float:
    return math.exp(_log_beta(a, b))


def _binomial(n: float, k: float) -> float:
    """n over k, by products where k is a small whole number."""
    if k == math.floor(k) and 0.0 <= k <= 40.0:
        product, j = 1.0, 1.0
        while j <= k:
            product = product * (n - k + j) / j
            j += 1.0
        return product
    return math.exp(math.lgamma(n + 1.0) - math.lgamma(k + 1.0) - math.lgamma(n - k + 1.0))


def _digamma(x: float) -> float:
    """The logarithmic derivative of the gamma function (DLMF 5.5.2, 5.5.4, 5.11.2)."""
    if x <= 0.0:
        if x == math.floor(x):
            return math.nan
        return _digamma(1.0 - x) - math.pi / math.tan(math.pi * x)
    steps = 0.0
    while x < 12.0:
        steps += 1.0 / x
        x += 1.0
    w = 1.0 / x / x
    tail = 1.0 / 240.0 - w * (1.0 / 132.0 - w * (691.0 / 32760.0 - w / 12.0))
    series = w * (1.0 / 12.0 - w * (1.0 / 120.0 - w * (1.0 / 252.0 - w * tail)))
    return math.log(x) - 0.5 / x - series - steps


_BERNOULLI = (  # B(2), B(4), ..., B(22)
    1.0 / 6.0, -1.0 / 30.0, 1.0 / 42.0, -1.0 / 30.0, 5.0 / 66.0, -691.0 / 2730.0, 7.0 / 6.0,
    -3617.0 / 510.0, 43867.0 / 798.0, -174611.0 / 330.0, 854513.0 / 138.0,
)  # fmt: skip


def _polygamma(order: int, x: float) -> float:
    """The derivative of digamma of an order from 1 on, for x > 0 (DLMF 5.15.5, 5.15.8)."""
    if not x > 0.0:
        return math.nan
    size = 1.0
    for k in range(1, order):
        size *= k * 1.0
    head, start = 0.0, 14.0 + order
    while x < start:
        head += math.pow(x, -1.0 - order)
        x += 1.0
    w = 1.0 / x / x
    tail, term = 1.0 + order / (2.0 * x), w * order * (order + 1.0) / 2.0
    for k in range(len(_BERNOULLI)):
        tail += _BERNOULLI[k] * term
        j = 2.0 * k + order + 2.0
        term *= w * j * (j + 1.0) / ((2.0 * k + 3.0) * (2.0 * k + 4.0))
    value = size * (tail / math.pow(x, order * 1.0) + order * head)
    return value if order % 2 == 1 else -value


def _log_minus_digamma(u: float) -> float:
    """log(u) - digamma(u) for u > 0 without the difference (DLMF 5.5.2, 5.11.2)."""
    steps, v = 0.0, u
    while v < 12.0:
        steps += 1.0 / v
        v += 1.0
    w = 1.0 / (v * v)
    tail = 1.0 / 240.0 - w * (1.0 / 132.0 - w * (691.0 / 32760.0 - w / 12.0))
    series = 1.0 / 12.0 - w * (1.0 / 120.0 - w * (1.0 / 252.0 - w * tail))
    return math.log(u / v) + steps + 0.5 / v + w * series


def _inverse_minus_trigamma(u: float) -> float:
    """1/u - trigamma(u) for u > 0 without the difference (DLMF 5.15.5, 5.15.8)."""
    steps, v = 0.0, u
    while v < 12.0:
        steps += 1.0 / (v * v)
        v += 1.0
    w = 1.0 / (v * v)
    tail = 1.0 / 30.0 - w * (5.0 / 66.0 - w * (691.0 / 2730.0 - w * 7.0 / 6.0))
    series = 1.0 / 6.0 - w * (1.0 / 30.0 - w * (1.0 / 42.0 - w * tail))
    return (v - u) / (u * v) - steps - w * (0.5 + series / v)


def _erf_near(x: float) -> float:
    """erf(x) for abs(x) <= 1, by its power series (DLMF 7.6.2: no term is negative)."""
    term, total, k = x, x, 1.0
    while abs(term) > 1e-18 * abs(total):
        term *= 2.0 * x * x / (2.0 * k + 1.0)
        total += term
        k += 1.0
    return 1.1283791670955126 * math.exp(-x * x) * total


def _square_rest(x: float) -> float:
    """What x*x rounds away, exactly, by splitting x in halves (Dekker 1971)."""
    wide = 134217729.0 * x
    high = wide - (wide - x)
    low = x - high
    return ((high * high - x * x) + 2.0 * high * low) + low * low


def _erfcx(x: float) -> float:
    """exp(x**2)*erfc(x) (DLMF 7.9.1; in the middle Chiarella & Reichel, Math. Comp. 22, 1968)."""
    if x < -26.6:
        return math.inf
    if x < 0.5:
        return math.exp(x * x) * (1.0 + _square_rest(x)) * math.erfc(x)
    if x > 6.0:
        if x > 1e8:
            return 0.5641895835477563 / x
        fraction = x
        for k in range(40, 0, -1):
            fraction = x + 0.5 * k / fraction
        return 0.5641895835477563 / fraction
    total = 0.5 / (x * x)
    for n in range(1, 14):
        total += math.exp(-0.25 * n * n) / (0.25 * n * n + x * x)
    left = 2.0 * math.exp(x * x) * (1.0 + _square_rest(x)) / math.expm1(4.0 * math.pi * x)
    return x * total / math.pi - left


def _erfc(x: float) -> float:
    """The complementary error function, where a language has none."""
    if x < -1.0:
        return 2.0 - _erfc(-x)
    if x < 0.5:
        return 1.0 - _erf_near(x)
    if x > 27.3:
        return 0.0
    return math.exp(-x * x) * (1.0 - _square_rest(x)) * _erfcx(x)


def _erf(x: float) -> float:
    """The error function, where a language has none."""
    if abs(x) <= 1.0:
        return _erf_near(x)
    return 1.0 - _erfc(x) if x > 0.0 else _erfc(-x) - 1.0


def _log_erfc(u: float) -> float:
    """log(erfc(u)) to the last digits, in the far tail too."""
    if u > 0.5:
        return math.log(_erfcx(u)) - u * u
    return math.log1p(-math.erf(u))


def _ive(order: float, z: float) -> float:
    """exp(-abs(z))*besseli(order, z) for order >= 0, or a whole one (DLMF 10.25, 10.40.1)."""
    whole = order == math.floor(order)
    if order < 0.0 and whole:
        return _ive(-order, z)
    size = abs(z)
    sign = -1.0 if z < 0.0 and whole and order % 2.0 == 1.0 else 1.0
    if order < 0.0 or (z < 0.0 and not whole):
        return math.nan
    if size == 0.0:
        return 1.0 if order == 0.0 else 0.0
    if size > 30.0 + order * order / 2.0:
        return sign * _ive_far(order, size)
    if whole and size > 1e-3:
        return sign * _ive_whole(order, size)
    term, total, k = 1.0, 1.0, 1.0
    while term > 1e-17 * total:
        term *= size * size / 4.0 / k / (k + order)
        total += term
        k += 1.0
    front = order * math.log(size / 2.0) - math.lgamma(order + 1.0) - size
    return sign * math.exp(front) * total


def _ive_far(order: float, z: float) -> float:
    """Hankel's expansion, for z beyond 30 + order**2/2 (DLMF 10.40.1)."""
    term, total = 1.0, 1.0
    for k in range(1, 60):
        term *= ((2.0 * k - 1.0) * (2.0 * k - 1.0) - 4.0 * order * order) / (8.0 * k * z)
        total += term
        if abs(term) < 1e-17 * abs(total):
            break
    return total / math.sqrt(2.0 * math.pi * z)


def _ive_whole(order: float, z: float) -> float:
    """Backward recurrence, made a whole by exp(z) = I0 + 2*I1 + 2*I2 + ... (DLMF 10.35.5)."""
    k = 2.0 * math.floor(order / 2.0 + math.sqrt(30.0 * (order + z)) + 12.0)
    above, here, total, found = 0.0, 1e-290, 0.0, 0.0
    while k > 0.0:
        if k == order:
            found = here
        total += 2.0 * here
        below = above + 2.0 * k / z * here
        above, here = here, below
        k -= 1.0
        if here > 1e250:
            above, here = above * 1e-290, here * 1e-290
            total, found = total * 1e-290, found * 1e-290
    if order == 0.0:
        found = here
    return found / (total + here)


def _lambert_w(z: float, branch: int) -> float:
    """The real branches of Lambert's W, 0 and -1; nan where they are not real (DLMF 4.13)."""
    if z == 0.0:
        return 0.0 if branch == 0 else -math.inf
    beyond = math.e * ((z + 0.36787944117144233) - 1.2428753672788614e-17)  # 1/e, twice the digits
    if beyond < 0.0 or (branch != 0 and z > 0.0) or not abs(z) < math.inf:
        return math.nan
    root = math.sqrt(2.0 * beyond)
    if branch == 0:
        w = root * (1.0 - root / 3.0) - 1.0 if z < 1.0 else math.log(z)
        if z > 3.0:
            w -= math.log(w)
    else:
        w = -1.0 - root * (1.0 + root / 3.0)
        if z > -0.2:
            w = math.log(-z)
            w -= math.log(-w)
    if beyond < 4e-4:
        return _about_branch_point(root if branch == 0 else -root)
    for _ in range(40):
        gap = w - z * math.exp(-w)
        move = gap / (w + 1.0 - 0.5 * (w + 2.0) * gap / (w + 1.0))
        w -= move
        if abs(move) <= 4e-16 * abs(w):
            break
    return w


_BRANCH = (  # DLMF 4.13.6, and the next four by its recurrence
    -1.0, 1.0, -1.0 / 3.0, 11.0 / 72.0, -43.0 / 540.0, 769.0 / 17280.0, -221.0 / 8505.0,
    680863.0 / 43545600.0, -1963.0 / 204120.0, 226287557.0 / 37623398400.0,
)  # fmt: skip


def _about_branch_point(p: float) -> float:
    """W by powers of p = +-sqrt(2*(e*z + 1)), for abs(p) < 0.03."""
    total = 0.0
    for k in range(len(_BRANCH) - 1, -1, -1):
        total = total * p + _BRANCH[k]
    return total


def _zeta(order: int, s: float, a: float) -> float:
    """A derivative in s of the sum over n >= 0 of (a + n)**-s, for s > 1, a > 0 and order <= 4.

    Twenty terms, then the Euler-Maclaurin formula (DLMF 25.11.28) as a power series about s.
    """
    head = 0.0
    for n in range(20):
        base = a + n
        head += math.pow(-math.log(base), order * 1.0) * math.pow(base, -s)
    start = a + 20.0
    if s > max(100.0, 5.0 * start):
        return head
    tail, rising, decay = [0.0] * 5, [0.0] * 5, [0.0] * 5
    power = start / (s - 1.0)
    for k in range(order + 1):
        tail[k] = power
        power *= -1.0 / (s - 1.0)
    tail[0] += 0.5
    rising[0] = 1.0
    scale = 1.0
    for j in range(1, 12):
        if j == 1:
            _times_linear(rising, s, start, order)
        else:
            _times_linear(rising, s + 2.0 * j - 3.0, start, order)
            _times_linear(rising, s + 2.0 * j - 2.0, start, order)
        scale /= (2.0 * j - 1.0) * (2.0 * j)
        for k in range(order + 1):
            tail[k] += _BERNOULLI[j - 1] * scale * rising[k]
    decay[0] = 1.0
    for k in range(1, order + 1):
        decay[k] = -decay[k - 1] * math.log(start) / k
    total, size = 0.0, 1.0
    for k in range(order + 1):
        total += tail[k] * decay[order - k]
    for k in range(2, order + 1):
        size *= k * 1.0
    return head + total * size * math.pow(start, -s)


def _times_linear(series: list[float], shift: float, over: float, order: int) -> None:
    """A power series times (shift + t)/over, up to the power `order`."""
    for k in range(order, 0, -1):
        series[k] = (series[k] * shift + series[k - 1]) / over
    series[0] = series[0] * shift / over


def _rise(order: int, argument: float, tails: Rows) -> float:
    """mean(f(x + argument)) - f(argument) over counts x: the sum of the steps of f over the tails.

    f is loggamma for order -1 and polygamma(order, .) else.
    """
    total, size = 0.0, 1.0
    for k in range(2, order + 1):
        size *= k * 1.0
    for j in range(len(tails)):
        at = argument + j
        if order < 0:
            total += tails[j] * math.log(at)
        elif order == 0:
            total += tails[j] / at
        else:
            total += tails[j] * math.pow(at, -1.0 - order)
    return -size * total if order % 2 == 1 and order > 0 else size * total


def _expit(z: float) -> float:
    """1/(1 + exp(-z)), without overflow and to full relative precision."""
    if z < 0.0:
        grown = math.exp(z)
        return grown / (1.0 + grown)
    return 1.0 / (1.0 + math.exp(-z))


def _logaddexp(a: float, b: float) -> float:
    """log(exp(a) + exp(b)), without overflow."""
    if a == b:
        return a + 0.6931471805599453
    return max(a, b) + math.log1p(math.exp(-abs(a - b)))


def _log1mexp(z: float) -> float:
    """log(1 - exp(z)) for z < 0 (Maechler, Accurately computing log(1 - exp(-|a|)), 2012)."""
    return math.log(-math.expm1(z)) if z > -0.7 else math.log1p(-math.exp(z))


def _log_sinh(z: float) -> float:
    """log(sinh(z)) for z > 0, without overflow."""
    if z < 1.0:
        return math.log(math.sinh(z))
    return z + math.log1p(-math.exp(-2.0 * z)) - 0.6931471805599453


def _log_cosh(z: float) -> float:
    """log(cosh(z)), without overflow and to full relative precision near zero."""
    size = abs(z)
    if size < 1.0:
        half = math.sinh(size / 2.0)
        return math.log1p(2.0 * half * half)
    return size + math.log1p(math.exp(-2.0 * size)) - 0.6931471805599453


def _log_ratio(value: float, end: float) -> float:
    """log(value/end) to the last digit, also for a value close to `end`."""
    if value > 0.5 * end:
        return math.log1p((value - end) / end)
    return math.log(value / end) if value > 0.0 else -math.inf


def _sign(x: float) -> float:
    return 1.0 if x > 0.0 else -1.0 if x < 0.0 else 0.0
