"""What people write: postal codes, amounts, dates, lists, and a digit by itself."""

from random import Random

DIGITS = "0123456789"
SEPARATORS = ".,-/:="
CHARACTERS = DIGITS + SEPARATORS
"""The classes of the number finder, in the order of its outputs."""


def write_text(random: Random) -> str:
    """Makes up a number as it would be written; of `CHARACTERS`, at least one a digit."""
    return random.choices(_KINDS, _SHARES)[0](random)


def _digits(random: Random, least: int, most: int) -> str:
    return "".join(random.choices(DIGITS, k=random.randint(least, most)))


def _plain(random: Random) -> str:
    return _digits(random, 1, 9)


def _short(random: Random) -> str:
    return _digits(random, 1, 4)


def _repeated(random: Random) -> str:
    text = ""
    while len(text) < 3:
        text += random.choice(DIGITS) * random.randint(1, 4)
    return text[:9]


def _round(random: Random) -> str:
    return random.choice("123456789") + _digits(random, 0, 2) + "0" * random.randint(1, 4)


def _amount(random: Random) -> str:
    whole = random.choice((_short, _round))(random)
    separator = random.choice(".,")
    if len(whole) > 3 and random.random() < 0.8:
        whole = f"{whole[:-3]}{separator}{whole[-3:]}"
        separator = random.choice(".,")
    if random.random() < 0.5:
        whole += separator + random.choice((_digits(random, 2, 2), "00"))
    return whole + random.choices(("", ".", ".-", "-", "=", ".="), (5, 1, 2, 1.5, 2, 0.5))[0]


def _decimal(random: Random) -> str:
    sign = "-" if random.random() < 0.3 else ""
    return sign + _digits(random, 1, 3) + random.choice(".,") + _digits(random, 1, 3)


def _signed(random: Random) -> str:
    return "-" + _digits(random, 1, 4)


def _date(random: Random) -> str:
    separator = random.choices("./-", (2, 1, 2))[0]
    parts = [_digits(random, 1, 2), _digits(random, 1, 2)]
    if random.random() < 0.7:
        parts.append(_digits(random, 4, 4) if random.random() < 0.5 else _digits(random, 2, 2))
    return separator.join(parts)


def _time(random: Random) -> str:
    return _digits(random, 1, 2) + ":" + _digits(random, 2, 2)


def _fraction(random: Random) -> str:
    return _digits(random, 1, 3) + "/" + _digits(random, 1, 3)


_KINDS = (_plain, _short, _repeated, _round, _amount, _decimal, _signed, _date, _time, _fraction)
_SHARES = (29, 18, 5, 8, 20, 9, 3, 5, 2, 1)
