"""The laws of `parsing`, each by a road the parser does not use."""

import math
import random
import subprocess
import sys
import threading
import time
from fractions import Fraction

import mpmath
import pytest
import sympy as sp
from hypothesis import given, settings
from hypothesis import strategies as st

from symmle.errors import InputError
from symmle.parsing import check_name, parse

X = sp.Symbol("x", real=True)
K = sp.Symbol("k", positive=True)
S = sp.Symbol("s", positive=True)
N = sp.Symbol("n", integer=True, nonnegative=True)
NAMES = {"x": X, "k": K, "s": S, "n": N}
SECONDS = 5.0  # what must take under one second, on a machine that others use too


def refusal(text: str, names: dict[str, sp.Symbol] = NAMES) -> str:
    start = time.perf_counter()
    with pytest.raises(InputError) as caught:
        parse(text, names, "log-density")
    assert time.perf_counter() - start < SECONDS
    message = str(caught.value)
    assert caught.value.exit_status == 2
    assert "\n" not in message and len(message) < 700
    return message


VALUES = {
    "log(k)": lambda k, _: mpmath.log(k),
    "log(k, s)": lambda k, s: mpmath.log(k, s),
    "exp(-k)": lambda k, _: mpmath.exp(-k),
    "sqrt(k)": lambda k, _: mpmath.sqrt(k),
    "gamma(k)": lambda k, _: mpmath.gamma(k),
    "loggamma(k)": lambda k, _: mpmath.loggamma(k),
    "digamma(k)": lambda k, _: mpmath.digamma(k),
    "trigamma(k)": lambda k, _: mpmath.psi(1, k),
    "polygamma(3, k)": lambda k, _: mpmath.psi(3, k),
    "beta(k, s)": lambda k, s: mpmath.beta(k, s),
    "erf(k)": lambda k, _: mpmath.erf(k),
    "erfc(k)": lambda k, _: mpmath.erfc(k),
    "Phi(k)": lambda k, _: mpmath.ncdf(k),
    "log(Phi(-k))": lambda k, _: mpmath.log(mpmath.ncdf(-k)),
    "besseli(s, k)": lambda k, s: mpmath.besseli(s, k),
    "zeta(1 + k)": lambda k, _: mpmath.zeta(1 + k),
    "zeta(1 + k, s)": lambda k, s: mpmath.zeta(1 + k, s),
    "binomial(k + s, s)": lambda k, s: mpmath.binomial(k + s, s),
    "factorial(k)": lambda k, _: mpmath.factorial(k),
    "Abs(k - 9)": lambda k, _: abs(k - 9),
    "abs(k - 9)": lambda k, _: abs(k - 9),
    "sign(k - 9)": lambda k, _: mpmath.sign(k - 9),
    "floor(7*k)": lambda k, _: mpmath.floor(7 * k),
    "Min(k, s)": min,
    "min(k, s)": min,
    "Max(k, s)": max,
    "max(k, s)": max,
    "sin(k)": lambda k, _: mpmath.sin(k),
    "cos(k)": lambda k, _: mpmath.cos(k),
    "tan(k)": lambda k, _: mpmath.tan(k),
    "atan(k)": lambda k, _: mpmath.atan(k),
    "sinh(k)": lambda k, _: mpmath.sinh(k),
    "cosh(k)": lambda k, _: mpmath.cosh(k),
    "tanh(k)": lambda k, _: mpmath.tanh(k),
    "log1p(k)": lambda k, _: mpmath.log1p(k),
    "expm1(k)": lambda k, _: mpmath.expm1(k),
    "logaddexp(k, s)": lambda k, s: mpmath.log(mpmath.exp(k) + mpmath.exp(s)),
    "LambertW(k)": lambda k, _: mpmath.lambertw(k).real,
    "where(k < s, k, 2*s)": lambda k, s: k if k < s else 2 * s,
    "where(0 < k <= s and not k == s, k, 7)": lambda k, s: k if 0 < k < s else 7,
    "where((k > s) | (k != k), 1, 2)": lambda k, s: 1 if k > s else 2,
    "where((k > 1) & (s > 1) or k < 0, 1, 2)": lambda k, s: 1 if k > 1 and s > 1 else 2,
    "-k**2 - +s/-3 + pi*E**2 - EulerGamma": lambda k, s: (
        -(k**2) + s / 3 + mpmath.pi * mpmath.e**2 - mpmath.euler
    ),
    "k - s - 2 - k/s/3*k": lambda k, s: k - s - 2 - k * k / (3 * s),
    "2**k**s**-1": lambda k, s: mpmath.power(2, mpmath.power(k, 1 / s)),
    "log(gamma(k)*k/beta(k, s)**2)": lambda k, s: mpmath.log(
        mpmath.gamma(k) * k / mpmath.beta(k, s) ** 2
    ),
    "log(factorial(k)/gamma(s))": lambda k, s: mpmath.log(mpmath.factorial(k) / mpmath.gamma(s)),
    "log(binomial(k + s, s))": lambda k, s: mpmath.log(mpmath.binomial(k + s, s)),
}


