"""Compare two embedding spaces and show where one group of records lies, on made records."""

import sys

import matplotlib

matplotlib.use("Agg")  # no screen is needed; leave this out in a notebook
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

from driftglass.compat.embedding_viz import (
    overlay_group_on_embedding,
    plot_global_umap_grid,
    plot_integration_name_distribution,
    plot_umap_for_group_extended,
    prepare_group_data,
    run_umap,
)

n = int(sys.argv[1]) if len(sys.argv) > 1 else 2_000
rng = np.random.default_rng(0)
NAMES = {"Atrial Fibrillation": ["AFIB", "AFLT"], "Conduction": ["LBBB", "RBBB", "AVB"]}
labels_meta, centers = [], np.zeros((n, 32))
for row in range(n):
    labels = []
    for offset, (group, names) in enumerate(NAMES.items()):
        for name in rng.choice(names, rng.integers(0, 2 + offset), replace=False):
            labels.append({"group": group, "integration_name": str(name)})
            centers[row, 5 * offset + names.index(name)] += 4
    labels_meta.append(labels)
metadata_df = pd.DataFrame({"labels_meta": labels_meta})

# Prepare embeddings
pretrained_embeddings = rng.normal(size=(n, 32)) + 0.4 * centers
finetuned_embeddings = rng.normal(size=(n, 32)) + centers

# Create UMAP projections
umap_pretrained = run_umap(pretrained_embeddings)
umap_finetuned = run_umap(finetuned_embeddings)

# Visualize
umaps_dict = {"Pre-trained": umap_pretrained, "Fine-tuned": umap_finetuned}
plot_global_umap_grid(umaps_dict, metadata_df)
plt.savefig("spaces.png", dpi=120)

# Analyze a specific disease group
target_group = "Atrial Fibrillation"
df_group_full, df_group_sub = prepare_group_data(metadata_df, target_group)

# Visualize group distribution
fig, ax = overlay_group_on_embedding(umap_finetuned, metadata_df, df_group_sub)
plt.title(f"{target_group} Distribution")
fig.savefig("group.png", dpi=120)
plot_umap_for_group_extended(
    umap_finetuned, metadata_df, df_group_sub, target_group, save_path="extended.png"
)
plot_integration_name_distribution(df_group_full, target_group, save_path="names.png")
