/* Section 5 of the call flows and B.2/B.3 of the reference: in the meeting,
 * but for muting, which has a file of its own. */
#include "tests/call/scenario.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- keys ---- */

static void keys_are_bound_with_3_s_between(void **state)
{
    struct scenario *t = *state;

    in_ringing(t);
    answered(t, "jigasi1");
    pass_over(t);
    bridged(t);
    expect(t, "bind phone *6 *9 *1 *0"); /* the engine checks the 3 s */
}

static void key_map_is_configurable(void **state)
{
    struct scenario *t = *state;

    config_of(t)->keys = "#1=mute, 5=status";
    assert_int_equal(restart_calls(t), 0);
    contact_new(t, "j1");
    in_ringing(t);
    answered(t, "jigasi1");
    pass_over(t);
    bridged(t);
    expect(t, "bind phone #1 5");
    keys(t, "5");
    expect(t, "queue phone status-unmuted");
    keys(t, "*6");
    expect_none(t);
}

static void help_lists_the_keys(void **state)
{
    struct scenario *t = *state;

    in_meeting(t);
    keys(t, "*1");
    expect(t, "queue phone help");
    keys(t, "*1"); /* asked twice, told twice */
    expect(t, "queue phone help");
    expect_none(t);
}

static void status_says_muted_or_not(void **state)
{
    struct scenario *t = *state;

    in_meeting(t);
    keys(t, "*0");
    expect(t, "queue phone status-unmuted");
    keys(t, "*6");
    pass_over(t);
    keys(t, "*0");
    expect(t, "queue phone status-muted");
}

static void status_says_hand_and_moderated(void **state)
{
    struct scenario *t = *state;

    in_moderated(t);
    keys(t, "*6");
    keys(t, "*6");
    pass_over(t);
    keys(t, "*0");
    expect(t, "queue phone status-muted status-hand status-moderated");
}

/* ---- hand ---- */

static void hand_not_moderated_says_simply_unmute(void **state)
{
    struct scenario *t = *state;

    in_meeting(t);
    keys(t, "*9");
    expect(t, "queue phone hand-not-needed");
    expect_none(t); /* no message: no hand that no one sees */
}

static void hand_moderated_is_raised_by_mute_request(void **state)
{
    struct scenario *t = *state;

    in_moderated(t);
    keys(t, "*9");
    expect(t, "info jigasi1 {\"id\":\"c1-1\",\"type\":\"muteRequest\","
              "\"data\":{\"audio\":false}}");
    expect(t, "queue phone hand-raised");
    info(t, "{\"type\":\"muteResponse\",\"id\":\"c1-1\","
            "\"status\":\"FAILED\",\"data\":{\"audio\":false}}");
    advance(t, 10000);
    expect_none(t); /* no second prompt, and no fallback */
}

static void hand_of_a_visitor_is_raised_by_mute_request(void **state)
{
    struct scenario *t = *state;

    in_meeting(t);
    info(t, "{\"t\":12,\"d\":true}");
    pass_over(t);
    keys(t, "*9");
    expect(t, "info jigasi1 {\"id\":\"c1-1\",\"type\":\"muteRequest\","
              "\"data\":{\"audio\":false}}");
    expect(t, "queue phone hand-raised");
    advance(t, 10000);
    expect_none(t); /* Jigasi does not answer that */
}

static void hand_is_lowered_while_muted_and_stays_muted(void **state)
{
    struct scenario *t = *state;

    in_moderated(t);
    keys(t, "*6");
    keys(t, "*9");
    pass_over(t);
    keys(t, "*9");
    expect(t, "info jigasi1 {\"id\":\"c1-3\",\"type\":\"muteResponse\","
              "\"status\":\"OK\",\"data\":{\"audio\":false}}");
    expect(t, "info jigasi1 {\"id\":\"c1-4\",\"type\":\"muteResponse\","
              "\"status\":\"OK\",\"data\":{\"audio\":true}}");
    expect(t, "queue phone hand-lowered");
    expect_none(t); /* the engine's mute was not touched */
    advance(t, 10000);
    assert_int_equal(seen(t, "mute"), 0);
}

static void hand_lowered_by_key_may_be_raised_again(void **state)
{
    struct scenario *t = *state;

    in_meeting(t);
    info(t, "{\"t\":12,\"d\":true}");
    keys(t, "*9");
    keys(t, "*9");
    pass_over(t);
    keys(t, "*9");
    assert_int_equal(seen(t, "queue phone hand-raised"), 1);
}

static void hand_is_lowered_by_unmuting(void **state)
{
    struct scenario *t = *state;

    in_moderated(t);
    keys(t, "*6");
    keys(t, "*9");
    info(t, "{\"t\":9}");
    keys(t, "*6");
    pass_over(t);
    keys(t, "*0");
    expect(t, "queue phone status-unmuted status-moderated");
}

