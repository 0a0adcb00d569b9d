/* Section 7 of the call flows: the end. */
#include "tests/call/scenario.h"

#include <stdio.h>

static const char no_invite[] = "No invite from conference focus";

static void ended(struct scenario *t)
{
    expect(t, "bind phone");
    expect(t, "bind phone");
    expect(t, "play phone ended");
}

static void alone_waits_and_redials_as_for_486(void **state)
{
    struct scenario *t = *state;

    in_meeting(t);
    bye(t, "jigasi1", 408, no_invite);
    expect(t, "bind phone");
    expect(t, "play phone waiting-for-others music loop=1");
    expect(t, "collect phone first=0");
    expect_monitor(t, "state waiting");
    advance(t, 30000);
    expect(t, "dial jigasi2 at j1 \"Alice\" X-Room-Name=room");
    refused(t, "jigasi2", 486);
    expect(t, "play phone not-started password-hint music loop=2");
    advance(t, 30000);
    expect(t, "dial jigasi3 at j1 \"Alice\" X-Room-Name=room");
    ringing(t, "jigasi3");
    answered(t, "jigasi3");
    expect(t, "collect-stop phone");
    expect(t, "stop phone");
    expect(t, "bridge phone jigasi3");
}

static void alone_for_ever_ends_after_max_wait(void **state)
{
    struct scenario *t = *state;
    char leg[16];
    int i;

    config_of(t)->max_wait_min = 5;
    in_meeting(t);
    for (i = 1; i < 20; i++) {
        advance(t, 30000); /* Jigasi gives up a lone caller */
        snprintf(leg, sizeof(leg), "jigasi%d", i);
        bye(t, leg, 408, no_invite);
        if (seen(t, "play phone goodbye"))
            break;
        advance(t, 30000);
        if (seen(t, "play phone goodbye"))
            break;
        snprintf(leg, sizeof(leg), "jigasi%d", i + 1);
        joins(t, leg);
    }
    assert_in_range(i, 4, 6);
    pass_over(t);
    played(t);
    settle(t);
    expect_monitor(t, "ended not-started");
}

static void max_wait_over_while_alone_inside_ends_after_it(void **state)
{
    struct scenario *t = *state;

    config_of(t)->max_wait_min = 1;
    in_meeting(t);
    advance(t, 59000 + 10000); /* over, but Jigasi answered: wait and see */
    expect_none(t);
    bye(t, "jigasi1", 408, no_invite);
    expect(t, "bind phone");
    expect(t, "bind phone");
    expect(t, "play phone goodbye");
}

static void alone_after_a_real_meeting_may_wait_anew(void **state)
{
    struct scenario *t = *state;

    config_of(t)->max_wait_min = 2;
    in_meeting(t);
    advance(t, 600000);
    bye(t, "jigasi1", 408, no_invite);
    pass_over(t);
    advance(t, 30000);
    refused(t, "jigasi2", 486);
    advance(t, 30000);
    refused(t, "jigasi3", 486);
    advance(t, 30000);
    refused(t, "jigasi4", 486);
    assert_int_equal(seen(t, "play phone goodbye"), 0);
    expect_monitor(t, "state waiting");
    advance(t, 30000);
    assert_int_equal(seen(t, "play phone goodbye"), 1);
}

static void other_reason_redials_once_then_ends(void **state)
{
    struct scenario *t = *state;

    in_meeting(t);
    bye(t, "jigasi1", 408, "Stopped receiving media");
    expect(t, "bind phone");
    expect(t, "play phone went-wrong music loop=1");
    expect(t, "dial jigasi2 at j1 \"Alice\" X-Room-Name=room");
    joins(t, "jigasi2");
    pass_over(t);
    bye(t, "jigasi2", 500, "");
    expect(t, "bind phone");
    expect(t, "bind phone");
    expect(t, "play phone went-wrong goodbye");
    played(t);
    expect(t, "hangup phone");
    settle(t);
    expect_monitor(t, "ended jigasi-failed");
}

