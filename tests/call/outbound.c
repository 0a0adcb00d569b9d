/* Section 8 of the call flows: a meeting dials out. "phone" is Jigasi here,
 * for it is Jigasi's leg that comes in; "callee1" is whom it dialled. */
#include "tests/call/scenario.h"

#include <stdio.h>
#include <string.h>

static void dial_at(struct scenario *t, const char *to, const char *host)
{
    struct engine_offer o = {.source = ENGINE_FROM_JIGASI,
                             .to = to,
                             .to_len = strlen(to),
                             .to_host = host,
                             .caller_name = "Jitsi"};

    offer_from(t, &o, 0);
}

static void dial(struct scenario *t, const char *to)
{
    dial_at(t, to, "meet.jitsi");
}

/* A call to the trunk that is not answered yet. */
static void ringing_out(struct scenario *t)
{
    config_of(t)->dialout_allow = "+49, 0";
    dial(t, "+49301234");
    ringing(t, "callee1");
    pass_over(t);
    use_callee(t, 1);
}

/* Jigasi has left: before the last words keys mean nothing any more. */
static void ends_with_words(struct scenario *t)
{
    expect(t, "bind callee1");
    expect(t, "bind callee1");
}

/* ---- who may be dialled ---- */

static void permitted_number_goes_to_the_trunk(void **state)
{
    struct scenario *t = *state;

    config_of(t)->dialout_allow = "+49,030";
    config_of(t)->dialout_caller_id = "+4930999";
    dial(t, "+49-30-(12)34");
    expect(t, "dial callee1 number +49301234 from \"+4930999\" \"\"");
    expect_log(t, "dialling out to the trunk, number +49301234");
    expect_monitor(t, "state outbound");
    dial(t, "030.1");
    expect(t, "dial callee2 number 0301 from \"+4930999\" \"\"");
    expect_none(t);
    assert_int_equal(calls_count(calls_of(t)), 2);
}

static void a_trunk_that_is_full_is_busy(void **state)
{
    struct scenario *t = *state;

    config_of(t)->dialout_allow = "+49";
    config_of(t)->dialout_max_calls = 2;
    dial(t, "+49301");
    dial(t, "+49302");
    pass_over(t);
    dial(t, "+49303");
    expect(t, "reject phone3 486 \"All lines are taken\"");
    expect_monitor(t, "refused dial-out-full");
    expect_log(t, "JIGATE_DIALOUT_MAX_CALLS are taken");
    /* Phones cost nothing, and one that ended makes room. */
    dial(t, "user");
    expect(t, "reject phone4 480 \"Not registered\"");
    use_callee(t, 1);
    gone(t, "callee1", ENGINE_END_TIMEOUT);
    pass_over(t);
    dial(t, "+49305");
    expect(t, "dial callee3 number +49305 from \"\" \"\"");
}

static void other_numbers_are_refused_and_logged(void **state)
{
    static const char *const bad[] = {"+48301234",
                                      "4930",
                                      "049301234",
                                      "+4",
                                      "+390+49",
                                      "room",
                                      "+49a",
                                      "+49#1",
                                      "+49,1",
                                      "+49;x",
                                      "${x}",
                                      "",
                                      "+",
                                      "jigasi",
                                      "*21*0301#",
                                      "1000",
                                      "+49\r\n",
                                      "user2",
                                      "+49+49",
                                      "0\xc2\xb9",
                                      "USER",
                                      "tel:0301",
                                      "+4930123456789012345678901234567890"};
    struct scenario *t = *state;

    config_of(t)->dialout_allow = "+49 030";
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        dial(t, bad[i]);
        assert_int_equal(seen(t, "reject phone"), 1);
        pass_over(t);
        expect_monitor(t, "refused dial-out");
        settle(t);
    }
    assert_int_equal(logged(t, "refused 403"), sizeof(bad) / sizeof(bad[0]));
    assert_int_equal(logged(t, "dialling out to the"), 0);
    assert_int_equal(calls_count(calls_of(t)), 0);
}

static void addresses_elsewhere_are_refused(void **state)
{
    static const char *const ours[] = {"meet.jitsi", "MEET.jitsi",
                                       "freeswitch.meet.jitsi", "192.0.2.200"};
    struct scenario *t = *state;

    config_of(t)->dialout_allow = "+49";
    dial_at(t, "+49301", "sip.example.org");
    expect(t, "reject phone 403 \"Not permitted\"");
    expect_log(t, "to an address at another host");
    for (size_t i = 0; i < sizeof(ours) / sizeof(ours[0]); i++) {
        dial_at(t, "+49301", ours[i]);
        assert_int_equal(seen(t, "dial callee"), 1);
        pass_over(t);
    }
}

