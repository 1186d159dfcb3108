# SPDX-License-Identifier: GPL-3.0-or-later
"""The recorder: what it keeps is counted as the receiver beside it counted."""

import json
import time

import numpy as np
import pmt
import pytest
from advphy_model.files import recording_reader
from advphy_model.files.recording_contents import Attack
from advphy_model.link.any_link import load
from advphy_model.measure import radio_check, scoring
from gnuradio import advphy, blocks, gr
from gnuradio.advphy.over_the_air import receiver, transmitter

from .test_recording import scored

FRAMES = 30
SECRET = bytes(range(32))


def frame_of(model):
    return advphy.Frame.of_model(model, codewords=8)


def sent_samples(model, frames=FRAMES, **settings):
    """Return the samples of frames, through the blocks."""
    sink = blocks.vector_sink_c()
    transmitter(model, sink, frame_of(model), frames, **settings).run()
    return np.array(sink.data(), np.complex64)


def impaired(samples, rng, snr_db):
    """Return samples turned, with noise, and two holes in which frames are lost."""
    power = np.mean(np.abs(samples) ** 2)
    sigma = np.sqrt(power / 2 / 10 ** (snr_db / 10))
    noise = rng.standard_normal((len(samples), 2)) @ [sigma, 1j * sigma]
    turned = samples * np.exp(2j * np.pi * 0.0007 * np.arange(len(samples)))
    for hole in (0.2, 0.6):
        turned[int(hole * len(samples)) :][:3000] = 0
    return (turned + noise).astype(np.complex64)


def heard(model, samples, path, **settings):
    """Receive and record samples; return the finished receiver and its recorder."""
    source = blocks.vector_source_c(samples.tolist())
    flowgraph = receiver(model, source, frame_of(model), **settings)
    first_frame, images = settings.get("first_frame"), settings.get("images")
    recorder = advphy.recorder(
        str(path),
        model,
        frame_of(model),
        1e6,
        433e6,
        settings.get("seed", 1),
        None if first_frame is None else 8 * first_frame,
        images,
    )
    flowgraph.record(recorder)
    flowgraph.run()
    return flowgraph, recorder


@pytest.mark.parametrize(
    "name", ["autoencoder_mlp", "hamming74_hard", "autoencoder_cnn:nearest_codeword"]
)
def test_rescoring_counts_exactly_what_was_counted_live(name, tmp_path, rng):
    model = load(name)
    # -5 dB per sample at 4 samples a symbol: 1 dB per channel use, some blocks wrong
    samples = impaired(sent_samples(model, seed=3, first_frame=7), rng, -5.0)
    path = tmp_path / "run.sigmf-meta"
    live, recorder = heard(model, samples, path, seed=3, first_frame=5)
    again = scored(path, model)
    assert again.counts == live.counts()
    assert recorder.samples() == again.counts["samples"] == len(samples)
    assert again.counts["missed"] > 2  # two before the first, and those in the holes
    assert again.counts["received"] + again.counts["missed"] <= FRAMES + 2
    assert 0 < again.counts["block_errors"] < again.counts["blocks"] / 4


@pytest.mark.parametrize("name", ["semantic_mnist", "paired_arn_white", "keyed_arn"])
def test_images_are_scored_as_live(name, tmp_path, rng):
    model = load(name)
    secret = SECRET if model.keying != "none" else None
    # a keyed link has a key tag on every 256th image: more than 32 frames
    samples = sent_samples(model, 40, images="mnist_sample", secret=secret)
    samples = impaired(samples, rng, 5.0)
    path = tmp_path / "run.sigmf-meta"
    live, _ = heard(
        model, samples, path, first_frame=0, images="mnist_sample", secret=secret
    )
    counts, again = live.counts(), scored(path, model, secret).counts
    error = counts.pop("squared_error")
    assert again.pop("squared_error") == pytest.approx(error, rel=1e-9)
    assert again == counts
    assert again["received"] > 30
    assert again["missed"] > 0
    assert error / (again["blocks"] * 784) < 0.05


def test_another_secret_erases_live_and_rescored(tmp_path, rng):
    model = load("keyed_arn")
    samples = sent_samples(model, 40, images="mnist_sample", secret=SECRET)
    path = tmp_path / "run.sigmf-meta"
    live, _ = heard(model, samples, path, images="mnist_sample", secret=bytes(32))
    counts = live.counts()
    assert counts["erasures"] == counts["blocks"] == 320
    assert scored(path, model, bytes(32)).counts == counts


def test_not_finite_samples_are_counted_alike(tmp_path, rng):
    model = load("autoencoder_mlp")
    samples = impaired(sent_samples(model), rng, 10.0)
    samples[5000:5010] = np.nan
    path = tmp_path / "run.sigmf-meta"
    live, _ = heard(model, samples, path)
    assert live.counts()["not_finite"] == 10
    assert scored(path, model).counts == live.counts()


def test_what_is_noted_is_in_the_recording(tmp_path):
    model = load("autoencoder_mlp")
    path = tmp_path / "run.sigmf-meta"
    samples = sent_samples(model, 2)
    live, recorder = heard(model, samples, path)
    recorder.note_attack("universal jammer", -6.0, 0, 100)
    recorder.note_attack("later")
    recorder.note_counts(live.counts())
    found = recording_reader.read(path)
    assert found.counts == live.counts()
    assert found.attacks == (
        Attack("universal jammer", -6.0, 0, 100),
        Attack("later", None, len(samples)),
    )