static void a_long_meeting_between_forgives_the_first_failure(void **state)
{
    struct scenario *t = *state;

    in_meeting(t);
    bye(t, "jigasi1", 408, "No response on heartbeat");
    joins(t, "jigasi2");
    advance(t, 3600000);
    pass_over(t);
    bye(t, "jigasi2", 408, "No response on heartbeat");
    expect(t, "bind phone");
    expect(t, "play phone went-wrong music loop=1");
    assert_int_equal(seen(t, "dial jigasi3"), 1);
}

static void reason_texts_of_408_are_told_apart(void **state)
{
    struct scenario *t = *state;
    static const char *const others[] = {
        "No response on heartbeat", "The remote party has not replied", ""};

    for (unsigned i = 0; i < 3; i++) {
        char leg[16];

        offer(t, "room");
        snprintf(leg, sizeof(leg), "jigasi%u", 2 * i + 1);
        ringing(t, leg);
        answered(t, leg);
        snprintf(leg, sizeof(leg), "phone%u", i + 1);
        answered(t, i ? leg : "phone");
        bridged(t);
        snprintf(leg, sizeof(leg), "jigasi%u", 2 * i + 1);
        bye(t, leg, 408, others[i]);
        expect_monitor(t, "state dialling");
    }
}

static void no_reason_is_the_end_of_the_conference(void **state)
{
    struct scenario *t = *state;

    in_meeting(t);
    bye(t, "jigasi1", 0, "");
    ended(t);
    expect_none(t);
    played(t);
    expect(t, "hangup phone");
    settle(t);
    expect_monitor(t, "ended completed");
    expect_log(t, "call=c1 ended: the conference ended, after");
}

static void hang_up_within_10_s_though_the_prompt_does_not_end(void **state)
{
    struct scenario *t = *state;

    in_meeting(t);
    bye(t, "jigasi1", 0, "");
    ended(t);
    advance(t, 9999);
    expect_none(t);
    advance(t, 1);
    expect(t, "hangup phone");
}

static void an_older_prompt_ending_is_not_the_last_one(void **state)
{
    struct scenario *t = *state;
    struct engine_event ev = {.type = ENGINE_PLAYED, .leg = 1001};

    in_meeting(t);
    keys(t, "*1");
    bye(t, "jigasi1", 0, "");
    pass_over(t);
    ev.played.tag = 1; /* was replaced */
    calls_event(&ev, calls_of(t));
    expect_none(t);
}

static void jigasi_silent_redials_once(void **state)
{
    struct scenario *t = *state;

    in_meeting(t);
    gone(t, "jigasi1", ENGINE_END_SILENT);
    expect(t, "bind phone");
    expect(t, "play phone went-wrong music loop=1");
    expect(t, "dial jigasi2 at j1 \"Alice\" X-Room-Name=room");
}

static void silent_jigasi_is_not_the_one_redialled(void **state)
{
    struct scenario *t = *state;

    in_meeting(t);
    contact_set(t, 0, "j2", true, 0); /* older, so second choice */
    gone(t, "jigasi1", ENGINE_END_SILENT);
    assert_int_equal(seen(t, "dial jigasi2 at j2"), 1);
}

static void jigasi_lost_otherwise_redials_once(void **state)
{
    struct scenario *t = *state;
    static const enum engine_end ends[] = {
        ENGINE_END_TIMEOUT, ENGINE_END_TRANSPORT, ENGINE_END_ENGINE};

    for (unsigned i = 0; i < 3; i++) {
        char leg[16];

        offer(t, "room");
        snprintf(leg, sizeof(leg), "jigasi%u", 2 * i + 1);
        ringing(t, leg);
        answered(t, leg);
        snprintf(leg, sizeof(leg), "phone%u", i + 1);
        answered(t, i ? leg : "phone");
        bridged(t);
        pass_over(t);
        snprintf(leg, sizeof(leg), "jigasi%u", 2 * i + 1);
        gone(t, leg, ends[i]);
        assert_int_equal(seen(t, "dial"), 1);
    }
}

