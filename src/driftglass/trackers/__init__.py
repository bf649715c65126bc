"""A run's maps in the trackers that people have: TensorBoard, W&B, MLflow, trackio; one call each.

The trackers are used as they stand open. Nothing is read from them: that is what
`driftglass.formats` does.
"""

from __future__ import annotations

from ._write import to_mlflow, to_tensorboard, to_trackio, to_wandb

__all__ = ["to_mlflow", "to_tensorboard", "to_trackio", "to_wandb"]
