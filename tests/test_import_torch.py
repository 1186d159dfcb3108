# SPDX-License-Identifier: GPL-3.0-or-later
"""Networks of the user's own, imported from torch."""

import numpy as np
import pytest
import torch
from advphy_model.complex_baseband import to_reals
from advphy_model.link import decision
from advphy_model.link.link_model import LinkModel
from advphy_model.network import network
from advphy_training import import_torch


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
    from advphy_model.link.baselines import simplices

    return simplices.equal()


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


def test_a_bitwise_decoder_decides_each_bit_by_the_sign_of_its_logit(simplices, rng):
    torch.manual_seed(3)
    module = torch.nn.Sequential(
        torch.nn.Linear(14, 16), torch.nn.ReLU(), torch.nn.Linear(16, 4)
    )
    link = import_torch.link_from_torch(
        "mine", 4, 7, module, codebook=simplices, bitwise=True
    )
    y = (rng.normal(size=(500, 7)) + 1j * rng.normal(size=(500, 7))).astype(
        np.complex64
    )
    with torch.no_grad():
        logits = module(torch.tensor(to_reals(y)))
    expected = (logits > 0).numpy() @ [8, 4, 2, 1]  # the first bit is the highest
    decided, erased = np.empty(500, np.uint8), np.empty(500, np.uint8)
    decision.decider(link).decide(y, decided, erased)
    assert np.array_equal(decided, expected)
    # The cross-entropy of messages is the sum of those of the bits.
    of_messages = torch.tensor(network.run(link.networks["decoder"], to_reals(y)))
    sent = torch.tensor(rng.integers(16, size=500))
    bits = (sent[:, None] >> torch.tensor([3, 2, 1, 0])) & 1
    functional = torch.nn.functional
    of_bits = functional.binary_cross_entropy_with_logits(
        logits, bits.float(), reduction="sum"
    )
    total = functional.cross_entropy(of_messages, sent, reduction="sum")
    assert float(total) == pytest.approx(float(of_bits), rel=1e-5)


@pytest.mark.parametrize(
    ("outputs", "end", "error"),
    [
        (16, [], r"k = 4 outputs, got \(16,\)"),
        (4, [torch.nn.Sigmoid()], "'layer1': a bitwise decoder must give logits"),
        (4, [torch.nn.Sigmoid(), torch.nn.Flatten()], "omit the sigmoid"),
    ],
)
def test_a_bitwise_decoder_of_another_kind_is_refused(simplices, outputs, end, error):
    module = torch.nn.Sequential(torch.nn.Linear(14, outputs), *end)
    with pytest.raises(ValueError, match=error):
        import_torch.link_from_torch(
            "mine", 4, 7, module, codebook=simplices, bitwise=True
        )


def test_a_bitwise_decoder_without_layers_is_a_hard_decision():
    qpsk = np.array([[-1 - 1j], [-1 + 1j], [1 - 1j], [1 + 1j]]) / 2**0.5
    identity = torch.nn.Identity()
    link = import_torch.link_from_torch(
        "qpsk", 2, 1, identity, codebook=qpsk, bitwise=True
    )
    decided, erased = np.empty(4, np.uint8), np.empty(4, np.uint8)
    decision.decider(link).decide(qpsk.astype(np.complex64), decided, erased)
    assert decided.tolist() == [0, 1, 2, 3]


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
    with pytest.raises(ValueError, match=r"no layer takes 2\.weight, 2\.bias"):
        import_torch.network_from_state_dict(module.state_dict(), layers[:1], (14,))
    with pytest.raises(ValueError, match=r"layer 'b'.*no weight left"):
        import_torch.network_from_state_dict({}, layers[2:], (14,))


def test_a_state_dict_is_taken_in_the_order_of_its_numbers(rng):
    parts = [torch.nn.Linear(5, 5) for _ in range(11)]
    module = torch.nn.Sequential(*parts)
    state = dict(sorted(module.state_dict().items()))  # "10.weight" before "2.weight"
    layers = [network.Layer("dense", f"layer{i}") for i in range(11)]
    net = import_torch.network_from_state_dict(state, layers, (5,))
    x = rng.normal(size=(9, 5)).astype(np.float32)
    expected = module(torch.tensor(x)).detach().numpy()
    assert np.allclose(network.run(net, x), expected, atol=1e-6)
    for names in (("first", "second"), ("a1", "b1")):
        state = {f"{name}.weight": torch.eye(5) for name in names}
        with pytest.raises(ValueError, match="do not say by numbers"):
            import_torch.network_from_state_dict(state, layers[:2], (5,))


def test_a_link_goes_back_to_torch(simplices, rng):
    module = users_decoder()
    link = import_torch.link_from_torch("mine", 4, 7, module, codebook=simplices)
    x = torch.from_numpy(rng.normal(size=(50, 14)).astype(np.float32))
    with torch.no_grad():
        assert torch.allclose(link.to_torch()["decoder"](x), module(x), atol=1e-6)


@pytest.mark.parametrize(
    ("module", "text"),
    [
        # torch 2.6 does not trace a tuple of this kind, later ones return it.
        (torch.nn.LSTM(14, 16), "returns . outputs|cannot trace"),
        (
            torch.nn.Sequential(torch.nn.Linear(13, 16)),
            "cannot trace Sequential",
        ),
        (torch.nn.Linear(14, 15), "the decoder maps"),
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
