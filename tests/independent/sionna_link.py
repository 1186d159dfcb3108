# SPDX-License-Identifier: GPL-3.0-or-later
"""Train and count a link with Sionna alone; write sionna_link.npz.

A constellation of 64 points and a demapper with one logit for each bit are trained
through Sionna's AWGN, and its errors are counted there. Nothing of ours is imported.
Run it in an environment of its own, since Sionna needs a newer numpy than GNU Radio:

    python3 -m venv sionna && sionna/bin/pip install sionna-no-rt==2.2.0
    sionna/bin/python tests/independent/sionna_link.py tests/independent/sionna_link.npz
"""

import sys

import numpy as np
import torch
from sionna import phy
from sionna.phy.channel import AWGN
from sionna.phy.mapping import Constellation
from sionna.phy.utils import ebnodb2no

K, HIDDEN, EBN0_DB = 6, 48, 10.0
STEPS, BATCH, SEED = 3000, 2048, 1
COUNTED = 2_000_000


def main(path):
    """Train, count and write."""
    phy.config.seed = SEED
    torch.manual_seed(SEED)
    torch.set_num_threads(1)
    start = Constellation("qam", K).points
    points = torch.nn.Parameter(torch.view_as_real(start).clone())
    demapper = torch.nn.Sequential(
        torch.nn.Linear(2, HIDDEN),
        torch.nn.ReLU(),
        torch.nn.Linear(HIDDEN, HIDDEN),
        torch.nn.ReLU(),
        torch.nn.Linear(HIDDEN, K),
    )
    bits = (torch.arange(2**K)[:, None] >> torch.arange(K - 1, -1, -1)) & 1
    channel, no = AWGN(), ebnodb2no(EBN0_DB, num_bits_per_symbol=K, coderate=1.0)

    def codebook():
        found = torch.view_as_complex(points)
        return found / (found.abs() ** 2).mean().sqrt()

    def received(count):
        sent = torch.randint(2**K, (count,))
        return sent, torch.view_as_real(channel(codebook()[sent], no))

    adam = torch.optim.Adam([points, *demapper.parameters()], lr=5e-3)
    falling = torch.optim.lr_scheduler.CosineAnnealingLR(adam, STEPS)
    for _ in range(STEPS):
        sent, y = received(BATCH)
        loss = torch.nn.functional.binary_cross_entropy_with_logits(
            demapper(y), bits[sent].float()
        )
        adam.zero_grad()
        loss.backward()
        adam.step()
        falling.step()
    errors = 0
    with torch.no_grad():
        for _ in range(COUNTED // 100_000):
            sent, y = received(100_000)
            decided = (demapper(y) > 0).long()
            errors += int((decided != bits[sent]).any(dim=1).sum())
        _, y = received(1000)
        weights = {
            k.replace(".", "_"): v.numpy() for k, v in demapper.named_parameters()
        }
        np.savez_compressed(
            path,
            codebook=codebook().numpy(),
            ebn0_db=EBN0_DB,
            noise_variance=float(no) / 2,
            errors=errors,
            blocks=COUNTED,
            y=y.numpy(),
            logits=demapper(y).numpy(),
            **weights,
        )
    print(f"{errors} of {COUNTED} blocks")


if __name__ == "__main__":
    main(sys.argv[1])
