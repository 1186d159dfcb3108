# SPDX-License-Identifier: GPL-3.0-or-later
"""Server of one page and of the pictures that it shows, read only, for a few viewers.

The page runs nothing but its own script and loads nothing from elsewhere. A request
under a foreign host name (DNS rebinding) or from the page of another site is refused. A
slow viewer misses pictures; one that takes none at all is dropped.
"""

import base64
import collections
import contextlib
import hashlib
import ipaddress
import re
import socket
import socketserver
import threading
import time
from http.server import BaseHTTPRequestHandler

PATIENCE = 5.0  # seconds for a request to arrive, and for a picture to be taken
BEAT = 5.0  # seconds without a picture after which a viewer gets an empty line
MOST_VIEWERS = 32  # connections at once
MOST_OF_ONE = 4  # of them from one address of another computer
SEND_BUFFER = 2**16  # bytes that the kernel keeps for a slow viewer
POLICY = "default-src 'none'; connect-src 'self'; base-uri 'none'; form-action 'none'; "
HEADERS = {
    "Cache-Control": "no-store",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


class PageServer(socketserver.ThreadingTCPServer):
    """Server of a page until close(); OSError if it cannot listen there.

    Args:
        host: name or address of this computer; "0.0.0.0" are all of its addresses.
        port: 1..65535, or 0 for a free one.
        html: bytes of the page, whose script receives [age in seconds, picture] from
            "/pictures" as server-sent events.
    """

    daemon_threads, block_on_close, allow_reuse_address = True, False, True
    request_queue_size = MOST_VIEWERS

    def __init__(self, host, port, html):
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        self.address_family, self.html = found[0], html
        self.names = {host.lower(), "localhost", socket.gethostname().lower()}
        policy = POLICY + "frame-ancestors 'none'"
        for part, text in re.findall(rb"(?s)<(script|style)>(.*?)</\1>", html):
            digest = base64.b64encode(hashlib.sha256(text).digest()).decode()
            policy += f"; {part.decode()}-src 'sha256-{digest}'"
        self.headers = HEADERS | {"Content-Security-Policy": policy}
        self.held, self._holding = collections.Counter(), threading.Lock()
        self._news, self._picture = threading.Condition(), (0, b"", 0.0)
        self.ended = False
        super().__init__(found[4][:2], _Handler)
        address = ipaddress.ip_address(self.server_address[0])
        self.loopback, self._anywhere = address.is_loopback, address.is_unspecified
        threading.Thread(target=self.serve_forever, args=[0.1], daemon=True).start()

    def url(self):
        """Return the address to type into a browser, also of another computer."""
        host, port = self.server_address[:2]
        with (
            contextlib.suppress(OSError),
            socket.socket(self.address_family, socket.SOCK_DGRAM) as route,
        ):
            if self._anywhere:  # to an address of documentation; no packet is sent
                route.connect(("2001:db8::1" if ":" in host else "192.0.2.1", 9))
                host = route.getsockname()[0]
        return f"http://{f'[{host}]' if ':' in host else host}:{port}/"

    def show(self, picture):
        """Have all viewers see a picture, bytes of JSON without a line break."""
        with self._news:
            self._picture = self._picture[0] + 1, picture, time.monotonic()
            self._news.notify_all()

    def after(self, number):
        """Return (number, picture, time) of the next, or after a BEAT the last."""
        with self._news:
            self._news.wait_for(lambda: self._picture[0] > number or self.ended, BEAT)
            return self._picture

    def close(self):
        """End all connections."""
        with self._news:
            self.ended = True
            self._news.notify_all()
        self.shutdown()
        self.server_close()

    def refusal(self, headers):
        """Return why a request is refused, or None."""
        hosts = headers.get_all("Host", [])
        if len(hosts) != 1 or not self._is_this_computer(hosts[0]):
            return "This page is at the address that `advphy watch` printed only."
        origin, site = headers.get("Origin"), headers.get("Sec-Fetch-Site", "none")
        own = origin in (None, f"http://{hosts[0]}") and site in ("none", "same-origin")
        return (
            None if own else "Type the address: other sites may not ask for the page."
        )

    def _is_this_computer(self, host):
        """Return whether a Host has a name of this computer, or no name at all."""
        name = re.sub(r":\d*$", "", host).lower()
        with contextlib.suppress(ValueError):
            return bool(ipaddress.ip_address(name.strip("[]")))
        return name.removesuffix(".local") in self.names

    def process_request(self, request, client_address):
        address = client_address[0]
        with self._holding:
            most = f"{MOST_VIEWERS} viewers" * (self.held.total() >= MOST_VIEWERS)
            if self.held[address] >= MOST_OF_ONE:
                here = ipaddress.ip_address(address).is_loopback
                most = most or f"{MOST_OF_ONE} pages of one device" * (not here)
            self.held[address] += not most
        if not most:
            super().process_request(request, client_address)
            return
        text = f"No more than {most} are served; close one, then load this again.\n"
        head = "HTTP/1.0 503 Too many viewers\r\nContent-Type: text/plain\r\n\r\n"
        with contextlib.suppress(OSError):
            request.send((head + text).encode())
        self.shutdown_request(request)

    def process_request_thread(self, request, client_address):
        super().process_request_thread(request, client_address)
        with self._holding:
            self.held -= collections.Counter([client_address[0]])

    def handle_error(self, request, client_address):
        pass  # a viewer has gone, or sends nonsense


class _Handler(BaseHTTPRequestHandler):
    server_version, sys_version, timeout = "advphy", "", PATIENCE

    def log_message(self, *_):
        pass

    def handle(self):
        self._late = threading.Timer(
            PATIENCE, self.request.shutdown, [socket.SHUT_RDWR]
        )
        self._late.start()
        try:
            super().handle()
        finally:
            self._late.cancel()

    def end_headers(self):
        for name, value in self.server.headers.items():
            self.send_header(name, value)
        super().end_headers()

    def do_GET(self):
        self._late.cancel()
        kind = {"/": "text/html; charset=utf-8", "/pictures": "text/event-stream"}
        if refusal := self.server.refusal(self.headers):
            self.send_error(403, explain=refusal)
        elif self.path not in kind:
            self.send_error(404)
        else:
            self.send_response(200)
            self.send_header("Content-Type", kind[self.path])
            self.end_headers()
            if self.path == "/":
                self.wfile.write(self.server.html)
            else:
                self._stream()

    def _stream(self):
        self.request.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER)
        number = 0
        while not self.server.ended:
            new, picture, when = self.server.after(number)
            said = b"data: [%.1f, %b]" % (time.monotonic() - when, picture)
            self.wfile.write((said if new > number else b":") + b"\n\n")
            number = new
