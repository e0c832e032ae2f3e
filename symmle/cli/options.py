"""The words of the command line: verbs, their options, and how a list of words is read.

Every verb has a parser of its own, made when the verb is used.  Nothing heavy is imported.
"""

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import NoReturn

from symmle.errors import InputError


@dataclass(frozen=True, slots=True)
class Option:
    """One option: `value` is how its value is called in the help, "" for a switch."""

    name: str
    value: str
    help: str
    repeat: bool = False
    choices: tuple[str, ...] = ()
    also: tuple[str, ...] = ()

    @property
    def words(self) -> tuple[str, ...]:
        """All its spellings."""
        return (self.name, *self.also)


@dataclass(frozen=True, slots=True)
class Verb:
    """One verb: its positional words (an optional one in brackets), options and examples."""

    name: str
    help: str
    words: tuple[tuple[str, str], ...]
    options: tuple[Option, ...]
    example: str


_JSON = Option("--json", "", "print one JSON object instead of text")
_FORCE = Option("--force", "", "overwrite a file even if symmle did not write it")
_DATA_FREE = Option("--data-free", "", "in coordinates that hold as little of the data as can be")
_MODEL = ("[MODEL]", "a family's name (see `list`) or a model file *.toml")
_NAMING = (
    Option("--dimension", "K", "of a family that has one: multivariate_normal, dirichlet, ..."),
    Option(
        "--logpdf",
        "FORMULA",
        "the log-density of one observation, instead of MODEL",
        also=("--logpmf",),
    ),
    Option("--data-symbol", "NAME", "a data symbol of --logpdf: x, 'x>0', 'x: unit'", True),
    Option("--latent", "NAME", "a symbol of --logpdf that is not observed: 'z in {0, 1}'", True),
    Option("--param", "NAME", "a parameter of --logpdf: 'k>0', 'p in (0, 1)', 'm: real'", True),
    Option("--fix", "NAME=VALUE", "hold a parameter at a number or tie it to others", True),
    Option(
        "--coordinates",
        "NAME=WORD",
        "another coordinate for a parameter: sigma=log, p=logit, v=sigma**2",
        True,
    ),
)
_READING = (
    Option("--column", "NAME", "the column of the data; one for each data symbol, in order", True),
    Option("--weights", "NAME", "the column of weights"),
    Option("--drop-missing", "", "leave out rows with missing values"),
)
SCHEMES = (
    "simultaneous",
    "alternating",
    "symmetric",
    "coordinate",
    "newton",
    "diagonal_newton",
    "scoring",
    "natural",
    "diagonal_scoring",
    "momentum",
    "nesterov",
    "extragradient",
    "optimistic",
    "implicit",
    "em",
    "em_gradient",
)
PICTURES = ("trajectory", "radius", "bifurcation", "basin", "cobweb", "convergence")
FORMATS = ("text", "markdown", "latex")
TARGETS = ("numpy", "python", "numba", "c", "javascript")

_SCHEMES_OF_A_RUN = (
    Option("--scheme", "NAME", f"one of {', '.join(SCHEMES)}", True, SCHEMES),
    Option("--order", "NAME,NAME", "the order of updating; a+b,c moves a and b together"),
    Option("--inner", "N", "coordinate: steps on each parameter in turn, or exact"),
    Option("--outer", "N", "coordinate: sweeps in one update"),
    Option("--momentum", "NUMBER", "the share of its last move that a block keeps (0.9)"),
    Option("--step", "NUMBER", "the step of the run"),
    Option("--step-symbol", "NAME", "what the step is called (step)"),
    Option("--steps", "NAME=EXPR,...", "a step for each: x=eta,y=2*eta, or numbers"),
)

