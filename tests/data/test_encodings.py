"""The encoding of a text file is found, or asked for with what can be seen."""

from io import BytesIO
from pathlib import Path

import pytest

from tunesmith.data.encodings import find_encoding
from tunesmith.errors import InvalidArgument

TEXTS = {
    "German": ("Stadt;Größe\nMünchen;1,5\nKöln;2\n", "cp1252"),
    "one German word": ("größe,price\n1,2\n", "cp1252"),
    "French": ("ville,prix\nGenève,1\nOrléans,2\nà côté,3\n", "cp1252"),
    "capitals": ("ÉCOLE,price\n1,2\n", "cp1252"),
    "signs": ("name,price\nit’s,5 €\n12 m²,£7\n", "cp1252"),  # noqa: RUF001 - an apostrophe
    "Polish": ("miasto,cena\nŁódź,2\nGdańsk,3\n", "cp1250"),
    "Japanese": ("駅,価格,面積\n東京,100,20\n大阪,200,30\n", "cp932"),
    "one Japanese line": ("価格,面積\n1,2\n", "cp932"),
    "late in the first level": ("登録日,和室\n令和,枠\n", "cp932"),
    "quotes and dashes in a Latin reading": ("店,売上\n本店,1\n", "cp932"),
    "a dash in a Cyrillic reading": ("列,x\n1,2\n", "cp932"),
    "half-width kana": ("ﾄｳｷｮｳ,価格\n1,2\n", "cp932"),
    "Russian": ("город,цена\nМосква,2\nКазань,3\n", "cp1251"),  # noqa: RUF001 - Cyrillic
    "ASCII": ("a,b\n1,2\n", "utf-8"),
    "UTF-8": ("größe,価格\n1,2\n", "utf-8"),
    "marked UTF-8": ("größe,価格\n1,2\n", "utf-8-sig"),
    "UTF-16 without a mark": ("größe,price\n1,2\n", "utf-16-le"),
    "the other UTF-16": ("größe,price\n1,2\n", "utf-16-be"),
    "UTF-16": ("größe,価格\n1,2\n", "utf-16"),
}


@pytest.mark.parametrize("name", TEXTS)
def test_the_encoding_is_found(name: str) -> None:
    text, encoding = TEXTS[name]
    assert find_encoding(BytesIO(text.encode(encoding)), path=Path("a.csv")) == encoding


def test_an_odd_line_far_down_tells() -> None:
    content = b"a,b\n" + b"1,2\n" * 100_000 + "größe,2\n".encode("cp1252")
    assert find_encoding(BytesIO(content), path=Path("a.csv")) == "cp1252"


def test_a_word_that_reads_right_in_two_is_asked_for_with_what_to_type() -> None:
    with pytest.raises(InvalidArgument) as caught:
        find_encoding(BytesIO("角地,x\n1,2\n".encode("cp932")), path=Path("a.csv"))
    line = str(caught.value)
    assert "cp932 reads '角地,x'; cp1252 reads 'Šp’n,x'" in line  # noqa: RUF001
    assert "data.encoding=cp932 or data.encoding=cp1252" in line


@pytest.mark.parametrize(
    ("text", "encoding"), [("城市,价格\n北京,2\n", "gb18030"), ("駅,価格\n東京,1\n", "euc_jp")]
)
def test_what_is_not_clear_is_shown_under_the_likeliest(text: str, encoding: str) -> None:
    with pytest.raises(InvalidArgument) as caught:
        find_encoding(BytesIO(text.encode(encoding)), path=Path("a.csv"))
    line = str(caught.value)
    assert "\n" not in line
    assert f"{encoding} reads {text.splitlines()[0]!r}" in line
    assert f"data.encoding={encoding}" in line
    assert "latin-1" not in line


def test_bytes_that_no_usual_encoding_reads_are_refused() -> None:
    with pytest.raises(InvalidArgument, match="save the file as UTF-8"):
        find_encoding(BytesIO(b"a,b\n\x81\xff\x98\xff,1\n"), path=Path("a.csv"))
