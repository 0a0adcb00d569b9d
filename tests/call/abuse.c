/* Section 9 of the call flows: bad input and abuse; caps and drain. */
#include "tests/call/scenario.h"

#include <stdio.h>
#include <string.h>

/* Call the IVR from there and key a wrong id so often, three times a call;
 * returns how often the caller was asked for one. */
static unsigned guess(struct scenario *t, const struct engine_offer *from,
                      unsigned n)
{
    struct engine_offer o = *from;
    unsigned asked = 0;

    o.to = "1000";
    o.to_len = 4;
    while (n) {
        pass_over(t);
        offer_from(t, &o, 0);
        answered(t, this_phone(t));
        if (!seen(t, "collect"))
            break;
        for (unsigned i = 0; i < 3 && n && seen(t, "collect"); i++, n--) {
            asked++;
            pass_over(t);
            digits(t, "99", '#');
            lookup_unknown(t);
        }
        bye(t, this_phone(t), 0, "");
    }
    if (n) {
        bye(t, this_phone(t), 0, "");
        pass_over(t);
    }
    return asked;
}

static bool is_asked(struct scenario *t, const struct engine_offer *from)
{
    return guess(t, from, 1);
}

static const struct engine_offer user = {.source = ENGINE_FROM_USER,
                                         .address = "192.0.2.1",
                                         .caller_number = "user"};
static const struct engine_offer trunk = {.source = ENGINE_FROM_TRUNK,
                                          .address = "198.51.100.1",
                                          .caller_number = "+4930111"};

static void twenty_wrong_ids_in_10_min_are_enough(void **state)
{
    struct scenario *t = *state;

    assert_int_equal(guess(t, &user, 100), 20);
    expect_log(t, "too many wrong meeting ids from \"192.0.2.1\"");
}

static void then_goodbye_before_asking(void **state)
{
    struct scenario *t = *state;
    struct engine_offer o = user;

    guess(t, &user, 20);
    pass_over(t);
    o.to = "1000";
    o.to_len = 4;
    offer_from(t, &o, 0);
    expect(t, "answer phone8");
    answered(t, "phone8");
    expect(t, "play phone8 goodbye");
    expect_none(t);
    played(t);
    expect(t, "hangup phone8");
    settle(t);
    expect_monitor(t, "ended guessing");
}

static void the_window_slides(void **state)
{
    struct scenario *t = *state;

    guess(t, &user, 10);
    advance(t, 300000);
    guess(t, &user, 10);
    assert_false(is_asked(t, &user));
    advance(t, 299999);
    assert_false(is_asked(t, &user));
    advance(t, 1);
    assert_int_equal(guess(t, &user, 100), 10);
}

static void limit_counts_in_the_middle_of_a_call(void **state)
{
    struct scenario *t = *state;
    struct engine_offer o = user;

    guess(t, &user, 19);
    o.to = "1000";
    o.to_len = 4;
    offer_from(t, &o, 0);
    answered(t, this_phone(t));
    digits(t, "99", '#');
    pass_over(t);
    lookup_unknown(t);
    assert_int_equal(seen(t, "collect"), 0);
    assert_int_equal(seen(t, "play phone8 unknown-id goodbye"), 1);
}

static void users_are_limited_by_address(void **state)
{
    struct scenario *t = *state;
    struct engine_offer elsewhere = user;

    elsewhere.address = "192.0.2.2";
    guess(t, &user, 20);
    assert_false(is_asked(t, &user));
    assert_true(is_asked(t, &elsewhere)); /* all phones share one user */
}

static void of_ipv6_by_the_network(void **state)
{
    struct scenario *t = *state;
    struct engine_offer o = user;

    o.address = "2001:db8:0:1::1";
    guess(t, &o, 20);
    o.address = "2001:db8:0:1:ffff::2";
    assert_false(is_asked(t, &o));
    o.address = "2001:db8:0:2::1";
    assert_true(is_asked(t, &o));
}

static void anonymous_callers_are_limited_by_address(void **state)
{
    struct scenario *t = *state;
    struct engine_offer o = {.source = ENGINE_FROM_ANYONE,
                             .address = "203.0.113.9"};
    char number[16];

    for (unsigned i = 0; i < 20; i++) {
        snprintf(number, sizeof(number), "%u", i);
        o.caller_number = number; /* as they claim */
        assert_int_equal(guess(t, &o, 1), 1);
    }
    assert_false(is_asked(t, &o));
}

