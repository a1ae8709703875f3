"""Find out how the text of a file is encoded, or show what it reads like if that is not clear."""

import codecs
import re
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

from charset_normalizer import from_bytes

from tunesmith.errors import InvalidArgument

N_SAMPLE = 200_000
N_BLOCK = 1 << 20
N_HEAD = 1000
N_SHOWN = 4
# How much of what is not ASCII must be what people write in that encoding.
MIN_PLAUSIBLE = 0.95
# The least share of letters of a language, and how far it must lead.
MIN_COHERENCE = 0.3
_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_WORD = re.compile(r"[^\W\d_]*[^\x00-\x7f][^\s,;|\t\"]*")
_MONEY = re.compile(r"[£¥€][^\W\d_]")
# Capitals with accents stand within no word of small letters.
_HUMP = re.compile(r"[a-zß-ÿ][À-ÞŒŠŽŸ]")
# The last one of the first level, in which 令和 and 登録 lie close to it.
_LAST_COMMON_KANJI = "腕".encode("cp932")
# What begins no word: a closing quote or a dash, right before a letter or an opening one.
_BACKWARDS = re.compile(r"[”’–—]([^\W\d_]|[„“‘{])")  # noqa: RUF001 - as people write them
# What stands beside words and numbers, but never within a word.
_SYMBOLS = "€£¥§©®°±²³µ·½¼«»“”„‘’‚–—…"  # noqa: RUF001 - as people write them


def find_encoding(file: BinaryIO, *, path: Path) -> str:
    """Return the encoding of a text file.

    Args:
        file: The file, unpacked; it is read from its start, a block at a time.
        path: Where it lies, for the message.

    Raises:
        InvalidArgument: Several are as likely; the message shows how the text reads in each.

    """
    file.seek(0)
    head = file.read(N_HEAD)
    marked = next((name for mark, name in _MARKS if head.startswith(mark)), None)
    if marked is not None:
        return marked
    if (wide := _unmarked_wide(head)) is not None:
        return wide
    return "utf-8" if _is_utf8(file) else _of_sample(_odd_lines(file), path=path)


def _is_utf8(file: BinaryIO) -> bool:
    decoder = codecs.getincrementaldecoder("utf-8")()
    file.seek(0)
    try:
        while block := file.read(N_BLOCK):
            decoder.decode(block)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True


def _unmarked_wide(head: bytes) -> str | None:
    """Return which UTF-16 a text without a mark is in: half of its ASCII bytes are zero."""
    even, odd = head[::2].count(0), head[1::2].count(0)
    if even + odd <= len(head) / 8:
        return None
    return "utf-16-le" if odd > even else "utf-16-be"


def _odd_lines(file: BinaryIO) -> bytes:
    """Return the first line and those that are not ASCII, up to a size."""
    file.seek(0)
    # Where lines end by \r alone, the file is a single one.
    every = (line for lines in file for line in lines.splitlines(keepends=True))
    kept = [next(every)]
    size = len(kept[0])
    for line in every:
        if not line.isascii():
            kept.append(line)
            size += len(line)
        if size > N_SAMPLE:
            break
    return b"".join(kept)


def _of_sample(sample: bytes, *, path: Path) -> str:
    readings = {name: text for name in _LIKELY if (text := _decoded(sample, name)) is not None}
    likely = {name: text for name, text in readings.items() if _share(text, name) >= MIN_PLAUSIBLE}
    if len(set(likely.values())) == 1:
        return _NAMES.get(first := next(iter(likely)), first)
    if (clear := _by_language(sample, list(likely))) is not None:
        return _NAMES.get(clear, clear)
    shown = list(likely or readings)[:N_SHOWN]
    if not shown:
        raise InvalidArgument(
            "encoding",
            f"that of {path}",
            None,
            detail="which none of the usual ones reads",
            way_out="save the file as UTF-8",
        )
    words = _telling({name: readings[name] for name in shown})
    read = "; ".join(f"{_NAMES.get(name, name)} reads {words[name]!r}" for name in shown)
    options = " or ".join(f"data.encoding={_NAMES.get(name, name)}" for name in shown)
    raise InvalidArgument(
        "encoding",
        f"that of {path}",
        None,
        detail=f"which is not UTF-8: {read}",
        way_out=f"type the one that reads right: {options}",
    )


def _decoded(sample: bytes, encoding: str) -> str | None:
    try:
        return sample.decode(encoding)
    except UnicodeDecodeError:
        return None


