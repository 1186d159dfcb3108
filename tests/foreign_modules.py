# SPDX-License-Identifier: GPL-3.0-or-later
"""Torch modules of all known kinds, and random ones, for the tests of imports."""

import functools

import torch
from torch import nn


def shaped(*shape):
    return nn.Unflatten(1, shape)


class Called(nn.Module):
    """Calls a function, with parts as submodules."""

    def __init__(self, function, **parts):
        super().__init__()
        self.function = function
        for name, part in parts.items():
            setattr(self, name, part)

    def forward(self, x):
        return self.function(self, x)


def _residual(self, x):
    x = x + torch.relu(self.a(x))
    return self.c(x + nn.functional.gelu(self.b(x)))


def _features(self, x):
    parts = [x.norm(dim=1, keepdim=True), x.std(dim=1, keepdim=True)]
    parts += [x.abs().amax(1, keepdim=True), torch.sin(x) / (x * x + 1).sqrt()]
    parts += [1 - x, x**3, torch.where(x > 0, x, -x), x.flip(1), 1 / (x * x + 1)]
    parts += [x.mean(1, keepdim=True), x[:, 2:9:3], x.clamp(-0.5, 0.7), x.exp().log1p()]
    return torch.cat(parts, 1)


def _written_over(self, x):
    """Write into a difference: slice_scatter of one end, of the middle and of all."""
    y = torch.sub(x, x * x, alpha=0.3)
    y[:, 2:5] = torch.relu(x[:, :3])
    y[:, 9:] = 0.5 * y[:, 9:]
    y[:, :] = y * y.sigmoid()
    return y


def _recurrent(self, x):
    return self.out(self.cell(x.view(-1, 7, 2))[0][:, -1])


def _attention(self, x):
    x = x.view(-1, 7, 4)
    x = x if self.first else x.permute(1, 0, 2)
    y = self.heads(x, x, x)[0]
    return y if self.first else y.permute(1, 0, 2)


def _class_token(self, x):
    x = torch.cat([self.token.expand(len(x), -1, -1), x.view(-1, 7, 6)], 1)
    return self.layer(x)[:, 0]


def _divisive(self, x):
    inner = nn.functional.conv2d(x * x, self.gamma[:, :, None, None], self.beta)
    return x / torch.sqrt(inner)


def gdn(channels):
    """Return generalized divisive normalization."""
    gamma = nn.Parameter(0.1 * torch.eye(channels))
    beta = nn.Parameter(torch.ones(channels))
    return Called(_divisive, gamma=gamma, beta=beta)


def trained_norm(norm):
    """Return a batch normalization with statistics and weights that are not 0 and 1."""
    norm.running_mean.normal_()
    norm.running_var.uniform_(0.5, 2)
    nn.init.uniform_(norm.weight, 0.5, 2)
    nn.init.normal_(norm.bias)
    return norm


def recurrent(kind, **how):
    ways = 2 if how.get("bidirectional") else 1
    cell = kind(2, 5, batch_first=True, **how)
    return Called(_recurrent, cell=cell, out=nn.Linear(5 * ways, 4))


def attention(first):
    heads = nn.MultiheadAttention(4, 2, batch_first=first)
    return Called(_attention, heads=heads, first=first)


def _deep_jscc():
    """Return the decoder of an image of 32 x 32 x 3, and its encoder in front."""
    down = functools.partial(nn.Conv2d, kernel_size=5, stride=2, padding=2)
    up = functools.partial(
        nn.ConvTranspose2d, kernel_size=5, stride=2, padding=2, output_padding=1
    )
    encoder = [shaped(3, 32, 32), down(3, 8), gdn(8), nn.PReLU(8), down(8, 4)]
    decoder = [up(4, 8), gdn(8), nn.PReLU(8), up(8, 12), nn.PixelShuffle(2)]
    return nn.Sequential(*encoder, *decoder, nn.Sigmoid(), nn.Flatten())