static void only_jigasi_dials_out(void **state)
{
    static const enum engine_source others[] = {
        ENGINE_FROM_USER, ENGINE_FROM_TRUNK, ENGINE_FROM_TRUSTED,
        ENGINE_FROM_ANYONE};
    struct scenario *t = *state;

    config_of(t)->dialout_allow = "+,0,1,2,3,4,5,6,7,8,9";
    config_of(t)->trunk_destination = CONFIG_TRUNK_NUMBER;
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
        struct engine_offer o = {
            .source = others[i], .to = "+49301", .to_len = 6};

        offer_from(t, &o, 0);
        assert_int_equal(seen(t, "dial callee"), 0);
        assert_int_equal(seen(t, "dial jigasi"), 1);
        pass_over(t);
    }
}

static void a_user_is_rung_at_the_newest_phone(void **state)
{
    struct scenario *t = *state;

    phone_registered(t, "p1", true, 1);
    phone_registered(t, "p3", true, 3);
    phone_registered(t, "p2", true, 2);
    dial(t, "user");
    expect(t, "dial callee1 at p3 \"Jitsi\"");
    phone_registered(t, "p3", false, 3); /* answers nothing any more */
    dial(t, "user");
    expect(t, "dial callee2 at p2 \"Jitsi\"");
    phone_registered(t, "p1", false, 1);
    phone_registered(t, "p2", false, 2);
    dial(t, "user");
    expect(t, "dial callee3 at p3 \"Jitsi\"");
}

static void a_user_without_a_phone_is_480(void **state)
{
    struct scenario *t = *state;

    config_of(t)->registration_user = "0301";
    config_of(t)->dialout_allow = "0";
    dial(t, "0301"); /* and not the trunk's number */
    expect(t, "reject phone 480 \"Not registered\"");
    expect_monitor(t, "refused not-registered");
    phone_registered(t, "p1", true, 1);
    node_down(t, 0);
    dial(t, "0301");
    expect(t, "reject phone2 480 \"Not registered\"");
}

static void draining_and_the_cap_hold_for_it_too(void **state)
{
    struct scenario *t = *state;

    config_of(t)->dialout_allow = "+49";
    config_of(t)->max_calls = 1;
    dial(t, "+49301");
    dial(t, "+49302");
    assert_int_equal(seen(t, "reject phone2 503 retry=10"), 1);
    config_of(t)->max_calls = 0;
    calls_drain(calls_of(t));
    dial(t, "+49303");
    assert_int_equal(seen(t, "reject phone3 503 retry=60"), 1);
}

/* ---- what the called side answers ---- */

static void answered_call_is_in_the_meeting(void **state)
{
    struct scenario *t = *state;

    config_of(t)->dialout_allow = "+49";
    dial(t, "+49301234");
    expect(t, "dial callee1 number +49301234 from \"\" \"\"");
    use_callee(t, 1);
    ringing(t, "callee1");
    expect(t, "ring phone");
    answered(t, "callee1");
    expect(t, "answer phone");
    expect_log(t, "+49301234 answered");
    answered(t, "phone");
    expect(t, "stop callee1");
    expect(t, "bridge callee1 phone");
    bridged(t);
    expect(t, "bind callee1 *6 *9 *1 *0");
    expect_monitor(t, "state meeting");
    advance(t, 1000);
    expect(t, "queue callee1 in-conference");
    expect_none(t);
}

static void early_media_is_bridged(void **state)
{
    struct scenario *t = *state;

    ringing_out(t); /* 180, and then 183 with SDP */
    ringing_heard(t, "callee1");
    expect(t, "progress phone");
    expect(t, "bridge callee1 phone");
    expect_log(t, "+49301234 is heard before it answers");
    bridged(t);
    expect_none(t); /* not in the meeting yet */
    assert_int_equal(monitored(t, "state meeting"), 0);
    answered(t, "callee1");
    expect(t, "answer phone");
    bridged(t); /* told late: Jigasi's answer is not there */
    expect_none(t);
    answered(t, "phone");
    expect(t, "stop callee1");
    expect(t, "bridge callee1 phone");
    bridged(t);
    expect(t, "bind callee1 *6 *9 *1 *0");
    expect_monitor(t, "state meeting");
}

