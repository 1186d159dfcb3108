# SPDX-License-Identifier: GPL-3.0-or-later
"""advphy watch --web: what the page shows, and whom its server refuses."""

import contextlib
import http.client
import json
import shutil
import socket
import time

import pytest
from advphy_commands import _page_server
from advphy_commands._page_server import PageServer

from .browser import NEEDED, browser
from .commands import refused, started
from .published_messages import counts, publisher
from .while_running import until

HTML = b"<style>a {}</style><script>let a = 1;</script>"
EVIL = '<img src=x onerror="document.title=1">'


def wait(monkeypatch, seconds):
    monkeypatch.setattr(_page_server, "PATIENCE", seconds)
    monkeypatch.setattr(_page_server._Handler, "timeout", seconds)


@pytest.fixture
def server(monkeypatch):
    wait(monkeypatch, 60.0)
    with contextlib.closing(PageServer("127.0.0.1", 0, HTML)) as made:
        yield made


def ask(server, path="/", method="GET", **headers):
    """Return the status, headers and text of an answer."""
    at = http.client.HTTPConnection("127.0.0.1", server.server_address[1], timeout=10)
    given = {"Host": "localhost"} | {k.replace("_", "-"): v for k, v in headers.items()}
    with contextlib.closing(at):
        at.request(method, path, headers=given)
        answer = at.getresponse()
        return answer.status, answer.headers, answer.read()


def connected(server):
    return socket.create_connection(server.server_address[:2], timeout=10)


def test_the_page_may_run_its_own_script_only(server):
    status, headers, text = ask(server)
    assert (status, text) == (200, HTML)
    policy = headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    # printf 'let a = 1;' | openssl dgst -sha256 -binary | base64
    assert "script-src 'sha256-xY6QKfH9PRsQnLz56nj6MBwiK5oHg+im1Jkpdp1x/Ck='" in policy
    assert "unsafe" not in policy
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert "Access-Control-Allow-Origin" not in headers


@pytest.mark.parametrize(
    "host", ["127.0.0.1:5600", "[::1]:1", "192.168.1.7", "LOCALHOST:80"]
)
def test_a_name_of_this_computer_is_answered(server, host):
    own = {"Origin": f"http://{host}", "Sec_Fetch_Site": "same-origin"}
    assert ask(server, Host=host, **own)[0] == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "evil.example"},
        {"Host": "127.0.0.1.evil.example:5600"},
        {"Host": ""},
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Sec_Fetch_Site": "cross-site"},
        {"Sec_Fetch_Site": "same-site"},
    ],
)
@pytest.mark.parametrize("path", ["/", "/pictures"])
def test_others_are_refused(server, headers, path):
    assert ask(server, path, **headers)[0] == 403


def test_nothing_else_is_served_and_nothing_is_taken(server):
    assert ask(server, "/../watch.py")[0] == 404
    for method in ("POST", "PUT", "DELETE", "OPTIONS"):
        assert ask(server, method=method)[0] == 501


def test_more_viewers_than_are_served_are_refused(server):
    with contextlib.ExitStack() as stack:
        for _ in range(_page_server.MOST_VIEWERS):
            stack.enter_context(connected(server))
        status, _, text = ask(server)
        assert (status, b"No more than 32 viewers" in text) == (503, True)
    until(lambda: ask(server)[0] == 200)


def test_one_device_cannot_hold_all_places(server):
    with contextlib.ExitStack() as stack:
        for number in range(5):
            ours, theirs = map(stack.enter_context, socket.socketpair())
            server.process_request(theirs, ("192.0.2.1", number))
        assert b"No more than 4 pages of one device" in ours.recv(1000)
        assert ask(server)[0] == 200
    until(lambda: not server.held.total())


def test_a_request_that_does_not_arrive_and_a_viewer_who_takes_nothing(monkeypatch):
    wait(monkeypatch, 0.3)
    with contextlib.closing(PageServer("127.0.0.1", 0, HTML)) as server:
        with connected(server) as trickle:
            with contextlib.suppress(OSError):
                for _ in range(20):
                    trickle.sendall(b"G")
                    time.sleep(0.1)
            assert trickle.recv(10) == b""
        with connected(server) as slow:
            slow.sendall(b"GET /pictures HTTP/1.0\r\nHost: localhost\r\n\r\n")
            until(lambda: server.held.total() == 1)

            def dropped():
                server.show(b"x" * 2**20)
                time.sleep(0.02)
                return not server.held.total()

            until(dropped)


def test_a_late_viewer_gets_the_newest_picture_only(server):
    for number in range(5):
        server.show(b"%d" % number)
    time.sleep(0.3)
    with connected(server) as viewer:
        viewer.sendall(b"GET /pictures HTTP/1.0\r\nHost: localhost\r\n\r\n")
        with viewer.makefile("rb") as stream:
            while stream.readline().strip():
                pass
            age, picture = json.loads(stream.readline().removeprefix(b"data: "))
            assert (age >= 0.3, picture) == (True, 4)
            stream.readline()
            server.show(b"5")
            assert json.loads(stream.readline().removeprefix(b"data: "))[1] == 5


