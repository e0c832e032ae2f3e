"""How things are called in a generated module: the names that a user chose come first."""

import re

from symmle.codegen.formula import Formula
from symmle.codegen.layout import INDENT, Body
from symmle.codegen.names import Names
from symmle.codegen.plan import Plan
from symmle.codegen.printer import Printer

# Every word that the texts of `fitting` and `data_functions` use for something of their own.
_TEXTS = """
columns w data point _read weights _taken _starts starts start _checked_start _DOMAIN schemes scheme
update steps repeat theta step n_steps path _iterate Estimate trajectory size cautious hessian fit
moves _move i range len _SLOPES n_inner n_outer estimate tolist ArrayLike bool tuple Floats
ValueError float str Sequence unit roots value middle np math special column abs guess1 guess2
points functions some some_w now score average_log_likelihood centre
"""
WORDS = frozenset(re.findall(r"\w+", _TEXTS))

_IMPORTED = ("np", "math", "special", "float")


class Module:
    """What the writers of the single functions share: the plan and how things are called in it."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        model = plan.model
        self.parameters = [parameter.name for parameter in model.parameters]
        self.columns = [variable.name for variable in model.data]
        self.data = plan.data_name
        taken = {*self.parameters, *self.columns}
        self.alias = {name: f"_{name}" for name in (*_IMPORTED, "score") if name in taken}
        names = Names(WORDS)
        self.arguments = [names.fresh(column) for column in self.columns]
        names = Names(taken)
        self.step = names.fresh("step")
        self.fields = Names(self.columns)
        self.n_field, self.weights_field = self.fields.fresh("n"), self.fields.fresh("weights")

    def body(self, formula: Formula) -> Body:
        """The lines of a formula that reads its statistics from `data`."""
        used = {*self.parameters, *self.columns, self.data, self.step, *_IMPORTED, *formula.words()}
        weights = f"{self.data}.{self.weights_field}"
        body = Body(
            formula,
            Printer(formula.rows, self.alias),
            Names(used),
            lambda text: f"_average({text}, {weights})",
        )
        text = "\n".join(body.lines)
        rows = [
            f"{INDENT}{column} = {self.data}.{column}"
            for column in self.columns
            if self.plan.keeps_rows and re.search(rf"(?<![\w.]){column}\b", text)
        ]
        body.lines[:0] = rows
        return body

    def summary(self) -> str:
        return f"{INDENT}{self.data} = _summary({self.data})"
