"""What the documents say is true: their Python runs, their commands and links exist."""

from __future__ import annotations

import importlib.util
import re
import shlex
from pathlib import Path

import click
import pytest

from driftglass import errors
from driftglass.cli._main import cli

ROOT = Path(__file__).parents[1]
PAGES = sorted(ROOT.glob("*.md")) + sorted((ROOT / "docs").rglob("*.md"))
GROUP = click.Context(cli, info_name="driftglass", **cli.context_settings)
FENCE = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def name_of(path):
    return str(path.relative_to(ROOT))


def blocks(path, language):
    """Code of each fenced block, moved down so that errors name the line of the page."""
    text = path.read_text(encoding="utf-8")
    return [
        "\n" * text[: match.start(2)].count("\n") + match[2]
        for match in FENCE.finditer(text)
        if match[1] == language
    ]


WITH_PYTHON = [path for path in PAGES if blocks(path, "python")]
WITH_SHELL = [path for path in PAGES if blocks(path, "sh")]


@pytest.fixture(scope="module")
def reference():
    spec = importlib.util.spec_from_file_location("reference", ROOT / "scripts/reference.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("path", WITH_PYTHON, ids=name_of)
def test_python_blocks_run_in_order(path, tmp_path, monkeypatch):
    if any("import torch" in block for block in blocks(path, "python")):
        pytest.importorskip("torch")
    page = ROOT / "src/driftglass/server/static/export/page.js"
    exports = any(".html" in block and "dg.export(" in block for block in blocks(path, "python"))
    if exports and not page.exists():
        pytest.skip("the viewer has not been built")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("BROWSER", "true")
    names = {"__name__": "__main__"}

    for block in blocks(path, "python"):
        exec(compile(block, name_of(path), "exec"), names)


@pytest.mark.parametrize("path", WITH_SHELL, ids=name_of)
def test_commands_in_shell_blocks_exist_with_these_options(path):
    lines = [line for block in blocks(path, "sh") for line in block.splitlines()]
    for line in lines:
        words = shlex.split(line, comments=True)
        if words[:1] != ["driftglass"] or words[1].startswith("-"):
            continue
        command = cli.get_command(GROUP, words[1])
        assert command is not None, line
        command.make_context(words[1], words[2:], parent=GROUP)


@pytest.mark.parametrize("path", WITH_SHELL, ids=name_of)
def test_make_recipes_in_shell_blocks_exist(path):
    recipes = set(re.findall(r"^([a-z0-9-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    text = "\n".join(blocks(path, "sh"))

    assert set(re.findall(r"^make ([a-z0-9-]+)", text, re.MULTILINE)) <= recipes


@pytest.mark.parametrize("path", PAGES, ids=name_of)
def test_links_lead_somewhere(path):
    text = FENCE.sub("", path.read_text(encoding="utf-8"))
    targets = re.findall(r"\]\(([^)\s]+)\)", text)

    local = [target.partition("#")[0] for target in targets if not re.match(r"\w+:", target)]
    missing = [target for target in local if target and not (path.parent / target).exists()]
    assert missing == []


@pytest.mark.parametrize("page", ["cli.md", "keys.md", "python.md"])
def test_the_reference_is_what_the_code_says(page, reference):
    written = (ROOT / "docs/reference" / page).read_text(encoding="utf-8")

    assert written == reference.PAGES[page](), "run `make reference`"


@pytest.mark.parametrize("name", sorted(cli.commands))
def test_every_command_has_help_with_examples(name):
    command = cli.commands[name]
    text = command.get_help(click.Context(command, info_name=name, parent=GROUP))

    assert f"driftglass {name}" in text.partition("Examples:")[2]
    assert all(getattr(option, "help", "") for option in command.params if option.opts[0][0] == "-")


@pytest.mark.parametrize("name", sorted(cli.commands))
def test_every_command_can_answer_in_json(name):
    options = [flag for option in cli.commands[name].params for flag in option.opts]

    assert {"--json", "--quiet", "--verbose"} <= set(options)


@pytest.mark.parametrize("name", errors.__all__)
def test_every_error_has_a_section(name):
    page = (ROOT / "docs/errors.md").read_text(encoding="utf-8")
    section = page.partition(f"\n## {name}\n")[2].partition("\n## ")[0]

    assert len(section.split()) > 15
    if issubclass(getattr(errors, name), errors.DriftglassError):
        assert f"Kind `{getattr(errors, name).kind}`" in section


def test_the_tree_of_errors_is_drawn_as_it_is():
    page = (ROOT / "docs/errors.md").read_text(encoding="utf-8")
    assert errors.__doc__ is not None
    tree = errors.__doc__[errors.__doc__.index("DriftglassError\n") :].partition("\n\n")[0]

    assert tree in page


def test_every_file_on_the_map_is_there():
    page = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")
    named = re.findall(r"`([\w./*-]+(?:\.(?:py|pyi|ts|md|svelte|html|cpp|hpp)|/))`", page)
    places = [ROOT, ROOT / "src/driftglass", ROOT / "web/src", ROOT / "web"]

    # A file named beside another of its folder goes without the folder's name.
    def there(name):
        return any(next(place.glob(name), None) for place in places) or any(
            next((ROOT / half).rglob(name.strip("/")), None) for half in ("src", "web/src")
        )

    assert [name for name in named if not there(name)] == []


def test_every_environment_variable_is_documented():
    page = (ROOT / "docs/reference/environment.md").read_text(encoding="utf-8")
    sources = [*(ROOT / "src").rglob("*.py"), *(ROOT / "scripts").glob("*.sh"), ROOT / "Makefile"]
    used = {
        name
        for path in sources
        for name in re.findall(r"\b_?DRIFTGLASS_[A-Z_]+", path.read_text(encoding="utf-8"))
    }

    assert {name for name in used if f"`{name}`" not in page} == set()
