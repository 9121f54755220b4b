"""Messages as bytes: what is tried is the transport."""

import base64


def text_message(text):
    """A SeldonMessage whose strData (field 5) is this text."""
    body = text.encode()
    size, length = len(body), b""
    while size > 127:
        length += bytes([size & 127 | 128])
        size >>= 7
    return bytes([5 << 3 | 2]) + length + bytes([size]) + body


def numbered(number, size):
    """A text that no other number gives, about as long as asked for."""
    mark = f"<{number}>"
    return mark * (1 + size // len(mark))


def packed(data):
    return base64.b64encode(data or b"").decode()


def metadata_of(given):
    return [
        (key, base64.b64decode(value) if key.endswith("-bin") else value)
        for key, values in (given or {}).items()
        for value in values
    ]


def told(metadata):
    found = {}
    for key, value in metadata or ():
        text = packed(value) if key.endswith("-bin") else value
        found.setdefault(key, []).append(text)
    return found
