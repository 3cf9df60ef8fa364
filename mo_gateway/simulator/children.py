"""Work spread over child processes: each tells its parent how far it is, and gives its book at the end."""

import asyncio
import signal
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager, suppress
from multiprocessing import get_context
from multiprocessing.connection import Connection, wait
from threading import current_thread, main_thread
from typing import Any, cast

from mo_gateway.errors import MoGatewayError

from .book import Book, merged
from .provider import News

Tell = Callable[[News], None]
RunShare = Callable[[int, Tell], Coroutine[Any, Any, Book]]


def run_in_children(processes: int, run_share: RunShare, tell: Tell) -> Book:
    """Run shares 0, 1, … in a process each, and put their books together; Ctrl-C stops them all."""
    children = _start(processes, run_share)  # those that still work, and their shares
    news, books = [News()] * processes, []
    while children:
        try:
            ready = cast("list[Connection]", wait(list(children)))
        except KeyboardInterrupt:
            _stop(children)
            continue
        for child in ready:
            thing = _received(child)
            if isinstance(thing, Book):
                books.append(thing)
                del children[child]
            else:
                news[children[child]] = thing
        tell(_together(news))
    return merged(books)


def _start(processes: int, run_share: RunShare) -> dict[Connection, int]:
    context = get_context("spawn")  # a fork would copy threads and database connections of the caller
    children = {}
    with _deaf_to_ctrl_c():  # they inherit that: it would hit them before they could give a book
        for share in range(processes):
            child, parent = context.Pipe()
            context.Process(target=_child, args=(run_share, share, parent), daemon=True).start()
            parent.close()
            children[child] = share
    return children


def _stop(children: dict[Connection, int]) -> None:
    for child in children:
        with suppress(BrokenPipeError):  # it has just ended by itself
            child.send("stop")


def _received(child: Connection) -> Book | News:
    try:
        return cast("Book | News", child.recv())
    except (EOFError, ConnectionResetError) as exc:
        raise MoGatewayError("A process of the simulator ended without giving its book.") from exc


def _together(news: list[News]) -> News:
    return News(
        settled=sum(each.settled for each in news),
        seconds=max(each.seconds for each in news),
        trouble=next((each.trouble for each in news if each.trouble), ""),
    )


@contextmanager
def _deaf_to_ctrl_c() -> Iterator[None]:
    if current_thread() is not main_thread():
        yield  # only the main thread may set signals, and only it is hit by them
        return
    handler = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, handler)


def _child(run_share: RunShare, share: int, parent: Connection) -> None:
    with suppress(BrokenPipeError):  # the parent is gone, and nobody wants the book
        parent.send(asyncio.run(_until_told(run_share(share, parent.send), parent)))


async def _until_told(work: Coroutine[Any, Any, Book], parent: Connection) -> Book:
    loop, working = asyncio.get_running_loop(), asyncio.ensure_future(work)

    def stop() -> None:
        loop.remove_reader(parent)
        working.cancel()

    loop.add_reader(parent, stop)  # a word from the parent, or its end
    return await working
