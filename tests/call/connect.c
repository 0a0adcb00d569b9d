/* Section 4 of the call flows: connecting. */
#include "tests/call/scenario.h"

#include <stdio.h>
#include <string.h>

/* ---- when the participant is answered ---- */

static void early_answer_at_the_first_180(void **state)
{
    struct scenario *t = *state;

    offer(t, "room");
    expect(t, "dial jigasi1 at j1 \"Alice\" X-Room-Name=room");
    expect_none(t);
    ringing(t, "jigasi1");
    expect(t, "answer phone");
    advance(t, 1000);
    expect_none(t); /* only once */
}

static void early_answer_after_1_s(void **state)
{
    struct scenario *t = *state;

    in_dialling(t);
    advance(t, 999);
    expect_none(t);
    advance(t, 1);
    expect(t, "answer phone");
    ringing(t, "jigasi1");
    expect_none(t);
}

static void early_answer_with_jigasis_200(void **state)
{
    struct scenario *t = *state;

    in_dialling(t);
    answered(t, "jigasi1"); /* without a 180 */
    expect(t, "answer phone");
    expect_none(t);
    answered(t, "phone");
    expect(t, "stop phone");
    expect(t, "bridge phone jigasi1");
}

static void on_join_rings_until_jigasi_answers(void **state)
{
    struct scenario *t = *state;

    config_of(t)->answer = CONFIG_ANSWER_ON_JOIN;
    in_dialling(t);
    ringing(t, "jigasi1");
    expect(t, "ring phone");
    advance(t, 20000);
    expect_none(t); /* nothing can be heard: no prompt either */
    answered(t, "jigasi1");
    expect(t, "answer phone");
    expect_none(t);
    answered(t, "phone");
    expect(t, "stop phone");
    expect(t, "bridge phone jigasi1");
}

static void on_join_answers_at_the_first_486(void **state)
{
    struct scenario *t = *state;

    config_of(t)->answer = CONFIG_ANSWER_ON_JOIN;
    offer(t, "room");
    ringing(t, "jigasi1");
    pass_over(t);
    refused(t, "jigasi1", 486);
    expect(t, "answer phone");
    answered(t, "phone");
    expect(t, "play phone not-started password-hint music loop=2");
    expect(t, "collect phone first=0");
}

static void busy_before_the_answer_answers_first(void **state)
{
    struct scenario *t = *state;

    in_dialling(t);
    refused(t, "jigasi1", 486);
    expect(t, "answer phone");
    expect_none(t);
    answered(t, "phone");
    expect(t, "play phone not-started password-hint music loop=2");
    expect(t, "collect phone first=0");
}

/* ---- refusals by SIP status ---- */

static void no_jigasi_registered_is_503(void **state)
{
    struct scenario *t = *state;

    contact_gone(t, "j1");
    offer(t, "room");
    expect(t, "reject phone 503 retry=10");
    expect_monitor(t, "refused no-jigasi");
    expect_log(t, "no Jigasi is registered and reachable");
    assert_int_equal(monitored(t, "started"), 0);
}

static void no_contact_left_before_the_answer_is_503(void **state)
{
    struct scenario *t = *state;

    config_of(t)->answer = CONFIG_ANSWER_ON_JOIN;
    in_dialling(t);
    refused(t, "jigasi1", 480);
    expect(t, "reject phone 503 retry=10");
    settle(t);
    expect_monitor(t, "ended no-jigasi");
}

static void jigasi_dead_within_1_s_is_503(void **state)
{
    struct scenario *t = *state;

    in_dialling(t);
    gone(t, "jigasi1", ENGINE_END_TRANSPORT);
    expect(t, "reject phone 503 retry=10");
}

/* ---- which contact ---- */

static void least_loaded_contact_is_chosen(void **state)
{
    struct scenario *t = *state;

    contact_new(t, "j2");
    offer(t, "a");
    expect(t, "dial jigasi1 at j2 \"Alice\" X-Room-Name=a"); /* newest */
    offer(t, "b");
    expect(t, "dial jigasi2 at j1 \"Alice\" X-Room-Name=b");
    bye(t, "phone2", 0, "");
    expect(t, "hangup jigasi2");
    offer(t, "c");
    expect(t, "dial jigasi3 at j1 \"Alice\" X-Room-Name=c");
}

static void newest_registration_wins_ties(void **state)
{
    struct scenario *t = *state;

    contact_new(t, "j2");
    contact_set(t, 0, "j1", true, 99); /* registered anew */
    offer(t, "a");
    expect(t, "dial jigasi1 at j1 \"Alice\" X-Room-Name=a");
}

