"""The hierarchy of errors, and the messages of Graph's."""

import inspect
import re

import pytest

from aad_assets import errors
from aad_assets.errors import AadAssetsError, ErrorResponse, GraphUnavailable, PermissionMissing


def test_the_tree_in_the_docstring_is_the_hierarchy() -> None:
    assert errors.__doc__
    drawn: dict[str, str] = {}
    above: dict[int, str] = {}
    for line in errors.__doc__.splitlines():
        if found := re.match(r"([│ ]*[├└]── )?(\w+)(\s{2,}|$)", line):
            depth = len(found[1] or "") // 4
            above[depth] = found[2]
            if depth:
                drawn[found[2]] = above[depth - 1]
    classes = [each for _, each in inspect.getmembers(errors, inspect.isclass) if issubclass(each, AadAssetsError)]
    assert drawn == {each.__name__: each.__bases__[0].__name__ for each in classes if each is not AadAssetsError}


def test_a_graph_error_shows_status_code_text_request_id_and_advice() -> None:
    response = ErrorResponse(403, "Authorization_RequestDenied", "Insufficient privileges.", "req-1", "GET /users")
    error = PermissionMissing(response, "Grant it")
    assert error.response is response
    assert str(error) == (
        "GET /users returned 403 Authorization_RequestDenied: Insufficient privileges. (request-id req-1). Grant it"
    )


@pytest.mark.parametrize(
    ("response", "message"),
    [
        (ErrorResponse(400, "", "", "", "GET /x"), "GET /x returned 400 no error code (request-id none)"),
        (ErrorResponse(0, "ReadTimeout", "", "", "GET /x"), "GET /x got no response: ReadTimeout"),
        (ErrorResponse(0, "ConnectError", "refused", "", "GET /x"), "GET /x got no response: ConnectError: refused"),
    ],
)
def test_an_error_without_text_is_still_readable(response: ErrorResponse, message: str) -> None:
    assert str(GraphUnavailable(response)) == message
