"""Models: declarations, domains, files, and every way of getting them wrong."""

from pathlib import Path

import pytest
import sympy as sp

from symmle.domain import Datum, Domain, domain, read_declarations
from symmle.errors import InputError
from symmle.model import build_model, load_model

# --- domains -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "inside", "outside"),
    [
        ("real", [-3, 0, 2.5], []),
        ("positive", [1e-9, 4], [0, -1]),
        ("nonnegative", [0, 4], [-1e-9]),
        ("unit", [0.5], [0, 1, -1, 2]),
        ("integer", [-2, 0, 7], [0.5]),
        ("nonnegative integer", [0, 3], [-1, 1.5]),
        ("positive integer", [1, 3], [0, 1.5]),
        ("(0, 2)", [1, 1.99], [0, 2]),
        ("[0, 2)", [0, 1], [2, -1]),
        ("(-oo, 1]", [-50, 1], [1.01]),
        ("(-1/2, oo)", [-0.49, 9], [-0.5]),
        ("integer in [0, 10]", [0, 10], [11, 0.5]),
        ("{0, 1}", [0, 1], [2, -1, 0.5]),
        ("{-1,0,1}", [-1, 0, 1], [2, -2, 0.5]),
        ("  nonnegative   integer ", [0], [-1]),
    ],
)
def test_a_domain_contains_its_points(text: str, inside: list, outside: list) -> None:
    """Each word and interval of the contract holds just the numbers that it says."""
    where = domain(text)
    assert all(where.contains(sp.nsimplify(each)) is True for each in inside)
    assert all(where.contains(sp.nsimplify(each)) is False for each in outside)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "reel",
        "positiv",
        "(1, 0)",
        "(1, 1)",
        "(0, 1",
        "0, 1",
        "(0; 1)",
        "(0, 1, 2)",
        "{}",
        "{0}",
        "{0, 2}",
        "{1, 0}",
        "{0, 1",
        "{a, b}",
        "{0.5, 1.5}",
        "integer in",
        "(__import__('os'), 1)",
        "(a, 1)",
        "(0, nan)",
        "(0, I)",
        "[oo, oo)",
        "(oo, -oo)",
        "(0, x.y)",
    ],
)
def test_no_other_domain(text: str) -> None:
    """Anything else is refused in one sentence with the input in it, never a traceback."""
    with pytest.raises(InputError) as caught:
        domain(text)
    assert "\n" not in str(caught.value)
    assert caught.value.exit_status == 2


def test_an_infinite_end_is_never_in_the_domain() -> None:
    """[0, oo] means [0, oo): an infinity is no number; or it is refused."""
    try:
        where = domain("[0, oo]")
    except InputError:
        return
    assert where.contains(sp.oo) is not True


def test_sympy_is_told_no_more_than_the_domain_says() -> None:
    """Every assumption holds on the whole domain: checked at points of it, ends included."""
    for text in (
        "real",
        "positive",
        "nonnegative",
        "unit",
        "[0, 2)",
        "(-1, 1)",
        "(-oo, 0)",
        "(-oo, 0]",
        "[1, oo)",
        "integer in [0, 1]",
        "positive integer",
        "[-3, -1]",
    ):
        where = domain(text)
        grid = [sp.Rational(k, 4) for k in range(-20, 21)]
        points = [each for each in grid if where.contains(each)]
        assert points
        for name, told in where.assumptions().items():
            assert all(getattr(each, f"is_{name}") is told for each in points), (text, name)


def test_a_domain_may_rest_on_a_parameter() -> None:
    """(lower, upper) with names knows what moves it, and becomes a number at numbers."""
    low = sp.Symbol("low", real=True)
    where = domain("(low, oo)", {"low": low})
    assert where.depends_on == {low}
    assert where.at({low: sp.Integer(3)}).contains(sp.Integer(4)) is True
    assert where.at({low: sp.Integer(3)}).contains(sp.Integer(2)) is False


# --- declarations ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("x", ("x", "real")),
        ("x>0", ("x", "positive")),
        (" x > 0 ", ("x", "positive")),
        ("x>=0", ("x", "nonnegative")),
        ("x >= 0", ("x", "nonnegative")),
        ("p in (0, 1)", ("p", "(0, 1)")),
        ("p: unit", ("p", "unit")),
        ("n: positive integer", ("n", "positive integer")),
        ("n:nonnegative integer", ("n", "nonnegative integer")),
        ("x: integer in [0, 1]", ("x", "integer in [0, 1]")),
        ("x in (lower, oo)", ("x", "(lower, oo)")),
        ("y in {0,1}", ("y", "{0,1}")),
    ],
)
def test_the_forms_of_a_declaration(text: str, found: tuple[str, str]) -> None:
    """NAME, NAME>0, NAME>=0, NAME in (a, b), NAME: DOMAIN, as the contract lists them."""
    assert read_declarations([text]) == dict([found])