static void unreachable_contact_is_left_out(void **state)
{
    struct scenario *t = *state;

    contact_set(t, 0, "j2", false, 50);
    offer(t, "a");
    expect(t, "dial jigasi1 at j1 \"Alice\" X-Room-Name=a");
    contact_set(t, 0, "j1", false, 1);
    pass_over(t);
    offer(t, "b");
    expect(t, "reject phone2 503 retry=10");
    expect_log(t, "no Jigasi is registered and reachable on node=0");
}

static void contact_is_of_the_same_node(void **state)
{
    struct scenario *t = *state;
    struct engine_offer o = {.to = "a", .to_len = 1};

    contact_set(t, 1, "j9", true, 1);
    offer_from(t, &o, 1);
    expect(t, "dial jigasi1 at j9 \"Alice\" X-Room-Name=a");
    offer_from(t, &o, 0);
    expect(t, "dial jigasi2 at j1 \"Alice\" X-Room-Name=a");
    offer_from(t, &o, 2);
    expect(t, "reject phone3 503 retry=10");
}

static void never_two_contacts_at_once(void **state)
{
    struct scenario *t = *state;

    contact_new(t, "j2");
    contact_new(t, "j3");
    offer(t, "a");
    assert_int_equal(seen(t, "dial"), 1);
}

static void contacts_of_a_lost_node_are_void(void **state)
{
    struct scenario *t = *state;

    in_meeting(t);
    node_down(t, 0);
    expect_none(t); /* the call goes on */
    offer(t, "b");
    expect(t, "reject phone2 503 retry=10");
    contact_new(t, "j1");
    offer(t, "b");
    expect(t, "dial jigasi2 at j1 \"Alice\" X-Room-Name=b");
}

/* ---- ringing ---- */

static void wait_to_join_after_5_s_of_ringing(void **state)
{
    struct scenario *t = *state;

    in_ringing(t);
    advance(t, 4999);
    expect_none(t);
    advance(t, 1);
    expect(t, "play phone wait-join music loop=0"); /* every 30 s */
    advance(t, 60000);
    expect_none(t);
    answered(t, "jigasi1");
    expect(t, "stop phone");
    expect(t, "bridge phone jigasi1");
}

/* ---- what Jigasi answers ---- */

static void answer_200_bridges_and_says_so_1_s_later(void **state)
{
    struct scenario *t = *state;

    in_ringing(t);
    answered(t, "jigasi1");
    expect(t, "stop phone");
    expect(t, "bridge phone jigasi1");
    bridged(t);
    expect(t, "bind phone *6 *9 *1 *0");
    expect_monitor(t, "state meeting");
    expect_log(t, "call=c1 bridged");
    advance(t, 999);
    expect_none(t);
    advance(t, 1);
    expect(t, "queue phone in-conference");
    expect_none(t);
}

static void answer_200_then_lobby_does_not_say_in_conference(void **state)
{
    struct scenario *t = *state;

    offer(t, "room");
    answered(t, "phone");
    joins(t, "jigasi1");
    pass_over(t);
    info(t, "{\"i\":0,\"t\":3}");
    advance(t, 5000);
    assert_int_equal(seen(t, "queue phone in-conference"), 0);
}

static void answer_200_then_not_live_does_not_say_in_conference(void **state)
{
    struct scenario *t = *state;

    in_ringing(t);
    answered(t, "jigasi1");
    info(t, "{\"t\":15,\"d\":false}"); /* even before the bridge */
    pass_over(t);
    bridged(t);
    expect(t, "bind phone *6 *9 *1 *0");
    expect(t, "play phone not-live music loop=0");
    advance(t, 5000);
    expect_none(t);
}

static void answer_200_to_a_redial_does_not_say_in_conference(void **state)
{
    struct scenario *t = *state;

    in_waiting(t);
    advance(t, 30000);
    joins(t, "jigasi2");
    pass_over(t);
    advance(t, 5000);
    expect_none(t);
}

static void no_180_within_3_s_tries_the_next(void **state)
{
    struct scenario *t = *state;

    contact_new(t, "j2");
    in_dialling(t);
    advance(t, 2999);
    pass_over(t); /* the early answer */
    advance(t, 1);
    expect(t, "hangup jigasi1");
    expect(t, "dial jigasi2 at j1 \"Alice\" X-Room-Name=room");
    expect_log(t, "Jigasi at j2 did not ring within 3 s");
    settle(t); /* CANCELled; a 200 after all is the engine's to end */
    ringing(t, "jigasi2");
    answered(t, "phone");
    answered(t, "jigasi2");
    expect(t, "stop phone");
    expect(t, "bridge phone jigasi2");
    bridged(t);
    pass_over(t);
    advance(t, 1000);
    expect(t, "queue phone in-conference"); /* it was no redial */
}

