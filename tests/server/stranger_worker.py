"""Asks a server for everything in every spoiled store; prints a line of JSON for each."""

import json
import resource
import shutil
import sys
import time
import warnings
from pathlib import Path

import driftglass as dg
from driftglass.server._library import Library

from .conftest import Client
from .strangers import spoilers

TARGETS = [
    "/api/info",
    "/api/runs",
    "/api/runs/run",
    "/api/runs/run/ids",
    "/api/runs/run/items?row=0&step=20",
    "/api/runs/run/columns?name=label",
    "/api/runs/run/columns?name=tags",
    "/api/runs/run/text?name=story",
    "/api/runs/run/sprite_index",
    "/api/runs/run/sprites?page=0",
    "/api/runs/run/scalars",
    "/api/runs/run/predictions?step=20",
    "/api/runs/run/projection?space=hidden",
    "/api/runs/run/projection?space=hidden&n_components=3",
]


def peak_megabytes():
    status = Path("/proc/self/status")
    if status.exists():  # getrusage would begin with the peak of the process that started this one
        (line,) = [line for line in status.read_text().splitlines() if line.startswith("VmHWM")]
        return int(line.split()[1]) / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main(template, folder, secret, canary):
    for number, (name, spoil) in enumerate(spoilers(canary, secret).items()):
        path = shutil.copytree(template, Path(folder) / str(number))
        spoil(path / "run")
        began = time.monotonic()
        try:
            client = Client(Library(dg.open(path)))
        except dg.DriftglassError as error:
            print(json.dumps({"name": name, "refused": str(error)[:200]}), flush=True)
            continue
        replies = {}
        frames = []
        for target in TARGETS:
            reply = client.get(target)
            if target.startswith("/api/runs/run/projection") and reply.status == 200:
                key = reply.json()["key"]
                if key:
                    frames = [
                        f"/api/runs/run/frames?projection={key}&step=20",
                        f"/api/runs/run/picture?projection={key}&step=20&color=label",
                    ]
            replies[target] = reply
        replies |= {target: client.get(target) for target in frames}
        memory = peak_megabytes()
        bodies = b"".join(reply.body for reply in replies.values())
        print(
            json.dumps(
                {
                    "name": name,
                    "statuses": {target: reply.status for target, reply in replies.items()},
                    "internal": [
                        target
                        for target, reply in replies.items()
                        if reply.status >= 500 and reply.kind == "internal"
                    ],
                    "media_types": sorted(
                        {reply.headers["content-type"] for reply in replies.values()}
                    ),
                    "leaked": Path(secret).read_bytes() in bodies,
                    "scripts": sum(
                        reply.body.lstrip().startswith(b"<") for reply in replies.values()
                    ),
                    "memory": memory,
                    "seconds": time.monotonic() - began,
                }
            ),
            flush=True,
        )
        client.library.close()
        shutil.rmtree(path)


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    main(*sys.argv[1:])
