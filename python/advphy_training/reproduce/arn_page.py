# SPDX-License-Identifier: GPL-3.0-or-later
"""claims.md of the letter's figures: its claims beside what was found."""

from collections import Counter

from advphy_training.reproduce.claims import FAILS, HOLDS

CHOICES = (
    (
        "power",
        "mean x_i^2 = 1 in each of the 23 dimensions and ||delta||^2 / N <= "
        "epsilon, so PSR = epsilon; read as printed, E||x||^2 = 1, the attack would be "
        "3.6 dB above the signal (`power_reading=literal`)",
    ),
    (
        "is x' scaled back?",
        "no, as in the letter; its power stands in the table, and "
        "beside the pair the original at that power",
    ),
    ("power limit", "on the mean of ||delta||^2 / N over a batch [arn, eq. 20]"),
    (
        "Eve's training",
        "on codes without noise, which reproduces the letter's figures; "
        "an Eve trained over the SNRs is harder to fool (`advphy train eve --set "
        "noise=snr`)",
    ),
    (
        "substitute in black box",
        "layers of 16 and 10, trained on codes without noise from another seed",
    ),
    ("23 real dimensions", "12 complex channel uses, one zero of padding"),
    (
        "training of the base",
        "SNR uniform in 0..20 dB; 50000 images; tested on MNIST's test file",
    ),
    ("output layer", "a sigmoid, since pixels are of 0..1; the letter names ReLU only"),
    ("MSE in the loss", "per pixel; Bob's and Eve's SNR are drawn apart"),
    (
        "the Eve who adapts",
        "50000 labelled intercepts at that SNR, three networks, the "
        "best by held-out intercepts",
    ),
)


def section(name, figure, measured, commands) -> str:
    """Return the page's section on one figure.

    Args:
        name: of the figure.
        figure: module of paper_figures.
        measured: arn_reproduction.Measured.
        commands: that made it, texts.
    """
    lines = [
        f"# {name}: {figure.TITLE}",
        "",
        f"![{figure.TITLE}]({name}.png)",
        "",
        "| claim | letter | ours | verdict |",
        "|---|---|---|---|",
    ]
    for claim in figure.CLAIMS:
        outcomes = [claim.judge(measured, family) for family in measured.families()]
        numbers = "<br>".join(outcome.numbers for outcome in outcomes)
        lines.append(
            f"| {claim.text} | {claim.source} | {numbers} | **{_verdict(outcomes)}** |"
        )
    lines += [
        "",
        "A line for each training seed; brackets are 95 % intervals over the "
        "10000 test images.",
        "",
        *_table(figure, measured),
        "",
        "What the letter leaves open, and what is chosen here:",
        "",
        "| question | choice |",
        "|---|---|",
    ]
    lines += [f"| {question} | {_cell(choice)} |" for question, choice in CHOICES]
    lines += ["", "Made by:", "", *(f"    {command}" for command in commands), ""]
    return "\n".join(lines)


def _verdict(outcomes):
    words = {HOLDS: "holds", FAILS: "does not hold"}
    found = Counter(words.get(outcome.state, "not decided") for outcome in outcomes)
    if len(found) == 1:
        return next(iter(found))
    return "; ".join(
        f"{count} of {len(outcomes)} seeds: {word}" for word, count in found.items()
    )


def _table(figure, measured):
    """Return all points, the mean over the families."""
    lines = [
        f"| curve | {figure.X_LABEL} | MSE | accuracy | PSR, power sent |",
        "|---|---|---|---|---|",
    ]
    keys = dict.fromkeys(
        key[1:] for table in (measured.mse, measured.accuracy) for key in table
    )
    for curve, x in sorted(keys):
        cells = [_mean(table, curve, x) for table in (measured.mse, measured.accuracy)]
        lines.append(
            f"| {_label(figure, curve)} | {x:g} | {cells[0]} | {cells[1]} "
            f"| {_power(measured, curve, x)} |"
        )
    return lines


def _label(figure, curve):
    known = figure.MSE_CURVES | figure.ACCURACY_CURVES | figure.LINES
    return known.get(curve, curve)


def _mean(table, curve, x):
    values = [
        point.value for (_, c, at), point in table.items() if (c, at) == (curve, x)
    ]
    return f"{sum(values) / len(values):.4f}" if values else ""


def _power(measured, curve, x):
    found = [
        value
        for (_, c, at), value in measured.power_db.items()
        if (c, at) == (curve, x)
    ]
    if not found or found[0][1] is None:
        return ""
    many = len(found)
    sent = sum(power for _, power in found) / many
    if found[0][0] is None:
        return f"none, {sent:+.2f} dB"
    return f"{sum(psr for psr, _ in found) / many:.2f} dB, {sent:+.2f} dB"


def _cell(text):
    return text.replace("|", "\\|")
