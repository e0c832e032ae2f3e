"""Text -> SymPy, through a whitelist over Python's `ast`: nothing of the text is ever executed.

The language is arithmetic (`+ - * / **`), exact numbers (`0.1` is 1/10), declared names, the
constants pi, E, EulerGamma and the functions of `language`; `where(condition, a, b)` chooses.
A name that is called is the function, the same name not called is the declared symbol.

SymPy evaluates numbers eagerly (10**10**10, factorial(10**9)), so every power and every
function is measured before it is built.  Imports `errors` only.
"""

from symmle.parsing.language import check_name
from symmle.parsing.reader import parse

__all__ = ["check_name", "parse"]
