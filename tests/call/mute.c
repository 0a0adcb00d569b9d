/* Section 5 of the call flows: the mute key in its four meanings, and every
 * mute message of B.2 and B.3 with the constraint of A.7. */
#include "tests/call/scenario.h"

#include <stdio.h>
#include <string.h>

static const char mute_1[] =
    "info jigasi1 {\"id\":\"c1-1\",\"type\":\"muteRequest\","
    "\"data\":{\"audio\":true}}";
static const char unmute_2[] =
    "info jigasi1 {\"id\":\"c1-2\",\"type\":\"muteRequest\","
    "\"data\":{\"audio\":false}}";

static void reply(struct scenario *t, const char *id, const char *status,
                  bool audio)
{
    char json[200];

    snprintf(json, sizeof(json),
             "{\"type\":\"muteResponse\",\"id\":\"%s\",\"status\":\"%s\","
             "\"data\":{\"audio\":%s}}",
             id, status, audio ? "true" : "false");
    info(t, json);
}

/* Muted, Jigasi has confirmed. */
static void muted(struct scenario *t)
{
    in_meeting(t);
    keys(t, "*6");
    reply(t, "c1-1", "OK", true);
    pass_over(t);
}

/* ---- the four meanings ---- */

static void unmuted_mutes_at_once(void **state)
{
    struct scenario *t = *state;

    in_meeting(t);
    keys(t, "*6");
    expect(t, "mute phone on");
    expect(t, mute_1);
    expect(t, "queue phone muted");
    expect_none(t);
    expect_log(t, "call=c1 muted");
}

static void muted_unmutes(void **state)
{
    struct scenario *t = *state;

    muted(t);
    keys(t, "*6");
    expect(t, "mute phone off");
    expect(t, unmute_2);
    expect(t, "queue phone unmuted");
    expect_log(t, "call=c1 unmuted");
}

static void muted_and_moderated_raises_the_hand(void **state)
{
    struct scenario *t = *state;

    muted(t);
    info(t, "{\"t\":8,\"d\":true}");
    pass_over(t);
    keys(t, "*6");
    expect(t, unmute_2); /* nothing is unmuted at the gateway */
    expect(t, "queue phone hand-raised");
    advance(t, 10000);
    expect_none(t); /* no fallback after a request to speak */
}

static void muted_and_permitted_unmutes(void **state)
{
    struct scenario *t = *state;

    muted(t);
    info(t, "{\"t\":8,\"d\":true}");
    info(t, "{\"t\":9}");
    pass_over(t);
    keys(t, "*6");
    expect(t, "mute phone off");
    expect(t, unmute_2);
    expect(t, "queue phone unmuted");
}

static void unmuted_and_moderated_mutes(void **state)
{
    struct scenario *t = *state;

    in_moderated(t);
    keys(t, "*6");
    expect(t, "mute phone on");
    expect(t, mute_1);
    expect(t, "queue phone muted");
}

static void visitor_raises_the_hand(void **state)
{
    struct scenario *t = *state;

    in_meeting(t);
    info(t, "{\"t\":12,\"d\":true}");
    pass_over(t);
    keys(t, "*6");
    expect(t, "info jigasi1 {\"id\":\"c1-1\",\"type\":\"muteRequest\","
              "\"data\":{\"audio\":false}}");
    expect(t, "queue phone hand-raised");
    advance(t, 10000);
    expect_none(t);
}

static void moderated_uses_hand_request_in_the_extended_dialect(void **state)
{
    struct scenario *t = *state;

    config_of(t)->jigasi_extended = true;
    muted(t);
    info(t, "{\"t\":8,\"d\":true}");
    pass_over(t);
    keys(t, "*6");
    expect(t, "info jigasi1 {\"id\":\"c1-2\",\"type\":\"handRequest\","
              "\"status\":\"OK\",\"data\":{\"handRaised\":true}}");
    expect(t, "queue phone hand-raised");
}

/* ---- Jigasi's answers ---- */

