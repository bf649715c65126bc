import base64
import json
import re
import shutil
import subprocess

import numpy as np
import pytest
from PIL import Image

from driftglass import InvalidInputError, MissingDependencyError, ShapeError
from driftglass.diagnostics import tracks
from driftglass.plots import Animation, show_animations
from driftglass.plots._film import ffmpeg
from driftglass.plots._moments import Paths
from driftglass.projections import project_sequence


@pytest.fixture(scope="module")
def Xs():
    rng = np.random.default_rng(0)
    return [rng.normal(size=(24, 3)) + t for t in range(4)]


@pytest.fixture(scope="module")
def sequence(Xs):
    return project_sequence(Xs, steps=[0, 10, 100, 1000], method="pca")


@pytest.fixture(scope="module")
def said(Xs):
    y = np.arange(24) % 3
    return tracks(
        Xs, steps=[0, 10, 100, 1000], labels=y, predictions=[(y + t) % 3 for t in range(4)]
    )


def small(*sequences, **options):
    return Animation(list(sequences), panel_size=(1.5, 1.5), **options)


def packed(animation):
    text = re.search(
        r'<script type="application/json" id="data">(.*?)</script>', animation.html(), re.S
    ).group(1)
    return json.loads(text)


def test_moments_between_recorded_steps_are_marked(sequence):
    animation = Animation(sequence, interpolate=True, steps_per_transition=3)

    assert len(animation) == 3 * 3 + 1
    assert [m.interpolated for m in animation.moments[:4]] == [False, True, True, False]
    assert animation.moments[1].caption == "step 0 → 10, interpolated"
    assert animation.moments[3].caption == "step 10"
    assert not any(m.interpolated for m in Animation(sequence).moments)


def test_interpolated_points_lie_on_the_line_between_their_places(sequence):
    animation = Animation(sequence, interpolate=True, steps_per_transition=4)
    paths = Paths(sequence, sequence.ids)

    places, opacity = paths.at(animation.moments[1])

    first, second = sequence[0].coordinates, sequence[1].coordinates
    np.testing.assert_allclose(places, 0.75 * first + 0.25 * second, rtol=1e-5, atol=1e-5)
    assert (opacity == 1).all()


def test_a_point_that_appears_fades_in_where_it_is_recorded(Xs):
    maps = project_sequence([Xs[0][:20], Xs[1]], ids=[np.arange(20), np.arange(24)], method="pca")
    animation = Animation(maps, interpolate=True, steps_per_transition=4)

    places, opacity = Paths(maps, maps.ids).at(animation.moments[1])

    np.testing.assert_allclose(opacity, [1.0] * 20 + [0.25] * 4)
    np.testing.assert_array_equal(places[20:], maps[1].coordinates[20:])
    assert (Paths(maps, maps.ids).at(animation.moments[0])[1][20:] == 0).all()


def test_a_figure_of_a_moment_in_between_has_dashed_frames_and_says_so(sequence):
    animation = small(sequence, interpolate=True, steps_per_transition=2)

    between, recorded = animation.figure(1), animation.figure(2)

    assert "interpolated" in between.get_suptitle()
    assert between.axes[0].spines["left"].get_linestyle() == "--" or isinstance(
        between.axes[0].spines["left"].get_linestyle(), tuple
    )
    assert recorded.get_suptitle() == "step 10"
    assert recorded.axes[0].spines["left"].get_linestyle() == "-"
    np.testing.assert_array_equal(
        recorded.axes[0].collections[0].get_offsets(), sequence[1].coordinates
    )


def test_panels_share_limits_only_when_asked(sequence):
    wide = [5 * Y for Y in sequence.coordinates]
    own = small(sequence, project_again(wide, sequence))
    shared = small(sequence, project_again(wide, sequence), shared_axes=True)

    apart, together = (
        [ax.get_xlim() for ax in each.figure().axes if ax.collections] for each in (own, shared)
    )
    assert apart[0][1] < apart[1][1]
    assert together[0] == together[1]