def test_other_bounds() -> None:
    """x>2 and x>=2 are the half-lines that they look like."""
    for text, two in (("x>2", False), ("x>=2", True)):
        where = domain(read_declarations([text])["x"])
        assert where.contains(sp.Integer(3)) is True
        assert where.contains(sp.Integer(2)) is two
        assert where.contains(sp.Integer(1)) is False


@pytest.mark.parametrize(
    "text", ["x<0", "x<=1", "0<x", "x=2", "x > ", "x in", ">0", "", "x y", "x>0>1"]
)
def test_what_is_no_declaration(text: str) -> None:
    """What the contract does not list ends in one sentence, at the declaration or the model."""
    with pytest.raises(InputError) as caught:
        build_model("m", "-r*x", read_declarations([text]), {"r": "positive"})
    assert "\n" not in str(caught.value)


def test_declared_twice() -> None:
    """A symbol is declared once, in whatever form."""
    with pytest.raises(InputError, match="'x' is declared twice"):
        read_declarations(["x>0", "x"])
    with pytest.raises(InputError, match="'x' is declared twice"):
        build_model("m", "-x", {"x": "real"}, {"x": "real"})
    with pytest.raises(InputError, match="'c' is declared twice"):
        build_model("m", "-c*x*r", {"x": "real"}, {"r": "real", "c": "real"}, {"c": "2"})


# --- models ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("density", "data", "parameters", "said"),
    [
        ("log(r) - r*x", {"x": "positive"}, {}, "no parameter"),
        ("log(r) - r", {}, {"r": "positive"}, "no data symbol"),
        ("log(r) - r*x", {"x": "positive"}, {"r": "positive", "q": "real"}, "'q'.*not occur"),
        ("log(r) - r", {"x": "positive"}, {"r": "positive"}, "'x'.*not occur"),
        ("log(r) - r*z", {"x": "positive"}, {"r": "positive"}, "'z'.*not declared"),
        ("log(r) - r*x", {"x": "positive"}, {"r": "positve"}, "'positve'"),
        ("log(r) - r*x", {"x": "positive"}, {"r": "(2, 1)"}, "empty"),
        ("log(r) - r*x", {"x": "positive"}, {"r": "positive", "lambda": "real"}, "keyword"),
        ("log(r) - r*x", {"x": "positive"}, {"r": "positive", "exp": "real"}, "function"),
        ("log(r) - r*x", {"x": "positive"}, {"r": "positive", "__a": "real"}, "letter"),
        ("log(r) - r*mean", {"mean": "positive"}, {"r": "positive"}, "statistic"),
        ("log(r) - r*x; 1", {"x": "positive"}, {"r": "positive"}, "';'"),
        ("", {"x": "positive"}, {"r": "positive"}, "empty"),
    ],
)
def test_a_wrong_model_is_refused(density: str, data: dict, parameters: dict, said: str) -> None:
    """One plain sentence that names what is wrong; exit status 2."""
    with pytest.raises(InputError, match=said) as caught:
        build_model("m", density, data, parameters)
    assert caught.value.exit_status == 2
    assert "\n" not in str(caught.value)


def test_data_are_of_a_type_of_their_own() -> None:
    """What a mean binds cannot be taken for a parameter; constants are gone into the formula."""
    model = build_model("m", "log(r) - c*r*x", {"x": "positive"}, {"r": "positive"}, {"c": "1/2"})
    assert [type(v.symbol) for v in model.data] == [Datum]
    assert not isinstance(model.symbols[0], Datum)
    assert model.log_density.free_symbols == {model.data[0].symbol, model.symbols[0]}
    assert model.log_density.coeff(model.symbols[0]) == -model.data[0].symbol / 2


def test_a_parameter_may_live_in_the_support_alone() -> None:
    """uniform(lower, upper): x occurs nowhere but in its domain, and that is enough."""
    model = build_model("u", "-log(b - a)", {"x": "(a, b)"}, {"a": "real", "b": "(a, oo)"})
    assert model.data[0].domain.depends_on == set(model.symbols)
    shifted = build_model("e", "-x", {"x": "(m, oo)"}, {"m": "real"})
    assert shifted.symbols[0] in shifted.data[0].domain.depends_on


