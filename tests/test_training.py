# SPDX-License-Identifier: GPL-3.0-or-later
"""The trainer: it learns, resumes exactly, refuses nonsense; imports from torch."""

import numpy as np
import pytest
import torch
from advphy_model.complex_baseband import to_reals
from advphy_model.link import decision
from advphy_model.link.link_model import LinkModel
from advphy_model.measure.error_rate import StopRule
from advphy_model.network import inference, network
from advphy_training import (
    import_torch,
    link_scheme,
    loop,
    schemes,
    training_state,
)

from .counting import counted

SHORT = ["steps=30", "batch=64"]


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    """Measure few blocks after a training, and save often."""
    monkeypatch.setattr(link_scheme, "measured", lambda model: {})
    monkeypatch.setattr(link_scheme, "BLOCKS", 2000)
    monkeypatch.setattr(loop, "SAVE_EVERY", 10)


def settings(*assignments):
    return schemes.settings(schemes.scheme("autoencoder"), assignments)


def train(path, *assignments, seed=3):
    return loop.train("autoencoder", settings(*assignments), seed, path, quiet=True)


def bler(model, ebn0_db):
    row = counted(model, ebn0_db, StopRule(200, 10**6))
    return row.block_errors / row.blocks


@pytest.mark.parametrize(
    ("architecture", "rate"),
    [("mlp", "learning_rate=0.01"), ("cnn", "learning_rate=0.003")],
)
def test_a_short_training_learns(tmp_path, architecture, rate):
    model = train(
        tmp_path / "a.safetensors",
        *("steps=500", "batch=256", "ebn0_db=3", f"architecture={architecture}", rate),
    )
    # Hamming (7,4) with hard decision has 3.7e-2 there; an untrained link 0.9.
    assert bler(model, 4.0) < 4e-2
    assert LinkModel.read(tmp_path / "a.safetensors").sha256 == model.sha256


@pytest.mark.parametrize(("k", "n"), [(1, 1), (3, 2), (8, 4)])
def test_any_k_up_to_eight_and_any_n(tmp_path, k, n):
    model = train(tmp_path / "a.safetensors", *SHORT, f"k={k}", f"n={n}")
    assert model.codebook.shape == (2**k, n)
    energy = np.sum(np.abs(model.codebook) ** 2, axis=1)
    assert np.mean(energy) == pytest.approx(n, rel=1e-5)


def test_the_codebook_is_the_frozen_encoder(tmp_path):
    model = train(tmp_path / "a.safetensors", *SHORT)
    one_hot = np.eye(16, dtype=np.float32)
    encoder = model.networks["encoder"]
    assert np.array_equal(network.run(encoder, one_hot), to_reals(model.codebook))
    # Frozen: one message alone gives the same codeword as all together.
    alone = np.empty((1, 14), np.float32)
    inference.kernel_network(encoder).run(one_hot[5:6], alone)
    assert np.allclose(alone[0], to_reals(model.codebook)[5], atol=1e-6)


def test_an_interrupted_training_resumes_exactly(tmp_path, monkeypatch):
    whole = train(tmp_path / "link.safetensors", *SHORT)
    (tmp_path / "again").mkdir()
    path = tmp_path / "again" / "link.safetensors"
    save = training_state.save

    def save_and_stop(*arguments):
        save(*arguments)
        raise KeyboardInterrupt

    monkeypatch.setattr(training_state, "save", save_and_stop)
    with pytest.raises(KeyboardInterrupt):
        train(path, *SHORT)
    assert not path.exists()
    with pytest.raises(ValueError, match="another training"):
        train(path, *SHORT, seed=4)
    state = path.with_name(path.name + ".state.npz")
    whole_state = state.read_bytes()
    state.write_bytes(whole_state[:100])
    with pytest.raises(ValueError, match="damaged state"):
        train(path, *SHORT)
    state.write_bytes(whole_state)
    monkeypatch.setattr(training_state, "save", save)
    assert train(path, *SHORT).sha256 == whole.sha256
    left = {"link.safetensors", "link.safetensors.progress.csv"}
    assert {p.name for p in path.parent.iterdir()} == left
    for name in left:
        assert (path.parent / name).read_bytes() == (tmp_path / name).read_bytes()


def test_the_seed_decides(tmp_path):
    one, again, other = (
        train(tmp_path / f"{i}" / "a.safetensors", *SHORT, seed=seed)
        for i, seed in enumerate((1, 1, 2))
        if not (tmp_path / f"{i}").mkdir()
    )
    assert one.sha256 == again.sha256 != other.sha256


@pytest.mark.parametrize(
    ("assignment", "text"),
    [
        ("k=9", "k = 9"),
        ("n=0", "n = 0"),
        ("architecture=rnn", "'rnn'"),
        ("depth=3", "keys: k, n"),
        ("k=four", "wanted int"),
        ("k", "not key=value"),
        ("steps=0", "steps = 0"),
        ("ebn0_db=nan", "ebn0_db"),
    ],
)
def test_bad_settings_are_refused(assignment, text):
    with pytest.raises(ValueError, match=text):
        settings(assignment)


