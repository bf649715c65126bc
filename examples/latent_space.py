"""Train a small autoencoder on digits and look at how its latent space is organised.

Needs the extras torch and plot.
"""

import sys

import matplotlib

matplotlib.use("Agg")  # no screen is needed; leave this out in a notebook
import torch
from sklearn.datasets import load_digits

from driftglass.diagnostics import trust_report
from driftglass.latent import attribute_direction, from_torch, interpolate, move, traverse
from driftglass.plots import image_strip, path_over_map, scatter
from driftglass.projections import UMAP

epochs = int(sys.argv[1]) if len(sys.argv) > 1 else 200
torch.manual_seed(0)
digits = load_digits()
X = torch.tensor(digits.data / 16, dtype=torch.float32)
encoder = torch.nn.Sequential(torch.nn.Linear(64, 64), torch.nn.ReLU(), torch.nn.Linear(64, 16))
decoder = torch.nn.Sequential(torch.nn.Linear(16, 64), torch.nn.ReLU(), torch.nn.Linear(64, 64))
model = torch.nn.Sequential(encoder, decoder)
optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)
for _ in range(epochs):
    optimizer.zero_grad()
    loss = torch.nn.functional.mse_loss(model(X), X)
    loss.backward()
    optimizer.step()
print(f"reconstruction loss {loss.item():.4f}: how much is kept, not how it is organised")

Z = from_torch(encoder)(X)
decode = from_torch(decoder)
reducer = UMAP(n_neighbors=15, min_dist=0.1, n_components=2, random_state=42)
Y = reducer.fit_transform(Z)
report = trust_report(Z, Y, labels=digits.target, project=UMAP(random_state=42).fit_transform)
for caution in report.cautions:
    print("caution:", caution.text)

zero, one = Z[digits.target == 0][0], Z[digits.target == 1][0]
between = interpolate(decode, zero, one, how="spherical")
tall = attribute_direction(Z, digits.target == 1, name="one")
print(f"direction of ones: AUC {tall.auc:.2f} on {tall.n_held_out} held-out digits")

map_ax = scatter(Y, digits.target, labels=True, title="Latent space", caption=report.badge)
path_over_map(reducer.transform(between.vectors.astype("float32")), ax=map_ax)
map_ax.figure.savefig("latent.png", dpi=120)
strips = {
    "between": between,
    "one": move(decode, zero, tall),
    "traverse": traverse(decode, zero, 3),
}
for name, path in strips.items():
    image_strip(path).figure.savefig(f"{name}.png", dpi=120)
