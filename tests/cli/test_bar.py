"""Tests of driftglass.cli._bar."""

from __future__ import annotations

import io

from driftglass.cli._bar import Bar


class Terminal(io.StringIO):
    def isatty(self):
        return True


class Clock:
    """Seconds that pass when told to."""

    def __init__(self):
        self.now = 0.0

    def __call__(self):
        return self.now


def run_through(bar, clock, n_steps, seconds_per_step):
    for step in range(1, n_steps + 1):
        clock.now += seconds_per_step
        bar(step, n_steps, "projecting")
    bar.close()


def test_work_under_a_second_says_nothing():
    stream, clock = io.StringIO(), Clock()

    run_through(Bar(stream, clock=clock), clock, n_steps=100, seconds_per_step=0.009)

    assert stream.getvalue() == ""


def test_without_a_terminal_there_is_one_line_per_tenth():
    stream, clock = io.StringIO(), Clock()

    run_through(Bar(stream, clock=clock), clock, n_steps=100, seconds_per_step=1)

    lines = stream.getvalue().splitlines()
    assert len(lines) == 10
    assert lines[0] == "projecting: 10 %, 1 min 30 s left"
    assert lines[-1] == "projecting: 100 % in 1 min 40 s"


def test_a_terminal_gets_a_bar_with_the_time_left():
    stream, clock = Terminal(), Clock()
    bar = Bar(stream, clock=clock)
    bar(1, 10, "projecting")
    clock.now = 2.0
    bar(5, 10, "projecting")

    assert "projecting:  50%" in stream.getvalue()
    bar.close()


def test_another_phase_begins_its_own_count():
    stream, clock = io.StringIO(), Clock()
    bar = Bar(stream, clock=clock)
    run_through(bar, clock, n_steps=10, seconds_per_step=1)
    first = stream.tell()
    bar(0, 4, "measuring")
    clock.now += 2
    bar(2, 4, "measuring")

    assert stream.getvalue()[first:] == "measuring: 50 %, 2.0 s left\n"


def test_quiet_is_silent():
    stream, clock = io.StringIO(), Clock()

    run_through(Bar(stream, quiet=True, clock=clock), clock, n_steps=10, seconds_per_step=5)

    assert stream.getvalue() == ""
