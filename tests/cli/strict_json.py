"""What the second opinions share: strict JSON, FIELDs, keys. From the contract.

It shares nothing with the program; Python's own json is too lenient.
"""

import re
import sys
from decimal import Decimal

sys.setrecursionlimit(10000)  # a call or two for each level of nesting

WHITE = b" \t\n\r"
NUMBER = re.compile(rb"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?")
SIMPLE = {b'"': '"', b"\\": "\\", b"/": "/", b"b": "\b", b"f": "\f",
          b"n": "\n", b"r": "\r", b"t": "\t"}
DEPTH_MAX = 1000


class Bad(Exception):
    """str() is the reason."""


class Num(str):
    """A number: its literal text."""


class Parser:
    """RFC 8259 over bytes. Objects are dicts: of equal names the last stays.

    Strings are str with lone surrogates as they are.
    """

    def __init__(self, text):
        self.text = text
        self.at = 0

    def whole(self):
        value = self.value(0)
        self.white()
        if self.at != len(self.text):
            raise Bad("invalid_json")
        return value

    def peek(self):
        return self.text[self.at:self.at + 1]

    def white(self):
        while self.peek() and self.peek() in WHITE:
            self.at += 1

    def need(self, byte):
        if self.peek() != byte:
            raise Bad("invalid_json")
        self.at += 1

    def value(self, depth):
        self.white()
        first = self.peek()
        if first in (b"{", b"["):
            if depth == DEPTH_MAX:
                raise Bad("too_deep")
            self.at += 1
            return (self.object if first == b"{" else self.array)(depth + 1)
        if first == b'"':
            return self.string()
        for word, value in ((b"null", None), (b"true", True),
                            (b"false", False)):
            if self.text.startswith(word, self.at):
                self.at += len(word)
                return value
        number = NUMBER.match(self.text, self.at)
        if not number:
            raise Bad("invalid_json")
        self.at = number.end()
        return Num(number[0].decode())

    def object(self, depth):
        members = {}
        self.white()
        if self.peek() == b"}":
            self.at += 1
            return members
        while True:
            self.white()
            name = self.string()
            self.white()
            self.need(b":")
            members[name] = self.value(depth)
            self.white()
            if self.peek() == b"}":
                self.at += 1
                return members
            self.need(b",")

    def array(self, depth):
        items = []
        self.white()
        if self.peek() == b"]":
            self.at += 1
            return items
        while True:
            items.append(self.value(depth))
            self.white()
            if self.peek() == b"]":
                self.at += 1
                return items
            self.need(b",")

    def string(self):
        self.need(b'"')
        units = []
        while True:
            plain = re.compile(rb'[^"\\\x00-\x1f]*').match(self.text, self.at)
            try:
                units.append(plain[0].decode("utf-8"))
            except UnicodeDecodeError:
                raise Bad("invalid_json") from None
            self.at = plain.end()
            if self.peek() == b'"':
                self.at += 1
                break
            self.need(b"\\")
            escape = self.peek()
            self.at += 1
            if escape in SIMPLE and escape:
                units.append(SIMPLE[escape])
                continue
            digits = self.text[self.at:self.at + 4]
            if escape != b"u" or not re.fullmatch(rb"[0-9a-fA-F]{4}", digits):
                raise Bad("invalid_json")
            units.append(chr(int(digits, 16)))
            self.at += 4
        # Pairs of surrogates become one character, lone ones stay.
        return "".join(units).encode("utf-16-le", "surrogatepass").decode(
            "utf-16-le", "surrogatepass")


def find(value, field):
    """The value at a FIELD; raises KeyError."""
    pointer = field.startswith("/")
    if pointer:
        steps = [step.replace("~1", "/").replace("~0", "~")
                 for step in field[1:].split("/")]
    else:
        steps = field.split(".")
    for step in steps:
        if isinstance(value, dict):
            value = value[step]
        elif isinstance(value, list):
            if not re.fullmatch("0|[1-9][0-9]*", step) or (
                    int(step) >= len(value)):
                raise KeyError(step)
            value = value[int(step)]
        else:
            raise KeyError(step)
    return value


def key_part(value):
    if isinstance(value, (dict, list)):
        raise Bad("bad_key")
    if isinstance(value, str):
        try:
            size = len(value.encode("utf-8"))
        except UnicodeEncodeError:
            raise Bad("bad_key") from None
        if size > 4096:
            raise Bad("bad_key")
    return value


def order(part):
    """null, false, true, numbers by value then text, strings by bytes."""
    if part is None:
        return (0,)
    if part is False or part is True:
        return (1 + int(part),)
    if isinstance(part, Num):
        return (3, Decimal(part), part.encode())
    return (4, part.encode())


def identity(part):
    return (type(part).__name__, part)


def tsv_text(part):
    if part is None:
        return "null"
    if isinstance(part, bool):
        return "true" if part else "false"
    if isinstance(part, Num):
        return str(part)
    text = part
    if (text in ("", "(other)", "(summary)", "true", "false", "null") or
            text[0] == '"' or (text.isascii() and
                               NUMBER.fullmatch(text.encode()))):
        text = f'"{text}"'
    names = {"\t": "\\t", "\n": "\\n", "\r": "\\r", "\\": "\\\\"}
    return "".join(
        names.get(c) or (f"\\u{ord(c):04x}" if ord(c) < 0x20 or
                         0x7f <= ord(c) < 0xa0 else c) for c in text)