def test_a_symbol_is_found_by_name() -> None:
    """symbol() finds a parameter; another name gets the list of those there are."""
    model = build_model("m", "-a*x - b*x**2", {"x": "real"}, {"a": "real", "b": "positive"})
    assert model.symbol("b") is model.symbols[1]
    with pytest.raises(InputError, match=r"'c'.*a, b"):
        model.symbol("c")


GAMMA = build_model(
    "g",
    "a*log(b) - loggamma(a) + (a - 1)*log(x) - b*x",
    {"x": "positive"},
    {"a": "positive", "b": "positive"},
)


# --- files -------------------------------------------------------------------------------------

GOOD = """
name = "my gamma"
logpdf = "a*log(b) - loggamma(a) + (a - 1)*log(x) - b*x + log(c)"
[data]
x = "positive"
[parameters]
a = "positive"
b = "positive"
[constants]
c = 1
"""


def written(folder: Path, text: str) -> Path:
    path = folder / "my_model.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_model_file_says_the_same_as_the_options(tmp_path: Path) -> None:
    """The file of the contract gives the model that build_model gives, and logpmf will do."""
    model = load_model(written(tmp_path, GOOD))
    assert model.name == "my gamma"
    assert model.log_density == GAMMA.log_density
    assert [v.domain for v in model.parameters] == [v.domain for v in GAMMA.parameters]
    nameless = GOOD.replace('name = "my gamma"\n', "").replace("logpdf", "logpmf")
    assert load_model(str(written(tmp_path, nameless))).name == "my_model"


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("logpdf", "logpd", "unknown entry 'logpd'"),
        ('logpdf = "', 'logpmf = "-x"\nlogpdf = "', "one text 'logpdf' or 'logpmf'"),
        ("[data]", "data", "no TOML"),
        ('x = "positive"', "x = 1", "data.x"),
        ('x = "positive"', "", "no data symbol"),
        ('a = "positive"', "a = true", "parameters.a"),
        ("c = 1", "c = true", "constants.c"),
        ("c = 1", 'c = "1/"', "constant c"),
        ("c = 1", "c = nan", "constant"),
        ("c = 1", "c = inf", "constant"),
        ("c = 1", "c = 0", "finite|zero"),
        ('name = "my gamma"', "name = 3", "'name'"),
        ('b = "positive"', 'b = "positve"', "'positve'"),
        ("[parameters]", "parameters = 2\n[other]", "no TOML|unknown|table"),
        ("- b*x", "- b*x + q", "'q'.*not declared"),
    ],
)
def test_a_wrong_file_is_refused(tmp_path: Path, old: str, new: str, said: str) -> None:
    """Each mistake has its sentence, one line, exit status 2."""
    assert old in GOOD
    with pytest.raises(InputError, match=said) as caught:
        load_model(written(tmp_path, GOOD.replace(old, new, 1)))
    assert caught.value.exit_status == 2


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    """A missing file, a folder and bytes that are no text are named."""
    with pytest.raises(InputError, match=r"nowhere\.toml.*cannot be read"):
        load_model(tmp_path / "nowhere.toml")
    with pytest.raises(InputError, match="cannot be read"):
        load_model(tmp_path)
    path = tmp_path / "bytes.toml"
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(InputError, match="UTF-8"):
        load_model(path)


def test_models_are_frozen() -> None:
    """No one changes a model under another's feet."""
    with pytest.raises(AttributeError):
        GAMMA.name = "other"
    with pytest.raises(AttributeError):
        domain("real").text = "other"
    assert isinstance(domain("real"), Domain)


@pytest.mark.parametrize(
    ("log_density", "data"),
    [("s*log(x - 5)", {"x": "positive"}), ("-s/x", {"x": "real"}), ("-s*sqrt(x)", {"x": "real"})],
)
def test_a_density_without_a_value_in_its_support_is_refused(log_density, data) -> None:
    """A log of a negative number, a division by zero, a root of a negative number."""
    from symmle.derive import derive

    model = build_model("mine", log_density, data, {"s": "positive"})
    with pytest.raises(InputError, match="not a finite real number at x = "):
        derive(model)


def test_a_density_that_is_zero_at_a_point_is_not_refused() -> None:
    """log|x| at zero is minus infinity: the density is zero there, which it may be."""
    from symmle.derive import derive

    text = "-s*Abs(x) + log(Abs(x)) + 2*log(s) - log(2)"
    assert derive(build_model("mine", text, {"x": "real"}, {"s": "positive"})).smooth