def known():
    """Return {name: (module, number of inputs)}."""
    torch.manual_seed(1)
    relu = nn.ReLU()
    encoder_layer = functools.partial(
        nn.TransformerEncoderLayer, 6, 2, 8, batch_first=True
    )
    token = nn.Parameter(torch.randn(1, 1, 6))
    mixed = [shaped(2, 7), nn.Conv1d(2, 4, 3, padding="same", groups=2)]
    mixed += [
        trained_norm(nn.BatchNorm1d(4)),
        nn.GELU(),
        nn.Flatten(),
        nn.LayerNorm(28),
    ]
    turned = nn.ConvTranspose1d(
        2, 4, 3, stride=3, padding=2, output_padding=1, groups=2, dilation=2
    )
    dilated = nn.Conv2d(1, 3, 3, stride=(1, 2), padding=2, dilation=2)
    weight_norm = nn.utils.parametrizations.weight_norm
    found = {
        "relu used twice": nn.Sequential(nn.Linear(14, 8), relu, nn.Linear(8, 8), relu),
        "conv1d, norms": nn.Sequential(*mixed),
        "functions": Called(_features),
        "written over": Called(_written_over),
        "residual sums": Called(
            _residual, a=nn.Linear(14, 14), b=nn.Linear(14, 14), c=nn.Linear(14, 5)
        ),
        "gru": recurrent(nn.GRU),
        "gru of two layers, both ways": recurrent(
            nn.GRU, bidirectional=True, num_layers=2
        ),
        "lstm": recurrent(nn.LSTM),
        "conv1d transposed": nn.Sequential(shaped(2, 7), turned),
        "conv2d dilated": nn.Sequential(shaped(1, 2, 7), dilated, nn.Flatten()),
        "weight norm": weight_norm(nn.Linear(14, 3)),
        "weight norm by hooks": nn.utils.weight_norm(nn.Linear(14, 3)),
        "circular": nn.Sequential(
            shaped(2, 7), nn.Conv1d(2, 4, 3, padding=1, padding_mode="circular")
        ),
        "float64": nn.Sequential(nn.Linear(14, 3), nn.Tanh()).double(),
        "bfloat16": nn.Linear(14, 3).bfloat16(),
        "float16": nn.Linear(14, 3).half(),
    }
    activations = [
        *(nn.LeakyReLU(0.2), nn.SELU(), nn.SiLU(), nn.Softplus(2.0), nn.PReLU()),
        *(nn.GELU("tanh"), nn.Mish(), nn.Hardswish(), nn.LogSoftmax(1), nn.ReLU6()),
        *(nn.GLU(), nn.CELU(), nn.RMSNorm(8), nn.ELU(0.5), nn.Tanh(), nn.Sigmoid()),
        *(nn.Softmax(-1), nn.Identity(), nn.Dropout()),
    ]
    for part in activations:
        found[type(part).__name__] = nn.Sequential(nn.Linear(14, 8), part)
    sized = {name: (module.eval(), 14) for name, module in found.items()}
    sized["attention"] = attention(first=True).eval(), 28
    sized["attention, time first"] = attention(first=False).eval(), 28
    norms = shaped(4, 7), nn.GroupNorm(2, 4), nn.InstanceNorm1d(4)
    sized["group and instance norm"] = nn.Sequential(*norms).eval(), 28
    layer = encoder_layer()
    sized["transformer"] = nn.Sequential(shaped(7, 6), layer).eval(), 42
    several = nn.TransformerEncoder(
        encoder_layer(norm_first=True), 2, enable_nested_tensor=False
    )
    sized["transformers, norm first"] = nn.Sequential(shaped(7, 6), several).eval(), 42
    whole = Called(_class_token, token=token, layer=encoder_layer())
    sized["class token"] = whole.eval(), 42
    sized["DeepJSCC"] = _deep_jscc().eval(), 3072
    return sized


def random_module(rng):
    """Return a random graph of known layers, and its number of inputs."""
    torch.manual_seed(int(rng.integers(1 << 30)))
    inputs = int(rng.integers(2, 13))
    steps, parts, width = [], {}, inputs

    def pick(*choices):
        return choices[int(rng.integers(len(choices)))]

    for depth in range(int(rng.integers(2, 8))):
        kind = pick("dense", "conv", "point", "sum", "norm", "cat", "shuffle", "attend")
        name = f"part{depth}"
        if kind == "dense":
            after = int(rng.integers(1, 17))
            parts[name] = nn.Linear(width, after, bias=pick(True, False))
            width = after
        elif kind == "conv":
            rows = pick(*(n for n in (1, 2, 3) if width % n == 0))
            make = pick(nn.Conv1d, nn.ConvTranspose1d)
            how = {"padding": pick(0, 1), "stride": pick(1, 2), "dilation": pick(1, 2)}
            part = make(rows, pick(1, 2) * rows, 3, groups=pick(1, rows), **how)
            module = nn.Sequential(shaped(rows, width // rows), part, nn.Flatten())
            try:
                after = module(torch.zeros(1, width)).shape[1]
            except RuntimeError:  # the kernel is larger than the input
                continue
            if not after:
                continue
            parts[name], width = module, after
        elif kind == "point":
            parts[name] = pick(
                *(nn.ReLU(), nn.ELU(), nn.Tanh(), nn.GELU(), nn.SiLU(), nn.SELU()),
                *(
                    nn.LeakyReLU(),
                    nn.Softplus(),
                    nn.Sigmoid(),
                    nn.Softmax(1),
                    nn.PReLU(),
                ),
            )
        elif kind == "norm":
            parts[name] = pick(
                nn.LayerNorm(width), trained_norm(nn.BatchNorm1d(width)), nn.Identity()
            )
        elif kind == "attend" and width % 4 == 0:
            layer = nn.TransformerEncoderLayer(4, 2, 4, batch_first=True)
            parts[name] = nn.Sequential(shaped(width // 4, 4), layer, nn.Flatten())
        steps.append((kind, name, int(rng.integers(0, depth + 1)), pick(0.5, -2, 3)))
        if kind == "cat":
            width *= 2

    def forward(self, x):
        held = [x]
        for kind, name, before, factor in steps:
            if hasattr(self, name):
                x = getattr(self, name)(x)
            elif kind == "sum":
                other = held[min(before, len(held) - 1)]
                x = x + factor * other if other.shape == x.shape else x * factor
            elif kind == "cat":
                x = torch.cat([x, factor - x], 1)
            elif kind == "shuffle":
                x = torch.cat([x[:, -1:], x[:, :-1]], 1) / factor
            held.append(x)
        return x

    return Called(forward, **parts).eval(), inputs