@pytest.mark.parametrize("text", VALUES)
def test_every_function_has_the_value_that_mpmath_gives(text: str) -> None:
    """Each text means, at random points, what mpmath's function of that name computes."""
    draw = random.Random(text)
    for _ in range(3):
        k, s = Fraction(draw.randint(11, 79), 40), Fraction(draw.randint(11, 79), 37)
        expression = parse(text, NAMES).subs({K: sp.Rational(k), S: sp.Rational(s)})
        with mpmath.workdps(30):
            a, b = mpmath.mpf(k.numerator) / k.denominator, mpmath.mpf(s.numerator) / s.denominator
            other = VALUES[text](a, b)
            assert abs(mpmath.mpf(str(sp.N(expression, 30))) - other) < 1e-25 * (1 + abs(other))


@given(st.integers(0, 10**12), st.integers(-30, 30), st.integers(0, 12))
def test_decimals_are_exact(digits: int, power: int, places: int) -> None:
    """A decimal text is the fraction that Python's own Fraction reads, never a nearby float."""
    whole, part = divmod(digits, 10**places)
    for text in (
        f"{whole}.{part:0{places + 1}d}e{power}",
        f"{digits}E{power}",
        f"{whole}.",
        f".{part}",
    ):
        assert parse(text, {}) == sp.Rational(Fraction(text))


def test_a_tenth_is_a_tenth() -> None:
    """0.1 is 1/10 and 1e-5 is 1/100000; the binary 0.1 is another number."""
    assert parse("0.1", {}) == sp.Rational(1, 10) != sp.Rational(0.1)
    assert parse("1e-5", {}) == sp.Rational(1, 10**5)
    assert not parse("x**0.5 + 2.50*k", NAMES).has(sp.Float)


def test_logs_of_gammas_do_not_overflow() -> None:
    """log(gamma(.)) and kin become loggamma where positive, so 1e5 gives the Stirling value."""
    for text in ("log(gamma(k))", "log(factorial(k))", "-log(1/gamma(k))", "log(gamma(k)**3)/3"):
        result = parse(text, NAMES)
        assert result.has(sp.loggamma) and not result.has(sp.gamma)
        assert math.isclose(
            sp.lambdify(K, result, "scipy")(1e5), 1e5 * math.log(1e5) - 1e5, rel_tol=1e-4
        )
    assert parse("log(gamma(x))", NAMES) == sp.log(sp.gamma(X))  # of unknown sign: left alone
    assert not parse("log(binomial(n + s - 1, n))", NAMES).has(sp.gamma, sp.binomial)
    assert parse("loggamma(n + 1)", NAMES).func is sp.loggamma  # SymPy alone gives log(gamma)


def test_declared_names_shadow_constants_and_uncalled_functions() -> None:
    """A declared E or gamma is that symbol; a called gamma is the function."""
    e, g = sp.Symbol("E"), sp.Symbol("gamma", positive=True)
    assert parse("E*x", {"E": e, "x": X}) == e * X
    assert parse("gamma*log(gamma(gamma))", {"gamma": g}) == g * sp.loggamma(g)
    assert "rename the parameter" in refusal("gamma*gamma(k)", {"gamma": g, "k": K})
    half = sp.Rational(1, 2)
    assert parse("c*x", {"c": half, "x": X}) == half * X


def test_white_space_is_a_space() -> None:
    """A formula may be broken over lines, as in a model file; positions count from the start."""
    assert parse("\n log(k)\n\t- x \n", NAMES) == sp.log(K) - X
    assert "'foo' (position 4)" in refusal("  \nfoo + 1")


def test_printed_expressions_are_read_back() -> None:
    """What is printed, SymPy reads back when it is given the symbols."""
    names = {
        name: sp.Symbol(name, positive=True) for name in ("shape", "beta", "S", "N", "minimum")
    }
    text = "shape*log(beta) - loggamma(shape) + S/N*minimum + zeta(1 + shape)"
    result = parse(text, names)
    assert sp.sympify(str(result), locals=names) == result


