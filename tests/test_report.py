"""Documents: what is printed is what was derived, and every notation is well formed."""

import re
from itertools import pairwise

import mpmath
import pytest
import sympy as sp

from symmle.cli.analysis import analysed
from symmle.derive import derive
from symmle.families import family_model
from symmle.report.abbreviations import _put, _with_letters
from symmle.report.derivation import _through_each_other, derivation_document
from symmle.report.document import Document, Facts, Paragraph, Section, Table
from symmle.report.latex import render as latex_document
from symmle.report.markdown import render as markdown_document
from symmle.report.printer import latex, reading_order, text
from symmle.report.text import broken_formula
from symmle.report.text import render as text_document
from symmle.sample_mean import cov, has_data, mean, var
from tests.by_rows import WORKED, close, value

mu, sigma = sp.Symbol("mu", real=True), sp.Symbol("sigma", positive=True)
MODEL = family_model("normal")
x = MODEL.data[0].symbol


@pytest.fixture(scope="module", params=WORKED)
def document(request: pytest.FixtureRequest) -> Document:
    """The derivation of one family after the other."""
    return derivation_document(analysed(family_model(request.param)), "python -m symmle derive")


@pytest.mark.parametrize("name", WORKED)
def test_what_is_printed_is_what_was_derived(name: str) -> None:
    """SymPy reads the printed text of every derived expression as an equal expression."""
    derivation = derive(family_model(name))
    model = derivation.model
    names = {v.name: v.symbol for v in (*model.data, *model.parameters)}
    functions = {"mean": mean, "var": var, "cov": cov}
    derived = (
        model.log_density,
        derivation.average_log_likelihood,
        *derivation.score.gradient,
        *derivation.score.hessian,
    )
    for expr in derived:
        again = sp.sympify(text(expr), locals=names | functions)
        assert sp.cancel(again - expr) == 0


@pytest.mark.parametrize(
    ("expr", "printed"),
    [
        (mean(x) - mu, "mean(x) - mu"),
        ((mean(x) - mu) / sigma**2, "(mean(x) - mu)/sigma**2"),
        (-1 / sigma + var(x) / sigma**3, "var(x)/sigma**3 - 1/sigma"),
        (sigma**-2, "1/sigma**2"),
        (mean(x) / mu - 1, "mean(x)/mu - 1"),
        (1 - sigma / var(x), "1 - sigma/var(x)"),
        (sigma + 1, "sigma + 1"),
        (mean(sp.Piecewise((1, x < 1), (0, True))) - 1, "share(x < 1) - 1"),
        (sp.Piecewise((mu, x < 1), (2, x < 3), (0, True)), "where(x < 1, mu, where(x < 3, 2, 0))"),
        (-sp.log(sigma) - sp.log(2) / 2 - mu, "-mu - log(sigma) - log(2)/2"),
        (sp.digamma(sigma) - sp.trigamma(sigma), "digamma(sigma) - trigamma(sigma)"),
        (sp.polygamma(2, sigma), "polygamma(2, sigma)"),
        (-cov(x, 1 / x), "-cov(x, 1/x)"),
        (-mean(x) * (mean(x) - 1) * 2, "2*(1 - mean(x))*mean(x)"),
        (sp.And(mean(x) > 0, sp.Gt(var(x), 0, evaluate=False)), "var(x) > 0 and mean(x) > 0"),
        (sp.Float("0.1234567890123456789", 20), "0.123456789012"),
    ],
)
def test_the_order_of_reading(expr: sp.Basic, printed: str) -> None:
    """Statistics first, a positive term first, constants last, special functions by name."""
    assert text(expr) == printed


def test_the_order_keeps_every_term() -> None:
    """Reading order is a permutation of the terms."""
    total = mean(x) - mu + sigma**2 - sp.log(2) + 3
    ordered = reading_order(list(total.args))
    assert sorted(ordered, key=sp.default_sort_key) == sorted(total.args, key=sp.default_sort_key)


@pytest.mark.parametrize(
    ("expr", "printed"),
    [
        (mean(x), r"\overline{x}"),
        (mean(x) ** 2, r"\overline{x}^{2}"),
        (var(x), r"\operatorname{var}\left(x\right)"),
        (sp.digamma(sigma), r"\psi\left(\sigma\right)"),
        (sp.trigamma(sigma) ** 2, r"\psi_{1}\left(\sigma\right)^{2}"),
        (sp.loggamma(sigma), r"\log \Gamma\left(\sigma\right)"),
        (sp.Symbol("rate") * sp.Symbol("shape"), r"\mathrm{rate} \, \mathrm{shape}"),
        (sp.Symbol("x1"), "x_{1}"),
        (sp.Symbol("a_b"), r"\mathrm{a\_b}"),
        (sp.Symbol("mu'"), r"\mu'"),
    ],
)
def test_latex_notation(expr: sp.Basic, printed: str) -> None:
    """Statistics and special functions in the field's notation; names upright and apart."""
    assert latex(expr) == printed


