/* Section 10 of the call flows for calls that a meeting dialled: the program
 * is killed, and started again. Names as in outbound.c. */
#include "tests/call/scenario.h"

#include <string.h>

static void dial(struct scenario *t, const char *to)
{
    struct engine_offer o = {.source = ENGINE_FROM_JIGASI,
                             .to = to,
                             .to_len = strlen(to),
                             .to_host = "meet.jitsi",
                             .caller_name = "Jitsi"};

    config_of(t)->dialout_allow = "+49";
    offer_from(t, &o, 0);
}

/* A call to the trunk that is not answered yet. */
static void ringing_out(struct scenario *t)
{
    dial(t, "+49301234");
    ringing(t, "callee1");
    pass_over(t);
    use_callee(t, 1);
}

static void it_goes_on_after_a_restart(void **state)
{
    struct scenario *t = *state;

    in_outbound(t);
    keys(t, "*6");
    pass_over(t);
    killed_and_restarted(t);
    expect(t, "mute callee1 on");
    expect(t, "bind callee1 *6 *9 *1 *0");
    pass_over(t);
    keys(t, "*1");
    expect(t, "queue callee1 help");
    bye(t, "phone", 0, "");
    expect(t, "bind callee1");
    expect(t, "bind callee1");
    expect(t, "play callee1 ended");
}

static void it_rings_on_after_a_restart(void **state)
{
    struct scenario *t = *state;

    ringing_out(t);
    killed_and_restarted(t);
    expect(t, "ring phone"); /* perhaps it began meanwhile */
    expect_none(t);
    refused(t, "callee1", 486);
    expect(t, "reject phone 486");
}

static void it_is_answered_after_a_restart(void **state)
{
    struct scenario *t = *state;

    ringing_out(t);
    answered(t, "callee1");
    pass_over(t);
    answered(t, "phone");
    pass_over(t);
    killed_and_restarted(t);
    expect(t, "mute callee1 off");
    expect(t, "stop callee1");
    expect(t, "bridge callee1 phone");
}

static void callee_left_during_a_restart(void **state)
{
    struct scenario *t = *state;

    in_outbound(t);
    vanished(t, "callee1");
    killed_and_restarted(t);
    expect(t, "hangup phone");
    settle(t);
    expect_none(t);
    assert_int_equal(calls_count(calls_of(t)), 0);
}

static void it_ends_after_a_restart(void **state)
{
    struct scenario *t = *state;

    in_outbound(t);
    gone(t, "callee1", ENGINE_END_HANGUP);
    pass_over(t);
    settle(t);
    killed_and_restarted(t);
    expect_none(t);
}

static void it_rings_as_long_as_it_would_have(void **state)
{
    struct scenario *t = *state;

    ringing_out(t);
    advance(t, 59000);
    killed_for(t, 100000);
    pass_over(t);
    advance(t, 20999);
    expect_none(t);
    advance(t, 1);
    expect(t, "reject phone 480 \"No answer\"");
    expect(t, "hangup callee1");
}

static void it_began_to_ring_during_a_restart(void **state)
{
    struct scenario *t = *state;

    dial(t, "+49301234");
    pass_over(t);
    killed_and_restarted(t);
    expect_none(t); /* it does not ring yet */
    ringing(t, "callee1");
    expect(t, "ring phone");
    killed_and_restarted(t);
    expect(t, "ring phone");
}

static void nothing_is_said_twice_after_a_restart(void **state)
{
    struct scenario *t = *state;

    ringing_out(t);
    answered(t, "callee1");
    answered(t, "phone");
    bridged(t);
    killed_and_restarted(t); /* before it was said */
    pass_over(t);
    advance(t, 1000);
    assert_int_equal(seen(t, "queue callee1 in-conference"), 1);
    pass_over(t);
    killed_and_restarted(t);
    pass_over(t);
    advance(t, 2000);
    expect_none(t);
}

static void jigasi_left_during_a_restart(void **state)
{
    struct scenario *t = *state;

    in_outbound(t);
    vanished(t, "phone");
    killed_and_restarted(t);
    assert_int_equal(seen(t, "play callee1 ended"), 1);
    assert_int_equal(seen(t, "hangup"), 0);
    played(t);
    assert_int_equal(seen(t, "hangup callee1"), 1);
    settle(t);
    expect_monitor(t, "ended completed");
    assert_int_equal(calls_count(calls_of(t)), 0);
}

static void its_end_is_said_again_after_a_restart(void **state)
{
    struct scenario *t = *state;

    in_outbound(t);
    gone(t, "phone", ENGINE_END_SILENT);
    pass_over(t);
    killed_and_restarted(t);
    assert_int_equal(seen(t, "play callee1 went-wrong goodbye"), 1);
    played(t);
    assert_int_equal(seen(t, "hangup callee1"), 1);
    settle(t);
    expect_monitor(t, "ended jigasi-failed");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SCENARIO(it_goes_on_after_a_restart),
        SCENARIO(it_rings_on_after_a_restart),
        SCENARIO(it_is_answered_after_a_restart),
        SCENARIO(callee_left_during_a_restart),
        SCENARIO(it_ends_after_a_restart),
        SCENARIO(it_rings_as_long_as_it_would_have),
        SCENARIO(it_began_to_ring_during_a_restart),
        SCENARIO(nothing_is_said_twice_after_a_restart),
        SCENARIO(jigasi_left_during_a_restart),
        SCENARIO(its_end_is_said_again_after_a_restart),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
