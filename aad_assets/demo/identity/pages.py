"""The pages that people see: the sign-in form, the code that waits to be pasted, the device form, refusals. HTML alone."""

from collections.abc import Mapping
from html import escape

from starlette.responses import HTMLResponse


def page(title: str, body: str, status: int = 200) -> HTMLResponse:
    """A page; `body` is HTML."""
    text = f"<!doctype html><html lang=en><head><title>{escape(title)}</title></head><body><h1>{escape(title)}</h1>{body}"
    return HTMLResponse(f"{text}</body></html>", status, {"Cache-Control": "no-store", "Referrer-Policy": "no-referrer"})


def refusal(text: str) -> HTMLResponse:
    """Sorry, but we're having trouble signing you in."""
    return page("Sorry, but we're having trouble signing you in.", f"<p id=error>{escape(text)}</p>", 400)


def sign_in(hidden: Mapping[str, str], said: str = "", status: int = 200) -> HTMLResponse:
    """The form; `hidden` goes with it, `said` is why it is shown again."""
    fields = "".join(f'<input type=hidden name="{escape(name)}" value="{escape(value)}">' for name, value in hidden.items())
    return page(
        "Sign in",
        f"""<form method=post><p id=error>{escape(said)}</p>{fields}
        <label>Account <input name=login autocomplete=username></label>
        <label>Password <input name=passwd type=password autocomplete=current-password></label>
        <button name=decision value=accept>Sign in</button> <button name=decision value=cancel>Cancel</button></form>""",
        status,
    )


def device(said: str = "", status: int = 200) -> HTMLResponse:
    """Where the code of a device is entered."""
    return page(
        "Enter code",
        f"""<form method=post><p id=error>{escape(said)}</p>
        <label>Code <input name=otc></label>
        <label>Account <input name=login></label><label>Password <input name=passwd type=password></label>
        <button name=decision value=accept>Continue</button> <button name=decision value=cancel>Cancel</button></form>""",
        status,
    )


def code(value: str) -> HTMLResponse:
    """The code, to be copied into the app that waits for it."""
    return page("Your code", f"<p>Paste this code into the app:</p><textarea id=code readonly>{escape(value)}</textarea>")
