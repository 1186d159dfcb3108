# SPDX-License-Identifier: GPL-3.0-or-later
"""Distortion meter: MSE, PSNR and SSIM of decoded images."""

import numpy as np
from advphy_model import kernels
from advphy_model.files import images as data_sets
from advphy_model.measure.image_quality import WINDOW, error_sums, psnr, ssim
from advphy_model.measure.measurement_text import figures_of
from advphy_model.randomness import checked_index

from ..stream_tags import of_images
from .segmented_meter import segmented_meter


class distortion_meter(segmented_meter):
    """Measure the distortion of decoded images, for each segment.

    The images that were sent are re-created from the data set and the index, so there
    is no second stream that could slip.

    Input:  decoded images, float32 [pixels]
    Message port "distortion": a dictionary with kind, name, time, settings (a
        dictionary with snr_db, inserted, ...), first_frame, frames, erasures (images
        that are not finite, which are in no other sum), squared_error (sum over images
        and pixels), mse, psnr_db, and ssim over ssim_frames; 20 times a second, when a
        segment ends and when the stream ends.

    Args:
        images: Images, or the name of the image source's data set.
        first_frame: index of the first item.
        ssim_every: SSIM is measured on one of this many images, because it costs as
            much as a hundred squared errors; 0: on none.
        settings: dictionary of settings that no tag carries, such as an SNR before the
            modem, or None; set_settings changes it.
        name: name of this block in displays; "": "distortion".
    """

    def __init__(
        self,
        images="mnist_sample",
        first_frame=0,
        ssim_every=64,
        settings=None,
        name="",
    ):
        images = data_sets.load(images)
        self._shape, self._pixels = images.pixels.shape[1:], images.as_reals()
        self._ssim_every = checked_index("ssim_every", ssim_every)
        if ssim_every and min(self._shape[:2]) < WINDOW:
            raise ValueError(
                f"{images.name}: images of {data_sets.size_text(self._shape)} "
                f"are smaller than the {WINDOW} x {WINDOW} of SSIM; set ssim_every=0"
            )
        item = (np.float32, (self._pixels.shape[1],))
        segmented_meter.__init__(
            self, "distortion_meter", item, first_frame, "distortion", settings, name
        )
        self.expected = (of_images(images),)

    def sums(self, items, first_frame):
        """Return the number of images, the erasures and the sums of errors."""
        count, errors = len(self._pixels), np.empty(len(items))
        done = 0
        while done < len(items):
            at = (first_frame + done) % count
            part = slice(done, done + min(len(items) - done, count - at))
            sent = self._pixels[at : at + part.stop - part.start]
            kernels.squared_error(items[part], sent, errors[part])
            done = part.stop
        sums = {"frames": len(items)} | error_sums(errors)
        if self._ssim_every:
            sums |= self._ssim(items, first_frame, np.isfinite(errors))
        return sums

    def _ssim(self, items, first_frame, finite):
        """Return the sum of SSIM over every ssim_every-th image, and their number."""
        at = np.arange(-first_frame % self._ssim_every, len(items), self._ssim_every)
        at = at[finite[at]]
        sent = self._pixels[(first_frame + at) % len(self._pixels)]
        values = ssim(items[at], sent, self._shape) if len(at) else np.empty(0)
        return {"ssim_frames": len(at), "ssim_sum": float(values.sum())}

    def figures(self, sums):
        """Return mse, psnr_db and ssim of sums, without those that are not defined."""
        frames, figures = sums.get("frames", 0) - sums.get("erasures", 0), {}
        if frames:
            mse = sums["squared_error"] / (frames * self._pixels.shape[1])
            figures = {"mse": mse, "psnr_db": float(psnr(mse)) if mse else 100.0}
        if sums.get("ssim_frames"):
            figures["ssim"] = sums["ssim_sum"] / sums["ssim_frames"]
        return figures

    def mse(self):
        """Return the mean squared error per pixel of the current segment, or NaN."""
        return self.figures(self.segment().sums).get("mse", float("nan"))

    def text(self):
        """Return the figures of the current segment, as a line for a display."""
        figures = self.figures(self.segment().sums)
        return figures_of({"kind": "distortion"} | figures) if figures else ""
