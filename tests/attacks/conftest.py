"""What the attacks share: the program on each front in turn, and the proxies before it."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import cache

import pytest

from tests.proxies import PROXIES, Proxy, running_proxy

from .fronts import Front, running_front

StartFront = Callable[..., Front]
StartProxy = Callable[[str, int], Proxy]


@pytest.fixture(params=["flask", "asgi"])
def front_name(request: pytest.FixtureRequest) -> str:
    """Each front in turn, for tests that start a program of their own."""
    return str(request.param)


@pytest.fixture(scope="session")
def start_front(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StartFront]:
    """A function that gives a program on a front with some settings; it is started once for all tests."""
    with ExitStack() as stack:

        @cache
        def start(name: str, **environ: str) -> Front:
            return stack.enter_context(running_front(name, tmp_path_factory.mktemp(name), **environ))

        yield start


@pytest.fixture(scope="session")
def start_proxy(tmp_path_factory: pytest.TempPathFactory, start_front: StartFront) -> Iterator[StartProxy]:
    """A function that gives a proxy before the program on a port; it is started once for all tests."""
    with ExitStack() as stack:

        @cache
        def start(name: str, gateway_port: int) -> Proxy:
            return stack.enter_context(running_proxy(name, tmp_path_factory.mktemp(name), gateway_port))

        yield start


@pytest.fixture
def front(front_name: str, start_front: StartFront) -> Front:
    """The program on each front in turn; it trusts no proxy."""
    return start_front(front_name)


@pytest.fixture
def proxied_front(front_name: str, start_front: StartFront) -> Front:
    """The program on each front in turn, set up to stand behind one proxy."""
    return start_front(front_name, TRUSTED_PROXIES="1")


@pytest.fixture(params=PROXIES)
def proxy(request: pytest.FixtureRequest, proxied_front: Front, start_proxy: StartProxy) -> Proxy:
    """The documented proxies in turn, before `proxied_front`."""
    return start_proxy(request.param, proxied_front.port)
