# SPDX-License-Identifier: GPL-3.0-or-later
"""Training and attacks on another device; torch's meta device stands for a GPU."""

import numpy as np
import pytest
from advphy_model.link.link_model import LinkModel

from .commands import done, refused
from .conftest import CLONE

torch = pytest.importorskip("torch", reason="devices are torch's")
from advphy_model.link import links  # noqa: E402
from advphy_training import device, schemes  # noqa: E402
from advphy_training.attacked_link import AttackedLink  # noqa: E402
from advphy_training.attacks import Plan  # noqa: E402
from advphy_training.attacks.per_message_pgd import smooth_bler  # noqa: E402

META = torch.device("meta")


def test_choices():
    assert device.device_of("cpu").type == "cpu"
    with pytest.raises(ValueError, match="device must be one of auto, cpu, cuda"):
        device.device_of("tpu")


def test_without_a_gpu(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert device.device_of("auto").type == "cpu"
    with pytest.raises(ValueError, match="torch finds no GPU; give cpu or auto"):
        device.device_of("cuda")
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    assert device.device_of("auto").type == device.device_of("cuda").type == "cuda"


@pytest.mark.parametrize("name", ["autoencoder", "max_margin"])
def test_a_step_of_a_scheme_has_all_its_tensors_on_the_device(name):
    module = schemes.scheme(name)
    with device.on_device(META):
        scheme = module.Scheme(schemes.settings(module, []), 1)
        loss = scheme.loss(torch.Generator().manual_seed(1))
        loss.backward()
        assert loss.device.type == "meta"
        for group in scheme.groups():
            for parameter in group["params"]:
                assert parameter.device.type == parameter.grad.device.type == "meta"


@pytest.mark.parametrize(
    "link", ["autoencoder_cnn", "hamming74_hard", "autoencoder_mlp:nearest_codeword"]
)
def test_a_step_of_an_attack_has_all_its_tensors_on_the_device(link):
    plan = Plan(-6.0, 8.0)
    with device.on_device(META):
        attacked = AttackedLink(links.load(link), 8.0)
        p = torch.zeros(2, 1, 14, requires_grad=True)
        rate = smooth_bler(attacked, p, plan, torch.Generator().manual_seed(1))
        rate.sum().backward()
    assert rate.device.type == p.grad.device.type == "meta"


def test_numbers_are_drawn_on_the_cpu_and_moved():
    def drawn():
        generator = torch.Generator().manual_seed(5)
        tensor = torch.randn(7, generator=generator)
        return tensor, generator.get_state()

    plain, after = drawn()
    with device._OnDevice(torch.device("cpu")):
        assert torch.equal(plain, drawn()[0])
    with device.on_device(META):
        moved, state = drawn()
        assert torch.equal(state, after)  # drawn, though meta has no numbers
        made = [moved, torch.as_tensor(np.ones(2)), torch.tensor([1.0]), torch.eye(2)]
        assert {tensor.device.type for tensor in made} == {"meta"}
        assert torch.zeros(1, device="cpu").device.type == "cpu"


def test_commands_on_the_cpu_give_the_same_files(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    words = "train autoencoder --set steps=20 --quiet"
    done(f"{words} --out a.safetensors --device cpu")
    done(f"{words} --out b.safetensors --device auto")
    attack = "attack universal_fgm --link a.safetensors --psr-db -6"
    done(f"{attack} --out p.safetensors --device cpu")
    if not torch.cuda.is_available():
        a, b = (LinkModel.load(f"{name}.safetensors").codebook for name in "ab")
        assert np.array_equal(a, b)
        assert "torch finds no GPU" in refused(f"{words} --out c --device cuda")


def test_nothing_stays_on_the_cpu_unseen():
    sources = (CLONE / "python" / "advphy_training").rglob("*.py")
    calls = [path.name for path in sources if "torch.from_numpy(" in path.read_text()]
    assert calls == []  # no context of torch sees it