def project_again(Ys, like):
    from dataclasses import replace

    return replace(
        like,
        frames=tuple(replace(f, coordinates=Y) for f, Y in zip(like, Ys, strict=True)),
    )


def test_the_confusion_matrix_is_that_of_the_nearest_step(sequence, said):
    animation = small(sequence, confusion=said, annotate=True)

    figure = animation.figure(1)

    title = figure.axes[1].get_title(loc="left")
    assert title == "predictions of step 10, 0% right"
    assert {t.get_text() for t in figure.axes[1].texts} == {"8"}
    with pytest.raises(InvalidInputError, match="no confusion matrix"):
        Animation(sequence, confusion=tracks([np.eye(5)]))


def test_several_methods_play_the_same_steps_in_columns(Xs, sequence):
    other = project_sequence(Xs, steps=[0, 10, 100, 1000], method="pca", basis="window")

    animation = show_animations(
        [sequence, Animation(other), sequence], custom_titles=["a", "b", "c"], cols=2,
        figsize_per_plot=(1.2, 1.2), interpolate=True, steps_per_transition=2,
    )  # fmt: skip

    figure = animation.figure(0)
    assert [ax.get_title(loc="left") for ax in figure.axes] == ["a", "b", "c"]
    rows = {round(ax.get_position().y0, 2) for ax in figure.axes}
    assert len(rows) == 2
    assert len(animation) == 7


def test_sequences_of_other_steps_are_refused(Xs, sequence):
    with pytest.raises(InvalidInputError, match="same steps"):
        Animation([sequence, project_sequence(Xs[:3], method="pca")])
    with pytest.raises(InvalidInputError, match="no sequences"):
        Animation([])
    with pytest.raises(InvalidInputError, match="steps_per_transition"):
        Animation(sequence, interpolate=True, steps_per_transition=0)
    with pytest.raises(ShapeError, match="titles"):
        Animation(sequence, titles=["a", "b"])
    with pytest.raises(ShapeError, match="24 ids"):
        Animation(sequence, color=[1, 2])


@pytest.mark.parametrize("kind", ["gif", "webp"])
def test_a_picture_read_back_has_every_moment(sequence, tmp_path, kind):
    animation = small(sequence, interpolate=True, steps_per_transition=2, seconds_per_step=0.2)

    path = animation.save(tmp_path / f"maps.{kind}", dpi=50)

    with Image.open(path) as picture:
        assert picture.n_frames == len(animation) == 7
        assert picture.info["loop"] == 0
        shown = []
        for frame in range(7):
            picture.seek(frame)
            shown.append(np.asarray(picture.convert("RGB")).astype(int))
        durations = picture.info.get("duration")
    wanted = [pixels.astype(int) for pixels in animation.frames(dpi=50)]
    # Colours are rounded to a palette, or blocks; which picture it is stays clear.
    for number, pixels in enumerate(shown):
        errors = [np.abs(pixels - other).mean() for other in wanted]
        assert int(np.argmin(errors)) == number
    assert durations >= 100
    assert list(tmp_path.iterdir()) == [path]


