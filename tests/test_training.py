# SPDX-License-Identifier: GPL-3.0-or-later
"""The trainer: it learns, resumes exactly, refuses nonsense."""

import re

import numpy as np
import pytest
from advphy_model.complex_baseband import to_reals
from advphy_model.link.eavesdropper import Eve
from advphy_model.link.link_model import LinkModel
from advphy_model.link.semantic_link import SemanticLink
from advphy_model.measure import ranges
from advphy_model.measure.error_rate import StopRule
from advphy_model.measure.link_chain import LinkSetting
from advphy_model.network import inference, network
from advphy_training import attacks, schemes, training_state
from advphy_training.evaluate import adapted_eve
from advphy_training.reproduce import retraining

from . import short_trainings
from .short_trainings import SHORT, early_figures, settings, train

PLAIN = "link=autoencoder_mlp_8p5db"
CNN = ("architecture=cnn", "link=autoencoder_cnn_8p5db")
READ = ("power_reading=literal", "task_loss=ssim", "batch=8")
TRANSFORMERS = ("block=transformer", "eve=eve_mnist+substitute_mnist", *READ)
CASES = [
    ("autoencoder", ()),
    ("autoencoder", ("architecture=cnn_bits",)),
    ("gan_defence", ("architecture=mlp_bits",)),
    ("adversarial_training", ()),
    ("adversarial_training", ("mode=mixed", "craft_every=7", "perturbations=2")),
    ("adversarial_training", (*CNN, "encoder=frozen")),
    ("gan_defence", ()),
    ("gan_defence", ("gamma=0.1", "encoder=frozen", PLAIN)),
    ("gan_defence", ("architecture=cnn", "convention=amplitude")),
    ("pool_defence", ()),
    ("pool_defence", ("architecture=cnn", "term=kl", "pool=3")),
    ("max_margin", ()),
    ("model_free", ("channel=phase_noise",)),
    ("model_free", ("medium=modem", "ebn0_db=6", PLAIN)),
    ("semantic", ()),
    ("semantic", ("power=per_message", "task_loss=ssim", "reals=6", "features=20")),
    ("eve", ()),
    ("eve", ("noise=snr", "hidden=16")),
    ("paired_arn", ()),
    ("paired_arn", TRANSFORMERS),
    ("paired_arn", ("block=convolution",)),
    ("minmax_arn", ("adapting=2", "eve_steps=2")),
    ("keyed_arn", ()),
    ("keyed_arn", ("transform=rotation", "task_loss=ssim")),
]


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    """Measure little after a training, and save often."""
    short_trainings.quicken(monkeypatch)


def stop_at(patch, wanted):
    """Let the next training stop when it has saved that step."""
    save = training_state.save

    def save_and_stop(out, identity, step, *arguments):
        save(out, identity, step, *arguments)
        if step == wanted:
            raise KeyboardInterrupt

    patch.setattr(training_state, "save", save_and_stop)


@pytest.mark.parametrize(("name", "given"), CASES)
def test_an_interrupted_training_resumes_exactly(tmp_path, monkeypatch, name, given):
    whole = train(name, tmp_path / "model.safetensors", *given)
    (tmp_path / "again").mkdir()
    path = tmp_path / "again" / "model.safetensors"
    with monkeypatch.context() as patch:
        stop_at(patch, 20)
        with pytest.raises(KeyboardInterrupt):
            train(name, path, *given)
    assert not path.exists()
    assert train(name, path, *given).sha256 == whole.sha256
    left = {path.name, f"{path.name}.progress.csv"}
    assert {file.name for file in path.parent.iterdir()} == left
    for file in left:
        assert (path.parent / file).read_bytes() == (tmp_path / file).read_bytes()
    assert [row["step"] for row in early_figures(path)] == ["10", "20"]
    if hasattr(settings(name), "images"):
        read = Eve.load if name == "eve" else SemanticLink.load
        assert read(path).sha256 == whole.sha256
        assert whole.recipe["measured"]["images"] == "mnist_sample"


def test_a_state_of_another_training_or_a_damaged_one_is_refused(tmp_path, monkeypatch):
    path = tmp_path / "link.safetensors"
    with monkeypatch.context() as patch:
        stop_at(patch, 10)
        with pytest.raises(KeyboardInterrupt):
            train("autoencoder", path)
    with pytest.raises(ValueError, match="another training"):
        train("autoencoder", path, seed=4)
    with monkeypatch.context() as patch:
        patch.setattr(schemes, "__version__", "0.999.0")
        with pytest.raises(ValueError, match="another training"):
            train("autoencoder", path)
    state = path.with_name(path.name + ".state.npz")
    with np.load(state) as parts:
        whole = dict(parts)
    few = whole["value0"]
    for changed in [
        {"step": np.array(26)},
        {"value0": np.full_like(few, np.nan)},
        {"value0": few > 0},
    ]:
        np.savez(state, **whole | changed)
        with pytest.raises(ValueError, match="damaged state"):
            train("autoencoder", path)
    state.write_bytes(state.read_bytes()[:100])
    with pytest.raises(ValueError, match="damaged state"):
        train("autoencoder", path)