REFUSALS = [
    ("x.real", "'x.real'", "no attributes"),
    ("1 .real", "'1 .real'", "no attributes"),
    ("().__class__", "'__class__' (position 4)", "begins with a letter"),
    ("__import__('os')", "'__import__'", "begins with a letter"),
    ("loggama(k)", "no function 'loggama'", "loggamma"),
    ("ln(k)", "'ln'", "did you mean log?"),
    ("pnorm(k)", "'pnorm'", "did you mean Phi?"),
    ("eval(k)", "no function 'eval'", "the functions are"),
    ("k(x + 1)", "k is a declared", "k*"),
    ("kk + 1", "'kk' is not declared (declared: x, k, s, n)", "--param kk, or did you mean k?"),
    ("x[0]", "'['", "an index"),
    ("lambda x: x", "'lambda'", "write lam or rate"),
    ("(x for x in k)", "'for'", "keyword"),
    ("'a'", '"\'"', "quotes"),
    ("f'{x}'", "position 2", "quotes"),
    ('b"a"', "'\"'", "quotes"),
    ("(y := x)", "':' (position 4)", ":="),
    ("x > 0", "'x > 0'", "where(condition, a, b)"),
    ("x and k", "'x and k'", "where("),
    ("not x", "'not x'", "where("),
    ("log(x=2)", "'='", "by their order"),
    ("log(*x)", "'*x'", "without *"),
    ("log(k, **x)", "log(k, **x)", "1 to 2 arguments"),
    ("x^2", "'^' (position 2)", "write ** for powers"),
    ("n!", "'!'", "factorial(x)"),
    ("2x", "'2x'", "write 2*x"),
    ("2 x", "'x' (position 3)", "write a *"),
    ("2(x)", "'2(x)'", "a * for a product"),
    ("|x|", "position 1", "write Abs(x) for |x|"),
    ("(x)(k)", "(x)(k)", "x*("),
    ("2j", "'2j'", "2*j"),
    ("0x1F", "'0x'", "product"),
    ("1_000", "'1_'", "product"),
    ("True", "'True'", "keyword"),
    ("None", "'None'", "keyword"),
    ("x if k else s", "'if'", "where(condition, a, b)"),
    ("x;k", "';'", "one expression"),
    ("x\0", r"'\x00'", "no place"),
    ("x \N{MINUS SIGN} 1", "'\N{MINUS SIGN}'", "ASCII"),
    ("\N{CYRILLIC SMALL LETTER HA}", "position 1", "ASCII"),
    ("~x", "'~'", "no place"),
    ("1,5", "'1,5'", "decimal point"),
    ("x//2", "'x//2'", "floor(a/b)"),
    ("x << 2", "'x << 2'", "only numbers"),
    ("x | k", "'x | k'", "parentheses"),
    ("where(x > 0 & x < 1, 1, 2)", "'0 & x'", "parentheses"),
    ("where(x, 1, 2)", "'x'", "a condition compares"),
    ("where(x > 0, 1)", "where", "3 arguments"),
    ("log", "'log'", "write log(...)"),
    ("log()", "'log()'", "1 to 2 arguments"),
    ("exp(k, s)", "'exp(k, s)'", "1 argument,"),
    ("", "the log-density is empty", "formula such as"),
    (" \n", "the log-density is empty", "formula such as"),
    ("(log(x)", "position 1", "brackets"),
    ("log(x))", "')' (position 7)", "brackets"),
    ("x +", "position", "brackets"),
    ("1/0", "'1/0'", "divides by zero"),
    ("x/(1 - 1)", "'x/(1 - 1)'", "divides by zero"),
    ("0**-1", "'0**-1'", "divides by zero"),
    ("k + log(0)*x", "'log(0)'", "divides by zero"),
    ("gamma(0)", "'gamma(0)'", "finite"),
    ("log(x, 1)", "'log(x, 1)'", "divides by zero"),
    ("sqrt(-1)", "'sqrt(-1)'", "not real"),
    ("log(-2)", "'log(-2)'", "not real"),
    ("(-8)**(1/3)", "'(-8)**(1/3)'", "whole powers only"),
    ("where(x < tanh(99), 1, 2)", "'x < tanh(99)'", "compute it first"),
    ("zeta(erf(1/3), x)", "position 1", "compute it first"),
    ("loggamma(loggamma(1/3))", "'loggamma(loggamma(1/3))'", "compute it first"),
    ("sqrt(-k)", "'sqrt(-k)'", "not real"),
    ("LambertW(-1)", "'LambertW(-1)'", "not real"),
    ("Min(1, x, k, s, n, 2, 3, 4, 5)", "'Min(", "2 to 8 arguments"),
]