static void hand_in_the_extended_dialect_both_ways(void **state)
{
    struct scenario *t = *state;

    config_of(t)->jigasi_extended = true;
    in_meeting(t);
    keys(t, "*9");
    expect(t, "info jigasi1 {\"id\":\"c1-1\",\"type\":\"handRequest\","
              "\"status\":\"OK\",\"data\":{\"handRaised\":true}}");
    expect(t, "queue phone hand-raised");
    keys(t, "*9");
    expect(t, "info jigasi1 {\"id\":\"c1-2\",\"type\":\"handRequest\","
              "\"status\":\"OK\",\"data\":{\"handRaised\":false}}");
    expect(t, "queue phone hand-lowered");
}

/* ---- every row of B.2 that is not in mute.c or lobby.c ---- */

static void t8_moderation_on_and_off(void **state)
{
    struct scenario *t = *state;

    in_meeting(t);
    info(t, "{\"t\":8,\"d\":true}");
    expect(t, "queue phone moderation-on");
    info(t, "{\"t\":8,\"d\":true}"); /* sent again on a change of role */
    expect_none(t);
    info(t, "{\"t\":8,\"d\":false}");
    expect(t, "queue phone moderation-off");
    info(t, "{\"t\":8,\"d\":false}");
    expect_none(t);
}

static void t8_off_at_the_start_is_no_news(void **state)
{
    struct scenario *t = *state;

    in_meeting(t);
    info(t, "{\"t\":8,\"d\":false}");
    expect_none(t);
}

static void t9_may_unmute(void **state)
{
    struct scenario *t = *state;

    in_moderated(t);
    info(t, "{\"t\":9}");
    expect(t, "queue phone may-unmute");
    info(t, "{\"t\":9}");
    expect_none(t);
}

static void t11_is_answered_at_once(void **state)
{
    struct scenario *t = *state;

    in_meeting(t);
    info(t, "{\"t\":11}");
    expect(t, "info jigasi1 {\"t\":11}");
    expect_none(t);
}

static void t11_is_answered_before_the_bridge(void **state)
{
    struct scenario *t = *state;

    offer(t, "room");
    ringing(t, "jigasi1");
    answered(t, "jigasi1");
    pass_over(t);
    info(t, "{\"t\":11}");
    expect(t, "info jigasi1 {\"t\":11}");
}

static void t12_true_is_a_visitor_who_only_listens(void **state)
{
    struct scenario *t = *state;

    in_meeting(t);
    info(t, "{\"t\":12,\"d\":true}");
    expect(t, "mute phone on");
    expect(t, "queue phone visitor");
    /* With start-muted support a muteRequest follows: no second prompt. */
    info(t, "{\"type\":\"muteRequest\",\"id\":\"u-1\","
            "\"data\":{\"audio\":true}}");
    expect(t, "info jigasi1 {\"id\":\"u-1\",\"type\":\"muteResponse\","
              "\"status\":\"OK\",\"data\":{\"audio\":true}}");
    info(t, "{\"t\":12,\"d\":true}");
    expect_none(t);
}

static void t12_false_is_promoted_and_may_unmute(void **state)
{
    struct scenario *t = *state;

    in_meeting(t);
    info(t, "{\"t\":12,\"d\":true}");
    pass_over(t);
    info(t, "{\"t\":12,\"d\":false}");
    expect(t, "queue phone promoted");
    expect_none(t); /* not unmuted: that is the caller's to do */
    keys(t, "*6");
    expect(t, "mute phone off");
}

static void t12_false_without_having_been_a_visitor_is_no_news(void **state)
{
    struct scenario *t = *state;

    in_meeting(t);
    info(t, "{\"t\":12,\"d\":false}");
    expect_none(t);
}

static void t12_with_a_boolean_is_visitor_in_the_extended_dialect(void **state)
{
    struct scenario *t = *state;

    config_of(t)->jigasi_extended = true;
    in_meeting(t);
    info(t, "{\"t\":12,\"d\":true}");
    expect(t, "mute phone on");
    expect(t, "queue phone visitor");
    expect_none(t);
}

static void t12_without_d_ends_in_the_extended_dialect(void **state)
{
    struct scenario *t = *state;

    config_of(t)->jigasi_extended = true;
    in_meeting(t);
    info(t, "{\"t\":12}");
    expect(t, "hangup jigasi1");
    expect(t, "bind phone");
    expect(t, "play phone ended");
    played(t);
    expect(t, "hangup phone");
    settle(t);
    expect_monitor(t, "ended completed");
}

static void t12_without_d_is_ignored_in_the_stock_dialect(void **state)
{
    struct scenario *t = *state;

    in_meeting(t);
    info(t, "{\"t\":12}");
    expect_none(t);
    expect_monitor(t, "state meeting");
    expect_log(t, "INFO ignored");
}

