"""Tables for the console."""


def table(head: list[str], rows: list[list[str]]) -> str:
    """Lines of a table with right-aligned columns."""
    widths = [max(len(line[column]) for line in (head, *rows)) for column in range(len(head))]
    return "\n".join(
        "  ".join(cell.rjust(width) for cell, width in zip(line, widths, strict=True)) for line in (head, *rows)
    )
