/* Section 10 of the call flows: time goes on while the program is away, or
 * its engine. */
#include "tests/call/scenario.h"

static void why_it_ends_is_remembered(void **state)
{
    struct scenario *t = *state;

    in_meeting(t);
    info(t, "{\"t\":7}");
    pass_over(t);
    killed_and_restarted(t);
    assert_int_equal(seen(t, "play phone lobby-refused"), 1);
    advance(t, 10000); /* heard or not */
    assert_int_equal(seen(t, "hangup phone"), 1);
    killed_and_restarted(t);
    settle(t);
    expect_monitor(t, "ended not-admitted");
}

static void waiting_counts_the_time_away(void **state)
{
    struct scenario *t = *state;

    config_of(t)->retry_interval_s = 600;
    in_waiting(t);
    advance(t, 30000); /* no note since */
    killed_for(t, 100000);
    pass_over(t);
    advance(t, 469999);
    expect_none(t);
    advance(t, 1);
    assert_int_equal(seen(t, "dial jigasi2"), 1);
}

static void what_ran_out_meanwhile_is_due(void **state)
{
    struct scenario *t = *state;

    config_of(t)->max_call_duration_min = 10;
    in_waiting(t);
    killed_for(t, 31000);
    pass_over(t);
    advance(t, 1);
    assert_int_equal(seen(t, "dial jigasi2"), 1);
    killed_for(t, 541000);
    pass_over(t);
    advance(t, 1000);
    assert_int_equal(seen(t, "play phone one-minute"), 1);
}

static void max_wait_counts_the_time_away(void **state)
{
    struct scenario *t = *state;

    config_of(t)->max_wait_min = 5;
    config_of(t)->retry_interval_s = 600;
    in_waiting(t);
    killed_for(t, 240000);
    pass_over(t);
    advance(t, 59000);
    assert_int_equal(seen(t, "play phone goodbye"), 0);
    advance(t, 1000);
    assert_int_equal(seen(t, "play phone goodbye"), 1);
}

static void age_counts_the_time_away(void **state)
{
    struct scenario *t = *state;

    in_meeting(t);
    killed_for(t, 100000);
    bye(t, "phone", 0, "");
    expect_log(t, "hung up, after 101 s");
}

static void who_waits_for_others_goes_on_so(void **state)
{
    struct scenario *t = *state;

    in_meeting(t);
    bye(t, "jigasi1", 408, "No invite from conference focus");
    killed_and_restarted(t);
    assert_int_equal(seen(t, "play phone waiting-for-others music loop=1"), 2);
}

static void please_wait_comes_in_its_time(void **state)
{
    struct scenario *t = *state;

    offer(t, "room");
    ringing(t, "jigasi1");
    answered(t, "phone");
    advance(t, 2000);
    killed_for(t, 1000);
    pass_over(t);
    advance(t, 1999);
    expect_none(t);
    advance(t, 1);
    expect(t, "play phone wait-join music loop=0");
    killed_for(t, 60000); /* and is not forgotten */
    expect(t, "mute phone off");
    advance(t, 1);
    expect(t, "play phone wait-join music loop=0");
}

static void confirmation_that_was_due_is_said(void **state)
{
    struct scenario *t = *state;

    in_ringing(t);
    answered(t, "jigasi1");
    bridged(t);
    advance(t, 500);
    killed_and_restarted(t);
    pass_over(t);
    advance(t, 1000);
    expect(t, "queue phone in-conference");
    killed_and_restarted(t);
    pass_over(t);
    advance(t, 5000);
    expect_none(t); /* once is enough */
}

