# SPDX-License-Identifier: GPL-3.0-or-later
"""advphy watch: what it shows and records, and how it waits."""

import contextlib
import http.server
import json
import os
import pty
import re
import signal
import socket
import threading

import pytest
from advphy_commands import _subscription, watch
from advphy_model.measure import published, table
from advphy_model.measure.link_chain import Counts

from .commands import refused, started
from .published_messages import counts, publisher
from .while_running import until


def main(*words):
    from advphy_commands import main

    return main(["watch", *map(str, words)])


@pytest.fixture(autouse=True)
def no_screen(monkeypatch):
    for variable in ("DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(variable, raising=False)


@pytest.fixture
def end_when(monkeypatch):
    """Return a function that sets when the command ends, given how much it received."""

    def end_when(condition):
        def left(turns):
            return 0.0 if condition(turns.received) else 1.0

        monkeypatch.setattr(watch._Turns, "seconds_left", left)

    return end_when


def free_port():
    with socket.socket() as made:
        made.bind(("127.0.0.1", 0))
        return made.getsockname()[1]


@contextlib.contextmanager
def feeding(send, *messages):
    """Send messages again and again in a thread meanwhile, as a publisher does."""
    ended = threading.Event()

    def run():
        while not ended.wait(0.02):
            for message in messages:
                send(message)

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


def test_once_prints_what_each_block_said_last_and_ends(capsys):
    said = counts(
        "mine", 1000, 50, settings={"psr_db": -6.0, "on": False, "perturbation": "some"}
    )
    with publisher(said, counts("other", 10, 1)) as (address, _):
        assert main(address, "--once") == 0
    out = capsys.readouterr().out
    # Wilson interval of 50 of 1000 at 95 %: 0.0381..0.0653
    assert re.search(
        r"mine +Eb/N0 3 dB, PSR -6 dB, attack off  BLER 5.0e-2 "
        r"\(50 of 1000 blocks\), 95 %: 3.8e-2 to 6.5e-2",
        out,
    )
    assert "other" in out
    assert len(out.splitlines()) == 2


def test_json_is_one_valid_line_a_message_and_nothing_else(capsys):
    with publisher(counts("a"), counts("b")) as (address, _):
        assert main(address, "--once", "--json") == 0
    lines = capsys.readouterr().out.splitlines()
    assert [json.loads(line)["name"] for line in lines] == ["a", "b"]
    assert published.decode(lines[0].encode())[0]["blocks"] == 100


def test_two_publishers_and_their_flowgraphs_names(capsys):
    named = counts(run="f" * 16) | {"flowgraph": "second"}
    with publisher(counts()) as (one, _), publisher(named) as (two, _):
        assert main(one, two, one, "--once") == 0
    out = capsys.readouterr().out
    assert "demo: mine" in out
    assert "second: mine" in out


def test_without_an_address_it_finds_the_publishers_of_this_computer(
    capsys, monkeypatch
):
    here = [f"tcp://127.0.0.1:{free_port()}" for _ in range(3)]
    monkeypatch.setattr(published, "HERE", here)
    with (
        publisher(counts("one"), address=here[0]),
        publisher(counts("two"), address=here[2]),
    ):
        assert main("--once") == 0
    found = capsys.readouterr()
    assert [line.split()[1] for line in found.out.splitlines()] == ["one", "two"]
    assert "looks for publishers at tcp://127.0.0.1:5570 to 5589" in found.err
    assert "waiting" not in found.err


def test_lines_come_each_second_without_a_terminal(capsys):
    with (
        publisher(counts("mine", 10, 1)) as (address, send),
        feeding(send, counts("mine", 50, 5)),
    ):
        assert main(address, "--terminal", "--seconds", 2.2) == 0
    lines = capsys.readouterr().out.splitlines()
    assert 2 <= len(lines) <= 4
    assert "5 of 50 blocks" in lines[-1]


def test_a_terminal_has_a_table_whose_rows_are_replaced():
    try:
        ours, theirs = pty.openpty()
    except OSError as error:
        pytest.skip(f"no pseudo terminal here: {error}")
    shown = b""
    with publisher(counts("mine", 10, 1)) as (address, send):
        words = "watch", address, "--terminal", "--seconds", 3
        process = started(*words, stdout=theirs)
        os.close(theirs)
        with (
            feeding(send, counts("mine", 50, 5), counts("other", 20, 3)),
            contextlib.suppress(OSError),  # the other end is closed
        ):
            while piece := os.read(ours, 2**16):
                shown += piece
        process.communicate()
    os.close(ours)
    shown = shown.decode()
    assert "5 of 50 blocks" in shown
    assert shown.count("\x1b[A") > 4  # back up to the first row
    assert shown.count("\n") - shown.count("\x1b[A") == 2  # it does not scroll


def test_the_csv_is_one_of_counts_that_plot_reads(tmp_path, capsys, end_when):
    out, figure = tmp_path / "run.csv", tmp_path / "run.png"
    first = counts("mine", 1000, 90, settings={"ebn0_db": 2.0})
    second = counts("mine", 500, 20, settings={"ebn0_db": 4.0}, first_block=1000)
    end_when(lambda received: received > 9)
    more = second, second | {"blocks": 600, "bler": 20 / 600}
    with publisher(first) as (address, send), feeding(send, *more):
        assert main(address, "--csv", out, "--png", figure) == 0
    found = [
        (r.link, r.ebn0_db, r.blocks, r.block_errors) for r in table.read(out, Counts)
    ]
    assert found == [("bpsk", 2.0, 1000, 90), ("bpsk", 4.0, 600, 20)]
    assert figure.read_bytes()[:4] == b"\x89PNG"
    assert capsys.readouterr().out == ""  # --png is without a display
    from advphy_commands import main as command

    assert command(["plot", str(out), "--out", str(tmp_path / "again.png")]) == 0


def test_it_goes_on_with_a_csv_and_counts_no_block_twice(tmp_path, capsys, end_when):
    out = tmp_path / "run.csv"
    end_when(lambda received: received)
    with publisher(counts(blocks=1000, errors=9)) as (address, _):
        assert main(address, "--csv", out, "--terminal") == 0
    again = counts(blocks=300, errors=5, run="f" * 16)
    other = counts("other", 70, 5, run="f" * 16, seed=2)
    with publisher(again, other) as (address, _):
        assert main(address, "--csv", out, "--terminal") == 0
    found = [(r.seed, r.blocks, r.block_errors) for r in table.read(out, Counts)]
    assert found == [(1, 1000, 9), (2, 70, 5)]
    said = capsys.readouterr().err
    assert "mine counts blocks that are counted already" in said
    assert "other counts" not in said


def test_figures_that_are_no_counts_are_shown_and_said_not_to_be_recorded(
    tmp_path, capsys
):
    said = {"kind": "accuracy", "name": "Eve", "block": "e0", "time": 1.0}
    said |= {"settings": {"snr_db": 8.0, "inserted": True}, "first_frame": 0}
    said |= {"frames": 10, "erasures": 0, "correct": 4}
    said |= {"accuracy": 0.4, "low": 0.2, "high": 0.6}
    message = published.measurement(said, "", "0123456789abcdef", 0)
    with publisher(message, counts()) as (address, _):
        assert main(address, "--csv", tmp_path / "a.csv", "--once") == 0
    found = capsys.readouterr()
    assert "SNR 8 dB, inserted  reads 40.0 % of the labels" in found.out
    assert "not the measurements of Eve" in found.err


def test_it_waits_for_a_publisher_and_goes_on_when_it_comes_back(
    tmp_path, capsys, monkeypatch, end_when
):
    address, out = f"tcp://127.0.0.1:{free_port()}", tmp_path / "run.csv"
    waits, seen = [], []
    subscriptions = _subscription.Subscriptions

    def listening(addresses, said, keys):
        def heard(text):
            waits.append(text)
            said(text)

        return subscriptions(addresses, heard, keys)

    monkeypatch.setattr(_subscription, "Subscriptions", listening)
    end_when(lambda received: seen.append(received) or received == 2)

    def come_and_go():
        for turn in (0, 1):
            until(lambda n=turn: sum("waiting for" in text for text in waits) > n)
            with publisher(counts(first_block=100 * turn), address=address):
                until(lambda n=turn: seen[-1] > n)

    thread = threading.Thread(target=come_and_go, daemon=True)
    thread.start()
    assert main(address, "--terminal", "--csv", out) == 0
    thread.join()
    assert [r.first_block for r in table.read(out, Counts)] == [0, 100]
    assert capsys.readouterr().err.count(f"waiting for {address}") >= 2


@pytest.mark.parametrize(
    "number", [signal.SIGINT, pytest.param(signal.SIGTERM, marks=pytest.mark.slow)]
)
def test_ctrl_c_writes_the_csv_and_ends_with_130(tmp_path, number):
    out = tmp_path / "run.csv"
    with publisher(counts()) as (address, send):
        process = started("watch", address, "--terminal", "--csv", out)
        line = process.stdout.readline()  # it shows what it took
        with feeding(send, counts(blocks=777)):
            assert any("777" in line for line in iter(process.stdout.readline, ""))
        process.send_signal(number)
        _, said = process.communicate(timeout=300)
    assert "BLER" in line
    assert process.returncode == 130, said
    assert "Traceback" not in said
    assert table.read(out, Counts)[0].blocks == 777


def test_a_reader_that_goes_away_ends_it():
    with publisher(counts()) as (address, send):
        process = started("watch", address, "--json")
        process.stdout.readline()
        process.stdout.close()
        with feeding(send, counts(blocks=2)):
            assert process.wait() in (1, -signal.SIGPIPE)
        process.stderr.close()


def test_an_http_server_is_said_to_be_no_publisher(capsys, monkeypatch):
    from advphy_commands import _subscription

    monkeypatch.setattr(_subscription, "HANDSHAKE_MS", 200)

    class Quiet(http.server.BaseHTTPRequestHandler):
        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Quiet)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    address = f"tcp://127.0.0.1:{server.server_port}"
    try:
        assert main(address, "--once", "--seconds", 1.0) == 1
    finally:
        server.shutdown()
        server.server_close()
    said = capsys.readouterr().err
    assert f"{address} answers, but is no publisher" in said
    assert f"nothing was received from {address}" in said