@pytest.mark.parametrize("width", [30, 50, 80])
def test_a_broken_formula_is_the_formula(width: int) -> None:
    """Joined again it is the same; no line is too long; lines start with their operator."""
    formula = text(derive(family_model("normal")).score.hessian[1, 1] * mu + mean(x) - sigma**2)
    lines = broken_formula(formula, width)
    assert re.sub(r"\s", "", "".join(lines)) == re.sub(r"\s", "", formula)
    assert max(map(len, lines)) <= width
    assert all(line.lstrip()[0] in "+-*/" for line in lines[1:])


def test_every_document_is_ascii_text_of_its_width(document: Document) -> None:
    """Nothing but ASCII; prose and formulas that have a place to break fit in 80 columns."""
    written = text_document(document, 80)
    assert written.isascii()
    assert max(map(len, written.splitlines())) <= 80
    assert all(line == line.rstrip() for line in written.splitlines())


def test_every_document_is_well_formed_latex(document: Document) -> None:
    """Braces close, environments end as they began, left meets right, mathematics ends."""
    source = latex_document(document)
    check_latex(source)
    assert source.startswith("% made by symmle: python -m symmle derive\n")
    assert source.rstrip().endswith("\\end{document}")
    assert source.isascii()


def check_latex(source: str) -> None:
    """Raise AssertionError where braces, environments or delimiters do not match."""
    bare = re.sub(r"(?m)(?<!\\)%.*$", "", source).replace(r"\\", "")
    plain = re.sub(r"\\[{}$_%#&]", "", bare)
    depth = 0
    for character in plain:
        depth += {"{": 1, "}": -1}.get(character, 0)
        assert depth >= 0
    assert depth == 0
    open_environments: list[str] = []
    for kind, name in re.findall(r"\\(begin|end)\{(\w+)\}", plain):
        if kind == "begin":
            open_environments.append(name)
        else:
            assert open_environments.pop() == name
    assert open_environments == []
    assert len(re.findall(r"\\left\b", plain)) == len(re.findall(r"\\right\b", plain))
    assert plain.count("$") % 2 == 0
    assert plain.count(r"\[") == plain.count(r"\]")


@pytest.mark.parametrize(
    "broken",
    ["{", "}{", r"\begin{a}\end{b}", r"\begin{a}", r"\left(x)", "$x", r"\[ x"],
)
def test_the_check_of_latex_can_fail(broken: str) -> None:
    """The guard on the guard: each kind of fault is seen."""
    with pytest.raises((AssertionError, IndexError)):
        check_latex(broken)


def test_every_document_is_well_formed_markdown(document: Document) -> None:
    """One title, a heading for each section, mathematics that ends, formulas as in the LaTeX."""
    source = markdown_document(document)
    lines = source.splitlines()
    assert lines[0] == "<!-- made by symmle: python -m symmle derive -->"
    assert [line for line in lines if line.startswith("# ")] == [f"# {document.title}"]
    assert sum(line.startswith("## ") for line in lines) == len(document.sections)
    assert sum(line == "$$" for line in lines) % 2 == 0
    assert all(line.count("$") % 2 == 0 for line in lines)
    for first, second in pairwise(line for line in lines if line.startswith("|")):
        assert bars(first) == bars(second)


def bars(line: str) -> int:
    """The bars of a Markdown table's row that are not escaped."""
    return len(re.findall(r"(?<!\\)\|", line))


def test_prose_is_escaped() -> None:
    """What means something to Markdown or LaTeX is shown, not obeyed."""
    prose = Paragraph((r"50% of a_b & #1 {x} \emph <b> `c` *d* | $5",))
    table = Table(("a|b",), (((r"p|q",),),))
    facts = Facts((("x_y", ("1 < 2",)),))
    document = Document("A & B_c", "symmle derive -->", (Section("S_1", (prose, table, facts)),))
    source = latex_document(document)
    assert r"50\% of a\_b \& \#1 \{x\} \textbackslash{}emph" in source
    assert r"\section*{S\_1}" in source
    page = markdown_document(document)
    assert r"a\_b" in page
    assert r"\<b\>" in page
    assert r"p\|q" in page
    assert page.splitlines()[0].count("-->") == 1


