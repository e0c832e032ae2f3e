"""The text itself: its letters are checked before Python's grammar sees them."""

import keyword
import re
from dataclasses import dataclass

from symmle.errors import InputError

_TOKEN = re.compile(
    r"(?P<number>(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?)(?P<glued>[A-Za-z_]?)"
    r"|(?P<word>[A-Za-z_][A-Za-z_0-9]*)|(?P<sign>\*\*|<=|>=|==|!=|[-+*/(),<>&|. ])|(?P<other>.)",
    re.DOTALL,
)
_NOT_HERE = {
    "^": "write ** for powers",
    "!": "write factorial(x) for x!",
    "=": "one = assigns or names an "
    "argument, which has no place here; write == in a condition, and arguments by their order",
    "[": "an index has no place here; use ( )",
    "{": "use ( ) for grouping",
    "%": "write x - n*floor(x/n)",
    "'": "text in quotes has no place here",
    '"': "text in quotes has no place here",
    ";": "give one expression only",
    ":": "lambda, := and slices have no place here",
}
_KEYWORDS = {"lambda": "write lam or rate", "if": "write where(condition, a, b)"}


def short(text: str) -> str:
    return repr(text if len(text) <= 40 else f"{text[:25]} ... {text[-10:]}")


@dataclass(frozen=True, slots=True)
class Source:
    """A text with line breaks made spaces, and what an error calls it."""

    text: str
    what: str

    @property
    def indent(self) -> int:
        """How many spaces come first: Python's grammar starts to count after them."""
        return len(self.text) - len(self.text.lstrip(" "))

    def wrong_at(self, start: int, end: int, reason: str) -> InputError:
        """The refusal of text[start:end]."""
        piece, position = short(self.text[start:end]), start + 1
        return InputError(f"the {self.what} is wrong at {piece} (position {position}): {reason}")

    def wrong_syntax(self, offset: int) -> InputError:
        start = min(offset - 1 + self.indent, len(self.text) - 1)
        reason = "this is no formula; check the brackets, operators and commas around it"
        if "|" in self.text:
            reason = "write Abs(x) for |x|"
        elif re.search(r"[\w)]\s+\w", self.text[max(start - 3, 0) :]):
            reason += ", and write a * between two factors"
        return self.wrong_at(start, min(start + 12, len(self.text)), reason)

    def check_tokens(self) -> None:
        """Refuse by its letters alone whatever no formula contains."""
        for token in _TOKEN.finditer(self.text):
            start, end, piece = token.start(), token.end(), token.group()
            match token.lastgroup:
                case "other":
                    raise self.wrong_at(
                        start,
                        end,
                        _NOT_HERE.get(
                            piece,
                            "write it in plain ASCII: a Greek letter by its name, minus as -"
                            if not piece.isascii()
                            else "this character has no place in a formula",
                        ),
                    )
                case "glued" if token["glued"]:
                    raise self.wrong_at(
                        start,
                        end,
                        f"write {token['number']}*{token['glued']} for a "
                        "product; a number ends where letters begin",
                    )
                case "glued":
                    digits, _, power = token["number"].lower().partition("e")
                    if len(digits) > 1000 or len(power) > 5 or abs(int(power or 0)) > 1000:
                        raise self.wrong_at(
                            start,
                            end,
                            "the number is too large to keep exactly; "
                            "rescale it to under 1000 digits",
                        )
                case "word" if piece.startswith("_"):
                    raise self.wrong_at(start, end, "a name begins with a letter")
                case "word" if keyword.iskeyword(piece) and piece not in ("and", "or", "not"):
                    raise self.wrong_at(
                        start,
                        end,
                        "this is a keyword of Python and no part of a formula; "
                        + _KEYWORDS.get(piece, "choose another name"),
                    )