def test_a_publisher_of_a_later_version_is_told_once_and_ignored(capsys, end_when):
    later = counts("later") | {"version": 2}
    end_when(lambda received: received > 5)
    with publisher() as (address, send), feeding(send, later, counts("good")):
        assert main(address, "--terminal") == 0
    found = capsys.readouterr()
    assert "good" in found.out
    assert "later" not in found.out
    assert found.err.count("the publisher speaks version 2, this is 1; update") == 1


def test_malformed_messages_are_counted_and_ignored(capsys, end_when):
    broken = [b"", b"\xff", b"{", b"\x1b[2J", published.encode(counts())[:-1], b"[]"]
    broken.append(published.encode(counts() | {"blocks": -1}))
    end_when(lambda received: received > 5)
    with publisher() as (address, send), feeding(send, *broken, counts("good")):
        assert main(address, "--terminal") == 0
    found = capsys.readouterr()
    assert "good" in found.out
    assert found.err.count("ignored a malformed message") == 1
    assert re.search(r"\d+ messages were ignored", found.err)
    assert "\x1b" not in found.err + found.out


def test_a_publisher_of_endless_names_does_not_hide_another(capsys, end_when):
    many = [counts(f"n{i}") for i in range(_subscription.MOST_BLOCKS + 5)]
    end_when(lambda received: received > 2000)
    with (
        publisher() as (bad, flood),
        publisher() as (address, send),
        feeding(flood, *many),
        feeding(send, counts("good")),
    ):
        assert main(bad, address, "--terminal") == 0
    found = capsys.readouterr()
    assert " good " in found.out
    assert "more than 256 blocks" in found.err


