"""The explorer served on this machine alone, so that its page can compile another formula.

Only requests that name this server as their host and come from its own page are answered, so no
other page in the browser can use it, by rebinding a name or otherwise. Each formula is compiled in
a process of its own, with a limit of time and memory, and few at once; while others wait, each has
a few seconds only, and the newest comes first.
"""

from __future__ import annotations

import json
import math
import socket
import sys
import threading
from collections.abc import Mapping
from contextlib import suppress
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from emlc import child, limits
from emlc.explore.page import page, policy

HOST = "127.0.0.1"
AT_ONCE = 2
_IDLE = 10.0
_SHARE = 4.0  # seconds of a formula while another waits
_WAIT = 8.0


class Server(ThreadingHTTPServer):
    """Serves the page of one document, and compiles others.

    `seconds` bounds one compilation, `at_once` how many run at the same time.
    """

    daemon_threads = True
    request_queue_size = limits.REQUESTS

    def __init__(
        self,
        found: Mapping[str, Any],
        port: int = 0,
        *,
        seconds: float = limits.CHILD_SECONDS,
        at_once: int = AT_ONCE,
    ) -> None:
        super().__init__((HOST, port), _Handler)
        self.front = page(found, served=True).encode()
        self.seconds = seconds
        self.places = Places(at_once)
        self._open = threading.BoundedSemaphore(limits.REQUESTS)

    @property
    def address(self) -> str:
        """Where a browser finds the page."""
        return f"http://{HOST}:{self.server_port}/"

    def process_request(self, request: Any, client_address: Any) -> None:
        """Answer in a thread of its own, or not at all where too many are open."""
        if not self._open.acquire(blocking=False):
            self.shutdown_request(request)
            return
        try:
            super().process_request(request, client_address)
        except RuntimeError:  # no further thread can be started
            self._open.release()
            self.shutdown_request(request)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        late = threading.Timer(_IDLE, _deaf, (request,))
        late.daemon = True
        late.start()
        try:
            super().process_request_thread(request, client_address)
        finally:
            late.cancel()
            self._open.release()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing of a browser that went away before its answer came."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)

    def compiled(self, body: bytes) -> tuple[HTTPStatus, bytes]:
        """The answer to a request for another formula."""
        wish = _wish(body)
        if wish is None:
            return HTTPStatus.BAD_REQUEST, _complaint("the request is not a formula")
        if not self.places.take(min(_WAIT, self.seconds)):
            return HTTPStatus.SERVICE_UNAVAILABLE, _complaint("busy with other formulas; try again")
        try:
            return HTTPStatus.OK, self._child(*wish)
        finally:
            self.places.leave()

    def _child(self, source: str, domains: list[str]) -> bytes:
        """What `emlc explore --json` prints of a formula, within limits of time and memory."""
        words = ["explore", "--json", *(["--domain", *domains] if domains else []), "--", "-"]
        try:
            said = child.run("emlc", words, source.encode(), self.seconds, self._share)
        except UnicodeEncodeError:
            return _complaint("the formula is not text")
        if said is None:
            granted = min(self.seconds, self._share())
            others = ", and others wait" if granted < self.seconds else ""
            hint = f"emlc explore FORMULA has no limit; {limits.another('CHILD_SECONDS')}"
            return _complaint(f"this formula takes more than {granted:g} s{others}", hint)
        return (
            said
            if said.strip()
            else _complaint("this formula takes too much memory", limits.another("CHILD_MEMORY"))
        )

    def _share(self) -> float:
        return _SHARE if self.places.waiting else math.inf


class Places:
    """So many at a time; of those that wait, the newest comes first.

    Whoever floods the server waits behind the next one to come.
    """

    def __init__(self, number: int) -> None:
        self.waiting: list[object] = []
        self._free = number
        self._change = threading.Condition()

    def take(self, seconds: float) -> bool:
        """Take a place, or give up after so many seconds."""
        me = object()
        with self._change:
            self.waiting.append(me)
            mine = self._change.wait_for(
                lambda: self._free > 0 and self.waiting[-1] is me, timeout=seconds
            )
            self.waiting.remove(me)
            self._free -= mine
            self._change.notify_all()
        return mine

    def leave(self) -> None:
        """Give the place back."""
        with self._change:
            self._free += 1
            self._change.notify_all()