static void after_early_media_a_refusal_is_passed_on(void **state)
{
    struct scenario *t = *state;

    ringing_out(t);
    ringing_heard(t, "callee1");
    pass_over(t);
    refused(t, "callee1", 404);
    expect(t, "reject phone 404");
    assert_int_equal(calls_count(calls_of(t)), 0);
}

static void refusals_are_passed_on(void **state)
{
    static const struct {
        unsigned status;
        const char *reason, *line;
    } cases[] = {
        {486, "Busy Here", "486 \"Busy Here\""},
        {404, "No such number", "404 \"No such number\""},
        {603, "Decline", "603 \"Decline\""},
        {480, "", "480"},
        {503, "Trunk full", "503 \"Trunk full\""},
        {484, "Address Incomplete", "484 \"Address Incomplete\""},
        /* not for Jigasi to answer or to follow */
        {401, "Unauthorized", "502 \"Unauthorized\""},
        {407, "", "502"},
        {302, "Moved Temporarily", "480 \"Moved Temporarily\""},
        {422, "Session Interval Too Small",
         "502 \"Session Interval Too Small\""},
        {0, "", "480"},
        {999, "", "480"},
    };
    struct scenario *t = *state;

    config_of(t)->dialout_allow = "+49";
    for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct engine_event ev = {.type = ENGINE_GONE, .leg = 2001 + i};
        char line[128];

        dial(t, "+49301234");
        pass_over(t);
        ev.gone.end = ENGINE_END_REFUSED;
        ev.gone.status = cases[i].status;
        ev.gone.reason = cases[i].reason;
        calls_event(&ev, calls_of(t));
        snprintf(line, sizeof(line), "reject %s %s", this_phone(t),
                 cases[i].line);
        expect(t, line);
        expect_none(t);
        expect_monitor(t, "ended not-reached");
    }
    assert_int_equal(calls_count(calls_of(t)), 0);
}

static void other_failures_have_a_status(void **state)
{
    static const struct {
        enum engine_end end;
        const char *line;
    } cases[] = {
        {ENGINE_END_TIMEOUT, "408"},
        {ENGINE_END_TRANSPORT, "503"},
        {ENGINE_END_ENGINE, "503"},
        {ENGINE_END_LOCAL, "480"},
        {ENGINE_END_HANGUP, "480 \"Hung up\""},
    };
    struct scenario *t = *state;

    config_of(t)->dialout_allow = "+49";
    for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char callee[16], line[64];

        dial(t, "+49301234");
        pass_over(t);
        snprintf(callee, sizeof(callee), "callee%u", i + 1);
        gone(t, callee, cases[i].end);
        snprintf(line, sizeof(line), "reject %s %s", this_phone(t),
                 cases[i].line);
        expect(t, line);
    }
}

static void nobody_answers_for_three_minutes(void **state)
{
    struct scenario *t = *state;

    ringing_out(t);
    advance(t, 179999);
    expect_none(t);
    advance(t, 1);
    expect(t, "reject phone 480 \"No answer\"");
    expect(t, "hangup callee1");
    settle(t);
    expect_monitor(t, "ended not-reached");
    expect_none(t);
}

static void jigasi_gives_up(void **state)
{
    struct scenario *t = *state;

    ringing_out(t);
    gone(t, "phone", ENGINE_END_HANGUP);
    expect(t, "hangup callee1");
    settle(t);
    expect_monitor(t, "ended cancelled");
    expect_log(t, "Jigasi gave up before +49301234 answered");
    expect_none(t);
}

static void jigasi_gives_up_while_it_is_answered(void **state)
{
    struct scenario *t = *state;

    ringing_out(t);
    answered(t, "callee1");
    expect(t, "answer phone");
    gone(t, "phone", ENGINE_END_TIMEOUT); /* no ACK came */
    ends_with_words(t);
    expect(t, "play callee1 went-wrong goodbye");
    played(t);
    expect(t, "hangup callee1");
}

static void callee_hangs_up_while_jigasi_is_answered(void **state)
{
    struct scenario *t = *state;

    ringing_out(t);
    answered(t, "callee1");
    expect(t, "answer phone");
    gone(t, "callee1", ENGINE_END_HANGUP);
    expect(t, "hangup phone");
    settle(t);
    expect_none(t);
}