static void answer_ok_confirms_and_nothing_more_is_sent(void **state)
{
    struct scenario *t = *state;

    in_meeting(t);
    keys(t, "*6");
    pass_over(t);
    reply(t, "c1-1", "OK", true);
    advance(t, 10000);
    expect_none(t);
}

static void no_answer_to_a_mute_falls_back_after_1500_ms(void **state)
{
    struct scenario *t = *state;

    in_meeting(t);
    keys(t, "*6");
    pass_over(t);
    advance(t, 1499);
    expect_none(t);
    advance(t, 1);
    expect(t, "info jigasi1 {\"id\":\"c1-1\",\"type\":\"muteResponse\","
              "\"status\":\"OK\",\"data\":{\"audio\":true}}");
    advance(t, 60000);
    expect_none(t);
}

static void no_answer_to_an_unmute_falls_back(void **state)
{
    struct scenario *t = *state;

    muted(t);
    keys(t, "*6");
    pass_over(t);
    advance(t, 1500);
    expect(t, "info jigasi1 {\"id\":\"c1-2\",\"type\":\"muteResponse\","
              "\"status\":\"OK\",\"data\":{\"audio\":false}}");
    expect_none(t);
}

static void mute_then_hand_at_once_loses_no_fallback(void **state)
{
    struct scenario *t = *state;

    in_moderated(t);
    keys(t, "*6");
    pass_over(t);
    keys(t, "*6"); /* within 1.5 s: asks to speak */
    expect(t, "info jigasi1 {\"id\":\"c1-1\",\"type\":\"muteResponse\","
              "\"status\":\"OK\",\"data\":{\"audio\":true}}");
    expect(t, unmute_2);
    expect(t, "queue phone hand-raised");
    advance(t, 10000);
    expect_none(t);
}

static void failed_unmute_mutes_again_with_the_hand_up(void **state)
{
    struct scenario *t = *state;

    muted(t);
    keys(t, "*6");
    pass_over(t);
    reply(t, "c1-2", "FAILED", false);
    expect(t, "mute phone on");
    expect(t, "queue phone muted hand-raised");
    advance(t, 10000);
    expect_none(t);
    keys(t, "*0");
    expect(t, "queue phone status-muted status-hand status-moderated");
}

static void late_failed_unmute_mutes_again_and_corrects(void **state)
{
    struct scenario *t = *state;

    muted(t);
    keys(t, "*6");
    advance(t, 1500);
    pass_over(t);
    reply(t, "c1-2", "FAILED", false);
    expect(t, "mute phone on");
    expect(t, "info jigasi1 {\"id\":\"c1-2\",\"type\":\"muteResponse\","
              "\"status\":\"OK\",\"data\":{\"audio\":true}}");
    expect(t, "queue phone muted may-not-unmute");
}

static void failed_mute_stays_muted(void **state)
{
    struct scenario *t = *state;

    in_meeting(t);
    keys(t, "*6");
    pass_over(t);
    reply(t, "c1-1", "FAILED", true);
    advance(t, 10000);
    expect_none(t);
    keys(t, "*0");
    expect(t, "queue phone status-muted");
}

static void granted_request_to_speak_unmutes(void **state)
{
    struct scenario *t = *state;

    muted(t);
    info(t, "{\"t\":8,\"d\":true}");
    keys(t, "*6");
    pass_over(t);
    reply(t, "c1-2", "OK", false);
    expect(t, "mute phone off");
    expect(t, "queue phone unmuted");
    expect_none(t);
}

static void answers_to_other_questions_are_ignored(void **state)
{
    struct scenario *t = *state;

    in_meeting(t);
    reply(t, "c1-1", "OK", true);
    keys(t, "*6");
    keys(t, "*6");
    pass_over(t);
    reply(t, "c1-1", "FAILED", true); /* stale */
    reply(t, "somebody", "FAILED", false);
    expect_none(t);
    expect_log(t, "a muteResponse to nothing that was asked");
}