@pytest.mark.parametrize(("text", "given_piece", "remedy"), REFUSALS)
def test_a_refusal_quotes_the_text_and_names_the_remedy(
    text: str, given_piece: str, remedy: str
) -> None:
    """What is no formula is refused in one sentence: the piece, its position, the remedy."""
    message = refusal(text)
    assert "log-density" in message and given_piece in message and remedy in message


LARGE = [
    "10**10**10",
    "((2**100)**100)**100",
    "2**-10**9",
    "(2*x)**(10**9)",
    "x**(10**100)",
    "sqrt(2)**(10**9)",
    "exp(10**9*log(3))",
    "exp(10**9*log(3*k))",
    "exp(exp(exp(100)))",
    "2**(10**9*log(3)/log(2))",
    "k**(10**9*log(3)/log(k))",
    "factorial(10**9)",
    "factorial(1e9)",
    "gamma(10**8)",
    "gamma(10**8 + 1/2)",
    "loggamma(10**9)",
    "log(gamma(10**9))",
    "beta(10**8, 10**8)",
    "binomial(10**9, 10**5)",
    "binomial(x, 100000)",
    "digamma(10**9)",
    "trigamma(10**9)",
    "polygamma(10**6, 3)",
    "polygamma(2, 10**9)",
    "zeta(10**8)",
    "zeta(-10**7)",
    "zeta(2, 10**9)",
    "besseli(10**8 + 1/2, 2)",
    "besseli(5000, 0.1)",
    "cosh(10**9)",
    "1e999999999",
    "1e-999999999",
    "9" * 5000,
    "*".join(["2**3999"] * 40),
    "+".join(f"1/{i}**2400" for i in range(2, 800)),
    "+".join(f"sqrt(10**{1100 + i} + 3)" for i in range(99)),
]
DEEP = [
    "(" * 1_000_000,
    "(" * 9_000,
    "(" * 300 + "x" + ")" * 300,
    "x" * 1_000_000,
    "-" * 5000 + "x",
    "x**" * 3000 + "x",
    "log(" * 150 + "k" + ")" * 150,
    "+".join(["x"] * 4999),
    f"where({'not ' * 90}x > 0, 1, 2)",
    "+".join(f"Abs(x - {i})" for i in range(200)),
    "where(x > 0, " * 80 + "x" + ", 1)" * 80,
    f"Abs({'+'.join(f'log(k + {i})*x**{i}' for i in range(300))})",
]


@pytest.mark.parametrize("text", LARGE, ids=lambda text: text[:30])
def test_a_number_too_large_is_refused_before_it_is_computed(text: str) -> None:
    """SymPy would fill the memory with these; the refusal comes at once and says so."""
    message = refusal(text)
    assert "too large" in message or "takes numbers up to" in message


@pytest.mark.parametrize("text", DEEP, ids=lambda text: text[:20])
def test_a_text_too_long_or_deep_is_refused(text: str) -> None:
    """No depth or length reaches Python's recursion limit or stack: each ends in a sentence."""
    message = refusal(text)
    words = ("characters", "deep", "brackets", "too many")
    assert any(word in message for word in words)


def test_deep_text_in_a_thread_is_refused() -> None:
    """A thread's smaller stack changes nothing."""
    messages: list[str] = []
    thread = threading.Thread(target=lambda: messages.append(refusal("-" * 9000 + "x")))
    thread.start()
    thread.join()
    assert "deep" in messages[0]


def test_long_flat_sums_and_products_are_read() -> None:
    """500 terms are no depth: their value at a point is Python's own sum."""
    names = dict(NAMES)
    text = "+".join(f"log(k + {i})*{i}.5" for i in range(500))
    value = float(parse(text, names).subs(K, 2).evalf())
    assert math.isclose(value, sum(math.log(2 + i) * (i + 0.5) for i in range(500)))
    assert parse("-".join(["x"] * 1001), names) == -999 * X
    assert parse("*".join(["x"] * 800), names) == X**800
    assert parse("(" * 60 + "x" + ")" * 60, names) == X and parse("-" * 60 + "x", names) == X


