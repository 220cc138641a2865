"""Makes a browser's PNG small: 256 colours do for a page."""

import collections
import struct
import zlib

BEGIN = b"\x89PNG\r\n\x1a\n"


def chunks(png):
    at = len(BEGIN)
    while at < len(png):
        size, = struct.unpack_from(">I", png, at)
        yield png[at + 4:at + 8], png[at + 8:at + 8 + size]
        at += 12 + size


def chunk(kind, data):
    return (struct.pack(">I", len(data)) + kind + data +
            struct.pack(">I", zlib.crc32(kind + data)))


def predicted(kind, left, above, corner):
    """What a filter takes a byte to be like."""
    if kind == 4:
        guess = left + above - corner
        return min((left, above, corner), key=lambda one: abs(guess - one))
    return (0, left, above, (left + above) // 2)[kind]


def pixels(png):
    """(width, rows): each row a list of (red, green, blue)."""
    parts = collections.defaultdict(bytes)
    for kind, data in chunks(png):
        parts[kind] += data
    width, height, depth, colour, *_ = struct.unpack(">IIBBBBB",
                                                     parts[b"IHDR"])
    assert depth == 8 and colour in (2, 6), "not a browser's PNG"
    step = 3 if colour == 2 else 4
    data = zlib.decompress(parts[b"IDAT"])
    size = width * step
    above = bytes(size)
    rows = []
    for y in range(height):
        kind = data[y * (size + 1)]
        row = bytearray(data[y * (size + 1) + 1:(y + 1) * (size + 1)])
        for x in range(size) if kind else ():
            left, corner = ((row[x - step], above[x - step]) if x >= step
                            else (0, 0))
            row[x] = (row[x] + predicted(kind, left, above[x], corner)) & 255
        rows.append([tuple(row[x:x + 3]) for x in range(0, size, step)])
        above = row
    return width, rows


def shrink(png):
    """The same picture with a palette, any colour by the nearest of the most
    frequent ones."""
    width, rows = pixels(png)
    often = collections.Counter(pixel for row in rows for pixel in row)
    palette = [colour for colour, _ in often.most_common(256)]
    nearest = {colour: at for at, colour in enumerate(palette)}
    for colour in often:
        if colour not in nearest:
            nearest[colour] = min(range(len(palette)), key=lambda at: sum(
                (one - other) ** 2
                for one, other in zip(colour, palette[at])))
    data = b"".join(b"\0" + bytes(nearest[pixel] for pixel in row)
                    for row in rows)
    return BEGIN + b"".join([
        chunk(b"IHDR", struct.pack(">IIBBBBB", width, len(rows), 8, 3, 0, 0,
                                   0)),
        chunk(b"PLTE", b"".join(map(bytes, palette))),
        chunk(b"IDAT", zlib.compress(data, 9)), chunk(b"IEND", b"")])
