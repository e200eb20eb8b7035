"""Reading a few items ahead in threads, while the caller works on those before them."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

Item = TypeVar("Item")
Value = TypeVar("Value")


def read_ahead(
    read: Callable[[Item], Value], items: Iterable[Item], ahead: int
) -> Iterator[tuple[Item, Value]]:
    """Each item with what ``read`` gives for it, in order; at most ``ahead`` + 1 are held.

    What ``read`` raises is raised in its item's turn.
    """
    with ThreadPoolExecutor(ahead) as pool:
        waiting: deque[tuple[Item, Future[Value]]] = deque()
        for item in items:
            waiting.append((item, pool.submit(read, item)))
            if len(waiting) > ahead:
                done, value = waiting.popleft()
                yield done, value.result()
        while waiting:
            done, value = waiting.popleft()
            yield done, value.result()