static void trunk_callers_are_limited_by_number(void **state)
{
    struct scenario *t = *state;
    struct engine_offer other = trunk;

    other.caller_number = "+4930222";
    guess(t, &trunk, 20);
    assert_false(is_asked(t, &trunk));
    assert_true(is_asked(t, &other)); /* all of them share the address */
}

static void trunk_callers_without_a_number_share_a_window(void **state)
{
    struct scenario *t = *state;
    struct engine_offer hidden = trunk;

    hidden.caller_number = "";
    guess(t, &hidden, 20);
    assert_false(is_asked(t, &hidden));
    assert_true(is_asked(t, &trunk));
}

static void right_ids_do_not_count(void **state)
{
    struct scenario *t = *state;

    for (int i = 0; i < 30; i++) {
        in_ivr(t);
        digits(t, "12", '#');
        lookup_room(t, "12");
        bye(t, this_phone(t), 0, "");
    }
    in_ivr(t);
    digits(t, "12", '#');
    assert_int_equal(seen(t, "lookup"), 1);
}

static void failed_lookups_do_not_count(void **state)
{
    struct scenario *t = *state;

    for (int i = 0; i < 30; i++) {
        in_ivr(t);
        digits(t, "12", '#');
        lookup_failed(t);
        bye(t, this_phone(t), 0, "");
    }
    in_ivr(t);
    digits(t, "12", '#');
    assert_int_equal(seen(t, "lookup"), 1);
}

/* All callers together have used up their budget. */
static void spend_budget(struct scenario *t)
{
    for (unsigned i = 0; i < 10; i++) {
        struct engine_offer o = trunk;
        char number[16];

        snprintf(number, sizeof(number), "+49%u", i);
        o.caller_number = number;
        assert_int_equal(guess(t, &o, 20), 20);
    }
}

static void the_global_budget_delays_everyone(void **state)
{
    struct scenario *t = *state;

    spend_budget(t);
    in_ivr(t);
    digits(t, "12", '#');
    lookup_unknown(t);
    pass_over(t);
    digits(t, "12", '#');
    expect_monitor(t, "state lookup");
    advance(t, 249);
    expect_none(t);
    advance(t, 1);
    expect(t, "lookup 12 by 4711");
    lookup_room(t, "12"); /* known or not: the delay was the same */
    pass_over(t);
    advance(t, 600000);
    bye(t, this_phone(t), 0, "");
    in_ivr(t);
    digits(t, "12", '#');
    expect(t, "lookup 12 by 4711"); /* the budget came back */
}

static void hanging_up_while_delayed(void **state)
{
    struct scenario *t = *state;

    spend_budget(t);
    in_ivr(t);
    digits(t, "12", '#');
    lookup_unknown(t);
    digits(t, "12", '#');
    pass_over(t);
    bye(t, this_phone(t), 0, "");
    advance(t, 100000);
    expect_none(t);
}

static void unknown_and_refused_ids_sound_the_same(void **state)
{
    struct scenario *t = *state;
    struct directory_answer a = {
        DIRECTORY_FOUND, "", "not a room", "", "", false};

    in_ivr(t);
    digits(t, "1", '#');
    expect(t, "lookup 1 by 4711");
    lookup_unknown(t);
    expect(t, "collect phone unknown-id enter-id first=10000");
    digits(t, "2", '#');
    expect(t, "lookup 2 by 4711");
    lookup_answer(t, &a);
    expect(t, "collect phone unknown-id enter-id first=10000");
    expect_none(t);
}

static void passwords_while_waiting_are_limited_too(void **state)
{
    struct scenario *t = *state;
    char leg[16], password[8];
    unsigned i;

    in_waiting(t);
    for (i = 0; i < 30; i++) {
        pass_over(t);
        snprintf(password, sizeof(password), "%u", i);
        digits(t, password, '#');
        if (!seen(t, "dial"))
            break;
        snprintf(leg, sizeof(leg), "jigasi%u", i + 2);
        refused(t, leg, 486);
    }
    assert_int_equal(i, 20);
    assert_int_equal(seen(t, "collect"), 1); /* sounds as before */
}

