"""Expressions in templates: a small part of Python's, compiled into functions of the names in scope.

They are interpreted rather than given to eval(), so that a data file can do no more than what stands here.
"""

import ast
import operator
from collections.abc import Callable, Mapping
from typing import Any

Scope = Mapping[str, Any]
Make = Callable[[Scope], Any]

_OPERATORS: Mapping[type, Callable[..., Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
    ast.LShift: operator.lshift,
    ast.RShift: operator.rshift,
    ast.BitAnd: operator.and_,
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.In: lambda value, values: value in values,
    ast.Not: operator.not_,
    ast.USub: operator.neg,
}


def expression(source: str) -> Make:
    """Compile an expression.

    Raises:
        ValueError: It uses something that is not allowed here, such as an attribute.
    """
    return _compile(ast.parse(source.strip(), mode="eval").body)


def _compile(node: ast.expr) -> Make:
    match node:
        case ast.Constant(value=value):
            return lambda _: value
        case ast.Name(id=name):
            return operator.itemgetter(name)
        case ast.IfExp(test=test, body=body, orelse=otherwise):
            condition, yes, no = _compile(test), _compile(body), _compile(otherwise)
            return lambda scope: yes(scope) if condition(scope) else no(scope)
        case ast.BoolOp(op=op, values=[*others, last]):
            first = _compile(others[0] if len(others) == 1 else ast.BoolOp(op, others))
            second = _compile(last)
            if isinstance(op, ast.And):
                return lambda scope: first(scope) and second(scope)
            return lambda scope: first(scope) or second(scope)
    apply, operands = _operation(node)
    parts = [_compile(operand) for operand in operands]
    if len(parts) == 2:
        one, other = parts
        return lambda scope: apply(one(scope), other(scope))
    return lambda scope: apply(*[part(scope) for part in parts])


def _operation(node: ast.expr) -> tuple[Callable[..., Any], list[ast.expr]]:
    """Return the function behind an operator, and its operands."""
    match node:
        case ast.Tuple(elts=operands) | ast.List(elts=operands):
            return lambda *values: list(values), operands
        case ast.UnaryOp(op=op, operand=operand) if type(op) in _OPERATORS:
            return _OPERATORS[type(op)], [operand]
        case ast.BinOp(left=left, op=op, right=right) if type(op) in _OPERATORS:
            return _OPERATORS[type(op)], [left, right]
        case ast.Compare(left=left, ops=[op], comparators=[right]) if type(op) in _OPERATORS:
            return _OPERATORS[type(op)], [left, right]
        case ast.Subscript(value=container, slice=index):
            return operator.getitem, [container, index]
        case ast.Call(func=ast.Name() as function, args=arguments, keywords=[]):
            return lambda function, *values: function(*values), [function, *arguments]
    raise ValueError(f"`{ast.unparse(node)}` is not allowed in a template.")
