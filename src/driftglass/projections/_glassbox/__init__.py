"""A network as the map: encoders, their training on the UMAP loss, derivatives, files.

Private to `driftglass.projections`, which exports what is public. Everything here needs torch;
importing it without torch says how to get it.
"""

from ..._optional import require

require("torch", extra="torch")
