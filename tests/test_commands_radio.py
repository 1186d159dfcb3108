# SPDX-License-Identifier: GPL-3.0-or-later
"""advphy radio: dry runs, files and processes, levels, and what it refuses."""

import importlib
import os
import re
import signal
import socket
import subprocess

import pytest
from advphy_model.files import recording_reader
from advphy_model.files.recording_contents import Attack

from .conftest import CLONE
from .test_commands import ADVPHY, advphy

pytest.importorskip("gnuradio", reason="radios are blocks of GNU Radio")
LINK = "autoencoder_mlp"
STANDIN = CLONE / "build" / "standin" / "advphyStandIn.so"
needs_standin = pytest.mark.skipif(
    not STANDIN.is_file(),
    reason="no stand-in radio in build/: libsoapysdr-dev is missing (make test has it)",
)


@pytest.fixture(autouse=True)
def no_allow_list(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    return tmp_path / "config" / "gr-advphy" / "transmit.ini"


@pytest.fixture
def sent(tmp_path):
    """Return a function that sends frames into a file; its path."""

    def send(link=LINK, *words, frames=10):
        path = tmp_path / f"{link}.cf32"
        done = advphy(
            "radio",
            "tx",
            link,
            "--sink",
            "file",
            "--args",
            path,
            "--frames",
            frames,
            "--arm",
            *words,
        )
        assert done.returncode == 0, done.stderr
        assert f"sent {frames} frames of link {link} from frame" in done.stdout
        return path

    return send


def received(path, link=LINK, *words):
    done = advphy("radio", "rx", link, "--source", "file", "--args", path, *words)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_a_dry_run_sends_nothing_and_says_what_it_would(tmp_path):
    path = tmp_path / "x.cf32"
    done = advphy(
        "radio",
        "tx",
        LINK,
        "--sink",
        "file",
        "--args",
        path,
        "--frames",
        3,
        "--rate",
        "2e6",
    )
    assert done.returncode == 0, done.stderr
    # 1398 symbols of 4 samples a frame
    assert "would send 16776 samples, 0.00839 s at 2 Msample/s" in done.stdout
    assert "3 frames of link autoencoder_mlp from frame 0 on" in done.stdout
    assert "give --arm to send it" in done.stdout
    assert not path.exists()


def test_a_dry_run_says_whether_a_radio_would_be_allowed(no_allow_list):
    words = (
        "radio",
        "tx",
        LINK,
        "--sink",
        "uhd",
        "--frequency",
        "433.5e6",
        "--gain",
        "5",
        "--seconds",
        "0.1",
    )
    done = advphy(*words)
    assert done.returncode == 0, done.stderr
    assert "433.5 MHz, gain 5 dB" in done.stdout
    assert "17 frames" in done.stdout  # of 5592 samples, in 0.1 s
    assert "is not allowed: there is no allow-list" in done.stdout
    no_allow_list.parent.mkdir(parents=True)
    no_allow_list.write_text("[my box]\nfirst_hz = 433e6\nlast_hz = 434e6\n")
    done = advphy(*words)
    assert "allowed by [my box]" in done.stdout


def test_a_radio_off_the_allow_list_is_not_armed():
    done = advphy(
        "radio",
        "tx",
        LINK,
        "--sink",
        "soapy",
        "--args",
        "driver=none",
        "--frequency",
        "433.5e6",
        "--frames",
        1,
        "--arm",
    )
    assert done.returncode == 2
    assert "is not allowed" in done.stderr
    assert "sent" not in done.stdout


def test_what_was_sent_is_received_recorded_and_rescored(sent, tmp_path):
    run = tmp_path / "run.sigmf-meta"
    path = sent(LINK, "--seed", 4, "--first-frame", 100, "--codewords", 32)
    said = received(
        path, LINK, "--seed", 4, "--first-frame", 98, "--codewords", 32, "--record", run
    )
    assert "frames received   10" in said
    assert "frames missed     2" in said
    assert "blocks            320" in said
    assert "block errors      0" in said
    found = recording_reader.read(run)
    assert found.origin.first_block == 98 * 32
    again = advphy("rescore", run)
    assert again.stdout.splitlines()[-1] == (
        "the receiver that recorded counted the same"
    )


def test_an_attack_is_sent_and_noted(sent, tmp_path):
    run = tmp_path / "run.sigmf-meta"
    path = sent(LINK, "--attack", "noise_jammer", "--psr-db", "3", frames=20)
    said = received(
        path, LINK, "--attack", "noise jammer", "--psr-db", "3", "--record", run
    )
    errors = int(re.search(r"block errors +(\d+)", said).group(1))
    assert errors > 100  # noise 3 dB above the signal
    assert recording_reader.read(run).attacks == (Attack("noise jammer", 3.0),)
    assert "adversary: noise jammer at PSR 3 dB" in advphy("rescore", run).stdout


def test_images_cross_the_air(sent):
    said = received(sent("paired_arn_white", frames=2), "paired_arn_white")
    assert "images            256" in said
    assert re.search(r"MSE +0\.01", said)


def test_receiving_ends_after_frames_or_seconds(sent):
    path = sent(frames=40)
    said = received(path, LINK, "--seconds", 0.03)  # 30000 samples: 5 frames
    assert "frames received   5" in said


def test_nothing_received_is_said(tmp_path):
    path = tmp_path / "silence.cf32"
    path.write_bytes(bytes(80_000))
    said = received(path)
    assert "frames received   0" in said
    assert "no frame arrived: check frequency, gain, rate" in said


def free_endpoint():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return f"tcp://127.0.0.1:{probe.getsockname()[1]}"


def started(*words):
    return subprocess.Popen(
        [ADVPHY, *map(str, words)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_ctrl_c_ends_both_processes_properly(tmp_path, how):
    run, endpoint = tmp_path / "run.sigmf-meta", free_endpoint()
    tx = started(
        "radio",
        "tx",
        LINK,
        "--sink",
        "zmq",
        "--args",
        endpoint,
        "--seconds",
        1000,
        "--arm",
    )
    rx = started(
        "radio", "rx", LINK, "--source", "zmq", "--args", endpoint, "--record", run
    )
    try:
        lines = iter(rx.stdout.readline, "")
        assert any(re.match(r" +\d s  frames \d+  missed 0 ", line) for line in lines)
        rx.send_signal(how)
        said, errors = rx.communicate(timeout=300)
        assert rx.returncode == 0, errors
        assert "frames received" in said
        assert recording_reader.read(run).complete
        assert recording_reader.read(run).counts["received"] > 0
        again = advphy("rescore", run).stdout.splitlines()[-1]
        assert again == "the receiver that recorded counted the same"
        tx.send_signal(how)
        said, errors = tx.communicate(timeout=300)
        assert tx.returncode == 130, errors
        # GNU Radio may say something of its buffers before.
        assert re.search("^sent ", said, re.MULTILINE)
        assert "Traceback" not in errors
    finally:
        tx.kill()
        rx.kill()


def test_a_receiver_that_is_killed_leaves_what_can_be_scored(tmp_path):
    run, endpoint = tmp_path / "run.sigmf-meta", free_endpoint()
    tx = started(
        "radio",
        "tx",
        LINK,
        "--sink",
        "zmq",
        "--args",
        endpoint,
        "--seconds",
        1000,
        "--arm",
    )
    rx = started(
        "radio", "rx", LINK, "--source", "zmq", "--args", endpoint, "--record", run
    )
    try:
        rx.stdout.readline()
    finally:
        rx.kill()
        tx.kill()
    rx.communicate()
    tx.communicate()
    found = advphy("rescore", run)
    assert found.returncode == 0, found.stderr
    assert "the recorder was cut off" in found.stderr
    assert int(re.search(r"frames received +(\d+)", found.stdout).group(1)) > 0


def test_the_level_file_passes_and_prints_limits():
    done = advphy("radio", "check", "--frames", 100)
    assert done.returncode == 0, done.stdout + done.stderr
    lines = done.stdout.splitlines()
    assert lines[-1] == "file: PASS"
    (bler,) = [line.split() for line in lines if " BLER " in line]
    low, high = map(float, bler[3].split(".."))
    assert 0 < low < float(bler[2]) < high


def test_a_figure_beyond_its_limit_fails():
    # At 0 dB, 2.4 dB less per channel use, headers are lost.
    done = advphy("radio", "check", "--frames", 100, "--ebn0-db", 0)
    assert done.returncode == 1
    assert "FAIL  frames missed" in done.stdout
    assert done.stdout.splitlines()[-1] == "file: FAIL"


@needs_standin
def test_the_levels_before_come_first():
    done = advphy(
        "radio",
        "check",
        "--level",
        "radio",
        "--driver",
        "standin",
        "--args",
        f"id=test{os.getpid()},noise_variance=0.02,cfo=500",
        "--arm",
        "--frames",
        100,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    ends = re.findall(r"^(\w+): (PASS|FAIL)", done.stdout, re.MULTILINE)
    assert ends == [("file", "PASS"), ("loopback", "PASS"), ("radio", "PASS")]
    assert re.search(r"mean CFO +0\.00[12]\d* ", done.stdout)


@needs_standin
def test_a_radio_that_hears_nothing_fails():
    done = advphy(
        "radio",
        "check",
        "--level",
        "radio",
        "--driver",
        "standin",
        "--args",
        f"id=deaf{os.getpid()},loss_db=60,noise_variance=0.02",
        "--arm",
        "--frames",
        60,
    )
    assert done.returncode == 1, done.stderr
    assert "FAIL  frames missed" in done.stdout


def test_without_the_stand_in_the_loopback_says_what_is_missing(monkeypatch, capsys):
    monkeypatch.setattr("gnuradio.advphy.air.standin.plugin_folder", lambda: None)
    main = importlib.import_module("advphy_commands").main
    code = main(["radio", "check", "--level", "loopback", "--frames", "20"])
    assert code == 2
    assert "libsoapysdr-dev" in capsys.readouterr().err


TX = ("tx", LINK, "--sink", "file", "--args", "x.cf32")
RX = ("rx", LINK, "--source", "file", "--args", "x.cf32")


@pytest.mark.parametrize(
    ("words", "text"),
    [
        (("tx", "nonsense", *TX[2:]), "link 'nonsense' is neither"),
        ((*TX, "--frames", "0"), "--frames 0: wanted at least 1"),
        ((*TX, "--frames", "many"), "--frames many"),
        ((*TX, "--seconds", "0"), "--seconds 0"),
        ((*TX, "--seconds", "nan"), "--seconds nan"),
        ((*TX, "--seconds", "1e-6"), "wanted at least 0.00559, one frame"),
        ((*TX, "--codewords", "0"), "codewords = 0"),
        ((*TX, "--first-frame", "-1"), "--first-frame"),
        ((*TX, "--seed", "-1"), "--seed -1"),
        ((*TX, "--rate", "0", "--frames", "1"), "--rate 0: wanted"),
        ((*TX, "--amplitude", "2"), "amplitude"),
        ((*TX, "--psr-db", "3"), "give --attack"),
        ((*TX, "--permitted", "cabled"), "give --attack"),
        ((*TX, "--attack", "nowhere.safetensors"), "nowhere.safetensors"),
        ((*TX, "--key-file", "key"), "is not keyed"),
        (("tx", "paired_arn_white", *TX[2:], "--attack", "noise_jammer"), "semantic"),
        (("tx", LINK, "--sink", "radio"), "driver = 'radio' is not known"),
        (("tx", LINK, "--sink", "uhd"), "--frequency is missing"),
        (("tx", LINK, "--sink", "file", "--arm"), "args = ''"),
        (("tx", LINK, "--sink", "file", "--args", "/nowhere/x", "--arm"), "/nowhere/x"),
        ((*RX,), "args = 'x.cf32': the file cannot be read"),
        ((*RX, "--psr-db", "3"), "give --attack"),
        ((*RX, "--attack", "words"), "give --record"),
        (("rx", LINK, "--source", "soapy"), "--frequency is missing"),
        (("rx", LINK, "--source", "zmq", "--args", "no endpoint"), "no endpoint"),
        (("check", "--frames", "3"), "--frames 3: wanted 20..100000"),
        (("check", "--ebn0-db", "99"), "--ebn0-db 99"),
        (("check", "paired_arn_white"), "link 'paired_arn_white' is neither"),
        (("check", "--level", "radio"), "--level radio needs the --args"),
        (("check", "--level", "radio", "--args", "a=b"), "give --arm"),
        (("check", "--level", "radio", "--args", "a=b", "--arm"), "--frequency is"),
    ],
)
def test_nonsense_is_refused(tmp_path, monkeypatch, words, text, refuse):
    monkeypatch.chdir(tmp_path)
    assert text in refuse("radio", *words)
    assert not list(tmp_path.rglob("*.*"))


def test_a_recording_that_exists_and_a_bad_place_are_refused(sent, tmp_path, refuse):
    path = sent(frames=1)
    words = ("radio", "rx", LINK, "--source", "file", "--args", path, "--record")
    assert "ends in .sigmf-meta" in refuse(*words, tmp_path / "run.wav")
    assert "/nowhere" in refuse(*words, "/nowhere/run.sigmf-meta")
    run = tmp_path / "run.sigmf-meta"
    received(path, LINK, "--record", run)
    before = run.read_bytes()
    assert "exists and is not overwritten" in refuse(*words, run)
    assert run.read_bytes() == before


def test_frames_of_another_link_are_refused(sent, tmp_path, refuse):
    path = sent("hamming74_hard", frames=2)
    run = tmp_path / "run.sigmf-meta"
    said = refuse(
        "radio", "rx", LINK, "--source", "file", "--args", path, "--record", run
    )
    assert "give both ends the same link" in said
    assert recording_reader.read(run).complete  # what arrived is kept for a look


def test_an_action_is_wanted():
    done = advphy("radio")
    assert done.returncode == 2
    assert "ACTION" in done.stderr


@pytest.mark.parametrize("action", ["tx", "rx", "check"])
def test_every_action_has_help(action, capsys):
    main = importlib.import_module("advphy_commands").main
    with pytest.raises(SystemExit) as end:
        main(["radio", action, "--help"])
    assert end.value.code == 0
    assert "--args" in capsys.readouterr().out
