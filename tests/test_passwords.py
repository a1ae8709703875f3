"""A password is refused on the command line, and hidden wherever a URL is shown."""

import pytest

from tunesmith.passwords import hide_passwords, holds_password


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("postgresql://me:s3cr:et@host:5432/db", "postgresql://me:***@host:5432/db"),
        ("postgresql://host/db?password=s3cret&x=1", "postgresql://host/db?password=***&x=1"),
        ("lost http://me:s3cret@127.0.0.1:1 (refused)", "lost http://me:***@127.0.0.1:1 (refused)"),
        (
            "postgresql+psycopg://me@h/db?x=1&PASSWORD=s3",
            "postgresql+psycopg://me@h/db?x=1&PASSWORD=***",
        ),
    ],
)
def test_a_password_is_found_and_hidden(text: str, shown: str) -> None:
    assert holds_password(text)
    assert hide_passwords(text) == shown


@pytest.mark.parametrize(
    "text",
    ["sqlite:///a.db", "postgresql://me@host/db", "http://127.0.0.1:5000", "a@b:c", "x=1:2@3"],
)
def test_a_text_without_a_password_stays(text: str) -> None:
    assert not holds_password(text)
    assert hide_passwords(text) == text
