# SPDX-License-Identifier: GPL-3.0-or-later
"""Count the errors of a recording again, without GNU Radio.

RECORDING is a .sigmf-meta file next to its .sigmf-data file, or a .sigmf archive. The
samples are synchronized and decided again, and compared with the messages or images
that follow from the seed and the burst numbers. So the counts equal those of the
receiver that made the recording. A recording of another program does not name the link:
give --link, and --codewords and --seed if they differ from the defaults. --seed also
corrects the seed of a recording whose receiver was given a wrong one.
"""

import csv
import dataclasses
from dataclasses import dataclass
from functools import partial

from advphy_model.atomic_file import atomic_file
from advphy_model.files import recording_reader
from advphy_model.files.recording_contents import Origin
from advphy_model.link import any_link
from advphy_model.measure import scoring
from advphy_model.modem.frame import Frame

from advphy_commands import _progress
from advphy_commands._options import changed, operand, option, switch
from advphy_commands._text import numbers, require_own, table
from advphy_commands.secret import key_file, no_nonce, secret_of


@dataclass(frozen=True)
class Settings:
    recording: str = operand(
        "RECORDING", "file of the recording, .sigmf-meta or .sigmf"
    )
    link: str = option("file or name of the link (default: the one in the recording)")
    images: str = option("images of a semantic link (default: those in the recording)")
    key_file: str = key_file("of a keyed link, or of keyed bursts of other links")
    nonce: str = no_nonce()
    sent_at: float = option(
        "time at which keyed bursts were sent, in s since 1970 (default: as recorded)",
        metavar="TIME",
    )
    seed: int = option("seed of the messages (default: that in the recording, or 1)")
    codewords: int = option("codewords per burst, if the recording does not tell")
    swap_iq: bool = switch("exchange I and Q of the samples")
    out: str = option("write one row per burst", metavar="FILE.csv")


def run(settings, output):
    found = recording_reader.read(settings.recording)
    origin, model = _origin(settings, found)
    semantic = hasattr(model, "pixels")
    images = settings.images or origin.images
    if semantic and images is None:
        unknown = "does not name the images that were sent; give --images"
        raise ValueError(f"{found.meta} {unknown}")
    if settings.images and not semantic:
        raise ValueError(f"link '{model.name}' sends no images; omit --images")
    secret = secret_of(settings.key_file, model, bursts=True)
    if secret is None and (only := {"--nonce", "--sent-at"} & changed(settings).keys()):
        raise ValueError(f"{min(only)} belongs to keys; give --key-file, or omit it")
    pieces = -(-found.samples // recording_reader.PIECE)
    scorer = scoring.score(
        found,
        model,
        Frame.restore(origin.frame),
        seed=origin.seed,
        first_frame=origin.first_frame,
        images=images,
        secret=secret,
        nonce=settings.nonce,
        sent_at=settings.sent_at,
        swap_iq=settings.swap_iq,
        along=partial(_progress.bar, total=pieces, unit="piece"),
    )
    require_own(scorer.counts, f"{found.meta}: {scorer.hint}")
    hint = scorer.hint.replace("swap_iq", "--swap-iq")
    for warning in filter(None, [*found.warnings, hint]):
        output.remark(f"{found.meta}: {warning}")
    lines = [_heading(found, origin), *table(scorer, found.sample_rate, model)]
    if found.counts is not None:
        lines.append(_comparison(found.counts, scorer.counts))
    for line in lines:
        output.line(line)
    output.note(**_numbers(found, origin, scorer))
    if settings.out:
        with atomic_file(settings.out) as file:
            writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")
            writer.writeheader()
            writer.writerows(frame.as_row() for frame in scorer.frames)


def _origin(settings, found):
    """Return the Origin and the link, from the recording or the settings."""
    if found.origin is not None:
        if settings.codewords is not None:
            raise ValueError(f"{found.meta} contains its codewords; omit --codewords")
        name = settings.link or found.origin.link
        try:
            model = any_link.load(name)
        except ValueError as error:
            if name != found.origin.link:
                raise
            raise ValueError(
                f"{found.meta} is of link '{name}', which is not a shipped link; give "
                "its file with --link"
            ) from error
        found.origin.require(model)
        known = {} if settings.seed is None else {"seed": settings.seed}
        return dataclasses.replace(found.origin, **known), model
    if settings.link is None:
        why = "since it has no advphy: fields; give --link"
        raise ValueError(f"{found.meta} does not name its link, {why}")
    model, codewords = any_link.load(settings.link), settings.codewords
    layout = {} if codewords is None else {"codewords": codewords}
    seed = 1 if settings.seed is None else settings.seed
    return Origin.of(model, Frame.of_model(model, **layout), seed=seed), model


def _heading(found, origin):
    seconds = found.samples / found.sample_rate
    where = "" if found.frequency is None else f", {found.frequency / 1e6:g} MHz"
    checked = "SHA-512 right" if found.verified else "SHA-512 not checked"
    if len(found.captures) > 1:
        where += f", {len(found.captures)} captures"
    text = (
        f"{found.meta}: {found.samples} samples, {seconds:.3g} s at "
        f"{found.sample_rate / 1e6:g} Msample/s{where}, {checked}\n"
        f"link {origin.link} {origin.model_sha256[:8]}, seed {origin.seed}, "
        f"{origin.frame['codewords']} codewords per burst"
    )
    for attack in found.attacks:
        psr = "" if attack.psr_db is None else f" at PSR {attack.psr_db:g} dB"
        text += f"\nadversary: {attack.what}{psr}, from sample {attack.first_sample}"
    return text


def _comparison(live, counts):
    # Sums of real numbers depend on their order, and on how a compiler rounds.
    differing = [
        f"{name} {value} live"
        for name, value in live.items()
        if name in counts
        and abs(counts[name] - value) > 1e-6 * abs(value) * isinstance(value, float)
    ]
    if not differing:
        return "the receiver that recorded counted the same"
    return "the receiver that recorded counted otherwise: " + ", ".join(differing)


def _numbers(found, origin, scorer):
    return {
        "recording": found.meta.name,
        "link": origin.link,
        "model_sha256": origin.model_sha256,
        "seed": origin.seed,
        "samples_missing": found.missing,
        "complete": found.complete,
        "verified": found.verified,
        "counts": scorer.counts,
        "live_counts": found.counts,
        **numbers(scorer, found.sample_rate),
        "frames": [frame.as_row() for frame in scorer.frames],
    }


COLUMNS = (
    *("number", "index", "missed", "snr_db", "cfo", "clock_ppm", "blocks"),
    *("block_errors", "erasures", "squared_error", "intact"),
)