static void redial_after_a_failure_may_find_it_not_started(void **state)
{
    struct scenario *t = *state;

    in_meeting(t);
    bye(t, "jigasi1", 408, "No response on heartbeat");
    pass_over(t);
    refused(t, "jigasi2", 486);
    expect(t, "play phone not-started password-hint music loop=2");
    expect(t, "collect phone first=0");
}

static void participants_bye_ends_everything(void **state)
{
    struct scenario *t = *state;

    in_meeting(t);
    bye(t, "phone", 0, "");
    expect(t, "hangup jigasi1");
    expect_none(t);
    expect_monitor(t, "ended hangup");
    assert_int_equal(calls_count(calls_of(t)), 0);
    advance(t, 3600000);
    expect_none(t);
}

static void participant_silent_ends_everything(void **state)
{
    struct scenario *t = *state;

    in_meeting(t);
    gone(t, "phone", ENGINE_END_SILENT);
    expect(t, "hangup jigasi1");
    expect_monitor(t, "ended silent");
}

static void engine_restart_forgets_the_call(void **state)
{
    struct scenario *t = *state;

    in_meeting(t);
    gone(t, "jigasi1", ENGINE_END_ENGINE);
    pass_over(t);
    gone(t, "phone", ENGINE_END_ENGINE);
    expect_monitor(t, "ended engine-lost");
    assert_int_equal(calls_count(calls_of(t)), 0);
}

static void hanging_up_during_the_last_prompt(void **state)
{
    struct scenario *t = *state;

    in_meeting(t);
    bye(t, "jigasi1", 0, "");
    pass_over(t);
    bye(t, "phone", 0, "");
    expect_none(t);
    expect_monitor(t, "ended completed");
    advance(t, 20000);
    expect_none(t);
}

static void duration_warns_a_minute_before(void **state)
{
    struct scenario *t = *state;

    config_of(t)->max_call_duration_min = 10;
    in_meeting(t); /* takes 1 s */
    advance(t, 539000 - 1);
    expect_none(t);
    advance(t, 1);
    expect(t, "queue phone one-minute");
    advance(t, 59999);
    expect_none(t);
    advance(t, 1);
    expect(t, "hangup jigasi1");
    expect(t, "bind phone");
    expect(t, "play phone goodbye");
    played(t);
    expect(t, "hangup phone");
    settle(t);
    expect_monitor(t, "ended duration");
}

static void duration_0_is_none(void **state)
{
    struct scenario *t = *state;

    in_meeting(t);
    advance(t, 7ull * 24 * 3600 * 1000);
    expect_none(t);
}

static void duration_warning_while_waiting_goes_on_with_music(void **state)
{
    struct scenario *t = *state;

    config_of(t)->max_call_duration_min = 2;
    config_of(t)->retry_interval_s = 600;
    in_waiting(t);
    advance(t, 60000);
    expect(t, "play phone one-minute music loop=1");
    advance(t, 60000);
    expect(t, "collect-stop phone");
    expect(t, "bind phone");
    expect(t, "play phone goodbye");
}

static void duration_of_one_minute_has_no_warning(void **state)
{
    struct scenario *t = *state;

    config_of(t)->max_call_duration_min = 1;
    in_meeting(t);
    advance(t, 58999);
    expect_none(t);
    advance(t, 1);
    expect(t, "hangup jigasi1");
}

static void bye_within_a_second_says_no_in_conference(void **state)
{
    struct scenario *t = *state;

    offer(t, "room");
    answered(t, "phone");
    joins(t, "jigasi1");
    pass_over(t);
    bye(t, "jigasi1", 408, "No invite from conference focus");
    advance(t, 5000);
    assert_int_equal(seen(t, "queue phone in-conference"), 0);
}

static void ending_all_calls_cancels_lookups(void **state)
{
    struct scenario *t = *state;

    in_lookup(t);
    calls_end(calls_of(t));
    expect(t, "cancel-lookup");
    expect(t, "hangup phone");
    settle(t);
}