VERBS = (
    Verb("list", "the families there are", (), (_JSON,), "list"),
    Verb(
        "derive",
        "the whole derivation, both update maps, their stability, the verdict",
        (_MODEL,),
        (
            *_NAMING,
            Option("--format", "FORMAT", "text, markdown or latex", choices=FORMATS),
            Option("-o", "FOLDER", "write the document into this folder"),
            _FORCE,
            _JSON,
        ),
        'derive --logpdf "log(r) - r*x" --data-symbol "x>0" --param "r>0"',
    ),
    Verb(
        "generate",
        "a standalone module that computes estimates and updates",
        (_MODEL,),
        (
            *_NAMING,
            Option("-o", "FILE", "where to write the module; without it, it is printed"),
            Option("--tests", "", "write a test file beside the module"),
            Option("--target", "NAME", "the language of the module (numpy)", choices=TARGETS),
            _FORCE,
            _JSON,
        ),
        "generate normal -o normal_mle.py --tests",
    ),
    Verb(
        "stability",
        "step ranges, best steps and rates of update schemes",
        (_MODEL,),
        (
            *_NAMING,
            Option("--at", "NAME=VALUE,...", "the point: a number for every parameter"),
            Option("--data", "FILE", "data; the point is their estimate"),
            *_READING,
            Option("--scheme", "NAME", f"one of {', '.join(SCHEMES)}", True, SCHEMES),
            Option("--order", "NAME,NAME", "the order of updating; a+b,c moves a and b together"),
            Option("--inner", "N", "coordinate: steps on each parameter in turn, or exact"),
            Option("--outer", "N", "coordinate: sweeps in one update"),
            _DATA_FREE,
            Option("--basin", "", "a box of starts that certainly converge, at --step and numbers"),
            Option("--certificate", "FILE", "write the proof of --basin into this file"),
            _FORCE,
            Option("--momentum", "NUMBER", "the share of its last move that a block keeps (0.9)"),
            Option("--step", "NUMBER", "judge this step"),
            Option("--step-symbol", "NAME", "what the step is called (step)"),
            Option("--steps", "NAME=EXPR,...", "a step for each: x=eta,y=2*eta, or numbers"),
            Option("--over", "NAME", "the stable values of a constant, or parameter, at --step"),
            Option("--cycles", "P", "look for cycles of the periods 2 to P, at most 6"),
            _JSON,
        ),
        "stability gamma --at shape=2,rate=1",
    ),
    Verb(
        "fit",
        "the estimate on data, with standard errors, or why there is none",
        (_MODEL, ("DATA", "CSV, TSV, .npy, Parquet, Feather, or - for standard input")),
        (
            *_NAMING,
            *_READING,
            Option("--all", "", "enclose every maximum, for a few unknowns"),
            Option("--families", "NAMES", "all, or names joined by commas: fit and rank them"),
            Option("--weights-are", "KIND", "frequencies (rows repeated) or probabilities"),
            Option("--level", "NUMBER", "coverage of the confidence intervals (0.95)"),
            _JSON,
        ),
        "fit gamma data.csv --column weight",
    ),
    Verb(
        "diagnose",
        "what a run of an update does, why, and what to do instead",
        (_MODEL, ("[DATA]", "the data, as for fit; none for a problem file")),
        (
            *_NAMING,
            *_READING,
            *_SCHEMES_OF_A_RUN,
            Option("--start", "NAME=NUMBER,...", "where the run starts"),
            Option("--iterations", "N", "updates at most (1e6; 20,000 that pass over the data)"),
            Option("--gradient", "FILE.py", "your own gradient, score(x, ...): compare it first"),
            _JSON,
        ),
        "diagnose normal data.csv --scheme alternating --step 0.1 --start mu=0,sigma=0.1",
    ),
    Verb(
        "plot",
        "a picture of a run or of stability: trajectory, radius, bifurcation, basin, ...",
        (
            ("KIND", f"one of {', '.join(PICTURES)}"),
            _MODEL,
            ("[FILE]", "the data, as for fit; none for a problem file, or with --at"),
        ),
        (
            *_NAMING,
            *_READING,
            Option("--data", "FILE", "the data, as the word FILE"),
            Option("--at", "NAME=VALUE,...", "numbers instead of data: the law of large samples"),
            _DATA_FREE,
            *_SCHEMES_OF_A_RUN,
            Option("--start", "NAME=NUMBER,...", "where the run starts"),
            Option("--iterations", "N", "updates at most"),
            Option("--over", "NAME", "bifurcation: the constant of the map on the axis"),
            Option("--range", "NAME=LOW:HIGH", "what an axis shows: sigma=0.1:5, step=0:2", True),
            Option("-o", "FILE", "where to write the picture: FILE.svg or FILE.png"),
            _FORCE,
            _JSON,
        ),
        "plot trajectory normal data.csv --step 20 --start mu=20,sigma=8 -o run.svg",
    ),
    Verb(
        "verify",
        "every claim again by another road; or a program, function by function",
        (
            ("[MODEL]", "a family, a model file *.toml, or a program: FILE.py, FILE.c, FILE.mjs"),
            ("[OF]", "the model of a program whose header does not say it"),
        ),
        (*_NAMING, _JSON),
        "verify gamma, or: symmle verify normal_mle.py, or: symmle verify mine.py weibull",
    ),
)