static void unmute_without_an_answer_is_told_again(void **state)
{
    struct scenario *t = *state;

    in_meeting(t);
    keys(t, "*6");
    advance(t, 1500);
    keys(t, "*6");
    pass_over(t);
    killed_and_restarted(t);
    expect(t, "mute phone off");
    expect(t, "bind phone *6 *9 *1 *0");
    expect(t, "info jigasi1 {\"id\":\"c1-1\",\"type\":\"muteRequest\","
              "\"data\":{\"audio\":false}}");
    advance(t, 1500);
    expect(t, "info jigasi1 {\"id\":\"c1-1\",\"type\":\"muteResponse\","
              "\"status\":\"OK\",\"data\":{\"audio\":false}}");
}

static void lobby_password_entry_goes_on(void **state)
{
    struct scenario *t = *state;

    in_lobby(t);
    keys(t, "#");
    killed_and_restarted(t);
    assert_int_equal(seen(t, "collect phone enter-password first=10000"), 2);
    digits(t, "", '.');
    killed_and_restarted(t);
    assert_int_equal(seen(t, "collect phone"), 2); /* not asked again */
}

static void lobby_password_under_way_may_be_wrong(void **state)
{
    struct scenario *t = *state;

    in_lobby_password(t);
    digits(t, "1", '#');
    killed_for(t, 1000);
    pass_over(t);
    bye(t, "jigasi1", 0, "");
    assert_int_equal(seen(t, "play phone password-wrong music"), 1);
}

static void lobby_password_under_way_may_be_right(void **state)
{
    struct scenario *t = *state;

    in_lobby_password(t);
    digits(t, "1", '#');
    killed_for(t, 5000);
    pass_over(t);
    advance(t, 9999);
    expect_none(t);
    advance(t, 1);
    assert_int_equal(seen(t, "queue phone in-conference"), 1);
}

static void long_meetings_may_wait_anew(void **state)
{
    struct scenario *t = *state;

    config_of(t)->max_wait_min = 5;
    in_meeting(t);
    advance(t, 240000);
    killed_for(t, 1000);
    bye(t, "jigasi1", 408, "No invite from conference focus");
    pass_over(t);
    advance(t, 200000);
    assert_int_equal(seen(t, "play phone goodbye"), 0);
}

static void who_waits_is_kept_while_the_node_is_away(void **state)
{
    struct scenario *t = *state;

    in_waiting(t);
    node_down(t, 0);
    advance(t, 600000); /* the redial's time is long over */
    assert_int_equal(seen(t, "dial"), 0);
    assert_int_equal(seen(t, "play phone went-wrong goodbye"), 0);
    assert_int_equal(logged(t, "no Jigasi left to try"), 0);
    node_up(t, 0);
    contact_new(t, "j2");
    pass_over(t);
    advance(t, 500);
    expect(t, "dial jigasi2 at j2 \"Alice\" X-Room-Name=room");
}

static void never_noted_is_dialled_for_once(void **state)
{
    struct scenario *t = *state;

    offer(t, "room");
    pass_over(t);
    forgotten(t);
    killed_and_restarted(t);
    expect(t, "hangup jigasi1");
    assert_int_equal(seen(t, "dial jigasi2"), 1);
    assert_int_equal(calls_count(calls_of(t)), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SCENARIO(never_noted_is_dialled_for_once),
        SCENARIO(why_it_ends_is_remembered),
        SCENARIO(waiting_counts_the_time_away),
        SCENARIO(what_ran_out_meanwhile_is_due),
        SCENARIO(max_wait_counts_the_time_away),
        SCENARIO(age_counts_the_time_away),
        SCENARIO(who_waits_for_others_goes_on_so),
        SCENARIO(please_wait_comes_in_its_time),
        SCENARIO(confirmation_that_was_due_is_said),
        SCENARIO(unmute_without_an_answer_is_told_again),
        SCENARIO(lobby_password_entry_goes_on),
        SCENARIO(lobby_password_under_way_may_be_wrong),
        SCENARIO(lobby_password_under_way_may_be_right),
        SCENARIO(long_meetings_may_wait_anew),
        SCENARIO(who_waits_is_kept_while_the_node_is_away),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