def test_an_unknown_scheme_is_refused_with_the_known():
    with pytest.raises(ValueError, match=r"'gan'.*autoencoder"):
        schemes.scheme("gan")


def test_a_loss_that_is_not_finite_stops_the_training(tmp_path):
    with pytest.raises(ValueError, match="loss is not finite at step"):
        train(tmp_path / "a.safetensors", *SHORT, "learning_rate=1e30")


def test_an_unwritable_place_fails_before_the_work():
    with pytest.raises(OSError, match="/nowhere"):
        train("/nowhere/a.safetensors", "steps=1000000000")


# Networks of the user's own.


def users_decoder():
    torch.manual_seed(1)
    return torch.nn.Sequential(
        torch.nn.Unflatten(1, (1, 2, 7)),
        torch.nn.Conv2d(1, 4, (2, 3), padding="same"),
        torch.nn.ELU(0.5),
        torch.nn.Dropout(),
        torch.nn.Flatten(),
        torch.nn.Unflatten(1, (4, 14)),
        torch.nn.Sequential(torch.nn.Conv1d(4, 2, 5, padding=1, stride=2)),
        torch.nn.ReLU(),
        torch.nn.Flatten(),
        torch.nn.Linear(12, 16, bias=False),
    ).eval()


@pytest.fixture
def simplices():
    from advphy_model.link.baselines import two_simplices

    return two_simplices.codebook()


@pytest.mark.filterwarnings("ignore:Using padding='same' with even kernel")
def test_a_users_module_becomes_a_link_that_decides_the_same(simplices, rng, tmp_path):
    module = users_decoder()
    link = import_torch.link_from_torch("mine", 4, 7, module, codebook=simplices)
    link.write(tmp_path / "mine.safetensors")
    link = LinkModel.read(tmp_path / "mine.safetensors")
    y = (rng.normal(size=(500, 7)) + 1j * rng.normal(size=(500, 7))).astype(
        np.complex64
    )
    with torch.no_grad():
        expected = module(torch.tensor(to_reals(y))).argmax(1).numpy()
    decided, erased = np.empty(500, np.uint8), np.empty(500, np.uint8)
    decision.decider(link).decide(y, decided, erased)
    assert np.array_equal(decided, expected)


def test_a_users_encoder_gives_the_codebook():
    torch.manual_seed(2)
    encoder = torch.nn.Linear(16, 14)
    with torch.no_grad():
        book = encoder(torch.eye(16))
        encoder.weight *= (7 / (book**2).sum(1).mean()).sqrt()
        encoder.bias *= (7 / (book**2).sum(1).mean()).sqrt()
    link = import_torch.link_from_torch("mine", 4, 7, users_decoder(), encoder)
    assert np.allclose(
        to_reals(link.codebook), encoder(torch.eye(16)).detach(), atol=1e-6
    )


def test_a_state_dict_becomes_a_network(rng):
    module = torch.nn.Sequential(
        torch.nn.Linear(14, 8), torch.nn.ReLU(), torch.nn.Linear(8, 16)
    )
    layers = [
        network.Layer("dense", "a"),
        network.Layer("relu", "r"),
        network.Layer("dense", "b"),
    ]
    net = import_torch.network_from_state_dict(module.state_dict(), layers, (14,))
    x = rng.normal(size=(9, 14)).astype(np.float32)
    expected = module(torch.tensor(x)).detach().numpy()
    assert np.allclose(network.run(net, x), expected, atol=1e-6)
    with pytest.raises(ValueError, match=r"no layer takes 2\.weight"):
        import_torch.network_from_state_dict(module.state_dict(), layers[:1], (14,))
    with pytest.raises(ValueError, match=r"layer 'b'.*no weight left"):
        import_torch.network_from_state_dict({}, layers[2:], (14,))


@pytest.mark.parametrize(
    ("module", "text"),
    [
        (torch.nn.LSTM(14, 16), "LSTM"),
        (torch.nn.Sequential(torch.nn.Linear(13, 16)), "layer0"),
        (torch.nn.Linear(14, 15), "the decoder maps"),
        (
            torch.nn.Sequential(
                torch.nn.Unflatten(1, (1, 14)), torch.nn.Conv1d(1, 1, 3, dilation=2)
            ),
            "dilation",
        ),
    ],
)
def test_modules_that_do_not_fit_are_refused(module, text, simplices):
    with pytest.raises(ValueError, match=text):
        import_torch.link_from_torch("mine", 4, 7, module, codebook=simplices)


def test_nan_weights_are_refused(simplices):
    module = torch.nn.Linear(14, 16)
    with torch.no_grad():
        module.weight[3, 4] = float("nan")
    with pytest.raises(ValueError, match="not finite"):
        import_torch.link_from_torch("mine", 4, 7, module, codebook=simplices)
