"""Settings that a user, a project and the environment may give, and where each value came from.

What comes first wins: the command line, the environment, the project's ``pyproject.toml`` (table
``tool.driftglass``) or ``driftglass.toml``, the user's ``driftglass/config.toml``, the default.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from .errors import FormatError, InvalidInputError, NotFoundError

__all__ = ["SETTINGS", "Found", "Setting", "find_setting", "user_file", "value_of"]


@dataclass(frozen=True)
class Setting:
    """One setting.

    Parameters
    ----------
    name : str
        As files call it.
    variable : str
        As the environment calls it.
    default : object
        Without any other.
    about : str
        What it does, in a line.
    read : callable
        Turns text or a value of TOML into the setting, or raises ValueError.
    """

    name: str
    variable: str
    default: Any
    about: str
    read: Callable[[Any], Any]


@dataclass(frozen=True)
class Found:
    """A value, and who gave it: "env", "project", "user" or "default", with the place."""

    value: Any
    origin: str
    place: str = ""


def _text(value: Any) -> str:
    if not isinstance(value, str) or not value:
        raise ValueError("text is needed")
    return value


def _port(value: Any) -> int:
    number = int(value) if isinstance(value, str) else value
    if isinstance(number, bool) or not isinstance(number, int) or not 0 <= number <= 65_535:
        raise ValueError("a whole number from 0 to 65535 is needed")
    return number


def _flag(value: Any) -> bool:
    words = {"1": True, "true": True, "yes": True, "on": True}
    words |= {"0": False, "false": False, "no": False, "off": False}
    if isinstance(value, bool):
        return value
    if isinstance(value, str) and value.lower() in words:
        return words[value.lower()]
    raise ValueError("true or false is needed")


SETTINGS = (
    Setting("store", "DRIFTGLASS_DIR", "runs", "Folder of the store.", _text),
    Setting("host", "DRIFTGLASS_HOST", "127.0.0.1", "Address to listen on.", _text),
    Setting("port", "DRIFTGLASS_PORT", 7430, "Port, or the next free one.", _port),
    Setting("browser", "DRIFTGLASS_BROWSER", True, "Open a browser.", _flag),
)
_BY_NAME = {setting.name: setting for setting in SETTINGS}


def value_of(name: str) -> Any:
    """Value of a setting; see `find_setting`."""
    return find_setting(name).value


def find_setting(
    name: str, *, environment: Mapping[str, str] | None = None, folder: Path | None = None
) -> Found:
    """Value of a setting and where it came from.

    Parameters
    ----------
    name : str
        One of `SETTINGS`.
    environment : mapping, optional
        The process's own by default.
    folder : Path, optional
        Where the search for the project begins; the current folder by default.

    Raises
    ------
    NotFoundError
        There is no such setting.
    InvalidInputError
        A value cannot be used; the message says where it stands.
    FormatError
        A file is no TOML, or holds a setting that there is not.
    """
    if name not in _BY_NAME:
        raise NotFoundError.for_name("setting", name, list(_BY_NAME))
    setting = _BY_NAME[name]
    variables = os.environ if environment is None else environment
    if variables.get(setting.variable):
        place = setting.variable
        return Found(_checked(setting, variables[place], place), "env", place)
    project = _project_file(Path.cwd() if folder is None else folder)
    for origin, path in (("project", project), ("user", user_file(variables))):
        if path is None or not path.is_file():
            continue
        table = _table(path, path.stat().st_mtime_ns)
        if name in table:
            return Found(_checked(setting, table[name], str(path)), origin, str(path))
    return Found(setting.default, "default")


def user_file(environment: Mapping[str, str] | None = None) -> Path:
    """Where the user's settings are."""
    variables = os.environ if environment is None else environment
    if os.name == "nt":
        base = variables.get("APPDATA") or "~/AppData/Roaming"
    else:
        base = variables.get("XDG_CONFIG_HOME") or "~/.config"
    return Path(base).expanduser() / "driftglass" / "config.toml"


def _project_file(folder: Path) -> Path | None:
    """The nearest file with settings, upwards from a folder."""
    for place in (folder, *folder.parents):
        own = place / "driftglass.toml"
        if own.is_file():
            return own
        project = place / "pyproject.toml"
        if project.is_file() and _table(project, project.stat().st_mtime_ns):
            return project
    return None


@cache
def _table(path: Path, changed: int) -> Mapping[str, Any]:
    """Settings of a file; `changed` keys the cache."""
    import tomllib

    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise FormatError(f"{path} is not TOML: {error}.") from error
    except OSError:
        return {}
    if path.name == "pyproject.toml":
        table = table.get("tool", {}).get("driftglass", {})
    for name in table:
        if name not in _BY_NAME:
            raise FormatError(
                f"{path} holds a setting {name!r:.60}; known are {', '.join(_BY_NAME)}."
            )
    return table


def _checked(setting: Setting, value: Any, place: str) -> Any:
    try:
        return setting.read(value)
    except (TypeError, ValueError) as error:
        raise InvalidInputError(f"{setting.name} is {value!r:.60} in {place}; {error}.") from error