def test_long_values_are_told_through_each_other() -> None:
    """Of a zero-inflated Poisson: zero = (rate - mean)/rate, and the same numbers as in full."""
    findings = analysed(family_model("zero_inflated_poisson"))
    values = findings.estimator.values
    rate, zero = values
    shown = _through_each_other(values)
    assert text(shown[zero]) == "(rate - mean(x))/rate"
    rows = {findings.derivation.model.data[0].symbol: [mpmath.mpf(k) for k in (0, 0, 3, 1, 5)]}
    at = {rate: value(values[rate], rows, {})}
    assert close(value(shown[zero], rows, at), value(values[zero], rows, {}))
    written = text_document(derivation_document(findings, ""))
    assert "minus the Fisher information at the estimate" in written
    assert len(written.splitlines()) < 200


def test_a_derivative_without_a_name_has_primes() -> None:
    """As one writes it: zeta'(s), in the first argument, at any place; no Derivative(...)."""
    s, a = sp.symbols("s a", positive=True)
    slope = sp.zeta(s, a).diff(s)
    assert text(slope) == "zeta'(s, a)"
    assert text(sp.zeta(s).diff(s, 2)) == "zeta''(s)" and text(slope.diff(s, 2)) == "zeta^(3)(s, a)"
    assert latex(slope**2) == r"\left(\zeta'\left(s, a\right)\right)^{2}"
    assert text(slope.diff(a)) == "-(s*zeta'(s + 1, a) + zeta(s + 1, a))"  # a Subs inside
    other = sp.Function("f")(a, s)
    assert text(other.diff(s)) == "Derivative(f(a, s), s)"  # in another argument: no prime says so


@pytest.mark.parametrize("name", ["logistic", "burr", "generalised_extreme_value"])
def test_letters_stand_for_what_they_say(name: str) -> None:
    """Put back for its letter, each part gives the Hessian that was derived.

    A part that varies with the rows is still one inside a mean: its letter is of the data, too.
    """
    score = derive(family_model(name)).score
    before = list(score.hessian)
    short, letters = _with_letters(before)
    assert letters
    assert sum(len(text(each)) for each in short) < 0.7 * sum(len(text(each)) for each in before)
    for letter, part in reversed(letters.items()):
        assert has_data(letter) == has_data(part)
        short = [_put(each, letter, part) for each in short]
    assert short == before
    values = list(letters.items())
    for i, (_, part) in enumerate(values):
        assert not part.free_symbols & {letter for letter, _ in values[i:]}


def test_letters_avoid_names_that_are_taken() -> None:
    """A parameter called w2 keeps its name."""
    w2, x = sp.Symbol("w2", positive=True), sp.Symbol("x", positive=True)
    part = (x + w2) ** sp.Rational(3, 7) * sp.exp(-x * w2) + sp.log(x)
    total = sum((part**k / (1 + part**k) ** sp.Rational(k, 5) for k in range(2, 19)), sp.S.Zero)
    short, letters = _with_letters([total])
    assert [letter.name for letter in letters] == ["ww1"] and short[0].has(*letters)


def test_the_means_of_the_derivatives_go_untold_where_they_are_long() -> None:
    """Those of the average log-likelihood are told, the others counted; nothing is lost."""
    findings = analysed(family_model("two_piece_student_t"))
    lines = text_document(derivation_document(findings, ""), 80).split("\nScore\n")[0]
    passes = findings.derivation.passes
    own = sum(findings.derivation.average_log_likelihood.has(each) for each in passes)
    assert 0 < own < len(passes)
    assert lines.count("  mean(") == own
    assert f"{len(passes) - own} more of the derivatives (in --json)" in lines


def test_no_formula_of_the_latex_is_wider_than_its_page() -> None:
    """Displays, and long formulas in sentences, go through the macro that makes them fit."""
    written = latex_document(derivation_document(analysed(family_model("logistic")), ""))
    assert "\\resizebox{0.9\\linewidth}" in written
    assert written.count("\\[") == written.count("\\[\\fitted{") == written.count("}\\]")
    sentences = [line for line in written.splitlines() if line.startswith("\\item")]
    assert any("\\fitted{" in line for line in sentences)
    assert all(len(inside) < 600 for line in sentences for inside in re.findall(r"\$(.*?)\$", line))
