# SPDX-License-Identifier: GPL-3.0-or-later
"""Gradients of a minimax game with consensus optimization [gan, eq. 9-10]."""

import torch


def gradients(game, minimizers, maximizers, gamma=0.0):
    """Fill .grad of both players for one optimizer that descends.

    The vector field of the game is v = (grad_theta d, grad_phi g). With
    L = ||v||^2 / 2 the minimizing player descends d + gamma L and the maximizing player
    ascends g - gamma L, which leads both to v = 0. [gan, eq. 10] prints d - gamma L,
    which leads the minimizing player away from it. The gradients of the maximizing
    player are negated.

    `game` is the scalar d, minimizers are the tensors theta, maximizers phi, which
    enter d only through g, so grad_phi d = grad_phi g. With gamma = 0 a step takes a
    third of the time.
    """
    players = [*minimizers, *maximizers]
    field = torch.autograd.grad(game, players, create_graph=gamma > 0)
    pull = [0.0] * len(players)
    if gamma > 0:
        length = sum((part**2).sum() for part in field) / 2
        unused = {"allow_unused": True, "materialize_grads": True}
        pull = torch.autograd.grad(length, players, **unused)
    signs = [1] * len(minimizers) + [-1] * len(maximizers)
    for player, part, towards, sign in zip(players, field, pull, signs, strict=True):
        player.grad = sign * part.detach() + gamma * towards