def test_nothing_of_the_text_is_executed() -> None:
    """A text that would end the process, were it executed, is refused by a living process."""
    code = (
        "from symmle.parsing import parse\nfrom symmle.errors import InputError\n"
        "for text in ('exit(3)', 'quit()', '().__class__', 'x.y', 'breakpoint()'):\n"
        "    try:\n        parse(text, {})\n        print('accepted', text)\n"
        "    except InputError:\n        pass\nprint('alive')\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "alive\n"), done.stderr


TOKENS = [
    "x",
    "k",
    "s",
    "n",
    "pi",
    "E",
    "0",
    "1",
    "2",
    "3.5",
    "999",
    "1e9",
    "1e300",
    "+",
    "-",
    "*",
    "/",
    "**",
    "(",
    ")",
    ",",
    "<",
    "==",
    "&",
    "|",
    "and",
    "not",
    ".",
    "^",
    "[",
    "'",
    "lambda",
    "_",
    "foo",
    "log(",
    "exp(",
    "sqrt(",
    "gamma(",
    "loggamma(",
    "digamma(",
    "polygamma(",
    "beta(",
    "erf(",
    "Abs(",
    "besseli(",
    "zeta(",
    "binomial(",
    "factorial(",
    "Min(",
    "Max(",
    "floor(",
    "tan(",
    "LambertW(",
    "where(",
    "where(x > 0,",
    "logaddexp(",
]
ATOMS = st.sampled_from(
    ["x", "k", "s", "n", "0", "1", "2", "3.5", "999", "1e9", "1e300", "pi", "E"]
)
ONE = [
    "log",
    "exp",
    "sqrt",
    "gamma",
    "loggamma",
    "digamma",
    "trigamma",
    "erf",
    "erfc",
    "zeta",
    "Abs",
    "factorial",
    "sign",
    "floor",
    "sin",
    "tan",
    "atan",
    "tanh",
    "cosh",
    "log1p",
    "expm1",
    "LambertW",
]
TWO = [
    "({} + {})",
    "({} - {})",
    "({}*{})",
    "({}/{})",
    "({})**({})",
    "polygamma({}, {})",
    "beta({}, {})",
    "besseli({}, {})",
    "zeta({}, {})",
    "binomial({}, {})",
    "Min({}, {})",
    "Max({}, {})",
    "logaddexp({}, {})",
    "log({}, {})",
    "where({} < 1, {}, 2)",
    "where({} == {}, 1, x)",
]
FORMULAS = st.recursive(
    ATOMS,
    lambda inner: st.one_of(
        st.builds("{}({})".format, st.sampled_from(ONE), inner),
        st.builds(lambda form, a, b: form.format(a, b), st.sampled_from(TWO), inner, inner),
    ),
    max_leaves=8,
)


@settings(max_examples=300, deadline=None)
@given(st.one_of(FORMULAS, st.lists(st.sampled_from(TOKENS), max_size=15).map(" ".join), st.text()))
def test_any_text_is_read_or_refused_in_bounded_time(text: str) -> None:
    """Token soups, random formulas and random characters: an expression or InputError, soon."""
    start = time.perf_counter()
    try:
        result, message = parse(text, NAMES), ""
    except InputError as error:
        result, message = sp.S.Zero, str(error)
    assert "\n" not in message
    if not message:
        assert isinstance(result, sp.Expr) and not result.has(sp.nan, sp.zoo, sp.oo, sp.I, sp.Float)
        assert len(str(result)) < 50_000
    assert time.perf_counter() - start < SECONDS


@pytest.mark.parametrize(
    ("name", "remedy"),
    [
        ("lambda", "lam or rate"),
        ("class", "class_"),
        ("log", "log_"),
        ("where", "where_"),
        ("E", "E_"),
        ("I", "I_"),
        ("pi", "pi_"),
        ("oo", "oo_"),
        ("true", "true_"),
        ("var", "var_"),
        ("mean", "mean_"),
        ("_x", "a letter first"),
        ("__class__", "a letter first"),
        ("1a", "letter"),
        ("a b", "letters"),
        ("a\n", "letters"),
        ("\N{GREEK SMALL LETTER MU}", "letters"),
        ("", "letters"),
        ("a" * 41, "at most 40"),
        ("a;b", "letters"),
    ],
)
def test_a_name_that_means_something_else_is_refused(name: str, remedy: str) -> None:
    """A name must survive Python, SymPy and this language; the refusal says what to write."""
    with pytest.raises(InputError, match="cannot name a data symbol") as caught:
        check_name(name, "data symbol")
    assert remedy in str(caught.value)


def test_names_of_the_catalogue_are_accepted() -> None:
    """The names that the contract gives to parameters, and those that statisticians write."""
    for name in (
        "a b p mu sigma shape rate scale size location df minimum spread theta lower upper "
        "trials zero concentration alpha beta gamma zeta S N x lam " + "a" * 40
    ).split():
        assert check_name(name) == name