static void ending_all_calls_says_goodbye_in_sip(void **state)
{
    struct scenario *t = *state;

    in_meeting(t);
    offer(t, "b"); /* not answered yet */
    offer(t, "1000");
    pass_over(t);
    calls_end(calls_of(t));
    assert_int_equal(seen(t, "hangup jigasi1"), 1);
    assert_int_equal(seen(t, "hangup jigasi2"), 1);
    assert_int_equal(seen(t, "hangup phone"), 2); /* phone and phone3 */
    assert_int_equal(seen(t, "reject phone2 503"), 1);
    assert_int_equal(calls_count(calls_of(t)), 3);
    settle(t);
    assert_int_equal(calls_count(calls_of(t)), 0);
    assert_int_equal(monitored(t, "ended shutdown"), 3);
}

static void each_legs_audio_is_logged(void **state)
{
    struct scenario *t = *state;

    in_meeting(t);
    audio_was(t, &(struct engine_quality){.measured = true,
                                          .received = 980,
                                          .lost = 20,
                                          .jitter_us = 1540,
                                          .sent = 1000,
                                          .far_lost = 5,
                                          .far_jitter_us = 2000,
                                          .rtt_us = 31500,
                                          .mos = 420,
                                          .far_mos = 435});
    bye(t, "phone", 0, "");
    expect_log(t, "c0ffee audio of the phone: received=980 lost=2.0% "
                  "jitter=1.5ms mos=4.20 sent=1000 far_lost=0.5% "
                  "far_jitter=2.0ms far_mos=4.35 rtt=31.5ms");
    audio_was(t, &(struct engine_quality){.measured = true, .sent = 70});
    settle(t); /* the other leg's end comes after the call's */
    expect_log(t, "c0ffee audio of the meeting: received=0 lost=0.0% "
                  "jitter=0.0ms sent=70");
    assert_int_equal(logged(t, "far_mos"), 1); /* not of what nobody told */
    assert_int_equal(monitored(t, "quality"), 2);
}

static void audio_of_which_nothing_is_known_is_not_logged(void **state)
{
    struct scenario *t = *state;

    in_meeting(t);
    bye(t, "phone", 0, "");
    settle(t);
    assert_int_equal(logged(t, "audio of"), 0);
    assert_int_equal(monitored(t, "quality"), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SCENARIO(alone_waits_and_redials_as_for_486),
        SCENARIO(alone_for_ever_ends_after_max_wait),
        SCENARIO(max_wait_over_while_alone_inside_ends_after_it),
        SCENARIO(alone_after_a_real_meeting_may_wait_anew),
        SCENARIO(other_reason_redials_once_then_ends),
        SCENARIO(a_long_meeting_between_forgives_the_first_failure),
        SCENARIO(reason_texts_of_408_are_told_apart),
        SCENARIO(no_reason_is_the_end_of_the_conference),
        SCENARIO(hang_up_within_10_s_though_the_prompt_does_not_end),
        SCENARIO(an_older_prompt_ending_is_not_the_last_one),
        SCENARIO(jigasi_silent_redials_once),
        SCENARIO(silent_jigasi_is_not_the_one_redialled),
        SCENARIO(jigasi_lost_otherwise_redials_once),
        SCENARIO(redial_after_a_failure_may_find_it_not_started),
        SCENARIO(participants_bye_ends_everything),
        SCENARIO(participant_silent_ends_everything),
        SCENARIO(engine_restart_forgets_the_call),
        SCENARIO(hanging_up_during_the_last_prompt),
        SCENARIO(duration_warns_a_minute_before),
        SCENARIO(duration_0_is_none),
        SCENARIO(duration_warning_while_waiting_goes_on_with_music),
        SCENARIO(duration_of_one_minute_has_no_warning),
        SCENARIO(bye_within_a_second_says_no_in_conference),
        SCENARIO(ending_all_calls_cancels_lookups),
        SCENARIO(ending_all_calls_says_goodbye_in_sip),
        SCENARIO(each_legs_audio_is_logged),
        SCENARIO(audio_of_which_nothing_is_known_is_not_logged),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