class _Handler(BaseHTTPRequestHandler):
    """One request."""

    server: Server
    server_version = "emlc"
    sys_version = ""
    timeout = _IDLE

    def do_GET(self) -> None:
        if not self._from_here():
            return
        if self.path.partition("?")[0] == "/":
            self._answer(HTTPStatus.OK, self.server.front, "text/html; charset=utf-8")
        else:
            self._answer(HTTPStatus.NOT_FOUND, b"nothing here", "text/plain")

    do_HEAD = do_GET

    def do_POST(self) -> None:
        if not self._from_here():
            return
        size = self.headers.get("Content-Length", "")
        kind = self.headers.get_content_type()
        if self.path != "/compile":
            self._answer(HTTPStatus.NOT_FOUND, b"nothing here", "text/plain")
        elif kind != "application/json":
            self._answer(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, _complaint("send JSON"))
        elif not (size.isascii() and size.isdigit()):
            self._answer(HTTPStatus.LENGTH_REQUIRED, _complaint("the request has no length"))
        elif len(size) > 9 or int(size) > limits.REQUEST_BYTES:
            said = _complaint("the formula is too long", limits.another("REQUEST_BYTES"))
            self._answer(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, said)
        else:
            self._answer(*self.server.compiled(self.rfile.read(int(size))))

    def _from_here(self) -> bool:
        """Whether the request names this server and comes from its own page; else it is refused."""
        port = self.server.server_port
        hosts = (f"{HOST}:{port}", f"localhost:{port}")
        origin = self.headers.get("Origin")
        host = self.headers.get("Host", "")
        same = origin is None or origin == f"http://{host}"
        far = self.headers.get("Sec-Fetch-Site", "none") not in ("none", "same-origin")
        if host in hosts and same and not (far and self.command == "POST"):
            return True
        self._answer(HTTPStatus.FORBIDDEN, b"not from here", "text/plain")
        return False

    def _answer(
        self, status: HTTPStatus, body: bytes, kind: str = "application/json; charset=utf-8"
    ) -> None:
        self.send_response(status)
        for name, value in (
            ("Content-Type", kind),
            ("Content-Length", str(len(body))),
            ("Content-Security-Policy", policy(served=True) + "; frame-ancestors 'none'"),
            ("X-Content-Type-Options", "nosniff"),
            ("Referrer-Policy", "no-referrer"),
            ("Cross-Origin-Resource-Policy", "same-origin"),
            ("Cache-Control", "no-store"),
            ("Connection", "close"),
        ):
            self.send_header(name, value)
        self.end_headers()
        self.close_connection = True
        if self.command != "HEAD":
            self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing; the terminal belongs to the person."""


def _deaf(request: socket.socket) -> None:
    """Read no more of a request, however slowly it still comes."""
    with suppress(OSError):
        request.shutdown(socket.SHUT_RD)


def _wish(body: bytes) -> tuple[str, list[str]] | None:
    """The formula and the words of its domain that a request holds."""
    try:
        wish = json.loads(body)
    except (ValueError, RecursionError):
        return None
    if not isinstance(wish, dict):
        return None
    source, domains = wish.get("source"), wish.get("domains", "")
    if not (isinstance(source, str) and isinstance(domains, str) and source.strip()):
        return None
    words = domains.split()
    # a word that looks like an option would be one; no program is given a NUL
    bad = "\0" in domains or any(word.startswith("-") for word in words)
    return None if bad else (source, words)


def _complaint(message: str, hint: str = "") -> bytes:
    return json.dumps({"error": {"message": message, "hint": hint}}).encode()
