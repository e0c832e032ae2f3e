"""The schemes and the step that the options ask for."""

import argparse
import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from functools import partial

import sympy as sp

from symmle.coordinates import assignments
from symmle.errors import InputError
from symmle.estimate.own_maximum import own_maxima
from symmle.parsing import check_name, parse
from symmle.problem import Problem
from symmle.schemes import (
    Metric,
    Rule,
    Scheme,
    alternating,
    coordinate,
    diagonal_newton,
    diagonal_scoring,
    em_gradient,
    exact_coordinate,
    expectation_maximisation,
    natural,
    newton,
    scoring,
    simultaneous,
    symmetric,
    with_rule,
)

_DEFAULT = ("simultaneous", "alternating")
_MOST_MOVES = 24  # of each parameter in one update of several sweeps
_SMALLEST, _LARGEST = sp.Rational(1, 10**300), sp.Integer(10**300)  # steps, as doubles
_WITH_MOMENTUM = {
    "simultaneous", "alternating", "symmetric", "coordinate", "momentum", "nesterov",
}  # fmt: skip


def chosen_schemes(
    symbols: Sequence[sp.Symbol],
    named: Callable[[str], sp.Symbol],
    arguments: argparse.Namespace,
    image: Callable[[], Sequence[sp.Expr]] | None = None,
    own: Callable[[], Mapping[sp.Symbol, sp.Expr]] = dict,
    paces: Mapping[sp.Symbol, sp.Expr] | None = None,
) -> list[Scheme]:
    """The schemes of --scheme over these symbols, or the usual two.

    named: the symbol of a name; raises InputError for one that is none.
    image: the map of EM; None of what has no density.
    own: the maximum in each variable alone, of those that have it in closed form.
    paces: what multiplies a gradient step in each variable, where --steps does not say.
    """
    names: Sequence[str] = arguments.scheme or _DEFAULT
    order = _order(named, arguments.order)
    inner, outer = _sweeps(arguments)
    if (arguments.inner or arguments.outer) and "coordinate" not in names:
        raise InputError("--inner and --outer belong to --scheme coordinate; add it")
    momentum = _momentum(arguments.momentum)
    kept = sp.Rational(9, 10) if momentum is None else momentum
    together = simultaneous(symbols)

    def turns() -> Scheme:
        if arguments.inner == "exact":
            if momentum is not None:
                raise InputError(
                    "--inner exact goes to the maximum and remembers no move; leave --momentum out"
                )
            return exact_coordinate(symbols, own(), outer, order)
        return coordinate(symbols, inner, outer, order)

    makers = {
        "simultaneous": lambda: _heavy(together, momentum),
        "alternating": lambda: _heavy(alternating(symbols, order), momentum),
        "symmetric": lambda: _heavy(symmetric(symbols, order), momentum),
        "coordinate": lambda: _heavy(turns(), momentum),
        "newton": lambda: newton(symbols),
        "scoring": lambda: scoring(symbols),
        "natural": lambda: natural(symbols),
        "diagonal_newton": lambda: diagonal_newton(symbols),
        "diagonal_scoring": lambda: diagonal_scoring(symbols),
        "momentum": lambda: _named(together, "momentum", Rule.HEAVY_BALL, kept),
        "nesterov": lambda: _named(together, "nesterov", Rule.NESTEROV, kept),
        "optimistic": lambda: _named(together, "optimistic", Rule.OPTIMISTIC),
        "extragradient": lambda: _named(together, "extragradient", Rule.EXTRAGRADIENT),
        "em": lambda: expectation_maximisation(symbols, image() if image else ()),
        "em_gradient": lambda: em_gradient(symbols),
        "implicit": lambda: _named(together, "implicit", Rule.IMPLICIT),
    }
    if momentum is not None and not set(names) & _WITH_MOMENTUM:
        raise InputError(f"--momentum belongs to one of {', '.join(sorted(_WITH_MOMENTUM))}")
    if image is None and {"em", "em_gradient"} & set(names):
        raise InputError("--scheme em belongs to a model with latent variables, which this is not")
    asked = tuple(_paces(symbols, named, arguments).items())
    found = [replace(makers[name](), paces=asked) for name in dict.fromkeys(names)]
    if not paces or asked:
        return found
    usual = tuple(paces.items())
    return [replace(x, paces=usual) if x.metric is Metric.IDENTITY else x for x in found]


def schemes_of_problem(problem: Problem, arguments: argparse.Namespace) -> list[Scheme]:
    """The schemes asked for over the variables of a problem."""
    own = partial(own_maxima, problem.field, problem.variables)
    return chosen_schemes(problem.symbols, problem.symbol, arguments, own=own, paces=problem.paces)


def step_named(arguments: argparse.Namespace, taken: Collection[str]) -> sp.Symbol:
    """The symbol of the step: of --step-symbol, else `step`, or `step_` where that is taken.

    Raises InputError for a name that is taken.
    """
    name = step_name(arguments)
    if name == "step":
        return sp.Symbol("step_" if "step" in taken else "step", positive=True)
    check_name(name, "step")
    if name in taken:
        raise InputError(f"the step {name!r} is a name of the problem; choose another")
    return sp.Symbol(name, positive=True)


