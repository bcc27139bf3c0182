"""The size of JPEG XL pictures, which their decoder tells only after it has decoded them."""

_CODESTREAM = b"\xff\x0a"
_RATIOS = ((1, 1), (12, 10), (4, 3), (3, 2), (16, 9), (5, 4), (2, 1))
_SIDE_BITS = (9, 13, 18, 30)


def jxl_size(data: bytes) -> tuple[int, int]:
    """Width and height in pixels before turning; (0, 0) if the header is damaged."""
    stream = data[:64] if data.startswith(_CODESTREAM) else _first_codestream(data)
    if not stream.startswith(_CODESTREAM):
        return 0, 0
    bits = _Bits(stream[2:])
    in_eights = bits.take(1)
    height = _side(bits, in_eights)
    ratio = bits.take(3)
    if ratio == 0:
        return _side(bits, in_eights), height
    across, down = _RATIOS[ratio - 1]
    return height * across // down, height


def _side(bits: "_Bits", in_eights: int) -> int:
    if in_eights:
        return 8 * (1 + bits.take(5))
    return 1 + bits.take(_SIDE_BITS[bits.take(2)])


def _first_codestream(data: bytes) -> bytes:
    """The beginning of the codestream in a file of boxes."""
    offset = 0
    while offset + 8 <= len(data):
        size, kind, start = int.from_bytes(data[offset : offset + 4], "big"), data[offset + 4 : offset + 8], offset + 8
        if size == 1:
            size, start = int.from_bytes(data[start : start + 8], "big"), start + 8
        if kind == b"jxlc":
            return data[start : start + 64]
        if kind == b"jxlp":
            return data[start + 4 : start + 68]
        if size < 8:
            break
        offset += size
    return b""


class _Bits:
    """Reads numbers from the lowest bit up; zeros follow the end."""

    def __init__(self, data: bytes) -> None:
        self._number = int.from_bytes(data, "little")

    def take(self, count: int) -> int:
        """The next `count` bits."""
        taken = self._number & ((1 << count) - 1)
        self._number >>= count
        return taken
