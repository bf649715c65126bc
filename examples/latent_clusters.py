"""The lesson's worked example as it is written, then what the lesson says to check."""

import warnings

import numpy as np

import driftglass.projections as umap
from driftglass.diagnostics import multiverse, stability, trust_report
from driftglass.errors import DriftglassWarning

# The four classes are not linked, and UMAP warns that their places are arbitrary: see below.
warnings.simplefilter("ignore", DriftglassWarning)

# Placeholder data for demonstration
np.random.seed(42)  # noqa: NPY002
n_samples_per_class = 30
latent_dim = 16
centers = np.random.rand(4, latent_dim) * 20 - 10  # noqa: NPY002
latent_vectors = np.vstack(
    [np.random.randn(n_samples_per_class, latent_dim) * 1.5 + centers[i] for i in range(4)]  # noqa: NPY002
)
labels = np.repeat(np.arange(4), n_samples_per_class)
reducer = umap.UMAP(n_neighbors=15, min_dist=0.1, n_components=2, random_state=42)
embedding = reducer.fit_transform(latent_vectors)

# "Stable clusters that appear across different settings are more likely to be real": counted.
grid = {"n_neighbors": [5, 15, 30], "min_dist": [0.0, 0.5]}
found = stability(multiverse(latent_vectors, umap.UMAP, grid, seeds=(1, 2)), labels=labels)
for group, (stays, others) in found.together.items():
    print(f"class {group} stays together in {stays} of {others} other maps")

# "Distances between clusters may not be meaningful": measured.
for caution in trust_report(latent_vectors, embedding, labels=labels).cautions:
    print("caution:", caution.text)
