"""POST /$batch: up to 20 requests in one, with a response for each.

Source: learn.microsoft.com/graph/json-batching.
"""

import random
from collections.abc import Callable
from dataclasses import replace
from typing import Any
from urllib.parse import unquote

import msgspec

from .errors import GraphError, error
from .graph import Answer, Request

LIMIT = 20


def _items(body: bytes) -> list[dict[str, Any]]:
    try:
        items = msgspec.json.decode(body)["requests"]
        assert isinstance(items, list)
        assert all(isinstance(item, dict) for item in items)
    except (msgspec.DecodeError, KeyError, TypeError, AssertionError):
        raise error("bad_batch") from None
    if not items:
        raise error("empty_batch")
    if len(items) > LIMIT:
        raise error("long_batch", limit=LIMIT)
    ids = [item.get("id") for item in items]
    if not all(isinstance(id_, str) and id_ for id_ in ids):
        raise error("batch_ids")
    if len({str(id_).lower() for id_ in ids}) < len(ids):
        raise error("batch_ids_twice")
    return items


def run(
    envelope: Request,
    body: bytes,
    answer: Callable[[Request], Answer],
    refusal: Callable[[GraphError, Request], bytes],
    shuffle: random.Random,
) -> str:
    """Return the batch's response as JSON text; `answer` serves one request, `refusal` words an error."""
    responses = []
    for item in _items(body):
        method, url, given = item.get("method"), item.get("url"), item.get("headers")
        headers = {str(name).lower(): str(value) for name, value in given.items()} if isinstance(given, dict) else {}
        inner = replace(envelope, method=str(method or "").upper(), headers=headers)
        try:
            path, _, query = url.partition("?") if isinstance(url, str) else ("", "", "")
            if not method or not url or not isinstance(url, str) or "://" in path:
                raise error("batch_request")
            inner = replace(inner, path="/" + unquote(path).lstrip("/"), query=query)
            reply = answer(inner)
            status, kind, sent, text = reply.status, reply.kind, reply.headers, "".join(reply.body)
        except GraphError as failed:
            status, kind, sent = failed.status, "application/json", failed.headers
            text = refusal(failed, inner).decode()
        shown = {**sent, "Content-Type": kind}
        # In a batch a text/plain body is a bare number or a string, never an object.
        responses.append({"id": item["id"], "status": status, "headers": shown, "body": msgspec.Raw(text.encode())})
    shuffle.shuffle(responses)
    return msgspec.json.encode({"responses": responses}).decode()