/* ---- muted from the meeting ---- */

static void mute_request_mutes_and_is_answered_with_its_id(void **state)
{
    struct scenario *t = *state;

    in_meeting(t);
    info(t, "{\"type\":\"muteRequest\",\"id\":\"7c0e-\\\"x\","
            "\"data\":{\"audio\":true}}");
    expect(t, "mute phone on");
    expect(t, "info jigasi1 {\"id\":\"7c0e-\\\"x\","
              "\"type\":\"muteResponse\",\"status\":\"OK\","
              "\"data\":{\"audio\":true}}");
    expect(t, "queue phone muted-by-moderator");
    expect_none(t);
}

static void repeated_mute_request_is_answered_without_a_prompt(void **state)
{
    struct scenario *t = *state;
    static const char json[] = "{\"type\":\"muteRequest\",\"id\":\"a\","
                               "\"data\":{\"audio\":true}}";

    in_meeting(t);
    info(t, json);
    pass_over(t);
    info(t, json);
    expect(t, "info jigasi1 {\"id\":\"a\",\"type\":\"muteResponse\","
              "\"status\":\"OK\",\"data\":{\"audio\":true}}");
    expect_none(t);
}

static void mute_request_wins_over_an_unmute_under_way(void **state)
{
    struct scenario *t = *state;

    muted(t);
    keys(t, "*6");
    info(t, "{\"type\":\"muteRequest\",\"id\":\"a\","
            "\"data\":{\"audio\":true}}");
    pass_over(t);
    advance(t, 10000);
    expect_none(t); /* no fallback that claims the caller is heard */
}

static void start_muted_is_no_moderators_doing(void **state)
{
    struct scenario *t = *state;

    offer(t, "room");
    answered(t, "phone");
    joins(t, "jigasi1");
    pass_over(t);
    info(t, "{\"type\":\"muteRequest\",\"id\":\"a\","
            "\"data\":{\"audio\":true}}");
    expect(t, "mute phone on");
    expect(t, "info jigasi1 {\"id\":\"a\",\"type\":\"muteResponse\","
              "\"status\":\"OK\",\"data\":{\"audio\":true}}");
    expect(t, "queue phone muted");
}

static void nobody_else_opens_the_microphone(void **state)
{
    struct scenario *t = *state;

    muted(t);
    info(t, "{\"type\":\"muteRequest\",\"id\":\"a\","
            "\"data\":{\"audio\":false}}");
    expect(t, "info jigasi1 {\"id\":\"a\",\"type\":\"muteResponse\","
              "\"status\":\"FAILED\",\"data\":{\"audio\":false}}");
    expect_none(t);
}

static void unmute_request_to_an_unmuted_is_ok(void **state)
{
    struct scenario *t = *state;

    in_meeting(t);
    info(t, "{\"type\":\"muteRequest\",\"id\":\"a\","
            "\"data\":{\"audio\":false}}");
    expect(t, "info jigasi1 {\"id\":\"a\",\"type\":\"muteResponse\","
              "\"status\":\"OK\",\"data\":{\"audio\":false}}");
    expect_none(t);
}

static void t10_denied_mutes_locally(void **state)
{
    struct scenario *t = *state;

    in_moderated(t);
    info(t, "{\"t\":9}");
    pass_over(t);
    info(t, "{\"t\":10}");
    expect(t, "mute phone on");
    expect(t, mute_1); /* so that the others see it */
    expect(t, "queue phone muted may-not-unmute");
    expect_none(t);
    keys(t, "*6"); /* the permission is gone */
    assert_int_equal(seen(t, "mute phone off"), 0);
}

static void t10_denied_to_a_muted_is_told(void **state)
{
    struct scenario *t = *state;

    muted(t);
    info(t, "{\"t\":8,\"d\":true}");
    keys(t, "*6");
    pass_over(t);
    info(t, "{\"t\":10}");
    expect(t, "queue phone may-not-unmute");
    expect_none(t);
}

/* ---- over a redial ---- */

