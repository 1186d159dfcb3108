# SPDX-License-Identifier: GPL-3.0-or-later
"""The training loop: steps of an optimizer, and training of a scheme with resume."""

import math
import time

import torch

from advphy_training import progress, training_state

SAVE_EVERY = 1000  # steps between two saved states, each with early figures


class Scheme:
    """Base class of the schemes, with defaults for plain descent on a loss.

    A subclass defines parameters() and loss(generator), or groups() and
    gradients(generator), and the other methods listed in schemes/__init__.py.
    """

    reads = ()  # SHA-256 of the links, images and recordings that it is trained with

    def groups(self):
        """Return the groups that Adam trains, each with its learning rate factor."""
        return [{"params": list(self.parameters()), "factor": 1.0}]

    def state(self):
        """Return further tensors that change in training, by name; here none."""
        return {}

    def gradients(self, generator):
        """Add the gradients of a batch to .grad and return its loss."""
        return backward(self.loss(generator))

    def write(self, model, path):
        """Write the model file."""
        model.write(path)


def descend(optimizer, gradients, steps, rate=None, first=0, after=None, label=None):
    """Run the steps first..steps - 1 of a torch optimizer; label: of the progress bar.

    "factor" of a group scales its learning rate, which is rate(step), or constant.
    gradients(step) fills .grad and returns the loss; ValueError if that is not finite.
    after(steps taken, loss, bar) is called after each step.
    """
    bar = progress.bar(range(first, steps), total=steps, initial=first, desc=label)
    for step in bar:
        if rate is not None:
            for group in optimizer.param_groups:
                group["lr"] = group.get("factor", 1.0) * rate(step)
        optimizer.zero_grad()
        loss = gradients(step)
        if not math.isfinite(loss):
            remedy = "set a smaller learning_rate"
            raise ValueError(f"the loss is not finite at step {step}; {remedy}")
        optimizer.step()
        if after is not None:
            after(step + 1, loss, bar)


def backward(loss):
    """Add the gradients of a loss to .grad and return the loss as a number."""
    loss.backward()
    return loss.item()


def run(scheme, settings, seed, out, identity, save_seconds=300):
    """Run the remaining steps of a training and save its state regularly.

    Batches are a function of (seed, step), so a resumed training gives the result of an
    uninterrupted one. State and early figures are kept next to the model file `out`;
    the text `identity` identifies this training. The state is saved every SAVE_EVERY
    steps and after `save_seconds`.
    """
    if save_seconds < 1:
        raise ValueError(f"save_seconds must be at least 1, got {save_seconds}")
    optimizer = torch.optim.Adam(scheme.groups(), lr=settings.learning_rate)
    first = training_state.resume(out, identity, scheme, optimizer, settings.steps)
    figures, saved = training_state.EarlyFigures(out, first), time.monotonic()

    def gradients(step):
        generator = torch.Generator().manual_seed((seed * 1_000_003 + step) % 2**63)
        return scheme.gradients(generator)

    def save(taken, loss, bar):
        nonlocal saved
        if taken % SAVE_EVERY:
            if time.monotonic() - saved > save_seconds:
                saved = time.monotonic()
                training_state.save(out, identity, taken, scheme, optimizer)
            return
        saved = time.monotonic()
        with progress.hushed():
            early = scheme.early_figures(scheme.link(out.stem, {}))
        bar.set_postfix_str(figures.add({"step": taken, "loss": loss, **early}))
        training_state.save(out, identity, taken, scheme, optimizer)

    descend(optimizer, gradients, settings.steps, _rate(settings), first, save)


def _rate(settings):
    """Return the learning rate as a function of the step.

    It rises over the share `warm_up` of the steps, if any, because a high rate at the
    start would leave many ReLUs dead. Then it falls along a cosine.
    """
    rising = getattr(settings, "warm_up", 0.0) * settings.steps
    highest, last = settings.learning_rate, settings.last_learning_rate

    def rate(step):
        if step < rising:
            return highest * (step + 1) / (rising + 1)
        angle = math.pi * (step - rising) / (settings.steps - rising)
        return last + (highest - last) * ((1 + math.cos(angle)) / 2)

    return rate


def falling(learning_rate, steps):
    """Return a learning rate that falls linearly to 0, as a function of the step."""
    return lambda step: learning_rate * (1 - step / steps)
