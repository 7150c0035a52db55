"""Expressions in templates: a small part of Python's, compiled into functions of the names in scope."""

import ast
from collections.abc import Callable, Mapping
from typing import Any

Scope = Mapping[str, Any]
Make = Callable[[Scope], Any]

_ALLOWED = (
    *(ast.Constant, ast.Name, ast.Load, ast.IfExp, ast.Tuple, ast.List, ast.Subscript, ast.Call),
    *(ast.BinOp, ast.Add, ast.Sub, ast.Mult, ast.FloorDiv, ast.Mod, ast.LShift, ast.RShift, ast.BitAnd),
    *(ast.Compare, ast.Eq, ast.NotEq, ast.Lt, ast.LtE, ast.In, ast.BoolOp, ast.And, ast.Or),
    *(ast.UnaryOp, ast.Not, ast.USub),
)


class _InScope(ast.NodeTransformer):
    """Rejects what is not allowed, and looks up names in the scope."""

    def visit(self, node: ast.AST) -> Any:
        called = isinstance(node, ast.Call) and (node.keywords or not isinstance(node.func, ast.Name))
        if called or not isinstance(node, _ALLOWED):
            raise ValueError(f"`{ast.unparse(node)}` is not allowed in a template.")
        if isinstance(node, ast.Name):
            return ast.Subscript(ast.Name("scope", ast.Load()), ast.Constant(node.id), ast.Load())
        return self.generic_visit(node)


def expression(source: str) -> Make:
    """Compile an expression.

    Raises:
        ValueError: It uses something that is not allowed here, such as an attribute.
    """
    made = ast.parse("lambda scope: 0", mode="eval")
    assert isinstance(made.body, ast.Lambda)
    made.body.body = _InScope().visit(ast.parse(source.strip(), mode="eval").body)
    function: Make = eval(compile(ast.fix_missing_locations(made), "template", "eval"), {"__builtins__": {}})
    return function
