# SPDX-License-Identifier: GPL-3.0-or-later
"""Fine-tuning of a decoder on a recording: it helps there, and refuses the rest."""

import json
import shutil

import numpy as np
import pytest
from advphy_model.air.sample_channel import SampleChannel
from advphy_model.files.recording_contents import Origin
from advphy_model.files.recording_writer import RecordingWriter
from advphy_model.link import links
from advphy_model.link.link_model import LinkModel
from advphy_model.measure import radio_check
from advphy_model.modem.frame import Frame

from . import short_trainings
from .commands import done, refused
from .conftest import CLONE
from .short_trainings import train
from .test_training import stop_at

GOLDEN = CLONE / "tests" / "golden"
IMBALANCE = "iq_imbalance(gain_db=0,phase_deg=70)"  # the synchronizer leaves it


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    """Measure little after a training, and save often."""
    short_trainings.quicken(monkeypatch)


def recorded(path, link="autoencoder_mlp", bursts=80, ebn0_db=6.0, kind=IMBALANCE):
    """Write a recording of simulated bursts of a link, and return its path."""
    model, seed = links.load(link), 5
    frame = Frame.of_model(model)
    samples, modulator = radio_check.frames_of(model, frame, bursts, seed)
    variance = radio_check.sample_noise_variance(modulator, ebn0_db, model.rate)
    air = SampleChannel(kind, seed=9, noise_variance=variance)
    writer = RecordingWriter(path, Origin.of(model, frame, seed), 1e6)
    writer.write(air.process(np.append(samples, np.zeros(64, np.complex64))))
    writer.close()
    return path


@pytest.fixture(scope="module")
def imbalanced(tmp_path_factory):
    return recorded(tmp_path_factory.mktemp("air") / "run.sigmf-meta")


def test_a_held_out_part_has_fewer_errors(imbalanced, tmp_path):
    out = tmp_path / "tuned.safetensors"
    words = "--set steps=500 --set batch=512 --no-measure --quiet --out"
    said = done("train fine_tune --from-recording", imbalanced, words, out)
    tuned, start = LinkModel.read(out), links.load("autoencoder_mlp")
    counts = tuned.recipe["held_out"]
    assert counts["blocks"] in (15 * 128, 16 * 128)  # a burst may be lost
    # A count of 60 has a standard deviation of 13 %.
    assert counts["failures_before"] > 60
    assert counts["failures_after"] < 0.5 * counts["failures_before"]
    assert f"BLER of {counts['blocks']} held-out blocks: " in said
    for when in ("before", "after"):
        assert f"{counts[f'failures_{when}'] / counts['blocks']:.2e} {when}" in said
    assert tuned.recipe["started_from"] == {start.name: start.sha256}
    assert np.array_equal(tuned.codebook, start.codebook)
    assert tuned.sha256 != start.sha256


def test_an_interrupted_fine_tuning_resumes_exactly(imbalanced, tmp_path, monkeypatch):
    given = f"recording={imbalanced}"
    whole = train("fine_tune", tmp_path / "model.safetensors", given)
    path = tmp_path / "again" / "model.safetensors"
    path.parent.mkdir()
    with monkeypatch.context() as patch:
        stop_at(patch, 20)
        with pytest.raises(KeyboardInterrupt):
            train("fine_tune", path, given)
    assert train("fine_tune", path, given).sha256 == whole.sha256
    (first, _) = short_trainings.early_figures(path)
    assert 0 < float(first["bler_held_out"]) < 0.2


def test_ten_bursts_are_enough(tmp_path):
    few = recorded(tmp_path / "run.sigmf-meta", bursts=10, ebn0_db=12.0, kind="awgn")
    scheme = short_trainings.scheme("fine_tune", f"recording={few}")
    assert scheme.early_figures(links.load("autoencoder_mlp"))["bler_held_out"] < 0.1


def test_what_is_no_recording_of_the_link_is_refused(tmp_path):
    out = tmp_path / "out.safetensors"

    def said(*words):
        return refused("train fine_tune --no-measure --quiet --out", out, *words)

    assert "recording is missing; give --from-recording" in said()
    golden = GOLDEN / "autoencoder_mlp.sigmf-meta"
    few = said("--from-recording", golden)
    assert "holds 4 bursts, expected at least 10; make a longer recording" in few
    other = said("--from-recording", golden, "--set link=autoencoder_cnn")
    assert "is of link 'autoencoder_mlp'" in other
    semantic = said("--from-recording", GOLDEN / "paired_arn_white.sigmf-meta")
    assert "is not of a link model that it names" in semantic
    simplices = recorded(tmp_path / "run.sigmf-meta", "two_simplices", 10)
    assert "has no decoder; record another link" in said("--from-recording", simplices)
    wrong = refused("train autoencoder --from-recording", golden, "--out", out)
    assert "'recording=" in wrong


def test_a_recording_of_another_program_is_refused(tmp_path):
    for path in GOLDEN.glob("autoencoder_mlp.sigmf-*"):
        shutil.copy(path, tmp_path)
    meta = tmp_path / "autoencoder_mlp.sigmf-meta"
    found = json.loads(meta.read_text())
    del found["global"]["advphy:model_sha256"]
    meta.write_text(json.dumps(found))
    out = tmp_path / "out.safetensors"
    said = refused("train fine_tune --from-recording", meta, "--out", out)
    assert "link model that it names; record one with advphy radio rx" in said
