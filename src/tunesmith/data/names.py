"""Give every column of a table a name of its own, without blanks around it."""

from collections.abc import Iterable


def tidy_names(names: Iterable[object]) -> tuple[list[str], list[str]]:
    """Return the names, and a line for each that another one had or that was empty.

    >>> tidy_names([" a", "a ", ""])
    (['a', 'a.1', 'Unnamed: 2'], ["another column is called 'a': column 2 is 'a.1'", ...])

    """
    tidy: list[str] = []
    lines: list[str] = []
    stripped = [str(name).strip() for name in names]
    for number, name in enumerate(stripped):
        found = name or f"Unnamed: {number}"
        if not name:
            lines.append(f"column {number + 1} has no name: it is called {found!r}")
        elif name in tidy:
            found = _free(name, taken={*tidy, *stripped})
            lines.append(f"another column is called {name!r}: column {number + 1} is {found!r}")
        tidy.append(found)
    return tidy, lines


def _free(name: str, *, taken: set[str]) -> str:
    number = 1
    while f"{name}.{number}" in taken:
        number += 1
    return f"{name}.{number}"