static void max_calls_is_503_and_harms_nobody(void **state)
{
    struct scenario *t = *state;

    config_of(t)->max_calls = 2;
    in_meeting(t);
    offer(t, "b");
    pass_over(t);
    offer(t, "c");
    expect(t, "reject phone3 503 retry=10");
    expect_none(t);
    expect_monitor(t, "refused full");
    expect_log(t, "all calls of JIGATE_MAX_CALLS are taken");
    offer(t, "1000");
    expect(t, "reject phone4 503 retry=10");
    settle(t);
    assert_int_equal(calls_count(calls_of(t)), 2);
    bye(t, "phone2", 0, "");
    pass_over(t);
    offer(t, "d");
    assert_int_equal(seen(t, "dial"), 1);
}

static void max_calls_does_not_count_health_checks(void **state)
{
    struct scenario *t = *state;
    struct engine_offer o = {
        .source = ENGINE_FROM_JIGASI, .to = "healthcheck", .to_len = 11};

    config_of(t)->max_calls = 1;
    in_meeting(t);
    offer_from(t, &o, 0);
    expect(t, "answer phone2");
}

static void max_calls_0_is_no_cap(void **state)
{
    struct scenario *t = *state;

    for (int i = 0; i < 200; i++)
        offer(t, "a");
    assert_int_equal(calls_count(calls_of(t)), 200);
    assert_int_equal(seen(t, "reject"), 0);
}

static void drain_refuses_new_calls_and_keeps_the_others(void **state)
{
    struct scenario *t = *state;
    struct engine_offer check = {
        .source = ENGINE_FROM_JIGASI, .to = "healthcheck", .to_len = 11};

    in_meeting(t);
    in_waiting(t);
    calls_drain(calls_of(t));
    expect_monitor(t, "draining");
    calls_drain(calls_of(t));
    assert_int_equal(monitored(t, "draining"), 1);
    expect_none(t);
    offer(t, "b");
    expect(t, "reject phone3 503 retry=60");
    expect_monitor(t, "refused draining");
    offer(t, "1000");
    expect(t, "reject phone4 503 retry=60");
    offer_from(t, &check, 0);
    expect(t, "reject phone5 503 retry=60");
    advance(t, 30000);
    expect(t, "dial jigasi3 at j1 \"Alice\" X-Room-Name=room"); /* go on */
    use_phone(t, 1);
    keys(t, "*6");
    assert_int_equal(seen(t, "mute phone on"), 1);
}

static void events_of_legs_nobody_knows_are_ignored(void **state)
{
    struct scenario *t = *state;

    for (int type = 0; type <= ENGINE_GONE + 1; type++) {
        struct engine_event ev = {.type = (enum engine_event_type)type,
                                  .leg = 77};

        if (type == ENGINE_OFFERED || type == ENGINE_RECOVERED ||
            type == ENGINE_CONTACT || type == ENGINE_TRUNK)
            continue;
        calls_event(&ev, calls_of(t));
    }
    expect_none(t);
}

static void events_out_of_place_do_nothing(void **state)
{
    struct scenario *t = *state;

    in_meeting(t);
    ringing(t, "jigasi1");
    answered(t, "jigasi1");
    answered(t, "phone");
    bridged(t);
    digits(t, "123", '#'); /* nothing was collected */
    played(t);
    keys(t, "##");
    expect_none(t);
    expect_monitor(t, "state meeting");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SCENARIO(twenty_wrong_ids_in_10_min_are_enough),
        SCENARIO(then_goodbye_before_asking),
        SCENARIO(the_window_slides),
        SCENARIO(limit_counts_in_the_middle_of_a_call),
        SCENARIO(users_are_limited_by_address),
        SCENARIO(of_ipv6_by_the_network),
        SCENARIO(anonymous_callers_are_limited_by_address),
        SCENARIO(trunk_callers_are_limited_by_number),
        SCENARIO(trunk_callers_without_a_number_share_a_window),
        SCENARIO(right_ids_do_not_count),
        SCENARIO(failed_lookups_do_not_count),
        SCENARIO(the_global_budget_delays_everyone),
        SCENARIO(hanging_up_while_delayed),
        SCENARIO(unknown_and_refused_ids_sound_the_same),
        SCENARIO(passwords_while_waiting_are_limited_too),
        SCENARIO(max_calls_is_503_and_harms_nobody),
        SCENARIO(max_calls_does_not_count_health_checks),
        SCENARIO(max_calls_0_is_no_cap),
        SCENARIO(drain_refuses_new_calls_and_keeps_the_others),
        SCENARIO(events_of_legs_nobody_knows_are_ignored),
        SCENARIO(events_out_of_place_do_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
