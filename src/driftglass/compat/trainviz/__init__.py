"""The names of train-viz's ``helper.visualization`` over ours.

A notebook written for it runs with its import line changed to this module; runs are those of a
driftglass store, by default the folder ``runs``. Nothing is computed here. Where the original
promises something that it does not do, this does what is promised: `Animation.denoise` looks as
far ahead as back, scores are against vectors as recorded, every argument is part of what a kept
result is found by, and each animation is the same for a seed.
"""

from ._animation import Animation
from ._generators import (
    generate_mphate_animation,
    generate_pca_animation,
    generate_phate_animation,
    generate_tsne_animation,
    generate_umap_animation,
)
from ._run import Run
from ._show import show_animations

__all__ = [
    "Animation",
    "Run",
    "generate_mphate_animation",
    "generate_pca_animation",
    "generate_phate_animation",
    "generate_tsne_animation",
    "generate_umap_animation",
    "show_animations",
]