static void who_was_muted_stays_so_and_the_new_session_is_told(void **state)
{
    struct scenario *t = *state;

    muted(t);
    bye(t, "jigasi1", 408, "No response on heartbeat");
    ringing(t, "jigasi2");
    answered(t, "jigasi2");
    pass_over(t);
    bridged(t);
    expect(t, "bind phone *6 *9 *1 *0");
    expect(t, "info jigasi2 {\"id\":\"c1-1\",\"type\":\"muteRequest\","
              "\"data\":{\"audio\":true}}");
    advance(t, 1500);
    expect(t, "info jigasi2 {\"id\":\"c1-1\",\"type\":\"muteResponse\","
              "\"status\":\"OK\",\"data\":{\"audio\":true}}");
    expect_none(t); /* no prompt: nothing changed for the caller */
}

static void a_new_session_knows_no_hand_and_no_moderation(void **state)
{
    struct scenario *t = *state;

    muted(t);
    info(t, "{\"t\":8,\"d\":true}");
    keys(t, "*6");
    bye(t, "jigasi1", 408, "No response on heartbeat");
    joins(t, "jigasi2");
    pass_over(t);
    keys(t, "*0");
    expect(t, "queue phone status-muted");
}

static void fallback_ends_with_the_leg(void **state)
{
    struct scenario *t = *state;

    in_meeting(t);
    keys(t, "*6");
    bye(t, "jigasi1", 0, "");
    pass_over(t);
    advance(t, 1500);
    expect_none(t);
}

static void every_key_is_answered_by_a_prompt(void **state)
{
    struct scenario *t = *state;
    static const char *const all[] = {"*6", "*9", "*1", "*0"};

    in_meeting(t);
    for (int round = 0; round < 3; round++) {
        for (size_t i = 0; i < 4; i++) {
            keys(t, all[i]);
            assert_int_equal(seen(t, "queue phone"), 1);
            pass_over(t);
        }
        info(t, round ? "{\"t\":12,\"d\":true}" : "{\"t\":8,\"d\":true}");
        pass_over(t);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SCENARIO(unmuted_mutes_at_once),
        SCENARIO(muted_unmutes),
        SCENARIO(muted_and_moderated_raises_the_hand),
        SCENARIO(muted_and_permitted_unmutes),
        SCENARIO(unmuted_and_moderated_mutes),
        SCENARIO(visitor_raises_the_hand),
        SCENARIO(moderated_uses_hand_request_in_the_extended_dialect),
        SCENARIO(answer_ok_confirms_and_nothing_more_is_sent),
        SCENARIO(no_answer_to_a_mute_falls_back_after_1500_ms),
        SCENARIO(no_answer_to_an_unmute_falls_back),
        SCENARIO(mute_then_hand_at_once_loses_no_fallback),
        SCENARIO(failed_unmute_mutes_again_with_the_hand_up),
        SCENARIO(late_failed_unmute_mutes_again_and_corrects),
        SCENARIO(failed_mute_stays_muted),
        SCENARIO(granted_request_to_speak_unmutes),
        SCENARIO(answers_to_other_questions_are_ignored),
        SCENARIO(mute_request_mutes_and_is_answered_with_its_id),
        SCENARIO(repeated_mute_request_is_answered_without_a_prompt),
        SCENARIO(mute_request_wins_over_an_unmute_under_way),
        SCENARIO(start_muted_is_no_moderators_doing),
        SCENARIO(nobody_else_opens_the_microphone),
        SCENARIO(unmute_request_to_an_unmuted_is_ok),
        SCENARIO(t10_denied_mutes_locally),
        SCENARIO(t10_denied_to_a_muted_is_told),
        SCENARIO(who_was_muted_stays_so_and_the_new_session_is_told),
        SCENARIO(a_new_session_knows_no_hand_and_no_moderation),
        SCENARIO(fallback_ends_with_the_leg),
        SCENARIO(every_key_is_answered_by_a_prompt),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
