# SPDX-License-Identifier: LGPL-2.1-or-later
"""How the plots of the pages look; needs matplotlib (Debian: python3-matplotlib)."""

import matplotlib
matplotlib.use('svg')
import matplotlib.pyplot as plt  # noqa: E402

STYLE = {
    'svg.hashsalt': 'ibb-glib',
    'svg.fonttype': 'none',
    'font.family': 'DejaVu Sans',
    'font.size': 9,
    'axes.grid': True,
    'grid.alpha': 0.3,
    'axes.spines.top': False,
    'axes.spines.right': False,
    'legend.frameon': False,
    'figure.constrained_layout.use': True,
    'savefig.transparent': True,
}
# A grey that can be read on white and on black: what a page around a picture has, the picture cannot know.
TEXT = '#6e7681'


def save(figure, path):
    """The same figure makes the same file."""
    figure.savefig(path, metadata={'Date': None, 'Creator': None})
    plt.close(figure)
    text = path.read_text(encoding='utf-8').replace('#000000', TEXT)
    path.write_text(text.replace('</style>', f'text {{ fill: {TEXT} }}</style>', 1), encoding='utf-8')