def test_a_state_is_of_the_files_that_it_was_trained_with(tmp_path, monkeypatch):
    path, base = tmp_path / "eve.safetensors", tmp_path / "base.safetensors"
    SemanticLink.load("semantic_mnist").write(base)
    with monkeypatch.context() as patch:
        stop_at(patch, 10)
        with pytest.raises(KeyboardInterrupt):
            train("eve", path, f"link={base}")
    SemanticLink.load("semantic_mnist_per_message").write(base)
    with pytest.raises(ValueError, match="another training"):
        train("eve", path, f"link={base}")
    readers = {  # of what each scheme reads, one hash
        "autoencoder": 0,
        "model_free": 0,
        "pool_defence": 0,
        "max_margin": 0,
        "adversarial_training": 1,
        "semantic": 1,
        "eve": 2,
        "keyed_arn": 2,
        "paired_arn": 3,
        "minmax_arn": 3,
    }
    for name, count in readers.items():
        assert len(short_trainings.scheme(name).reads) == count


def test_a_state_is_saved_at_most_once_a_second(tmp_path):
    def trained(save_seconds):
        given, path = settings("autoencoder", *SHORT), tmp_path / "a.safetensors"
        limits = {"quiet": True, "measure": False, "save_seconds": save_seconds}
        schemes.train("autoencoder", given, 3, path, **limits)

    with pytest.raises(ValueError, match="save_seconds must be at least 1, got 0"):
        trained(0)
    trained(1)


def test_a_new_training_does_not_keep_old_figures(tmp_path):
    for seed in (1, 2):
        train("max_margin", tmp_path / "a.safetensors", seed=seed)
    assert len(early_figures(tmp_path / "a.safetensors")) == 2


@pytest.mark.parametrize(
    "given",
    [
        "architecture=mlp learning_rate=0.01 steps=500 batch=256",
        pytest.param(
            "architecture=cnn learning_rate=0.003 steps=500 batch=128",
            marks=pytest.mark.slow,
        ),
    ],
)
def test_a_short_training_learns(tmp_path, given):
    path = tmp_path / "a.safetensors"
    model = train("autoencoder", path, "ebn0_db=3", *given.split())
    (row,) = ranges.total(LinkSetting(model, 4.0), StopRule(200, 10**6))
    # Hamming (7,4) with hard decision has 3.7e-2 there; an untrained link 0.9.
    assert row.block_errors / row.blocks < 4e-2
    assert LinkModel.read(tmp_path / "a.safetensors").sha256 == model.sha256


@pytest.mark.parametrize(("k", "n"), [(1, 1), (3, 2), (8, 4)])
def test_any_k_up_to_eight_and_any_n(tmp_path, k, n):
    model = train("autoencoder", tmp_path / "a.safetensors", f"k={k}", f"n={n}")
    assert model.codebook.shape == (2**k, n)
    energy = np.sum(np.abs(model.codebook) ** 2, axis=1)
    assert np.mean(energy) == pytest.approx(n, rel=1e-5)


def test_the_codebook_is_the_frozen_encoder(tmp_path):
    model = train("autoencoder", tmp_path / "a.safetensors")
    one_hot = np.eye(16, dtype=np.float32)
    encoder = model.networks["encoder"]
    assert np.array_equal(network.run(encoder, one_hot), to_reals(model.codebook))
    # Frozen: one message alone gives the same codeword as all together.
    alone = np.empty((1, 14), np.float32)
    inference.kernel_network(encoder).run(one_hot[5:6], alone)
    assert np.allclose(alone[0], to_reals(model.codebook)[5], atol=1e-6)


def test_the_seed_decides(tmp_path):
    path = tmp_path / "a.safetensors"
    one, again, other = (train("autoencoder", path, seed=seed) for seed in (1, 1, 2))
    assert one.sha256 == again.sha256 != other.sha256


