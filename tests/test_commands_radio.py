# SPDX-License-Identifier: GPL-3.0-or-later
"""advphy radio: dry runs, files and processes, levels, and what it refuses."""

import json
import os
import re
import signal
import socket
from pathlib import Path

import numpy as np
import pytest
from advphy_model.complex_baseband import to_reals
from advphy_model.files import images, recording_reader
from advphy_model.files.recording_contents import Attack
from advphy_model.link import any_link
from advphy_model.link.eavesdropper import Eve
from advphy_model.modem import transmit_limits
from advphy_model.network.network import run as run_network
from advphy_model.network.packed_network import PackedNetwork

from .commands import advphy, done, refused, started
from .while_running import until

gnuradio = "radios are blocks of GNU Radio"
needs_standin = pytest.importorskip("tests.standin_link", reason=gnuradio).needs_standin
LINK = "autoencoder_mlp"
RUN = "run.sigmf-meta"


@pytest.fixture(autouse=True)
def no_allow_list(here, monkeypatch):
    monkeypatch.setenv("XDG_CONFIG_HOME", str(here / "config"))
    return here / "config" / "gr-advphy" / "transmit.ini"


def sent(words="", link=LINK, frames=10):
    """Send frames into the file x."""
    said = done(f"radio tx {link} --sink file --args x --frames {frames} --arm", words)
    assert f"sent {frames} bursts of link {link} from burst" in said


def received(words="", link=LINK):
    """Return what the receiver says of the file x."""
    return done(f"radio rx {link} --source file --args x", words)


def rescored():
    """Return the last line of a second scoring."""
    return done("rescore", RUN).splitlines()[-1]


def counts_of(said):
    return {line[:17].strip(): line[18:] for line in said.splitlines()}


def test_keyed_bursts_of_messages_need_the_secret_and_the_time(here):
    done("secret key")
    sent("--key-file key", frames=80)
    ended = (here / "x").stat().st_mtime
    keyed = f"--key-file key --sent-at {ended - 1:.1f}"
    counts = counts_of(received(keyed))
    assert (counts["bursts received"], counts["blocks"]) == ("80", "10240")
    assert (counts["forged"], counts["replayed"]) == ("0", "0")
    received(f"{keyed} --record {RUN}")
    assert rescored() != "the receiver that recorded counted the same"
    words = f"--key-file key --sent-at {ended - 1:.1f}"
    assert done("rescore", RUN, words).splitlines()[-1].endswith("counted the same")
    assert counts_of(done("rescore", RUN, words))["bursts received"] == "80"
    late = received(f"--key-file key --sent-at {ended + 3600:.1f}")
    without = received()
    assert "forged" not in counts_of(without)
    for said in (late, without):
        assert counts_of(said)["bursts received"] == "0"
        assert "link and secret" in said


def test_a_dry_run_sends_nothing_and_says_what_it_would(here):
    found = advphy(f"radio tx {LINK} --sink file --args x --frames 3 --rate 2e6")
    said = found.stdout
    assert "not armed: 3 bursts are made and checked, and none is sent" in found.stderr
    # 1398 symbols of 4 samples a frame
    assert "would send 16776 samples, 0.00839 s at 2 Msample/s" in said
    assert "3 bursts of link autoencoder_mlp from burst 0 on" in said
    assert "give --arm to send it" in said
    assert list(here.iterdir()) == []


def test_a_dry_run_says_whether_a_radio_would_be_allowed(no_allow_list):
    words = f"radio tx {LINK} --sink uhd --frequency 433.5e6 --gain 5 --seconds 0.1"
    said = done(words)
    assert "433.5 MHz, gain 5 dB" in said
    assert "17 bursts" in said  # of 5592 samples, in 0.1 s
    assert "is not allowed: there is no allow-list" in said
    no_allow_list.parent.mkdir(parents=True)
    no_allow_list.write_text("[my box]\nfirst_hz = 433e6\nlast_hz = 434e6\n")
    assert "allowed by [my box]" in done(words)


