"""The pages that people see: the sign-in form, the code to paste, the device form, errors. Also reads posted forms."""

from collections.abc import Mapping
from html import escape
from urllib.parse import parse_qsl

from starlette.requests import Request
from starlette.responses import HTMLResponse


async def posted(request: Request) -> dict[str, str]:
    """Return the fields of a form that was posted."""
    return dict(parse_qsl((await request.body()).decode("utf-8", "replace"), keep_blank_values=True))


def page(title: str, body: str, status: int = 200) -> HTMLResponse:
    """Return a page; `body` is HTML."""
    text = f"<!doctype html><html lang=en><head><title>{escape(title)}</title></head><body><h1>{escape(title)}</h1>{body}"
    return HTMLResponse(f"{text}</body></html>", status, {"Cache-Control": "no-store", "Referrer-Policy": "no-referrer"})


def failure(text: str) -> HTMLResponse:
    """Return the page of an error that is not redirected to the app."""
    return page("Sorry, but we're having trouble signing you in.", f"<p id=error>{escape(text)}</p>", 400)


def _form(title: str, fields: str, button: str, error: str, status: int) -> HTMLResponse:
    return page(
        title,
        f"""<form method=post><p id=error>{escape(error)}</p>{fields}
        <label>Account <input name=login autocomplete=username></label>
        <label>Password <input name=passwd type=password autocomplete=current-password></label>
        <button name=decision value=accept>{button}</button> <button name=decision value=cancel>Cancel</button></form>""",
        status,
    )


def sign_in(hidden: Mapping[str, str], error: str = "", status: int = 200) -> HTMLResponse:
    """Return the sign-in form with hidden fields; `error` is why it is shown again."""
    fields = "".join(f'<input type=hidden name="{escape(name)}" value="{escape(value)}">' for name, value in hidden.items())
    return _form("Sign in", fields, "Sign in", error, status)


def device(error: str = "", status: int = 200) -> HTMLResponse:
    """Return the form for a device code."""
    return _form("Enter code", "<label>Code <input name=otc></label>", "Continue", error, status)


def code(value: str) -> HTMLResponse:
    """Return the page with the code to copy into the app that waits for it."""
    return page("Your code", f"<p>Paste this code into the app:</p><textarea id=code readonly>{escape(value)}</textarea>")
