"""Asking a Chromium on this machine whether it can draw with WebGL 2."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tempfile
from pathlib import Path

__all__ = ["webgl2"]

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "chrome", "msedge")
TIMEOUT = 30

PAGE = """<!doctype html><title>-</title><pre></pre><script>
const gl = document.createElement("canvas").getContext("webgl2");
const named = gl?.getExtension("WEBGL_debug_renderer_info");
document.querySelector("pre").textContent = gl
  ? "webgl2:" + gl.getParameter(named ? named.UNMASKED_RENDERER_WEBGL : gl.RENDERER) + ":end"
  : "webgl2::end";
</script>"""


def webgl2() -> str | None:
    """Name of what draws; empty if there is no WebGL 2, None if there is no Chromium to ask."""
    wanted = os.environ.get("DRIFTGLASS_CHROMIUM")
    found = wanted or next(filter(None, map(shutil.which, BROWSERS)), None)
    if found is None:
        return None
    with tempfile.TemporaryDirectory(prefix="driftglass-", ignore_cleanup_errors=True) as folder:
        page = Path(folder) / "page.html"
        page.write_text(PAGE, encoding="utf-8")
        command = [
            found,
            "--headless",
            "--no-sandbox",
            "--no-first-run",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            f"--user-data-dir={folder}/profile",
            "--dump-dom",
            page.as_uri(),
        ]
        try:
            answer = subprocess.run(command, capture_output=True, timeout=TIMEOUT, check=False)
        except (OSError, subprocess.TimeoutExpired):
            return None
    match = re.search(rb"webgl2:(.*?):end</pre>", answer.stdout)
    return match.group(1).decode("utf-8", "replace") if match else None