def step_name(arguments: argparse.Namespace) -> str:
    """The step's name: of --step-symbol, else the one letter that --steps uses, else `step`."""
    if arguments.step_symbol:
        return str(arguments.step_symbol)
    texts = [part.partition("=")[2] for part in assignments([arguments.steps or ""])]
    words = {word for text in texts for word in re.findall(r"(?<![\w.])[^\W\d]\w*", text)}
    letters = {word for word in words if _can_name(word)}
    return letters.pop() if len(letters) == 1 else "step"


def _can_name(word: str) -> bool:
    try:
        return bool(check_name(word))
    except InputError:
        return False


def _paces(
    symbols: Sequence[sp.Symbol], named: Callable[[str], sp.Symbol], arguments: argparse.Namespace
) -> dict[sp.Symbol, sp.Expr]:
    """What --steps multiplies the step by for each symbol; all of it where it gives numbers."""
    if arguments.steps is None:
        return {}
    step = sp.Symbol(step_name(arguments), positive=True)
    found: dict[sp.Symbol, sp.Expr] = {}
    for part in assignments([arguments.steps]):
        name, sign, written = (text.strip() for text in part.partition("="))
        symbol = named(name)
        if not sign or symbol in found:
            raise InputError(f"--steps {part!r} must give NAME=STEP, once for each name")
        found[symbol] = parse(written, {step.name: step}, f"step of {name}")
    missing = [symbol.name for symbol in symbols if symbol not in found]
    if missing:
        raise InputError(f"--steps has no step for {missing[0]}; add {missing[0]}=...")
    if not any(step in value.free_symbols for value in found.values()):
        ratios = found
    else:
        ratios = {symbol: sp.cancel(value / step) for symbol, value in found.items()}
    if not all(ratio.is_number and ratio.is_positive for ratio in ratios.values()):
        raise InputError(
            f"--steps {arguments.steps!r} must give each a positive multiple of {step}, or each a "
            f"positive number"
        )
    return ratios


def _named(scheme: Scheme, name: str, rule: Rule, momentum: sp.Expr = sp.S.Zero) -> Scheme:
    return replace(with_rule(scheme, rule, momentum), name=name)


def _heavy(scheme: Scheme, momentum: sp.Expr | None) -> Scheme:
    """The blocks with --momentum, where it is given."""
    return scheme if momentum is None else with_rule(scheme, Rule.HEAVY_BALL, momentum)


def _momentum(text: str | None) -> sp.Expr | None:
    if text is None:
        return None
    value = parse(text, {}, "--momentum")
    if not value.is_number:
        raise InputError(f"--momentum {text!r} is not a number; give one such as 0.9 or -1/2")
    return value


def step_asked(arguments: argparse.Namespace) -> sp.Expr | None:
    """The number of --step; None without one."""
    if arguments.step is None:
        at_numbers = arguments.steps is not None and not _names_step(arguments)
        return sp.S.One if at_numbers else None
    value = parse(arguments.step, {}, "--step")
    if not value.is_positive:
        raise InputError(
            f"--step {arguments.step!r} is not a positive number; give one such as 0.1 or 1/3"
        )
    if not _SMALLEST <= value <= _LARGEST:
        raise InputError(
            f"--step {arguments.step!r} is beyond double precision; give one from 1e-300 to 1e300"
        )
    return value


def _names_step(arguments: argparse.Namespace) -> bool:
    """Whether --steps are multiples of the step, and not numbers."""
    step = sp.Symbol(step_name(arguments), positive=True)
    parts = assignments([arguments.steps])
    texts = [part.partition("=")[2] for part in parts]
    return any(step in parse(text, {step.name: step}, "--steps").free_symbols for text in texts)


def _order(
    named: Callable[[str], sp.Symbol], text: str | None
) -> tuple[tuple[sp.Symbol, ...], ...] | None:
    """The blocks of --order: names joined by commas, those that move together by plus signs."""
    if text is None:
        return None
    return tuple(
        tuple(named(name.strip()) for name in group.split("+")) for group in text.split(",")
    )


def _count(arguments: argparse.Namespace, name: str) -> int:
    text = getattr(arguments, name)
    if text is None or (name == "inner" and text == "exact"):
        return 1
    exact = ", or exact" if name == "inner" else ""
    if not text.isascii() or not text.isdigit() or not 1 <= int(text) <= 1000:
        raise InputError(
            f"--{name} {text!r} is no count; give a whole number from 1 to 1000" + exact
        )
    return int(text)


def _sweeps(arguments: argparse.Namespace) -> tuple[int, int]:
    """--inner and --outer: their polynomials in the step have the product for their degree."""
    inner, outer = _count(arguments, "inner"), _count(arguments, "outer")
    if outer > 1 and inner * outer > _MOST_MOVES:
        raise InputError(
            f"--inner {inner} and --outer {outer} make a polynomial of too high a degree in the "
            f"step; take at most {_MOST_MOVES} for their product, or leave --outer out: the stable "
            "steps are the same, and the rate of more sweeps is a power of that of one"
        )
    return inner, outer