class _Parser(argparse.ArgumentParser):
    """A parser whose complaints are sentences that main prints."""

    def error(self, message: str) -> NoReturn:
        wrong = message[0].lower() + message[1:]
        raise InputError(f"{wrong}; see `{self.prog} --help`")


def overview() -> argparse.ArgumentParser:
    """The parser of `symmle` itself: help and version."""
    verbs = "\n".join(f"  {verb.name:10} {verb.help}" for verb in VERBS)
    parser = _Parser(
        prog="symmle",
        usage=f"symmle {{{','.join(verb.name for verb in VERBS)}}} ...",
        description="Maximum likelihood derived, generated and verified.\n\nverbs:\n" + verbs,
        epilog="`symmle VERB --help` explains a verb.  "
        "Exit status: 0 done, 1 a check failed or no estimate exists, 2 wrong input.",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="store_true", help="print the version")
    return parser


def verb_named(name: str) -> Verb:
    """The verb of that name; InputError names the nearest one."""
    for verb in VERBS:
        if verb.name == name:
            return verb
    near = get_close_matches(name, [verb.name for verb in VERBS], n=1, cutoff=0.5)
    hint = f"did you mean {near[0]}?" if near else ""
    there = ", ".join(verb.name for verb in VERBS)
    raise InputError(f"there is no verb {name!r}; {hint or f'the verbs are {there}'}")


def read(verb: Verb, words: Sequence[str]) -> argparse.Namespace:
    """The arguments of a verb; InputError for what it does not take."""
    parser = _Parser(
        prog=f"symmle {verb.name}",
        description=f"{verb.help[0].upper()}{verb.help[1:]}.",
        epilog=f"example: symmle {verb.example}",
        allow_abbrev=False,
    )
    for name, help_text in verb.words:
        bare = name.strip("[]")
        nargs = "?" if name != bare else None
        parser.add_argument(bare.lower(), metavar=bare, help=help_text, nargs=nargs)
    for option in verb.options:
        _add(parser, option)
    return parser.parse_intermixed_args(_joined(verb, words))


def _add(parser: argparse.ArgumentParser, option: Option) -> None:
    if not option.value:
        parser.add_argument(option.name, action="store_true", help=option.help)
        return
    parser.add_argument(
        *option.words,
        dest="output" if option.name == "-o" else None,
        metavar=option.value,
        help=option.help,
        action="append" if option.repeat else "store",
        choices=option.choices or None,
    )


def _joined(verb: Verb, words: Sequence[str]) -> list[str]:
    """`--logpdf -x` as `--logpdf=-x`, because argparse takes a word with a minus for an option."""
    taking = {word for option in verb.options if option.value for word in option.words}
    known = {word for option in verb.options for word in option.words} | {"-h", "--help", "--"}
    joined: list[str] = []
    pending = ""
    for word in words:
        if pending:
            is_option = word in known or (word.startswith("--") and word.split("=")[0] in known)
            joined += [pending, word] if is_option else [f"{pending}={word}"]
            pending = ""
        elif word in taking and word.startswith("--"):
            pending = word
        else:
            joined.append(word)
    return joined + ([pending] if pending else [])
