# SPDX-License-Identifier: GPL-3.0-or-later
"""A link as an attack sees it: differentiable logits and block errors."""

import numpy as np
import torch
from advphy_model import randomness
from advphy_model.complex_baseband import to_complex, to_reals
from advphy_model.link import decision
from advphy_model.power import noise_sigma

from advphy_training.torch_network import TorchNetwork

# Candidates are judged on blocks that no measurement of the same seed reaches.
# Otherwise the best of many candidates would seem stronger than it is.
_JUDGED_FROM = 2**40


class AttackedLink:
    """The attacked link model, or a substitute for it, at one Eb/N0 in dB."""

    def __init__(self, model, ebn0_db):
        self.model = model
        self.sigma = noise_sigma(ebn0_db, model.rate)
        self.codebook = torch.tensor(to_reals(model.codebook))
        self._decision = decision.decider(model)
        if model.decision == "network":
            self._decoder = TorchNetwork(model.networks["decoder"])
            self._decoder.requires_grad_(False)

    def logits(self, y):
        """Return logits [batch, M] of received vectors y, float tensor [batch, 2n].

        A network has logits of its own. Those of the nearest codeword are
        -||y - x_s||^2 / (2 sigma^2), without the term that all messages share. Those
        of a hard decision correlate the signs of a codeword with the signs of y, which
        are smoothed to tanh(2 y / sigma).
        """
        if self.model.decision == "network":
            return self._decoder(y)
        if self.model.decision == "nearest_codeword":
            energy = (self.codebook**2).sum(dim=1)
            return (y @ self.codebook.T - energy / 2) / self.sigma**2
        return torch.tanh(2 * y / self.sigma) @ self.codebook.sign().T

    def margin(self, y, sent):
        """Return the best wrong logit minus the right one, [batch]."""
        logits = self.logits(y)
        right = torch.nn.functional.one_hot(sent, logits.shape[1]).bool()
        wrong = logits.masked_fill(right, -torch.inf).amax(dim=1)
        return wrong - logits.gather(1, sent[:, None])[:, 0]

    def smooth_bler(self, y, sent, width=0.3):
        """Return a smooth block error rate, which has a gradient.

        It is the mean of sigmoid(margin / width) over the last axis of the received
        vectors y [..., blocks, 2n]; the messages `sent` broadcast to [..., blocks]. The
        width is in standard deviations of the margins over that axis, so that scaled or
        saturated logits do not hide the gradient. A wide sigmoid has a gradient far
        from an error; a narrow one is closer to BLER.
        """
        shape = y.shape[:-1]
        margin = self.margin(y.flatten(0, -2), sent.expand(shape).flatten())
        margin = margin.reshape(shape)
        spread = width * margin.detach().std(dim=-1, keepdim=True)
        return torch.sigmoid(margin / spread.clamp_min(1e-12)).mean(dim=-1)

    def errors(self, rows, blocks, seed):
        """Return the errors among `blocks` under each perturbation, integers [count].

        They include erasures. Perturbations are reals [count, 1 or M, 2n], M: one for
        each message; all have the messages and the noise of the seed.
        """
        return np.array([wrong.sum() for _, wrong in self._judge(rows, blocks, seed)])

    def errors_by_message(self, rows, blocks, seed):
        """Return the errors of errors() per message, integers [count, M]."""
        judged, m = self._judge(rows, blocks, seed), self.model.M
        return np.array([np.bincount(sent[bad], minlength=m) for sent, bad in judged])

    def decide(self, y):
        """Return (messages, erased) of y, complex64 [batch, n], by the own rule."""
        decided, erased = np.empty(len(y), np.uint8), np.empty(len(y), np.uint8)
        self._decision.decide(y, decided, erased)
        return decided, erased.astype(bool)

    def _judge(self, rows, blocks, seed):
        """Yield (messages, mask of wrong decisions) for each perturbation."""
        model = self.model
        sent = randomness.messages(seed, _JUDGED_FROM, blocks, model.k)
        noise = randomness.noise(seed, _JUDGED_FROM, blocks, model.n)
        noisy = model.codebook[sent] + np.float32(self.sigma) * noise
        for table in to_complex(np.asarray(rows)):
            p = table[sent] if len(table) > 1 else table
            decided, erased = self.decide(noisy + p)
            yield sent, (decided != sent) | erased

    def gradients(self, seed, blocks=4096):
        """Return {"zero", "predicted"}: how reliable the gradients of the margin are.

        "zero" is the share of received vectors whose gradient is zero or not finite,
        "predicted" the correlation over them of the true change of the margin and the
        predicted one, for a random step of a third of the noise's standard deviation.
        """
        generator = torch.Generator().manual_seed(seed)
        sent = torch.arange(blocks) % self.model.M
        noise = torch.randn(2, blocks, self.codebook.shape[1], generator=generator)
        y = (self.codebook[sent] + self.sigma * noise[0]).requires_grad_(True)
        margin = self.margin(y, sent)
        (gradient,) = torch.autograd.grad(margin.sum(), y)
        fine = gradient.isfinite().all(dim=1) & (gradient != 0).any(dim=1)
        step = self.sigma / 3 * noise[1]
        with torch.no_grad():
            change = (self.margin(y + step, sent) - margin)[fine]
            predicted = (gradient * step).sum(dim=1)[fine]
        correlation = 0.0
        if len(change) > 2 and change.std() > 0 and predicted.std() > 0:
            correlation = float(torch.corrcoef(torch.stack([predicted, change]))[0, 1])
        return {"zero": 1 - float(fine.float().mean()), "predicted": correlation}