def test_the_documented_band_permits_two_million_samples(no_allow_list):
    no_allow_list.parent.mkdir(parents=True)
    no_allow_list.write_text(transmit_limits.EXAMPLE)
    words = f"radio tx {LINK} --sink uhd --frequency 433.92e6 --gain 5 --frames 20"
    # 1.35 / 4 of 2 MHz; with 2 samples a symbol and a guard 1.62 of the 1.74 MHz.
    for more in ("--rate 2e6", "--rate 2e6 --samples-per-symbol 2"):
        assert "allowed by [433 MHz ISM, my shielded box]" in done(words, more)
    assert "lies in no band" in done(words, "--rate 3e6 --samples-per-symbol 2")


@pytest.mark.parametrize(
    ("radio", "rate", "samples"),
    [
        ("--sink uhd", 1, 5592),  # 1398 symbols of 4 samples
        ("--sink hackrf", 2, 11184),
        ("--sink soapy --args driver=hackrf", 2, 11184),
        ("--sink osmosdr --args hackrf=0", 2, 11184),
        ("--sink hackrf --rate 4e6 --samples-per-symbol 16", 4, 22368),
    ],
)
def test_rate_and_samples_per_symbol_are_those_of_the_driver(radio, rate, samples):
    said = done(f"radio tx {LINK} {radio} --frequency 433.92e6 --frames 1")
    assert f"would send {samples} samples" in said
    assert f"at {rate} Msample/s" in said


def test_what_a_driver_sends_another_receives_with_its_samples_per_symbol():
    sent("--samples-per-symbol 8")
    said = received("--samples-per-symbol 8")
    assert "bursts received   10" in said
    assert "block errors      0" in said


def test_gain_stages_and_a_serial_number_are_options(no_allow_list):
    no_allow_list.parent.mkdir(parents=True)
    no_allow_list.write_text(transmit_limits.EXAMPLE)
    words = "--sink hackrf --serial 31A --frequency 433.92e6 --frames 1"
    said = done(f"radio tx {LINK} {words} --gain RF=0,IF=20")
    assert "gain RF=0,IF=20, " in said
    assert "allowed by" in said
    said = done(f"radio tx {LINK} {words} --gain RF=14,IF=20")
    assert "gain must be at most 20 dB" in said
    assert "got 34 dB" in said


def test_a_radio_off_the_allow_list_is_not_armed():
    radio = "--sink soapy --args driver=none --frequency 433.5e6"
    found = advphy(f"radio tx {LINK} {radio} --frames 1 --arm")
    assert found.returncode == 2
    assert "is not allowed" in found.stderr
    assert "sent" not in found.stdout


def test_what_was_sent_is_received_recorded_and_rescored():
    sent("--seed 4 --first-frame 100 --codewords 32")
    said = received(f"--seed 4 --first-frame 98 --codewords 32 --record {RUN}")
    assert "bursts received   10" in said
    assert "bursts missed     2" in said
    assert "blocks            320" in said
    assert "block errors      0" in said
    assert "overruns          0" in said
    assert recording_reader.read(RUN).origin.first_block == 98 * 32
    assert rescored() == "the receiver that recorded counted the same"


def test_another_seed_is_refused_in_one_sentence_and_can_be_corrected():
    sent("--seed 7")
    words = "radio rx autoencoder_mlp --source file --args x --seed 2"
    found = advphy(words, f"--record {RUN}")
    assert found.returncode == 2
    (said,) = [x for x in found.stderr.splitlines() if x.startswith("advphy")]
    assert re.search("got 2: burst 0 .* probably seed 7; .*--seed", said)
    assert "probably seed 7" in refused("rescore", RUN)  # the recording says 2
    assert "block errors      0" in done("rescore", RUN, "--seed 7")


