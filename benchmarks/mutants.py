"""Small mutations of a Python file, made in its syntax tree."""

import ast
import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import chain, zip_longest
from typing import Any

_OPERATORS: dict[type[ast.AST], type[Any]] = {
    ast.Lt: ast.LtE,
    ast.Gt: ast.GtE,
    ast.Eq: ast.NotEq,
    ast.Is: ast.IsNot,
    ast.In: ast.NotIn,
    ast.Add: ast.Sub,
    ast.Mult: ast.Div,
    ast.BitAnd: ast.BitOr,
    ast.LShift: ast.RShift,
    ast.And: ast.Or,
}
_OPERATORS |= {after: before for before, after in _OPERATORS.items()} | {
    ast.FloorDiv: ast.Mult,
    ast.Mod: ast.Mult,
    ast.Pow: ast.Mult,
    ast.BitXor: ast.BitOr,
}
_NAMES = {"min": "max", "any": "all", "floor": "ceil", "argmin": "argmax", "minimum": "maximum"}
_NAMES |= {after: before for before, after in _NAMES.items()}

_WORDING_FIELDS = ("annotation", "returns")


@dataclass(frozen=True, slots=True)
class Mutation:
    """One change of a file.

    Attributes:
        path: Of the file.
        lines: Those of the statement, the first and the last one, from 1.
        names: What the statement defines while the file is imported; None inside of functions.
        change: What was there and what is there now.
        source: The whole file after it.
    """

    path: str
    lines: tuple[int, int]
    names: frozenset[str] | None
    change: str
    source: str


def mutations(path: str, source: str) -> list[Mutation]:
    """All small mutations of a file."""
    tree = ast.parse(source)
    return list(_mutations_below(tree, Mutation(path, (1, 1), frozenset(), "", ""), tree))


def sample(files: Mapping[str, str], count: int, seed: int) -> list[Mutation]:
    """Draws mutations, spread evenly over files.

    Args:
        files: Source by path.
        count: How many; fewer if there are not as many.
        seed: Of the drawing.
    """
    generator = random.Random(seed)  # noqa: S311
    shuffled = [mutations(path, source) for path, source in sorted(files.items())]
    for each in shuffled:
        generator.shuffle(each)
    in_turns = chain.from_iterable(zip_longest(*shuffled))
    return [mutation for mutation in in_turns if mutation is not None][:count]


def _mutations_below(node: ast.AST, place: Mutation, tree: ast.AST) -> Iterator[Mutation]:
    """Mutations of all that a node consists of; the place tells in which statement it is."""
    for name, value in ast.iter_fields(node):
        children = value if isinstance(value, list) else [value]
        for index, child in enumerate(children):
            if name in _WORDING_FIELDS or not isinstance(child, ast.AST) or _is_wording(child):
                continue
            here = _in_statement(child, place) if isinstance(child, ast.stmt) else place
            for replacement in _replacements(child):
                children[index] = replacement
                setattr(node, name, children if isinstance(value, list) else replacement)
                change = f"{_first_line(child)} → {_first_line(replacement)}"
                yield replace(here, change=change, source=ast.unparse(tree))
            children[index] = child
            setattr(node, name, value)
            yield from _mutations_below(child, here, tree)


def _in_statement(statement: ast.stmt, place: Mutation) -> Mutation:
    names = None if place.names is None else frozenset(_defined(statement))
    first, last = statement.lineno, statement.end_lineno or statement.lineno
    body = getattr(statement, "body", None)
    if isinstance(statement, ast.FunctionDef):  # Its defaults matter when it runs.
        first, names = statement.body[0].lineno, None
    elif body:
        last = max(first, body[0].lineno - 1)
    return replace(place, lines=(first, last), names=names)


def _defined(statement: ast.stmt) -> Iterator[str]:
    if isinstance(statement, ast.ClassDef):
        yield statement.name
        return
    for node in ast.walk(statement):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.id


def _is_wording(node: ast.AST) -> bool:
    match node:
        case ast.JoinedStr():
            return True
        case ast.keyword(arg=("slots" | "strict")):
            return True
        case ast.AnnAssign(annotation=ast.Name(id="TypeAlias")):
            return True
        case ast.Subscript(value=ast.Name(id=name)):
            return name[0].isupper() and not name.isupper()  # Callable[…]
        case ast.FunctionDef(decorator_list=[ast.Name(id="overload")]):
            return True
        case _:
            return False


def _replacements(node: ast.AST) -> Iterator[ast.AST]:
    match node:
        case ast.Compare(left, operators, right):
            for index, operator in enumerate(operators):
                swapped = [*operators]
                swapped[index] = _OPERATORS[type(operator)]()
                yield ast.Compare(left, swapped, right)
        case ast.BinOp(left, operator, right) if type(operator) in _OPERATORS:
            yield ast.BinOp(left, _OPERATORS[type(operator)](), right)
        case ast.BoolOp(operator, values):
            yield ast.BoolOp(_OPERATORS[type(operator)](), values)
        case ast.UnaryOp(operand=operand):
            yield operand
        case ast.Constant(value=bool() | int() | float() as value):
            yield from map(ast.Constant, _nearby(value))
        case ast.Name(name) if name in _NAMES:
            yield ast.Name(_NAMES[name])
        case ast.Attribute(value, name) if name in _NAMES:
            yield ast.Attribute(value, _NAMES[name])
        case ast.If(test, body, otherwise) if not _is_negation(test):
            yield ast.If(_negated(test), body, otherwise)
        case ast.IfExp(test, body, otherwise) if not _is_negation(test):
            yield ast.IfExp(_negated(test), body, otherwise)
        case ast.comprehension(target, values, [test]) if not _is_negation(test):
            yield ast.comprehension(target, values, [_negated(test)], 0)
        case ast.Return(ast.Compare() | ast.BoolOp() as value):
            yield ast.Return(_negated(value))
        case (
            ast.Raise()
            | ast.AugAssign()
            | ast.Continue()
            | ast.Break()
            | ast.Delete()
            | ast.Expr(ast.Call() | ast.Yield() | ast.YieldFrom())
            | ast.Assign([ast.Attribute() | ast.Subscript()])
        ):
            yield ast.Pass()
        case _:
            pass


def _is_negation(test: ast.expr) -> bool:
    return isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not)


def _negated(test: ast.expr) -> ast.expr:
    return ast.UnaryOp(ast.Not(), test)


def _nearby(value: float) -> list[float]:
    """Values a quarter away; of whole numbers, at least 1."""
    if isinstance(value, bool):
        return [not value]
    step = max(1, value // 4) if isinstance(value, int) else value / 4 or 1.0
    return [value + step, value - step] if value else [value + step]


def _first_line(node: ast.AST) -> str:
    return ast.unparse(node).strip().splitlines()[0]