static void info_before_the_answer_is_ignored(void **state)
{
    struct scenario *t = *state;

    ringing_out(t);
    info_from(t, "phone", "application/json", "{\"i\":0,\"t\":3}", 13);
    expect_none(t);
    expect_log(t, "the call is not answered yet");
}

/* ---- in the meeting ---- */

static void keys_and_messages_work_as_for_callers(void **state)
{
    struct scenario *t = *state;

    in_outbound(t);
    keys(t, "*6");
    expect(t, "mute callee1 on");
    expect(t, "info phone {\"id\":\"c1-1\",\"type\":\"muteRequest\",\"data\":"
              "{\"audio\":true}}");
    expect(t, "queue callee1 muted");
    pass_over(t);
    info(t, "{\"t\":11}");
    expect(t, "info phone {\"t\":11}");
    info(t, "{\"t\":8,\"d\":true}");
    expect(t, "queue callee1 moderation-on");
    keys(t, "*1");
    expect(t, "queue callee1 help");
}

static void either_side_ends_it(void **state)
{
    struct scenario *t = *state;

    in_outbound(t);
    gone(t, "callee1", ENGINE_END_HANGUP);
    expect(t, "hangup phone");
    settle(t);
    expect_monitor(t, "ended hangup");
    assert_int_equal(calls_count(calls_of(t)), 0);
}

static void the_end_of_the_meeting_is_said(void **state)
{
    struct scenario *t = *state;

    in_outbound(t);
    bye(t, "phone", 0, "");
    ends_with_words(t);
    expect(t, "play callee1 ended");
    played(t);
    expect(t, "hangup callee1");
    settle(t);
    expect_monitor(t, "ended completed");
}

static void who_was_dialled_does_not_wait_for_others(void **state)
{
    struct scenario *t = *state;

    in_outbound(t);
    bye(t, "phone", 408, "No invite from conference focus");
    ends_with_words(t);
    expect(t, "play callee1 ended");
    settle(t);
    assert_int_equal(seen(t, "dial"), 0);
}

static void jigasi_that_fails_is_not_dialled_again(void **state)
{
    struct scenario *t = *state;

    in_outbound(t);
    gone(t, "phone", ENGINE_END_SILENT);
    ends_with_words(t);
    expect(t, "play callee1 went-wrong goodbye");
    played(t);
    expect(t, "hangup callee1");
    settle(t);
    expect_monitor(t, "ended jigasi-failed");
}

static void the_longest_call_holds(void **state)
{
    struct scenario *t = *state;

    config_of(t)->max_call_duration_min = 2;
    in_outbound(t);
    advance(t, 59000);
    expect(t, "queue callee1 one-minute");
    advance(t, 60000);
    expect(t, "hangup phone");
    expect(t, "bind callee1");
    expect(t, "play callee1 goodbye");
}

static void the_program_ends(void **state)
{
    struct scenario *t = *state;

    ringing_out(t);
    calls_end(calls_of(t));
    expect(t, "hangup phone");
    expect(t, "hangup callee1");
    settle(t);
    expect_monitor(t, "ended shutdown");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SCENARIO(permitted_number_goes_to_the_trunk),
        SCENARIO(a_trunk_that_is_full_is_busy),
        SCENARIO(other_numbers_are_refused_and_logged),
        SCENARIO(addresses_elsewhere_are_refused),
        SCENARIO(only_jigasi_dials_out),
        SCENARIO(a_user_is_rung_at_the_newest_phone),
        SCENARIO(a_user_without_a_phone_is_480),
        SCENARIO(draining_and_the_cap_hold_for_it_too),
        SCENARIO(answered_call_is_in_the_meeting),
        SCENARIO(early_media_is_bridged),
        SCENARIO(after_early_media_a_refusal_is_passed_on),
        SCENARIO(refusals_are_passed_on),
        SCENARIO(other_failures_have_a_status),
        SCENARIO(nobody_answers_for_three_minutes),
        SCENARIO(jigasi_gives_up),
        SCENARIO(jigasi_gives_up_while_it_is_answered),
        SCENARIO(callee_hangs_up_while_jigasi_is_answered),
        SCENARIO(info_before_the_answer_is_ignored),
        SCENARIO(keys_and_messages_work_as_for_callers),
        SCENARIO(either_side_ends_it),
        SCENARIO(the_end_of_the_meeting_is_said),
        SCENARIO(who_was_dialled_does_not_wait_for_others),
        SCENARIO(jigasi_that_fails_is_not_dialled_again),
        SCENARIO(the_longest_call_holds),
        SCENARIO(the_program_ends),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
