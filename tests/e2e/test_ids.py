"""Meeting ids: asked for, looked up in an operator's mapper, refused."""
import pytest

from mapper import Mapper
from e2e.scene import Scene
from jigasi import Plan


def gateway_for(gateway_with, mapper, **settings):
    return gateway_with(JIGATE_MEETING_LOOKUP=mapper.url, **settings)


async def test_a_known_id_is_the_room_that_the_mapper_says(gateway_with,
                                                           ear):
    known = {"123456": {"id": 123456,
                        "conference": "planning@muc.meet.jitsi"}}
    async with Mapper("127.0.0.1", known) as mapper:
        g = gateway_for(gateway_with, mapper,
                        JIGATE_MEETING_LOOKUP_TOKEN="bearer-of-ours")
        async with Scene(g, ear) as s:
            s.jigasi.plan(Plan(delay=3))
            call = await s.call("1000")
            await s.hears(call, "enter-id")
            await call.keys("123456#")
            meeting = await s.jigasi.next_call()
            assert meeting.room == "planning@muc.meet.jitsi"
            assert mapper.asked == [{"id": "123456", "caller": "user"}]
            assert "Authorization: Bearer bearer-of-ours" in mapper.headers[0]
            await s.hears(call, "join")
            await s.hears(call, "in-conference")


async def test_a_wrong_id_three_times(gateway_with, ear):
    async with Mapper("127.0.0.1") as mapper:
        async with Scene(gateway_for(gateway_with, mapper), ear) as s:
            call = await s.call("1000")
            for _ in range(3):
                await s.hears(call, "enter-id")
                await call.keys("99#")
                await s.hears(call, "unknown-id")
            await s.hears(call, "goodbye")
            await call.wait_state("ended", 5)
            assert len(mapper.asked) == 3 and s.jigasi.calls == []
            assert s.heard(call) == ["enter-id", "unknown-id"] * 3 + \
                ["goodbye"]
            await s.stats(activeCalls=0)


async def test_a_meeting_with_a_passcode(gateway_with, ear):
    known = {"5": {"conference": "r@muc.meet.jitsi", "passcode": True}}
    async with Mapper("127.0.0.1", known) as mapper:
        async with Scene(gateway_for(gateway_with, mapper), ear) as s:
            call = await s.call("1000")
            await s.hears(call, "enter-id")
            await call.keys("5#")
            await s.hears(call, "enter-password")
            await call.keys("8642#")
            meeting = await s.jigasi.next_call()
            assert meeting.invite.get("Jitsi-Conference-Room-Pass") == "8642"


async def test_a_failing_mapper_is_no_fault_of_the_caller(gateway_with, ear):
    async with Mapper("127.0.0.1", {"5": {"conference": "r@muc"}}) as mapper:
        g = gateway_for(gateway_with, mapper)
        g.expect_error("looked up|mapper|lookup")
        async with Scene(g, ear) as s:
            mapper.status = 500
            call = await s.call("1000")
            await s.hears(call, "enter-id")
            await call.keys("5#")
            await s.hears(call, "went-wrong")
            assert len(mapper.asked) == 2, "one retry"
            mapper.status = 200
            await s.hears(call, "enter-id")
            await call.keys("5#")
            await s.jigasi.next_call()


@pytest.mark.deadline(180)
async def test_no_input(scene):
    async with scene() as s:
        call = await s.call("1000")
        await s.hears(call, "enter-id")
        await s.hears(call, "no-input", 20)
        await s.hears(call, "enter-id")
        await call.keys("#")
        await s.hears(call, "no-input")
        await s.hears(call, "enter-id")
        await call.keys("#")
        await s.hears(call, "no-input")
        await s.hears(call, "goodbye")
        await call.wait_state("ended", 5)


async def test_the_longest_id_and_one_more(scene):
    async with scene() as s:
        call = await s.call("1000")
        await s.hears(call, "enter-id")
        await call.keys("1234567890" * 3 + "12")
        meeting = await s.jigasi.next_call()
        assert meeting.room == "1234567890" * 3 + "12"


@pytest.mark.deadline(200)
async def test_guessing_is_stopped(gateway_with, ear):
    """Twenty wrong ids in ten minutes; then goodbye before asking."""
    async with Mapper("127.0.0.1") as mapper:
        async with Scene(gateway_for(gateway_with, mapper), ear) as s:
            phone = await s.add_phone()
            for _ in range(8):
                call = await s.call("1000", phone, say=None)
                await call.wait_state("up")
                asked = len(mapper.asked)
                for n in range(3):
                    await s.hears_something(call)
                    await call.keys("1#")  # a key stops the prompt
                    await call.wait(
                        lambda: call.state == "ended" or
                        len(mapper.asked) > asked + n, 15, "a look-up")
                if call.state != "ended":
                    await call.hang_up()
                if len(mapper.asked) >= 20:
                    break
            assert 20 <= len(mapper.asked) <= 21
            call = await s.call("1000", phone)
            await s.hears(call, "goodbye")
            await call.wait_state("ended", 5)
            assert len(mapper.asked) <= 21
            assert "enter-id" not in s.heard(call)
