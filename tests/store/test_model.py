"""Whatever is done to a run, in whatever order, it holds what a dict would."""

from __future__ import annotations

import tempfile

import numpy as np
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

import driftglass as dg
from driftglass.store import MemoryBlobs, Store

SPACES = st.sampled_from(["hidden", "Größe"])
STEPS = st.integers(0, 5)


class RunIsADict(RuleBasedStateMachine):
    """A run with up to two writers against a dict of what was logged."""

    memory = False

    @initialize(catalog=st.sampled_from(["sqlite", "journal"]))
    def make(self, catalog):
        self.folder = tempfile.TemporaryDirectory()
        self.store = Store(MemoryBlobs()) if self.memory else dg.open(self.folder.name)
        self.writers = [self.store.create("run", catalog=catalog, when_full="block")]
        self.model = {}
        self.attempts = {}
        self.scalars = {}
        self.counter = 0
        self.n_abandoned = 0

    @precondition(lambda self: self.writers)
    @rule(space=SPACES, step=STEPS, which=st.integers(0, 1), n=st.integers(0, 4), data=st.data())
    def log(self, space, step, which, n, data):
        self.counter += 1
        ids = data.draw(st.permutations(range(10)))[:n]
        vectors = np.full((n, 2), self.counter, np.float32)
        writer = self.writers[which % len(self.writers)]
        assert writer.log(step, {space: vectors}, scalars={"count": self.counter}, ids=ids)
        # Two writers are asynchronous to each other; waiting makes their order known.
        assert writer.flush()
        self.model[space, step] = (ids, self.counter)
        self.attempts[space, step] = self.attempts.get((space, step), 0) + 1
        self.scalars[step] = self.counter

    @precondition(lambda self: len(self.writers) < 2)
    @rule()
    def open_a_writer(self):
        self.writers.append(self.store.resume("run", when_full="block"))

    @precondition(lambda self: self.writers)
    @rule()
    def close_a_writer(self):
        self.writers.pop(0).close()

    @precondition(lambda self: self.writers)
    @rule()
    def abandon_a_writer(self):
        """As a kill does: nothing is said, and the system lets go of the journal."""
        self.n_abandoned += 1
        writer = self.writers.pop()
        writer._recording.forget()
        writer._recording.writer.committer.catalog.close()
        writer._recording._closed = True

    @rule()
    def reopen(self):
        if not self.memory:
            self.store = dg.open(self.folder.name)

    @rule()
    def collect(self):
        self.store.run("run").gc(grace=-1)

    # Without locks an abandoned writer is taken for a living one for a while.
    @precondition(lambda self: not self.writers and not (self.memory and self.n_abandoned))
    @rule()
    def repair(self):
        assert self.store.run("run").repair().ok

    @rule()
    def keep_a_result(self):
        self.store.run("run").cache.put("key", {"n": self.counter}, {"x": np.arange(3)})
        assert self.store.run("run").cache.get("key").description == {"n": self.counter}

    @invariant()
    def holds_the_same(self):
        if not hasattr(self, "store"):
            return
        run = self.store.run("run")
        found = {(space, step) for space in run.spaces for step in run.steps(space)}
        assert found == set(self.model)
        for (space, step), (ids, value) in self.model.items():
            snapshot = run.snapshot(space, step)
            assert snapshot.ids.tolist() == list(ids)
            assert (snapshot.vectors == value).all()
            assert snapshot.attempt == self.attempts[space, step]
        assert (
            dict(zip(*run.scalars()["count"], strict=True)) == self.scalars if self.scalars else 1
        )

    @invariant()
    def is_whole(self):
        if hasattr(self, "store"):
            assert self.store.run("run").verify().ok

    def teardown(self):
        for writer in getattr(self, "writers", []):
            writer.close()
        if hasattr(self, "folder"):
            self.folder.cleanup()


class MemoryRunIsADict(RunIsADict):
    """The same where no disk is."""

    memory = True


_settings = settings(
    max_examples=12,
    stateful_step_count=15,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
TestRunIsADict = RunIsADict.TestCase
TestRunIsADict.settings = _settings
TestMemoryRunIsADict = MemoryRunIsADict.TestCase
TestMemoryRunIsADict.settings = _settings
