# SPDX-License-Identifier: GPL-3.0-or-later
"""The pictures of `advphy plot`: from its words to numbers and the function to draw."""

import math

from advphy_model.air.perturbation import checked_psr_db
from advphy_model.link import links

from advphy_commands import _plot_inputs, _transfer
from advphy_commands._plot_inputs import COUNTS, LINK, PERTURBATION, SEMANTIC

EBN0_DB, PSR_DB = 8.0, -6.0  # the usual setting of [gan, Sec. IV]
# What a word alone is drawn as, and which options belong to which picture.
NATURAL = {
    COUNTS: "bler",
    SEMANTIC: "semantic",
    LINK: "constellation",
    PERTURBATION: "perturbation",
}
OPTIONS = {
    "x": ("bler",),
    "at_bler": ("bler",),
    "claim": ("bler",),
    "ebn0_db": ("decision-regions", "perturbation", "transfer-matrix"),
    "psr_db": ("decision-regions", "perturbation", "transfer-matrix"),
    "perturbation": ("decision-regions", "transfer-matrix"),
    "codewords": ("decision-regions",),
    "link": ("perturbation",),
    "attack": ("transfer-matrix",),
    "min_errors": ("transfer-matrix",),
    "max_blocks": ("transfer-matrix",),
}


def bler(arguments, words):
    """Return the numbers of BLER curves and what draws them."""
    from advphy_figures import bler_curves

    _plot_inputs.of_one_kind(words, COUNTS)
    rows = _plot_inputs.read_counts(words)
    claims = [_claim(text) for text in arguments.claim]
    described = bler_curves.describe(rows, arguments.x, claims)
    if arguments.at_bler is not None:
        described["at_bler"] = _at_bler(rows, described["x"], arguments.at_bler)
    return described, bler_curves.draw_described


def _at_bler(rows, x, rate):
    from advphy_model.measure import curves, error_rate

    if x != "ebn0_db":
        raise ValueError("--at-bler reads an Eb/N0, but x is psr_db; add --x ebn0_db")
    return {
        "bler": rate,
        "ebn0_db": {
            label: error_rate.ebn0_db_at(points, rate)
            for label, points in curves.curves(rows).items()
        },
    }


def _claim(text):
    wanted = f"--claim '{text}': wanted X,BLER,TEXT with BLER within 0..1"
    x, _, rest = text.partition(",")
    rate, _, words = rest.partition(",")
    try:
        x, rate = float(x), float(rate)
    except ValueError:
        raise ValueError(wanted) from None
    if not (math.isfinite(x) and 0 < rate <= 1 and words.strip()):
        raise ValueError(wanted)
    return x, rate, words.strip()


def semantic(arguments, words):
    """Return the numbers of MSE and accuracy over SNR and what draws them."""
    from advphy_figures import semantic_curves

    _plot_inputs.of_one_kind(words, SEMANTIC)
    described = semantic_curves.describe(_plot_inputs.read_semantic(words))
    return described, semantic_curves.draw_described


def secrecy(arguments, words):
    """Return the numbers of the secrecy frontier and what draws it."""
    from advphy_figures import semantic_curves

    _plot_inputs.of_one_kind(words, SEMANTIC)
    described = semantic_curves.describe_frontier(_plot_inputs.read_semantic(words))
    return described, semantic_curves.draw_frontier


def constellation(arguments, words):
    """Return the numbers of codebooks and what draws them."""
    from advphy_figures import constellation

    _plot_inputs.of_one_kind(words, LINK)
    described = constellation.describe([links.load(word) for word in words])
    return described, constellation.draw_described


def decision_regions(arguments, words):
    """Return the numbers of a slice of a link's decisions and what draws them."""
    from advphy_figures import decision_regions, decision_slice

    _plot_inputs.of_one_kind(words, LINK)
    model = links.load(_alone("link", words))
    p = None
    if arguments.perturbation:
        file = _alone("perturbation", arguments.perturbation)
        (p,) = _plot_inputs.read_perturbations([file], arguments.psr_db)
    elif arguments.psr_db is not None:
        raise ValueError("--psr-db needs a perturbation; give --perturbation FILE, too")
    codewords = None
    if arguments.codewords is not None:
        try:
            codewords = [int(word) for word in arguments.codewords.split(",")]
        except ValueError:
            raise ValueError(
                f"--codewords '{arguments.codewords}': wanted two or three messages "
                "with commas, such as 3,7"
            ) from None
    ebn0_db = _or(arguments.ebn0_db, EBN0_DB)
    described = decision_slice.describe(model, ebn0_db, p, codewords)
    return described, decision_regions.draw_described


def perturbation(arguments, words):
    """Return the numbers of a perturbation in signal space and what draws them."""
    from advphy_figures import signal_space

    _plot_inputs.of_one_kind(words, PERTURBATION)
    file = _alone("perturbation", words)
    (p,) = _plot_inputs.read_perturbations([file], arguments.psr_db)
    model = _plot_inputs.link_of(p, arguments.link)
    ebn0_db = _or(arguments.ebn0_db, _or(p.ebn0_db, EBN0_DB))
    return signal_space.describe(p, model, ebn0_db), signal_space.draw_described


def transfer_matrix(arguments, words):
    """Return the numbers of a transfer matrix, counted or measured, and its drawing."""
    from advphy_figures import look, transfer_matrix

    if _plot_inputs.of_one_kind(words) == COUNTS:
        rows = _plot_inputs.read_counts(words)
        for name in ("ebn0_db", "psr_db"):
            wanted = getattr(arguments, name)
            if wanted is not None:
                rows = [r for r in rows if getattr(r, name) in (wanted, None)]
        made = _plot_inputs.read_perturbations(arguments.perturbation)
        made += _plot_inputs.beside(words)
    else:
        _plot_inputs.of_one_kind(words, LINK)
        if arguments.out is not None:
            look.kind_of(arguments.out)
        ebn0_db = _or(arguments.ebn0_db, EBN0_DB)
        psr_db = checked_psr_db(_or(arguments.psr_db, PSR_DB))
        rows, made = _transfer.measure(arguments, words, ebn0_db, psr_db)
    return transfer_matrix.describe(rows, made), transfer_matrix.draw_described


def _or(value, default):
    return default if value is None else value


def _alone(what, words):
    if len(words) > 1:
        raise ValueError(f"wanted one {what}, got {len(words)}: {', '.join(words)}")
    return words[0]


PICTURES = {
    "bler": bler,
    "semantic": semantic,
    "secrecy": secrecy,
    "constellation": constellation,
    "decision-regions": decision_regions,
    "perturbation": perturbation,
    "transfer-matrix": transfer_matrix,
}