static void t13_lowers_the_hand_in_the_extended_dialect(void **state)
{
    struct scenario *t = *state;

    config_of(t)->jigasi_extended = true;
    in_meeting(t);
    keys(t, "*9");
    pass_over(t);
    info(t, "{\"t\":13}");
    expect(t, "info jigasi1 {\"id\":\"c1-2\",\"type\":\"handRequest\","
              "\"status\":\"OK\",\"data\":{\"handRaised\":false}}");
    expect(t, "queue phone hand-lowered");
}

static void t14_renames_in_the_extended_dialect(void **state)
{
    struct scenario *t = *state;

    config_of(t)->jigasi_extended = true;
    in_meeting(t);
    info(t, "{\"t\":14,\"d\":\"say \\\"hi\\\" \\\\ Zo\\u00eb\\n\"}");
    expect(t, "info jigasi1 {\"id\":\"c1-1\",\"type\":\"renameRequest\","
              "\"status\":\"OK\","
              "\"data\":{\"nickname\":\"say \\\"hi\\\" \\\\ Zoë\"}}");
}

static void t13_and_t14_are_unknown_in_the_stock_dialect(void **state)
{
    struct scenario *t = *state;

    in_meeting(t);
    info(t, "{\"t\":13}");
    info(t, "{\"t\":14,\"d\":\"Bob\"}");
    expect_none(t);
    assert_int_equal(logged(t, "INFO ignored: unknown type"), 1);
}

static void t15_false_waits_with_music_until_live(void **state)
{
    struct scenario *t = *state;

    in_meeting(t);
    info(t, "{\"t\":15,\"d\":false}");
    expect(t, "bind phone *6 *9 *1 *0");
    expect(t, "play phone not-live music loop=0");
    expect_monitor(t, "state not-live");
    info(t, "{\"t\":15,\"d\":false}");
    expect_none(t);
    keys(t, "*0"); /* keys work, and the music goes on after them */
    expect(t, "play phone status-unmuted music not-live loop=1");
    info(t, "{\"t\":15,\"d\":true}");
    expect(t, "stop phone");
    expect(t, "bind phone *6 *9 *1 *0");
    expect(t, "queue phone live");
    expect_monitor(t, "state meeting");
    info(t, "{\"t\":15,\"d\":true}");
    expect_none(t);
}

static void t15_true_twice_is_told_once(void **state)
{
    struct scenario *t = *state;

    in_meeting(t);
    info(t, "{\"t\":15,\"d\":true}");
    keys(t, "*1"); /* something else was said between */
    pass_over(t);
    info(t, "{\"t\":15,\"d\":true}");
    expect_none(t);
}

static void t15_true_alone_is_told(void **state)
{
    struct scenario *t = *state;

    in_meeting(t);
    info(t, "{\"t\":15,\"d\":true}");
    expect(t, "queue phone live");
}

/* ---- what makes no sense ---- */

static void odd_info_is_counted_and_logged_once(void **state)
{
    struct scenario *t = *state;
    static const char *const odd[] = {
        "",
        "{",
        "[]",
        "7",
        "{\"t\":99}",
        "{\"t\":\"8\",\"d\":true}",
        "{\"t\":8.0,\"d\":true}",
        "{\"t\":8,\"d\":\"true\"}",
        "{\"t\":8}",
        "{\"t\":12,\"d\":1}",
        "{\"t\":9,\"t\":10}",
        "{\"i\":\"0\",\"t\":3}",
        "{\"type\":\"muteRequest\",\"data\":{\"audio\":true}}",
        "{\"type\":\"muteRequest\",\"id\":\"x\"}",
        "{\"type\":\"muteRequest\",\"id\":\"x\",\"data\":{\"audio\":1}}",
        "{\"type\":\"dance\",\"id\":\"x\"}",
        "{\"type\":8}",
        "{\"t\":9} x",
        "{\"a\":[[[[[[[[1]]]]]]]],\"t\":9}",
    };

    in_meeting(t);
    for (size_t i = 0; i < sizeof(odd) / sizeof(odd[0]); i++) {
        info(t, odd[i]);
        expect_none(t);
    }
    assert_int_equal(logged(t, "INFO ignored"), 1);
    bye(t, "phone", 0, "");
    expect_log(t, "19 INFO ignored");
}

static void oversize_info_is_ignored(void **state)
{
    struct scenario *t = *state;
    size_t len = 16384;
    char *body = malloc(len + 1);

    assert_non_null(body);
    memset(body, ' ', len);
    memcpy(body, "{\"t\":9}", 7);
    body[len] = '\0';
    in_meeting(t);
    info_from(t, "jigasi1", "application/json", body, len);
    expect_none(t);
    expect_log(t, "too long or too deep");
    info_from(t, "jigasi1", "application/json", body, 4096);
    expect(t, "queue phone may-unmute");
    free(body);
}

