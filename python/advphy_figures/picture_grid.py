# SPDX-License-Identifier: GPL-3.0-or-later
"""Figure of small pictures, one row for each label."""

import numpy as np
from matplotlib.figure import Figure

from advphy_figures import look


@look.applied()
def draw(rows, shape, path, title):
    """Draw rows of pictures, {label: images, float [count, pixels] in 0..1}.

    `shape` is (rows, columns) of an image, or (rows, columns, 3). path: see look.save.
    """
    columns = len(next(iter(rows.values())))
    figure = Figure((0.8 * columns + 2.6, 0.85 * len(rows) + 0.5))
    grid = figure.subplots(len(rows), columns, squeeze=False)
    for axes_row, (label, pictures) in zip(grid, rows.items(), strict=True):
        for axes, picture in zip(axes_row, pictures, strict=True):
            gray = {"cmap": "gray", "vmin": 0, "vmax": 1}
            image = np.clip(np.reshape(picture, shape), 0, 1)
            axes.imshow(image, interpolation="nearest", **gray)
            axes.set(xticks=[], yticks=[])
            axes.spines[:].set_visible(False)
        its = {"rotation": 0, "ha": "right", "va": "center", "fontsize": "small"}
        axes_row[0].set_ylabel(label, **its)
    left, top = 2.5 / figure.get_figwidth(), 1 - 0.4 / figure.get_figheight()
    figure.subplots_adjust(left, 0.02, 0.99, top, wspace=0.06, hspace=0.06)
    figure.suptitle(title)
    look.save(figure, path)