def test_a_film_without_ffmpeg_says_what_to_do(sequence, tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setitem(__import__("sys").modules, "imageio_ffmpeg", None)

    with pytest.raises(MissingDependencyError, match=r"ffmpeg.*\.gif"):
        small(sequence).save(tmp_path / "maps.mp4")

    assert list(tmp_path.iterdir()) == []


def test_a_film_read_back_has_its_size_and_length(sequence, tmp_path):
    try:
        program = ffmpeg()
    except MissingDependencyError:
        pytest.skip("needs ffmpeg")
    animation = small(sequence, seconds_per_step=0.25)

    path = animation.save(tmp_path / "maps.mp4", dpi=50)

    raw = subprocess.run(
        [program, "-i", path, "-f", "rawvideo", "-pix_fmt", "rgb24", "-"],
        capture_output=True, check=True,
    ).stdout  # fmt: skip
    first = next(animation.frames(dpi=50))
    height, width = (side + side % 2 for side in first.shape[:2])
    pictures = np.frombuffer(raw, np.uint8).reshape(-1, height, width, 3)
    assert len(pictures) == 4 + 4  # the last stays for a second
    shown = pictures[0, : first.shape[0], : first.shape[1]].astype(int)
    assert np.abs(shown - first).mean() < 12


def test_a_failing_ffmpeg_is_reported_in_its_own_words(sequence, tmp_path, monkeypatch):
    fake = tmp_path / "ffmpeg"
    fake.write_text("#!/bin/sh\ncat > /dev/null\necho 'disk on fire' >&2\nexit 1\n")
    fake.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/bin:/usr/bin")

    with pytest.raises(ValueError, match="disk on fire"):
        small(sequence).save(tmp_path / "maps.mp4")


def test_another_ending_is_refused(sequence, tmp_path):
    with pytest.raises(InvalidInputError, match=r"\.gif, \.webp, \.mp4, \.html"):
        small(sequence).save(tmp_path / "maps.avi")


def test_the_page_holds_the_places_and_asks_nobody_for_anything(sequence, tmp_path):
    animation = small(sequence, color=np.arange(24) % 2, interpolate=True)

    page = animation.save(tmp_path / "maps.html").read_text(encoding="utf-8")

    assert not re.findall(r'(?:src|href)\s*=\s*["\']?(?!data:)\w', page)
    assert not re.findall(r"https?://|fetch\(|XMLHttpRequest|import\(|WebSocket", page)
    assert "default-src 'none'" in page
    data = packed(animation)
    panel = data["panels"][0]
    places = np.frombuffer(base64.b64decode(panel["places"]), "<u2").reshape(4, 24, 2)
    low, high = np.min(sequence.aligned(), (0, 1)), np.max(sequence.aligned(), (0, 1))
    middle, side = (low + high) / 2, (high - low).max() * 1.08
    np.testing.assert_allclose(
        places / 65534, (sequence.aligned() - middle) / side + 0.5, atol=2e-5
    )
    assert data["steps"] == [0, 10, 100, 1000]


def test_labels_cannot_become_markup(Xs):
    evil = "</script><script>alert(1)</script>"
    maps = project_sequence(Xs, method="pca")

    page = Animation([maps], titles=[evil], color=[evil, "b"] * 12).html()

    assert page.count("<script") == 2
    assert "alert(1)</script" not in page
    data = packed(Animation([maps], titles=[evil], color=[evil, "b"] * 12))
    assert data["panels"][0]["title"] == evil
    assert evil in data["colors"]["names"]


def test_points_that_are_not_there_have_no_place_in_the_page(Xs):
    maps = project_sequence([Xs[0][:20], Xs[1]], ids=[np.arange(20), np.arange(24)], method="pca")

    data = packed(Animation(maps))

    places = np.frombuffer(base64.b64decode(data["panels"][0]["places"]), "<u2").reshape(2, 24, 2)
    assert (places[0, 20:] == 65535).all()
    assert (places[1] < 65535).all()


def test_a_notebook_gets_a_frame_that_may_only_run_scripts(sequence):
    shown = Animation(sequence)._repr_html_()

    assert 'sandbox="allow-scripts"' in shown
    assert shown.count("<") == 2  # everything inside is escaped


def test_three_components_are_drawn_in_space(rng):
    animation = small([rng.normal(size=(10, 3)) for _ in range(2)])

    assert animation.figure().axes[0].name == "3d"
    assert packed(animation)["panels"][0]["n_components"] == 3


@pytest.mark.skipif(shutil.which("node") is None, reason="needs node")
def test_the_players_script_is_valid_javascript(sequence, tmp_path):
    script = re.findall(r"<script>(.*?)</script>", Animation(sequence).html(), re.S)[0]
    (tmp_path / "player.js").write_text(script, encoding="utf-8")

    subprocess.run(["node", "--check", tmp_path / "player.js"], check=True)
