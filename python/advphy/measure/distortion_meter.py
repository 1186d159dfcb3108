# SPDX-License-Identifier: GPL-3.0-or-later
"""Distortion meter: MSE, PSNR and SSIM of decoded images."""

import numpy as np
from advphy_model import kernels
from advphy_model.files import images as data_sets
from advphy_model.measure.image_quality import WINDOW, error_sums, psnr, ssim

from .segmented_meter import segmented_meter


class distortion_meter(segmented_meter):
    """Compare decoded images with those that the image source sent.

    The sent ones are re-created from the data set and the index, so that there is no
    second stream that could slip.

    Input:  decoded images, float32 [pixels]
    Message port "distortion": a dictionary with kind, name, time, settings (a
        dictionary with snr_db, inserted, ...), first_frame, frames, erasures (images
        that are not finite; in no other sum), squared_error (sum over frames and
        pixels), mse, psnr_db, and ssim over ssim_frames; 20 times a second, at the end
        of a segment and at the end of the stream.

    Args:
        images: Images, or the name of the data set of the image source.
        first_frame: index of the first item.
        ssim_every: SSIM is of every so many frames, since it costs as much as a
            hundred squared errors; 0: of none.
        settings: dictionary of what no tag says, such as an SNR before the modem, or
            None; set_settings changes it.
        name: of this block in displays; "": "distortion".
    """

    def __init__(
        self,
        images="mnist_sample",
        first_frame=0,
        ssim_every=64,
        settings=None,
        name="",
    ):
        found = data_sets.load(images)
        self._shape, self._pixels = found.pixels.shape[1:], found.as_reals()
        if int(ssim_every) != ssim_every or ssim_every < 0:
            raise ValueError(
                f"ssim_every must be a whole number >= 0, got {ssim_every}"
            )
        if ssim_every and min(self._shape) < WINDOW:
            raise ValueError(
                f"{found.name}: images of {self._shape[0]} x {self._shape[1]} pixels "
                f"are smaller than the {WINDOW} x {WINDOW} of SSIM; set ssim_every=0"
            )
        self._ssim_every = int(ssim_every)
        item = (np.float32, self._pixels.shape[1])
        segmented_meter.__init__(
            self, "distortion_meter", item, first_frame, "distortion", settings, name
        )

    def sums(self, items, first_frame):
        """Return frames, erasures and sums of errors of decoded images."""
        count, errors = len(self._pixels), np.empty(len(items))
        done = 0
        while done < len(items):
            at = (first_frame + done) % count
            part = slice(done, done + min(len(items) - done, count - at))
            sent = self._pixels[at : at + part.stop - part.start]
            kernels.squared_error(items[part], sent, errors[part])
            done = part.stop
        found = {"frames": len(items)} | error_sums(errors)
        if self._ssim_every:
            found |= self._ssim(items, first_frame, np.isfinite(errors))
        return found

    def _ssim(self, items, first_frame, good):
        """Return the sum of SSIM over the frames that it is taken of."""
        at = np.arange(-first_frame % self._ssim_every, len(items), self._ssim_every)
        at = at[good[at]]
        sent = self._pixels[(first_frame + at) % len(self._pixels)]
        values = ssim(items[at], sent, self._shape) if len(at) else np.empty(0)
        return {"ssim_frames": len(at), "ssim_sum": float(values.sum())}

    def figures(self, sums):
        """Return mse, psnr_db and ssim of sums; what cannot be said is left out."""
        frames, found = sums.get("frames", 0) - sums.get("erasures", 0), {}
        if frames:
            mse = sums["squared_error"] / (frames * self._pixels.shape[1])
            found = {"mse": mse, "psnr_db": float(psnr(mse)) if mse else 100.0}
        if sums.get("ssim_frames"):
            found["ssim"] = sums["ssim_sum"] / sums["ssim_frames"]
        return found

    def mse(self):
        """Return the mean squared error per pixel of the present segment, or NaN."""
        return self.figures(self.segments()[-1].sums).get("mse", float("nan"))

    def text(self):
        """Return the present segment as a line for a display."""
        found = self.figures(self.segments()[-1].sums)
        return ", ".join(
            f"{name} {found[key]:.{digits}f}{unit}"
            for name, key, digits, unit in (
                ("MSE", "mse", 4, ""),
                ("PSNR", "psnr_db", 1, " dB"),
                ("SSIM", "ssim", 2, ""),
            )
            if key in found
        )