def _telling(readings: dict[str, str]) -> dict[str, str]:
    """Return the line of names under each encoding, or a later one if that is ASCII."""
    lines = {name: text.splitlines() for name, text in readings.items()}
    first = next(iter(lines.values()))
    row = next((i for i, line in enumerate(first) if not line.isascii()), 0)
    return {name: all_lines[min(row, len(all_lines) - 1)][:80] for name, all_lines in lines.items()}


def _by_language(sample: bytes, names: list[str]) -> str | None:
    """Return the encoding under which the text is a known language, if only one makes it so."""
    if len(names) < 2:
        return None
    coherence = {
        name: max((found.coherence for found in from_bytes(sample, cp_isolation=[name])), default=0)
        for name in names
    }
    best, second = sorted(coherence, key=lambda name: coherence[name], reverse=True)[:2]
    leads = coherence[best] >= MIN_COHERENCE and coherence[second] <= coherence[best] / 2
    return best if leads else None


def _share(text: str, encoding: str) -> float:
    """Return which share of the words that are not ASCII looks like what people write."""
    words = _WORD.findall(text)
    return sum(_LIKELY[encoding](word) for word in words) / max(1, len(words))


def _is_latin(letters: str) -> Callable[[str], bool]:
    def check(word: str) -> bool:
        if _MONEY.search(word) or _HUMP.search(word) or _BACKWARDS.match(word):
            return False
        inner = word.strip(_SYMBOLS + "()[]{}/.-+%'!?:&*#=0123456789")
        odd = [char for char in inner if not char.isascii()]
        if not all(char in letters or char == "’" for char in odd):  # noqa: RUF001 - an apostrophe
            return False
        # Cyrillic in a Latin encoding is all odd letters; a word of one or two may be.
        return len(inner) < 4 or len(odd) <= 0.8 * len(inner)

    return check


def _is_cyrillic(word: str) -> bool:
    letters = [char for char in word if not char.isascii() and char not in _SYMBOLS + "№"]
    is_known = all("\u0410" <= char <= "\u044f" or char in "ЁёІіЇїЄєҐґЎў" for char in letters)
    inner = re.sub(r"\W", "", word)
    has_case = inner in (inner.lower(), inner.upper(), inner.capitalize())
    is_plain = not re.search("[A-Za-z]", word) and not _BACKWARDS.match(word)
    return is_known and has_case and is_plain


def _is_japanese(word: str) -> bool:
    odd = [char for char in word if not char.isascii()]
    is_half = ["\uff61" <= char <= "\uff9f" for char in odd]
    if any(is_half):
        # A Latin letter with an accent reads as one of these.
        return all(is_half) and not re.search("[A-Za-z]", word)
    return all(b"\x81" <= _bytes(char, "cp932") <= _LAST_COMMON_KANJI for char in odd)


def _in_rows(encoding: str, low: int, high: int) -> Callable[[str], bool]:
    """Return a check that the characters lie in the rows of the common ones, or are kana."""

    def check(word: str) -> bool:
        leads = [_lead(char, encoding) for char in word if not char.isascii()]
        return all(low <= lead <= high for lead in leads)

    return check


def _lead(char: str, encoding: str) -> int:
    return _bytes(char, encoding)[0]


def _bytes(char: str, encoding: str) -> bytes:
    try:
        return char.encode(encoding)
    except UnicodeEncodeError:
        return b"\xff"


_WEST = "ÀÁÂÃÄÅÆÇÈÉÊËÌÍÎÏÑÒÓÔÕÖØÙÚÛÜßàáâãäåæçèéêëìíîïñòóôõöøùúûüÿŒœŠšŽžŸ"
_EAST = "ÁÂĂÄÇČĆĎĐÉĘËĚÍÎŁŃŇÓÔŐÖŘŚŠŞŤŢŮÚŰÜÝŹŽŻßáâăäąĄçčćďđéęëěíîłńňóôőöřśšşťţůúűüýźžż"
# The likeliest encodings of tables, by what their common characters are.
_LIKELY: dict[str, Callable[[str], bool]] = {
    "cp932": _is_japanese,
    "cp1252": _is_latin(_WEST),
    "cp1250": _is_latin(_EAST),
    "cp1251": _is_cyrillic,
    "euc_kr": _in_rows("euc_kr", 0xB0, 0xC8),
    "gb2312": _in_rows("gb2312", 0xA1, 0xD7),
    "big5": _in_rows("big5", 0xA4, 0xC6),
    "euc_jp": _in_rows("euc_jp", 0xA1, 0xCF),
}
# The same with the rare characters.
_NAMES = {"euc_kr": "cp949", "gb2312": "gb18030"}