static void info_of_other_types_is_ignored(void **state)
{
    struct scenario *t = *state;

    in_meeting(t);
    info_from(t, "jigasi1", "text/plain", "{\"t\":9}", 7);
    info_from(t, "jigasi1", "", "", 0);
    expect_none(t);
}

static void info_from_the_participant_never_speaks_as_jigasi(void **state)
{
    struct scenario *t = *state;
    static const char *const spoofed[] = {
        "{\"t\":11}",
        "{\"t\":7}",
        "{\"t\":12}",
        "{\"t\":9}",
        "{\"type\":\"muteRequest\",\"id\":\"x\",\"data\":{\"audio\":true}}",
    };

    config_of(t)->jigasi_extended = true;
    in_meeting(t);
    for (size_t i = 0; i < 5; i++)
        info_from(t, "phone", "application/json", spoofed[i],
                  strlen(spoofed[i]));
    expect_none(t);
    assert_int_equal(logged(t, "it came from the participant"), 1);
}

/* ---- prompts ---- */

static void same_prompt_never_twice_because_of_a_message(void **state)
{
    struct scenario *t = *state;

    in_meeting(t);
    info(t, "{\"t\":10}");
    pass_over(t);
    info(t, "{\"t\":10}");
    info(t, "{\"t\":10}");
    expect_none(t);
}

static void prompts_queue_and_do_not_replace(void **state)
{
    struct scenario *t = *state;

    in_meeting(t);
    info(t, "{\"t\":8,\"d\":true}");
    keys(t, "*0");
    keys(t, "*1");
    assert_int_equal(seen(t, "queue phone"), 3);
    assert_int_equal(seen(t, "play phone"), 0);
}

static void a_rejoined_visitor_asks_to_be_one_again(void **state)
{
    struct scenario *t = *state;

    in_meeting(t);
    info(t, "{\"t\":12,\"d\":true}");
    pass_over(t);
    bye(t, "jigasi1", 408, "No response on heartbeat");
    expect(t, "bind phone");
    expect(t, "play phone went-wrong music loop=1");
    expect(t, "dial jigasi2 at j1 \"Alice\" X-Room-Name=room "
              "Jitsi-Visitor=true");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SCENARIO(keys_are_bound_with_3_s_between),
        SCENARIO(key_map_is_configurable),
        SCENARIO(help_lists_the_keys),
        SCENARIO(status_says_muted_or_not),
        SCENARIO(status_says_hand_and_moderated),
        SCENARIO(hand_not_moderated_says_simply_unmute),
        SCENARIO(hand_moderated_is_raised_by_mute_request),
        SCENARIO(hand_of_a_visitor_is_raised_by_mute_request),
        SCENARIO(hand_is_lowered_while_muted_and_stays_muted),
        SCENARIO(hand_lowered_by_key_may_be_raised_again),
        SCENARIO(hand_is_lowered_by_unmuting),
        SCENARIO(hand_in_the_extended_dialect_both_ways),
        SCENARIO(t8_moderation_on_and_off),
        SCENARIO(t8_off_at_the_start_is_no_news),
        SCENARIO(t9_may_unmute),
        SCENARIO(t11_is_answered_at_once),
        SCENARIO(t11_is_answered_before_the_bridge),
        SCENARIO(t12_true_is_a_visitor_who_only_listens),
        SCENARIO(t12_false_is_promoted_and_may_unmute),
        SCENARIO(t12_false_without_having_been_a_visitor_is_no_news),
        SCENARIO(t12_with_a_boolean_is_visitor_in_the_extended_dialect),
        SCENARIO(t12_without_d_ends_in_the_extended_dialect),
        SCENARIO(t12_without_d_is_ignored_in_the_stock_dialect),
        SCENARIO(t13_lowers_the_hand_in_the_extended_dialect),
        SCENARIO(t14_renames_in_the_extended_dialect),
        SCENARIO(t13_and_t14_are_unknown_in_the_stock_dialect),
        SCENARIO(t15_false_waits_with_music_until_live),
        SCENARIO(t15_true_twice_is_told_once),
        SCENARIO(t15_true_alone_is_told),
        SCENARIO(odd_info_is_counted_and_logged_once),
        SCENARIO(oversize_info_is_ignored),
        SCENARIO(info_of_other_types_is_ignored),
        SCENARIO(info_from_the_participant_never_speaks_as_jigasi),
        SCENARIO(same_prompt_never_twice_because_of_a_message),
        SCENARIO(prompts_queue_and_do_not_replace),
        SCENARIO(a_rejoined_visitor_asks_to_be_one_again),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