def test_an_attack_is_sent_and_noted():
    sent("--attack noise_jammer --psr-db 3", frames=20)
    said = received(f"--attack 'noise jammer' --psr-db 3 --record {RUN}")
    errors = int(re.search(r"block errors +(\d+)", said).group(1))
    assert errors > 100  # noise 3 dB above the signal
    assert recording_reader.read(RUN).attacks == (Attack("noise jammer", 3.0),)
    assert "adversary: noise jammer at PSR 3 dB" in done("rescore", RUN)


def test_images_cross_the_air():
    sent(link="paired_arn_white", frames=2)
    said = received(link="paired_arn_white")
    assert "images            256" in said
    assert re.search(r"MSE +0\.01", said)


def test_eve_reads_labels_from_the_codes_that_arrive(here):
    sent(link="semantic_mnist", frames=2)
    said = received("--eve eve_mnist --json run.json", link="semantic_mnist")
    found = json.loads((here / "run.json").read_text())["eve"]
    # Without noise and without a module the codes are those of the encoder.
    link, pictures = any_link.load("semantic_mnist"), images.load("mnist_sample")
    codes = np.empty((256, link.n), np.complex64)
    encoder = PackedNetwork(link.encoder, complex_output=True)
    encoder.run(pictures.as_reals()[:256], codes)
    classifier = Eve.load("eve_mnist").networks["classifier"]
    logits = run_network(classifier, to_reals(codes, link.reals))
    right = np.count_nonzero(logits.argmax(axis=1) == pictures.labels[:256])
    assert right > 200
    assert found["correct"] == pytest.approx(right, abs=1)
    assert (found["frames"], found["erasures"]) == (256, 0)
    assert found["low"] < found["accuracy"] == found["correct"] / 256 < found["high"]
    (line,) = re.findall(r"Eve's accuracy +(.*)", said)
    assert line.startswith(f"{found['accuracy']:.1%}  (")
    assert line.endswith(f"{found['correct']} of 256")
    assert "MSE" in said


def test_codewords_are_worsened_to_an_ebn0(here):
    sent(frames=100)
    errors = re.search(r"block errors +(\d+)", received("--ebn0-db 2")).group(1)
    assert 300 < int(errors) < 900  # 12 800 blocks; 4.5 % are wrong when aligned
    said = refused(f"radio rx {LINK} --source file --args x --ebn0-db 70")
    assert re.search(r"got 70: burst 0 has \d+\.\d+ dB", said)
    words = f"radio rx {LINK} --source file --args x --eve eve_mnist"
    assert "'autoencoder_mlp', a link of messages, got 'eve_mnist'" in refused(words)


def test_images_have_no_ebn0_and_eve_fits_them(here):
    sent(link="paired_arn_white", frames=1)
    words = "radio rx paired_arn_white --source file --args x"
    assert "Eb/N0 is defined for link models" in refused(words, "--ebn0-db 3")
    assert "nobody" in refused(words, "--eve nobody")


def test_receiving_ends_after_frames_or_seconds():
    sent(frames=40)
    # 30000 samples: 5 frames
    assert "bursts received   5" in received("--seconds 0.03")


def test_nothing_received_is_said(here):
    (here / "x").write_bytes(bytes(80_000))
    said = received()
    assert "bursts received   0" in said
    assert "no burst arrived: check frequency, gain, rate" in said