static void ringing_in_time_is_not_given_up(void **state)
{
    struct scenario *t = *state;

    offer(t, "room");
    ringing(t, "jigasi1");
    pass_over(t);
    advance(t, 120000);
    expect_none(t);
}

static void failing_answers_try_the_next(void **state)
{
    struct scenario *t = *state;
    static const unsigned statuses[] = {408, 480, 500, 503, 404, 603};

    contact_new(t, "j2");
    for (unsigned i = 0; i < 6; i++) {
        char leg[16], line[80];

        offer(t, "room");
        snprintf(leg, sizeof(leg), "jigasi%u", 2 * i + 1);
        pass_over(t);
        refused(t, leg, statuses[i]);
        assert_int_equal(seen(t, "dial"), 1);
        snprintf(leg, sizeof(leg), "phone%u", i + 1);
        snprintf(line, sizeof(line), "hangup jigasi%u", 2 * i + 2);
        pass_over(t);
        bye(t, i ? leg : "phone", 0, "");
        expect(t, line);
        settle(t);
    }
    expect_log(t, "did not take the call: status=408");
}

static void transport_error_and_time_out_try_the_next(void **state)
{
    struct scenario *t = *state;

    contact_new(t, "j2");
    contact_new(t, "j3");
    offer(t, "room");
    expect(t, "dial jigasi1 at j3 \"Alice\" X-Room-Name=room");
    gone(t, "jigasi1", ENGINE_END_TRANSPORT);
    expect(t, "dial jigasi2 at j2 \"Alice\" X-Room-Name=room");
    gone(t, "jigasi2", ENGINE_END_TIMEOUT);
    expect(t, "dial jigasi3 at j1 \"Alice\" X-Room-Name=room");
}

static void failed_contact_is_shunned_for_a_while(void **state)
{
    struct scenario *t = *state;

    contact_new(t, "j2");
    offer(t, "a");
    expect(t, "dial jigasi1 at j2 \"Alice\" X-Room-Name=a");
    refused(t, "jigasi1", 503);
    expect(t, "dial jigasi2 at j1 \"Alice\" X-Room-Name=a");
    offer(t, "b"); /* j2 has fewer calls, but failed just now */
    expect(t, "dial jigasi3 at j1 \"Alice\" X-Room-Name=b");
    ringing(t, "jigasi2");
    ringing(t, "jigasi3");
    advance(t, 15000);
    pass_over(t);
    offer(t, "c");
    expect(t, "dial jigasi4 at j2 \"Alice\" X-Room-Name=c");
}

static void no_contact_left_backs_off_5_10_20_s(void **state)
{
    struct scenario *t = *state;

    offer(t, "room");
    advance(t, 1000);
    answered(t, "phone");
    pass_over(t);
    refused(t, "jigasi1", 480);
    expect(t, "play phone went-wrong music loop=1");
    expect_monitor(t, "state retrying");
    advance(t, 4999);
    expect_none(t);
    advance(t, 1);
    expect(t, "dial jigasi2 at j1 \"Alice\" X-Room-Name=room");
    gone(t, "jigasi2", ENGINE_END_TRANSPORT);
    expect(t, "play phone went-wrong music loop=1");
    advance(t, 9999);
    expect_none(t);
    advance(t, 1);
    expect(t, "dial jigasi3 at j1 \"Alice\" X-Room-Name=room");
    refused(t, "jigasi3", 500);
    expect(t, "play phone went-wrong music loop=1");
    advance(t, 19999);
    expect_none(t);
    advance(t, 1);
    expect(t, "dial jigasi4 at j1 \"Alice\" X-Room-Name=room");
    refused(t, "jigasi4", 500);
    expect(t, "bind phone");
    expect(t, "play phone went-wrong goodbye");
    played(t);
    expect(t, "hangup phone");
    settle(t);
    expect_monitor(t, "ended no-jigasi");
}

static void backoff_begins_anew_when_jigasi_rang(void **state)
{
    struct scenario *t = *state;

    offer(t, "room");
    advance(t, 1000);
    answered(t, "phone");
    refused(t, "jigasi1", 480);
    advance(t, 5000);
    ringing(t, "jigasi2");
    refused(t, "jigasi2", 480);
    pass_over(t);
    advance(t, 5000);
    expect(t, "dial jigasi3 at j1 \"Alice\" X-Room-Name=room");
}