@pytest.mark.parametrize(
    ("name", "assignment", "text"),
    [
        ("autoencoder", "k=9", "k must be in 1..8, got 9"),
        ("autoencoder", "architecture=rnn", "architecture 'rnn'.*mlp, cnn"),
        ("autoencoder", "depth=3", "keys: k, n"),
        ("autoencoder", "k=four", "expected int"),
        ("autoencoder", "k", "not key=value"),
        ("autoencoder", "steps=0", "steps must be > 0, got 0"),
        ("autoencoder", "batch=9999999", "batch must be at most"),
        ("autoencoder", "ebn0_db=nan", "ebn0_db"),
        ("autoencoder", "hidden_bias=inf", "hidden_bias must be a finite number"),
        ("autoencoder", "hidden_bias=1e300", "must be a finite number below 2.127"),
        ("autoencoder", "channel=fog", "'fog' is not known"),
        ("adversarial_training", "mode=old", "mode 'old'.*stored, mixed"),
        (
            "adversarial_training",
            "perturbations=0",
            "perturbations must be in 1..100000",
        ),
        ("gan_defence", "epsilon=0", "epsilon must be > 0"),
        ("gan_defence", "gamma=-1", "gamma must be >= 0"),
        ("gan_defence", "convention=dB", "convention 'dB'"),
        ("gan_defence", "encoder=frozen", "set link"),
        ("pool_defence", "pool=0", "pool must be in 1..2048"),
        ("pool_defence", "term=mse", "term 'mse'.*kl, ce"),
    ],
)
def test_bad_settings_are_refused(name, assignment, text):
    with pytest.raises(ValueError, match=text):
        settings(name, assignment)


@pytest.mark.parametrize("seed", [2**32, 2**32 + 1, 2**64 - 1])
def test_a_seed_of_which_torch_would_forget_bits_is_refused(tmp_path, seed):
    said = f"seed must be a whole number below 2^32, as torch draws, got {seed}"
    for refuses in (
        lambda: train("autoencoder", tmp_path / "a.safetensors", seed=seed),
        lambda: retraining.sweep("autoencoder", SHORT, {"seed": [str(seed)]}, 1, "."),
        lambda: attacks.Plan(seed=seed),
        lambda: adapted_eve.Effort(seed=seed),
    ):
        with pytest.raises(ValueError, match=f"^{re.escape(said)}$"):
            refuses()
    attacks.Plan(seed=2**32 - 1)


def test_an_unknown_scheme_is_refused_with_the_known():
    with pytest.raises(ValueError, match=r"'gan'.*autoencoder"):
        schemes.scheme("gan")


def test_a_loss_that_is_not_finite_stops_the_training(tmp_path):
    with pytest.raises(ValueError, match="loss is not finite at step"):
        train("autoencoder", tmp_path / "a.safetensors", "learning_rate=1e30")


def test_an_unwritable_place_fails_before_the_work():
    with pytest.raises(OSError, match="/nowhere"):
        train("autoencoder", "/nowhere/a.safetensors", "steps=1000000000")


def test_two_trainings_of_one_name_are_refused(tmp_path):
    jobs = [retraining.Job("same", "autoencoder", {}, 1, str(tmp_path))] * 2
    with pytest.raises(ValueError, match="two trainings would be called 'same'"):
        list(retraining.train(jobs))


def test_a_sweep_continues_and_refuses_other_settings(tmp_path, monkeypatch):
    over = {"ebn0_db": ["0", "8"], "seed": ["1", "2"]}
    given = "autoencoder", SHORT, over, 1, tmp_path
    jobs = retraining.sweep(*given)
    with monkeypatch.context() as patch:
        stop_at(patch, 20)
        with pytest.raises(KeyboardInterrupt):
            list(retraining.train(jobs))
    begun = jobs[0].path().with_name(jobs[0].path().name + ".state.npz")
    assert begun.exists()
    assert list(retraining.train(jobs))[-1] == (4, 4)
    assert list(retraining.train(jobs)) == []
    rows = retraining.write_table(jobs, over, tmp_path / "sweep.csv")
    points = [(row["set_ebn0_db"], row["seed"]) for row in rows]
    assert points == [(0.0, 1), (0.0, 2), (8.0, 1), (8.0, 2)]
    alone = train(
        "autoencoder", tmp_path / f"{jobs[3].name}.again", "ebn0_db=8", seed=2
    )
    assert jobs[3].model().codebook.tobytes() == alone.codebook.tobytes()
    others = retraining.sweep(
        "autoencoder", ("steps=26", "batch=64"), over, 1, tmp_path
    )
    with pytest.raises(ValueError, match="model of a training with other settings"):
        list(retraining.train(others))


def test_a_sweep_does_not_pass_off_models_as_measured(tmp_path):
    given = "autoencoder", SHORT, {"seed": ["1"]}, 1, tmp_path
    list(retraining.train(retraining.sweep(*given, measure=False)))
    with pytest.raises(ValueError, match="was not measured; remove it, give --no-me"):
        list(retraining.train(retraining.sweep(*given)))
    assert list(retraining.train(retraining.sweep(*given, measure=False))) == []