@pytest.fixture
def processes():
    """Start a sender and a receiver that records, joined by ZMQ."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        endpoint = f"tcp://127.0.0.1:{probe.getsockname()[1]}"
    sink, source = (f"--{end} zmq --args {endpoint}" for end in ("sink", "source"))
    tx = started(f"radio tx {LINK} {sink} --seconds 1000 --arm")
    rx = started(f"radio rx {LINK} {source} --record {RUN}")
    yield tx, rx
    for process in (tx, rx):
        process.kill()
        process.communicate()


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_ctrl_c_ends_both_processes_properly(processes, how):
    tx, rx = processes
    lines = iter(rx.stdout.readline, "")
    begun = r" +\d+ s  bursts [1-9]\d*  missed 0 "  # the sender may start later
    assert any(re.match(begun, line) for line in lines)
    rx.send_signal(how)
    said, errors = rx.communicate(timeout=300)
    assert rx.returncode == 0, errors
    assert "bursts received" in said
    assert recording_reader.read(RUN).complete
    assert recording_reader.read(RUN).counts["received"] > 0
    assert rescored() == "the receiver that recorded counted the same"
    tx.send_signal(how)
    said, errors = tx.communicate(timeout=300)
    assert tx.returncode == 130, errors
    # GNU Radio may say something of its buffers before.
    assert re.search("^sent ", said, re.MULTILINE)
    assert "Traceback" not in errors


def test_a_receiver_that_is_killed_leaves_what_can_be_scored(processes):
    _, rx = processes
    data = Path(RUN).with_suffix(".sigmf-data")
    until(lambda: data.exists() and data.stat().st_size > 1_000_000)  # 20 bursts
    rx.kill()
    rx.communicate()
    found = advphy("rescore", RUN)
    assert found.returncode == 0, found.stderr
    assert "the recorder was cut off" in found.stderr
    assert int(re.search(r"bursts received +(\d+)", found.stdout).group(1)) > 0


def test_the_level_file_passes_and_prints_limits():
    lines = done("radio check --frames 100").splitlines()
    assert lines[-1] == "file: PASS"
    (bler,) = [line.split() for line in lines if " BLER " in line]
    low, high = map(float, bler[3].split(".."))
    assert 0 < low < float(bler[2]) < high


def test_a_figure_beyond_its_limit_fails():
    # At 0 dB, 2.4 dB less per channel use, headers are lost.
    found = advphy("radio check --frames 100 --ebn0-db 0")
    assert found.returncode == 1
    assert "FAIL  frames missed" in found.stdout
    assert found.stdout.splitlines()[-1] == "file: FAIL"


def check_standin(settings):
    """Run all levels over a stand-in radio that no other process has."""
    args = f"id=test{os.getpid()},noise_variance=0.02,{settings}"
    words = f"--level radio --driver standin --args {args} --arm --frames 60"
    return advphy("radio check", words)


@needs_standin
def test_the_levels_before_come_first():
    found = check_standin("cfo=500")
    assert found.returncode == 0, found.stdout + found.stderr
    ends = re.findall(r"^(\w+): (PASS|FAIL)", found.stdout, re.MULTILINE)
    assert ends == [("file", "PASS"), ("loopback", "PASS"), ("radio", "PASS")]
    assert re.search(r"mean CFO +0\.00[12]\d* ", found.stdout)


@needs_standin
def test_a_radio_that_hears_nothing_fails():
    found = check_standin("loss_db=60")
    assert found.returncode == 1, found.stderr
    assert "FAIL  frames missed" in found.stdout


def test_without_the_stand_in_the_loopback_says_what_is_missing(monkeypatch):
    monkeypatch.setattr("gnuradio.advphy.air.standin.plugin_folder", lambda: None)
    said = advphy("radio check --level loopback --frames 20")
    assert said.returncode == 2
    assert "libsoapysdr-dev" in said.stderr


FILE = "--sink file --args x.cf32"
TX = f"tx {LINK} {FILE}"
RX = f"rx {LINK} --source file --args x.cf32"


@pytest.mark.parametrize(
    ("words", "text"),
    [
        (f"tx nonsense {FILE}", "link 'nonsense' is neither"),
        (f"{TX} --frames 0", "--frames must be at least 1.*got 0"),
        (f"{TX} --frames many", "--frames must be.*got many"),
        (f"{TX} --seconds 0", "--seconds must be.*got 0"),
        (f"{TX} --seconds nan", "--seconds must be.*got nan"),
        (f"{TX} --seconds 1e-6", "must be at least 0.00559"),
        (f"{TX} --codewords 0", "codewords must be.*got 0"),
        (f"{TX} --first-frame -1", "--first-frame"),
        (f"{TX} --seed -1", "--seed must be.*got -1"),
        (f"{TX} --rate 0 --frames 1", "--rate must be above 0,.*samples/s, got 0"),
        (f"{TX} --rate 1e300 --seconds 1", "--rate must be.*at most 1e.12"),
        (f"{TX} --seconds 1e300", r"--seconds must be.*at most 1e\+09 s"),
        (f"rx {LINK} --source file --args {os.sep}tmp", "Is a directory"),
        (f"{TX} --amplitude 2", "amplitude"),
        (f"{TX} --psr-db 3", "give --attack"),
        (f"{TX} --permitted cabled", "give --attack"),
        (f"{TX} --attack nowhere.safetensors", "nowhere.safetensors"),
        (f"{TX} --key-file nowhere", "nowhere: No such file"),
        (f"tx paired_arn_white {FILE} --attack noise_jammer", "semantic"),
        (f"tx {LINK} --sink radio", "driver = 'radio' is not known"),
        (f"tx {LINK} --sink uhd", "--frequency is missing"),
        (f"tx {LINK} --sink hackrf --frequency 1e9 --rate 1e6", "a HackRF has 2e"),
        (f"rx {LINK} --source hackrf --frequency 1e9 --rate 1e6", "a HackRF has 2e"),
        (f"{TX} --serial 31A", "does not fit driver = 'file'"),
        (f"{TX} --gain much", "gain must be a finite number.*got much"),
        (
            f"{TX} --samples-per-symbol 1",
            "samples_per_symbol must be a whole number in 2..64, got 1",
        ),
        (f"tx {LINK} --sink file --arm", "args must be.*got ''"),
        (f"tx {LINK} --sink file --args /nowhere/x --arm", "/nowhere/x"),
        (RX, "args = 'x.cf32': the file cannot be read"),
        (f"{RX} --psr-db 3", "give --attack"),
        (f"{RX} --sent-at nan", "--sent-at must be a finite number"),
        (f"{RX} --sent-at 7", "--sent-at belongs to keyed bursts; give --key-file"),
        (f"{RX} --attack words", "give --record"),
        (f"{RX} --ebn0-db 3 --record {RUN}", "a recording does not have; omit it"),
        (f"rx {LINK} --source soapy", "--frequency is missing"),
        (f"rx {LINK} --source zmq --args 'no endpoint'", "no endpoint"),
        ("check --frames 3", "--frames must be in 20..100000, got 3"),
        ("check --ebn0-db 99", "--ebn0-db must be.*got 99"),
        ("check paired_arn_white", "'paired_arn_white' is one of another kind"),
        ("check --level radio", "--level radio needs the --args"),
        ("check --level radio --args a=b", "give --arm"),
        ("check --level radio --args a=b --arm", "--frequency is"),
    ],
)
def test_nonsense_is_refused(words, text):
    assert re.search(text, refused("radio", words))


def test_a_recording_that_exists_and_a_bad_place_are_refused(here):
    sent(frames=1)
    words = f"radio rx {LINK} --source file --args x --record"
    assert "ends in .sigmf-meta" in refused(words, "run.wav")
    assert "/nowhere" in refused(words, "/nowhere/run.sigmf-meta")
    received(f"--record {RUN}")
    before = (here / RUN).read_bytes()
    assert "exists and is not overwritten" in refused(words, RUN)
    assert (here / RUN).read_bytes() == before


def test_frames_of_another_link_are_refused():
    sent(link="hamming74_hard", frames=2)
    found = advphy(f"radio rx {LINK} --source file --args x --record {RUN}")
    assert found.returncode == 2
    assert "give both ends the same link" in found.stderr
    assert recording_reader.read(RUN).complete  # what arrived is kept for a look


def test_an_action_is_wanted():
    found = advphy("radio")
    assert (found.returncode, "ACTION" in found.stderr) == (2, True)


@pytest.mark.parametrize("action", ["tx", "rx", "check"])
def test_every_action_has_help(action):
    assert "--args" in done("radio", action, "--help")
