"""Calls to a FreeSWITCH that nobody controls, and what it knows of them."""
import asyncio
import contextlib

import pytest

from call import Refused
from phone import Phone
from sipua import Timeout


def phone(gateway, **options):
    return Phone(**{"user": gateway.user, "password": gateway.password,
                    "server": gateway.external, "ip": gateway.host(),
                    "display": "Anna", **options})


@contextlib.asynccontextmanager
async def parked(server, p, number="room", **options):
    """The channel of a call, once it is in the park."""
    before = set(uuids(server))
    call = await p.call(number, **options)
    for _ in range(50):
        if call.state == "ended":
            raise AssertionError(call.describe())
        new = set(uuids(server)) - before
        if new and "CS_EXECUTE,park" in channels(server):
            break
        await asyncio.sleep(0.1)
    else:
        raise AssertionError(channels(server) + call.describe())
    [uuid] = new
    try:
        yield call, lambda name: server.api(f"uuid_getvar {uuid} {name}")
    finally:
        with contextlib.suppress(Timeout):
            await call.hang_up()


def channels(server):
    rows = server.api("show channels").splitlines()
    if not rows[0].startswith("uuid,"):
        return ""
    names = rows[0].split(",")
    at = [names.index(n) for n in ("uuid", "state", "application")]
    return "\n".join(",".join(r.split(",")[i] for i in at)
                     for r in rows[1:] if r.count(",") > 10)


def uuids(server):
    return [line.split(",")[0] for line in channels(server).splitlines()]


async def nobody_left(server):
    for _ in range(50):
        if not uuids(server):
            return
        await asyncio.sleep(0.1)
    raise AssertionError(channels(server))


async def refused(p, number="room", **options):
    call = await p.call(number, **options)
    with pytest.raises(Refused):
        await call.wait_state("up", 10)
    assert call.state == "ended"
    return call.responses[-1].status