static void password_may_be_keyed_while_retrying_after_waiting(void **state)
{
    struct scenario *t = *state;

    in_waiting(t);
    advance(t, 30000);
    refused(t, "jigasi2", 503);
    pass_over(t);
    digits(t, "7", '.');
    expect(t, "play phone went-wrong music loop=1");
    expect(t, "collect phone first=0");
    digits(t, "77", '#');
    pass_over(t);
    assert_int_equal(monitored(t, "state dialling"), 3);
}

static void answer_488_is_a_configuration_error(void **state)
{
    struct scenario *t = *state;

    contact_new(t, "j2");
    in_ringing(t);
    refused(t, "jigasi1", 488);
    expect(t, "bind phone");
    expect(t, "play phone went-wrong");
    expect_log(t, "error call=c1 Jigasi accepts none of our codecs");
    played(t);
    expect(t, "hangup phone");
    settle(t);
    expect_monitor(t, "ended codecs");
}

/* ---- the caller hangs up ---- */

static void hanging_up_while_dialling(void **state)
{
    struct scenario *t = *state;

    in_dialling(t);
    bye(t, "phone", 0, "");
    expect(t, "hangup jigasi1");
    assert_int_equal(calls_count(calls_of(t)), 0);
    advance(t, 100000);
    expect_none(t);
}

static void hanging_up_while_jigasi_rings(void **state)
{
    struct scenario *t = *state;

    in_ringing(t);
    bye(t, "phone", 0, "");
    expect(t, "hangup jigasi1");
    settle(t); /* jigasi's end is nobody's any more */
    advance(t, 100000);
    expect_none(t);
    expect_monitor(t, "ended hangup");
    expect_log(t, "call=c1 ended: the participant hung up");
}

static void hanging_up_while_waiting(void **state)
{
    struct scenario *t = *state;

    in_waiting(t);
    bye(t, "phone", 0, "");
    advance(t, 100000);
    expect_none(t);
}

static void hanging_up_while_retrying(void **state)
{
    struct scenario *t = *state;

    offer(t, "room");
    advance(t, 1000);
    answered(t, "phone");
    refused(t, "jigasi1", 480);
    pass_over(t);
    bye(t, "phone", 0, "");
    advance(t, 100000);
    expect_none(t);
}

static void hanging_up_while_joining(void **state)
{
    struct scenario *t = *state;

    offer(t, "room");
    answered(t, "jigasi1");
    pass_over(t);
    gone(t, "phone", ENGINE_END_TIMEOUT); /* no ACK */
    expect(t, "hangup jigasi1");
    expect_monitor(t, "ended fault");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SCENARIO(early_answer_at_the_first_180),
        SCENARIO(early_answer_after_1_s),
        SCENARIO(early_answer_with_jigasis_200),
        SCENARIO(on_join_rings_until_jigasi_answers),
        SCENARIO(on_join_answers_at_the_first_486),
        SCENARIO(busy_before_the_answer_answers_first),
        SCENARIO(no_jigasi_registered_is_503),
        SCENARIO(no_contact_left_before_the_answer_is_503),
        SCENARIO(jigasi_dead_within_1_s_is_503),
        SCENARIO(least_loaded_contact_is_chosen),
        SCENARIO(newest_registration_wins_ties),
        SCENARIO(unreachable_contact_is_left_out),
        SCENARIO(contact_is_of_the_same_node),
        SCENARIO(never_two_contacts_at_once),
        SCENARIO(contacts_of_a_lost_node_are_void),
        SCENARIO(wait_to_join_after_5_s_of_ringing),
        SCENARIO(answer_200_bridges_and_says_so_1_s_later),
        SCENARIO(answer_200_then_lobby_does_not_say_in_conference),
        SCENARIO(answer_200_then_not_live_does_not_say_in_conference),
        SCENARIO(answer_200_to_a_redial_does_not_say_in_conference),
        SCENARIO(no_180_within_3_s_tries_the_next),
        SCENARIO(ringing_in_time_is_not_given_up),
        SCENARIO(failing_answers_try_the_next),
        SCENARIO(transport_error_and_time_out_try_the_next),
        SCENARIO(failed_contact_is_shunned_for_a_while),
        SCENARIO(no_contact_left_backs_off_5_10_20_s),
        SCENARIO(backoff_begins_anew_when_jigasi_rang),
        SCENARIO(password_may_be_keyed_while_retrying_after_waiting),
        SCENARIO(answer_488_is_a_configuration_error),
        SCENARIO(hanging_up_while_dialling),
        SCENARIO(hanging_up_while_jigasi_rings),
        SCENARIO(hanging_up_while_waiting),
        SCENARIO(hanging_up_while_retrying),
        SCENARIO(hanging_up_while_joining),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
