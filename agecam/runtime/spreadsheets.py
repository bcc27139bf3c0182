"""What CSV files need, so that spreadsheets read them as they are meant."""

LINE_END = "\r\n"
"""Required by RFC 4180; with another one, Python's csv does not quote a carriage return inside a name."""
BYTE_ORDER_MARK = "\ufeff"
"""Spreadsheets need it to read a file as UTF-8; other programs do not."""


def escape_formula(text: str) -> str:
    """Prevent spreadsheets from treating a name as a formula."""
    return f"'{text}" if text.startswith(("=", "+", "-", "@", "\t", "\r")) else text