def test_after_unlock_and_another_start_it_goes_on_in_a_new_capture(tmp_path):
    model = load("autoencoder_mlp")
    path = tmp_path / "run.sigmf-meta"
    samples = sent_samples(model, 2)
    flowgraph, recorder = heard(model, samples, path)
    flowgraph.source.rewind()
    flowgraph.run()
    found = recording_reader.read(path)  # it checks the hash
    size = len(samples)
    assert [count for _, count in found.captures] == [size, size]
    assert (found.complete, found.verified, found.warnings) == (True, True, [])
    assert scored(path, model).counts["received"] == 4

    path = tmp_path / "locked.sigmf-meta"
    recorder = advphy.recorder(str(path), model)
    flowgraph = advphy.top_block()
    source, slow = blocks.null_source(8), blocks.throttle(8, 2e5)
    flowgraph.connect(source, slow, recorder)
    flowgraph.start()
    for captures in (1, 2, 3):
        before = recorder.samples()
        while recorder.samples() == before:
            time.sleep(0.01)
        assert len(json.loads(path.read_text())["captures"]) == captures
        assert not recording_reader.read(path).complete
        flowgraph.lock()
        flowgraph.unlock()
    flowgraph.stop()
    flowgraph.wait()
    found = recording_reader.read(path)
    assert (found.samples, found.complete) == (recorder.samples(), True)


def test_lost_samples_begin_a_capture(tmp_path):
    path = tmp_path / "run.sigmf-meta"
    recorder = advphy.recorder(str(path), "autoencoder_mlp")
    time_of = pmt.make_tuple(pmt.from_uint64(3), pmt.from_double(0.5))
    tags = [
        gr.tag_utils.python_to_tag((at, pmt.intern("rx_time"), time_of, pmt.PMT_F))
        for at in (0, 700, 900)
    ]
    flowgraph = advphy.top_block()
    flowgraph.connect(blocks.vector_source_c([1j] * 1000, False, 1, tags), recorder)
    flowgraph.run()
    found = recording_reader.read(path)
    assert found.captures == ((0, 700), (8 * 700, 200), (8 * 900, 100))


def test_a_receiver_ends_after_its_samples(tmp_path):
    model = load("autoencoder_mlp")
    samples = sent_samples(model, 5)
    count = 3 * frame_of(model).samples() + 100
    flowgraph = receiver(
        model,
        blocks.vector_source_c(samples.tolist(), True),
        frame_of(model),
        samples=count,
    )
    flowgraph.run()
    assert flowgraph.counts()["samples"] == count
    assert flowgraph.counts()["received"] == 3


def test_an_attack_costs_blocks(rng):
    from advphy_model.air import perturbation
    from advphy_model.air.adversary import Adversary

    model = load("autoencoder_mlp")
    jammer = Adversary(perturbation.jammer(model.k, model.n, 3.0), 3.0, seed=1)
    samples = sent_samples(model, attack=jammer)
    scorer = scoring.Scorer(model, frame_of(model), first_frame=0)
    scorer.push(samples)
    assert scorer.counts["received"] == FRAMES
    # A jammer 3 dB above the signal is noise at Eb/N0 = -3 dB - 10 log10(4/7).
    expected = radio_check.bler_without_modem(model, -3.0 + 2.43)
    assert scorer.counts["block_errors"] / (8 * FRAMES) == pytest.approx(
        expected, abs=4 * np.sqrt(expected / (8 * FRAMES))
    )


def test_a_full_disk_ends_the_flowgraph_with_its_error(tmp_path, monkeypatch):
    model = load("autoencoder_mlp")
    path = tmp_path / "run.sigmf-meta"
    recorder = advphy.recorder(str(path), model, frame_of(model))

    def full(samples):
        raise OSError(28, "No space left on device", str(path))

    monkeypatch.setattr(recorder._writer, "write", full)
    flowgraph = advphy.top_block()
    flowgraph.connect(blocks.vector_source_c([1j] * 100, True), recorder)
    with pytest.raises(OSError, match="No space left"):
        flowgraph.run()


@pytest.mark.parametrize(
    ("more", "text"),
    [
        ({"file": "run.wav"}, r"expected a name that ends in \.sigmf-meta"),
        ({"model": "nonsense"}, "link 'nonsense' is neither"),
        ({"seed": -1}, "seed must be.*got -1"),
        ({"first_block": 5}, "must be the first of a burst, a multiple of 128"),
        ({"sample_rate": float("nan")}, "sample_rate must be.*got nan"),
        ({"frequency": float("inf")}, "frequency must be.*got inf"),
    ],
)
def test_nonsense_is_refused_before_there_is_a_file(tmp_path, more, text):
    settings = {"file": str(tmp_path / "run.sigmf-meta"), "model": "autoencoder_mlp"}
    with pytest.raises(ValueError, match=text):
        advphy.recorder(**settings | more)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_is_not_there_is_named():
    with pytest.raises(OSError, match="nowhere"):
        advphy.recorder("/nowhere/run.sigmf-meta", "autoencoder_mlp")


def test_a_receiver_says_that_i_and_q_are_exchanged(caplog):
    model = load("autoencoder_mlp")
    samples = sent_samples(model, 4).conj()
    for swap_iq, bursts in ((False, 0), (True, 4)):
        caplog.clear()
        source = blocks.vector_source_c(samples.tolist())
        flowgraph = receiver(model, source, frame_of(model), swap_iq=swap_iq)
        flowgraph.run()
        assert flowgraph.counts()["received"] == bursts
        said = "I and Q are exchanged; give swap_iq"
        assert caplog.text.count(said) == (0 if swap_iq else 1)
        estimates = flowgraph.synchronizer.estimates(1e6)
        assert (estimates == said) == (not swap_iq)