def test_a_message_whose_parts_never_end_is_forgotten():
    """ZMTP 3.0: a greeting, READY, then frames with the flag MORE for ever."""
    ended, remarks = threading.Event(), []
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve():
            connection, _ = server.accept()
            null = b"NULL".ljust(20, b"\0") + bytes(32)
            connection.sendall(b"\xff" + bytes(8) + b"\x7f\x03\0" + null)
            connection.recv(64, socket.MSG_WAITALL)
            connection.sendall(b"\x04\x19\x05READY\x0bSocket-Type\0\0\0\x03PUB")
            with contextlib.suppress(OSError):
                while not ended.is_set():
                    connection.sendall((b"\1\xff" + bytes(255)) * 100)
            ended.set()

        thread = threading.Thread(target=serve)
        thread.start()
        address = f"tcp://127.0.0.1:{server.getsockname()[1]}"
        with _subscription.Subscriptions([address], remarks.append) as subscribed:
            until(lambda: subscribed.wait(0.01) or ended.is_set())
        ended.set()
        thread.join()
    assert f"{address} {_subscription.FLOODED}" in remarks


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("nonsense", "'nonsense' is not a valid address"),
        ("tcp://127.0.0.1:70000", "is not a valid address"),
        ("--seconds 0", "--seconds must be above 0, at most 1e+09 s, got 0"),
        ("--seconds nan", "--seconds must be above 0, at most 1e+09 s, got nan"),
        ("--png /no/such/folder/x.png", "/no/such/folder/x.png"),
        ("--png x.gif", "format 'gif' is not known"),
        ("--csv /no/such/folder/x.csv", "/no/such/folder/x.csv"),
        ("--csv /dev/null", "/dev/null"),
        ("--csv .", "Is a directory"),
        ("--csv letters.csv", "is it a CSV of `advphy measure`"),
        ("--window", "there is no screen"),
    ],
)
def test_bad_input_is_one_sentence(here, words, said, monkeypatch):
    monkeypatch.delenv("QT_QPA_PLATFORM", raising=False)
    (here / "letters.csv").write_text("a,b\n1,2\n")
    limit = () if "--seconds" in words else "--seconds 0.1"
    assert said in refused("watch", words, limit)
    assert (here / "letters.csv").read_text() == "a,b\n1,2\n"


def test_nothing_to_draw_is_said(tmp_path, capsys):
    with publisher() as (address, _):
        assert main(address, "--png", tmp_path / "x.png", "--seconds", 0.3) == 1
    assert "there were no counts to draw" in capsys.readouterr().err
    assert not (tmp_path / "x.png").exists()


def test_the_window_shows_curves_and_closes_after_its_time(tmp_path, monkeypatch):
    pytest.importorskip("PyQt5.QtWidgets", reason="the window is of PyQt5")
    pytest.importorskip("gnuradio", reason="the window is of the displays")
    monkeypatch.setenv("QT_QPA_PLATFORM", "offscreen")
    out = tmp_path / "run.csv"
    with publisher(counts()) as (address, _):
        assert main(address, "--window", "--seconds", 0.7, "--csv", out) == 0
    assert table.read(out, Counts)[0].blocks == 100
