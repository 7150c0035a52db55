"""POST /$batch: up to 20 requests in one, each with a response of its own."""

import random
import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any
from urllib.parse import unquote

import msgspec

from .errors import GraphError, bad_request
from .graph import Answer, Request

LIMIT = 20
_URL = re.compile(r"^/?([^?]*)(?:\?(.*))?$")


def _items(body: bytes) -> list[dict[str, Any]]:
    try:
        items = msgspec.json.decode(body)["requests"]
        assert isinstance(items, list)
        assert all(isinstance(item, dict) for item in items)
    except (msgspec.DecodeError, KeyError, TypeError, AssertionError):
        raise bad_request("Invalid batch payload format.") from None
    if not items:
        raise bad_request("Invalid batch payload format: no requests.")
    if len(items) > LIMIT:
        raise bad_request(f"Number of batch request steps exceeds the maximum value of {LIMIT}.")
    ids = [item.get("id") for item in items]
    if not all(isinstance(id_, str) and id_ for id_ in ids):
        raise bad_request("Invalid batch payload format: every request needs an 'id' that is a string.")
    if len({str(id_).lower() for id_ in ids}) < len(ids):
        raise bad_request("Each request in a batch must have a unique 'id'.")
    return items


def run(
    envelope: Request,
    body: bytes,
    answer: Callable[[Request], Answer],
    refusal: Callable[[GraphError, Request], Answer],
    shuffle: random.Random,
) -> str:
    """Return the batch's response as JSON text; `answer` serves one request, `refusal` words an error."""
    responses = []
    for item in _items(body):
        method, url = item.get("method"), item.get("url")
        given = item.get("headers") or {}
        headers = {str(name).lower(): str(value) for name, value in given.items()} if isinstance(given, dict) else {}
        inner = replace(envelope, method=str(method or "").upper(), headers=headers)
        try:
            if not method or not isinstance(url, str) or not url or "://" in url.partition("?")[0]:
                raise bad_request("Invalid batch payload format: 'method' and a relative 'url' are required.")
            found = _URL.match(url)
            assert found
            inner = replace(inner, path="/" + unquote(found[1]).lstrip("/"), query=found[2] or "")
            reply = answer(inner)
        except GraphError as error:
            reply = refusal(error, inner)
        shown = {**reply.headers, "Content-Type": reply.kind}
        # In a batch a text/plain body is a bare number or a string, never an object.
        text = msgspec.Raw("".join(reply.body).encode())
        responses.append({"id": item["id"], "status": reply.status, "headers": shown, "body": text})
    shuffle.shuffle(responses)
    return msgspec.json.encode({"responses": responses}).decode()
