# SPDX-License-Identifier: GPL-3.0-or-later
"""An autoencoder trained without a gradient through the channel [aoudia].

In each step one half of the batch is sent as it is: from it the decoder learns. The
other half is sent with Gaussian exploration; the decoder's loss for each of these
messages is fed back, and moves the codewords by the score-function gradient.
"""

from dataclasses import dataclass

import torch
from advphy_model.complex_baseband import to_complex
from advphy_model.power import noise_variance

from advphy_training import medium, setting_checks
from advphy_training.schemes import autoencoder


@dataclass(frozen=True)
class Settings(autoencoder.Settings):
    """Settings in addition to those of the autoencoder.

    Args:
        link: link whose weights are the start, by name or file; empty: random weights.
        medium: "channel": `channel` for codewords; "modem": bursts through `channel`,
            whose times are in samples; both with noise at ebn0_db. Or a command that
            sends samples from standard input and writes what it receives.
        exploration: share of the energy that is exploration, above 0, at most 0.5.
    """

    link: str = ""
    medium: str = "channel"
    exploration: float = 0.2

    def __post_init__(self):
        super().__post_init__()
        setting_checks.within(self, 1e-6, 0.5, "exploration")
        setting_checks.within(self, 2, 2**20, "batch")  # which is halved
        _way(self)  # raises for a channel or command that cannot be


class Scheme(autoencoder.Scheme):
    """Encoder and decoder that are trained in turn through a black box."""

    def __init__(self, settings: Settings, seed: int):
        super().__init__(settings, seed)
        self._medium = _way(settings)
        if settings.medium != "channel":
            self._medium = medium.of_bursts(self.link("training", {}), self._medium)

    def gradients(self, generator):
        """Fill the gradients of decoder and encoder; return the decoder's loss."""
        codebook, half = self._encoder(self._one_hot), self._settings.batch // 2
        sent = torch.randint(len(codebook), (2 * half,), generator=generator)
        mean, share = codebook[sent[half:]], self._settings.exploration
        explored = explore(mean, share, generator)
        x = torch.cat([codebook[sent[:half]], explored]).detach().numpy()
        numbers = torch.randint(2**40, (2,), generator=generator).tolist()
        y, index = map(torch.as_tensor, self._medium(to_complex(x), *numbers))
        logits = self._decoder(torch.cat([y.real, y.imag], dim=1))
        losses = torch.nn.CrossEntropyLoss(reduction="none")(logits, sent[index])
        late = index >= half
        loss = losses[~late].sum() / max(1, int((~late).sum()))
        loss.backward()
        fed_back, at = losses[late].detach(), index[late] - half
        gains = advantages(fed_back, sent[half:][at], len(codebook))
        policy_loss(mean[at], explored[at], gains, share).backward()
        return loss.item()


def explore(x, share, generator):
    """Return codewords that are Gaussian around sqrt(1 - e) x, x [batch, 2n].

    The variance e/2 in each real dimension keeps the mean energy, for the share e.
    """
    noise = torch.randn(x.shape, generator=generator)
    return ((1 - share) ** 0.5 * x + (share / 2) ** 0.5 * noise).detach()


def policy_loss(x, explored, losses, share):
    """Return a number whose gradient in x estimates that of the mean loss [aoudia].

    grad E[l] = E[l grad log p] with log p = -||explored - sqrt(1 - e) x||^2 / e; the
    losses l [batch] are numbers, the others as in explore().
    """
    log_p = -((explored - (1 - share) ** 0.5 * x) ** 2).sum(dim=1) / share
    return (losses * log_p).sum() / max(1, len(losses))


def advantages(losses, sent, messages):
    """Return each loss minus the mean of the other losses of its message, if any.

    This lowers the variance of the gradient and keeps its mean.
    """
    count = torch.bincount(sent, minlength=messages)[sent]
    total = torch.bincount(sent, losses, messages)[sent]
    return (count * losses - total) / (count - 1).clamp(min=1)


def _way(settings):
    made = {"channel": medium.of_codewords, "modem": medium.simulated}
    if settings.medium not in made:
        return medium.by_command(settings.medium)
    variance = noise_variance(settings.ebn0_db, settings.k / settings.n)
    return made[settings.medium](settings.channel, variance)
