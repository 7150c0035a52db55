"""The decompression of bodies, with a bound that httpx's own lacks: 2 MB of gzip can hold 2 GB."""

import re
import zlib

import httpx

MAX_BODY = 128 * 2**20
"""Bytes of a decompressed body. A page of a thousand users with all of their properties is a few megabytes."""

ACCEPTED = {"Accept-Encoding": "gzip"}
"""The header that asks for the only compression of which bodies are decompressed here."""


class UnsuitableBody(httpx.DecodingError):
    """A body that is larger than MAX_BODY, or compressed in a way that nobody asked for. Another attempt does not help."""


class Inflater:
    """Decompresses one body, chunk by chunk."""

    def __init__(self, headers: httpx.Headers, limit: int = MAX_BODY) -> None:
        """Take the encoding out of `headers`, so that httpx passes the body on as it is.

        Raises UnsuitableBody for any encoding but gzip or deflate, and for two of them.
        """
        encoding = headers.pop("Content-Encoding", "").strip().lower()
        self._left = self._limit = limit
        self._compressed = encoding not in ("", "identity")
        self._decompressor = zlib.decompressobj(zlib.MAX_WBITS | 32)  # gzip or zlib, whichever it is
        if self._compressed and encoding not in ("gzip", "x-gzip", "deflate"):
            shown = re.sub(r"[^\w, -]", "?", encoding)[:50]
            raise UnsuitableBody(f"the body has the Content-Encoding {shown}, which was not asked for")

    def inflate(self, chunk: bytes) -> bytes:
        """Return the decompressed bytes. Raises httpx.DecodingError for bytes that are not valid, or too many."""
        if self._compressed:
            try:
                # One byte more than is left shows that there are too many.
                chunk = self._decompressor.decompress(chunk, self._left + 1)
            except zlib.error as error:
                raise httpx.DecodingError(str(error)) from None
        self._left -= len(chunk)
        if self._left < 0:
            raise UnsuitableBody(f"the body is larger than {self._limit // 2**20} MiB")
        return chunk
