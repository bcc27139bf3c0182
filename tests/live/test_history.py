"""The results that are kept for an export."""

import tracemalloc

from agecam.live.history import ResultHistory


def row(number: int) -> str:
    values = ",".join(f"{(number * 37 + column * 101) % 1280 + 0.1 * (column % 10):.1f}" for column in range(14))
    return f"film.mp4,{number},{number / 30:.3f},1280,720,compact,{values}\r\n"


def test_all_results_come_back_in_order() -> None:
    history = ResultHistory()
    assert not history
    assert list(history.texts()) == []
    rows = [row(number) for number in range(3000)]
    for text in rows:
        history.add(text)
    assert len(history) == 3000
    assert "".join(history.texts()) == "".join(rows)


def test_the_oldest_results_are_dropped() -> None:
    history = ResultHistory(max_results=2000)
    for number in range(9000):
        history.add(row(number))
    kept = "".join(history.texts()).splitlines(keepends=True)
    assert kept == [row(number) for number in range(9000 - len(kept), 9000)]
    assert 2000 <= len(kept) == len(history) < 3000


def test_results_take_little_memory() -> None:
    tracemalloc.start()
    try:
        history = ResultHistory()
        before, _ = tracemalloc.get_traced_memory()
        for number in range(20_000):
            history.add(row(number))
        taken = tracemalloc.get_traced_memory()[0] - before
    finally:
        tracemalloc.stop()
    assert taken < 0.4 * sum(len(row(number)) for number in range(20_000))