@contextlib.contextmanager
def page(*messages, host="127.0.0.1"):
    """Yield the address of the page of a command that watches a publisher."""
    with publisher(*messages) as (address, _):
        process = started("watch", address, "--web", f"{host}:0")
        try:
            said = iter(process.stderr.readline, "")
            yield next(line for line in said if "the page is at" in line).split()[-1]
        finally:
            process.kill()
            process.communicate()


SHOWN = (
    counts("mine", 1000, 50, look=1),
    counts("mine", 1000, 0, settings={"ebn0_db": 6.0}, first_block=1000, look=1),
    counts(EVIL, 10, 1, look=3),
)


def test_the_page_has_the_counts():
    with page(*SHOWN) as url:
        at = http.client.HTTPConnection(url.split("/")[2], timeout=20)
        at.request("GET", "/pictures")
        data = at.getresponse().readline()
        at.close()
    plots = json.loads(data.removeprefix(b"data: "))[1]["plots"]
    assert [plot["x_label"] for plot in plots] == ["Eb/N0 (dB)", "time (s)"]
    mine = next(line for line in plots[0]["lines"] if line["name"] == "mine")
    # Wilson interval of 50 of 1000; without an error 1 - 0.05^(1/1000).
    assert mine["points"][0] == pytest.approx([3.0, 0.05, 0.0381, 0.0653], abs=1e-4)
    assert mine["points"][1] == [6.0, None, 0.0, pytest.approx(0.00299, abs=1e-5)]
    assert mine["color"] == "#D55E00"  # the second color, as its counter asked


def test_older_settings_of_a_link_and_few_labels_hide_nothing():
    rows = [counts()]
    for psr_db in range(-24, 0):
        attacked = {"on": True, "psr_db": float(psr_db)}
        rows.append(counts("other", settings=attacked))
    eve = {"kind": "accuracy", "block": "eve", "name": "eve", "erasures": 0}
    eve |= {"first_frame": 0, "frames": 5, "correct": 1, "settings": {}}
    eve |= {key: rows[0][key] for key in ("time", "sequence", "run", "flowgraph")}
    with page(*rows, rows[0] | eve) as url:
        at = http.client.HTTPConnection(url.split("/")[2], timeout=20)
        at.request("GET", "/pictures")
        _, picture = json.loads(at.getresponse().readline().removeprefix(b"data: "))
        at.close()
    curves, *_, eves = picture["plots"]
    assert [line["name"] for line in curves["lines"]] == ["mine"] + 4 * ["other"]
    assert eves["lines"] == []


def test_other_computers_are_let_in_with_a_warning():
    with publisher(counts()) as (address, _):
        process = started("watch", address, "--web", "0.0.0.0:0", "--seconds", 1)
        _, said = process.communicate(timeout=60)
    assert "no password and no encryption" in said


@pytest.mark.parametrize(
    "words", ["--web tcp://127.0.0.1:5570", "--web 70000", "--web localhost"]
)
def test_an_address_that_is_none(words):
    assert "--web must be PORT or HOST:PORT" in refused("watch", words)


def test_a_port_in_use_is_said(server):
    port = server.server_address[1]
    assert "Address already in use" in refused(
        "watch tcp://127.0.0.1:9 --web", str(port)
    )


@pytest.mark.skipif(
    not all(map(shutil.which, NEEDED)), reason="apt: chromium-driver is not installed"
)
@pytest.mark.parametrize("size", [(390, 844), (1280, 800)])
def test_a_browser_shows_all_of_it(size):
    with page(*SHOWN) as url, browser() as seen:
        seen.open(url, size, "dark")
        until(lambda: seen.run("return document.querySelectorAll('.plot').length") == 2)
        wide, high = seen.run(
            "const all = document.documentElement;"
            "return [all.scrollWidth - innerWidth, all.scrollHeight / innerHeight]"
        )
        assert (wide, high < 1.5) == (0, True)
        names = (
            "return [...document.querySelectorAll('li span')].map(s => s.textContent)"
        )
        assert {"mine", EVIL} <= set(seen.run(names))
        assert seen.run("return document.querySelectorAll('img').length") == 0
        assert seen.run("return document.title") == "advphy watch"
        paper = "return getComputedStyle(document.body).backgroundColor"
        assert seen.run(paper) == "rgb(27, 27, 31)"
        small = "return Math.min(...[...document.querySelectorAll('text, li')].map("
        small += "e => parseFloat(getComputedStyle(e).fontSize)))"
        assert seen.run(small) >= 15  # CSS pixels: 2.4 mm on a phone
        state = "return document.getElementById('state').textContent"
        until(lambda: "nothing new" in seen.run(state))
        seen.open(url, size)  # what is old is not live for who comes late
        until(lambda: seen.run("return document.querySelectorAll('.plot').length") == 2)
        assert "nothing new" in seen.run(state)
        assert seen.complaints() == []
