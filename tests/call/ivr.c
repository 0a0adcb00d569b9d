/* Section 3 of the call flows: the meeting id. */
#include "tests/call/scenario.h"

#include <string.h>

static void pound_ends_the_id(void **state)
{
    struct scenario *t = *state;

    offer(t, "1000");
    expect(t, "answer phone");
    answered(t, "phone");
    expect(t, "collect phone enter-id first=10000");
    digits(t, "123456", '#');
    expect(t, "lookup 123456 by 4711");
    lookup_room(t, "123456");
    expect(t, "play phone join");
    expect(t, "dial jigasi1 at j1 \"Alice\" X-Room-Name=123456");
    expect_none(t);
}

static void silence_of_4_s_ends_the_id(void **state)
{
    struct scenario *t = *state;

    in_ivr(t);
    digits(t, "12", '.');
    expect(t, "lookup 12 by 4711");
}

static void one_and_32_digits_are_ids(void **state)
{
    struct scenario *t = *state;

    in_ivr(t);
    digits(t, "7", '#');
    expect(t, "lookup 7 by 4711");
    lookup_unknown(t);
    pass_over(t);
    digits(t, "12345678901234567890123456789012", 'm');
    expect(t, "lookup 12345678901234567890123456789012 by 4711");
}

static void keys_a_to_d_are_no_digits(void **state)
{
    struct scenario *t = *state;

    in_ivr(t);
    digits(t, "1A2D", '#');
    expect(t, "lookup 12 by 4711");
}

static void digits_beyond_32_are_cut(void **state)
{
    struct scenario *t = *state;

    in_ivr(t);
    digits(t, "123456789012345678901234567890123456", '#');
    expect(t, "lookup 12345678901234567890123456789012 by 4711");
}

static void star_clears_the_entry(void **state)
{
    struct scenario *t = *state;

    in_ivr(t);
    digits(t, "999", '*');
    expect(t, "collect phone first=10000");
    digits(t, "123", '#');
    expect(t, "lookup 123 by 4711");
}

static void star_for_ever_is_no_input(void **state)
{
    struct scenario *t = *state;

    in_ivr(t);
    for (int i = 0; i < 20; i++) {
        digits(t, "1", '*');
        expect(t, "collect phone first=10000");
    }
    digits(t, "1", '*');
    expect(t, "collect phone no-input enter-id first=10000");
}

static void nothing_keyed_asks_again(void **state)
{
    struct scenario *t = *state;

    in_ivr(t);
    digits(t, "", '.');
    expect(t, "collect phone no-input enter-id first=10000");
    digits(t, "", '#');
    expect(t, "collect phone no-input enter-id first=10000");
    expect_none(t);
}

static void unknown_id_asks_again(void **state)
{
    struct scenario *t = *state;

    in_ivr(t);
    digits(t, "99", '#');
    pass_over(t);
    lookup_unknown(t);
    expect(t, "collect phone unknown-id enter-id first=10000");
    digits(t, "12", '#');
    expect(t, "lookup 12 by 4711");
    lookup_room(t, "12");
    expect(t, "play phone join");
    expect(t, "dial jigasi1 at j1 \"Alice\" X-Room-Name=12");
}

static void three_unknown_ids_are_the_end(void **state)
{
    struct scenario *t = *state;

    in_ivr(t);
    for (int i = 0; i < 3; i++) {
        pass_over(t);
        digits(t, "99", '#');
        lookup_unknown(t);
    }
    expect(t, "lookup 99 by 4711");
    expect(t, "bind phone");
    expect(t, "play phone unknown-id goodbye");
    expect_none(t);
    played(t);
    expect(t, "hangup phone");
    settle(t);
    expect_monitor(t, "ended no-meeting");
    assert_int_equal(calls_count(calls_of(t)), 0);
}

static void three_times_no_input_is_the_end(void **state)
{
    struct scenario *t = *state;

    in_ivr(t);
    digits(t, "", '.');
    digits(t, "", '.');
    pass_over(t);
    digits(t, "", '.');
    expect(t, "bind phone");
    expect(t, "play phone no-input goodbye");
    played(t);
    expect(t, "hangup phone");
}

static void rounds_count_both_kinds(void **state)
{
    struct scenario *t = *state;

    in_ivr(t);
    digits(t, "", '.');
    digits(t, "99", '#');
    lookup_unknown(t);
    pass_over(t);
    digits(t, "", '.');
    expect(t, "bind phone");
    expect(t, "play phone no-input goodbye");
}

static void failed_lookup_asks_again_and_counts_apart(void **state)
{
    struct scenario *t = *state;

    in_ivr(t);
    for (int i = 0; i < 2; i++) {
        digits(t, "12", '#');
        expect(t, "lookup 12 by 4711");
        lookup_failed(t);
        expect(t, "collect phone went-wrong enter-id first=10000");
    }
    /* No round was lost by that. */
    digits(t, "", '.');
    expect(t, "collect phone no-input enter-id first=10000");
    digits(t, "", '.');
    expect(t, "collect phone no-input enter-id first=10000");
    digits(t, "12", '#');
    pass_over(t);
    lookup_failed(t);
    expect(t, "bind phone");
    expect(t, "play phone went-wrong goodbye");
    played(t);
    settle(t);
    expect_monitor(t, "ended no-directory");
}

static void conference_goes_verbatim_into_the_header(void **state)
{
    struct scenario *t = *state;
    struct directory_answer a = {
        DIRECTORY_FOUND, "Room.X@muc.meet.jitsi", "", "", "", false};

    in_lookup(t);
    lookup_answer(t, &a);
    expect(t, "play phone join");
    expect(t, "dial jigasi1 at j1 \"Alice\" "
              "X-Room-Name=Room.X@muc.meet.jitsi");
}

static void tenant_rooms_come_with_domain_base_and_tenant(void **state)
{
    struct scenario *t = *state;
    struct directory_answer a = {
        DIRECTORY_FOUND, "room@muc.acme.meet.jitsi", "", "", "", false};

    in_lookup(t);
    lookup_answer(t, &a);
    expect(t, "play phone join");
    expect(t, "dial jigasi1 at j1 \"Alice\" "
              "X-Room-Name=room@muc.acme.meet.jitsi "
              "X-Domain-Base=meet.jitsi Jitsi-Conference-Domain-Tenant=acme");
}

static void token_and_password_of_the_lookup_are_headers(void **state)
{
    struct scenario *t = *state;
    struct directory_answer a = {DIRECTORY_FOUND, "r@muc.meet.jitsi", "",
                                 "eyJ.a.b",       "sesame",           true};

    in_lookup(t);
    lookup_answer(t, &a);
    expect(t, "play phone join");
    expect(t, "dial jigasi1 at j1 \"Alice\" X-Room-Name=r@muc.meet.jitsi "
              "Jitsi-Conference-Room-Pass=sesame Jitsi-Auth-Token=eyJ.a.b");
}

static void protected_meeting_asks_for_the_password(void **state)
{
    struct scenario *t = *state;
    struct directory_answer a = {
        DIRECTORY_FOUND, "r@muc.meet.jitsi", "", "", "", true};

    in_lookup(t);
    lookup_answer(t, &a);
    expect(t, "collect phone enter-password first=10000");
    expect_monitor(t, "state password");
    digits(t, "00", '*');
    expect(t, "collect phone first=10000");
    digits(t, "4321", '#');
    expect(t, "play phone join");
    expect(t, "dial jigasi1 at j1 \"Alice\" X-Room-Name=r@muc.meet.jitsi "
              "Jitsi-Conference-Room-Pass=4321");
}

static void no_password_twice_goes_without(void **state)
{
    struct scenario *t = *state;
    struct directory_answer a = {
        DIRECTORY_FOUND, "r@muc.meet.jitsi", "", "", "", true};

    in_lookup(t);
    lookup_answer(t, &a);
    pass_over(t);
    digits(t, "", '.');
    expect(t, "collect phone no-input enter-password first=10000");
    digits(t, "", '#');
    expect(t, "play phone join");
    expect(t, "dial jigasi1 at j1 \"Alice\" X-Room-Name=r@muc.meet.jitsi");
}

static void answers_that_cannot_be_used_sound_unknown(void **state)
{
    struct scenario *t = *state;
    static const struct directory_answer bad[] = {
        {DIRECTORY_FOUND, "", "", "", "", false},
        {DIRECTORY_FOUND, "", "a b", "", "", false},
    };

    in_ivr(t);
    for (size_t i = 0; i < 2; i++) {
        digits(t, "12", '#');
        pass_over(t);
        lookup_answer(t, &bad[i]);
        expect(t, "collect phone unknown-id enter-id first=10000");
    }
    expect_log(t, "the directory's answer cannot be used");
}

static void token_with_a_line_break_is_not_used(void **state)
{
    struct scenario *t = *state;
    struct directory_answer a = {
        DIRECTORY_FOUND, "r@muc.meet.jitsi", "", "a\r\nX-Evil: 1", "", false};

    in_lookup(t);
    lookup_answer(t, &a);
    expect(t, "collect phone unknown-id enter-id first=10000");
}

static void hanging_up_cancels_the_lookup(void **state)
{
    struct scenario *t = *state;

    in_lookup(t);
    bye(t, "phone", 0, "");
    expect(t, "cancel-lookup");
    expect_none(t);
    expect_monitor(t, "ended hangup");
    assert_int_equal(calls_count(calls_of(t)), 0);
}

static void hanging_up_while_asked(void **state)
{
    struct scenario *t = *state;

    in_ivr(t);
    bye(t, "phone", 0, "");
    expect_none(t);
    expect_monitor(t, "ended hangup");
    advance(t, 100000);
    expect_none(t);
}

static void ivr_answers_even_without_jigasi(void **state)
{
    struct scenario *t = *state;

    contact_gone(t, "j1");
    offer(t, "1000");
    expect(t, "answer phone");
    answered(t, "phone");
    expect(t, "collect phone enter-id first=10000");
    digits(t, "12", '#');
    expect(t, "lookup 12 by 4711");
    lookup_room(t, "12");
    expect(t, "play phone join");
    expect(t, "play phone went-wrong music loop=1");
    expect_monitor(t, "state retrying");
}

static void ivr_states_are_told(void **state)
{
    struct scenario *t = *state;

    in_ivr(t);
    expect_monitor(t, "state asking");
    digits(t, "12", '#');
    expect_monitor(t, "state lookup");
    lookup_room(t, "12");
    expect_monitor(t, "state dialling");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SCENARIO(pound_ends_the_id),
        SCENARIO(silence_of_4_s_ends_the_id),
        SCENARIO(one_and_32_digits_are_ids),
        SCENARIO(keys_a_to_d_are_no_digits),
        SCENARIO(digits_beyond_32_are_cut),
        SCENARIO(star_clears_the_entry),
        SCENARIO(star_for_ever_is_no_input),
        SCENARIO(nothing_keyed_asks_again),
        SCENARIO(unknown_id_asks_again),
        SCENARIO(three_unknown_ids_are_the_end),
        SCENARIO(three_times_no_input_is_the_end),
        SCENARIO(rounds_count_both_kinds),
        SCENARIO(failed_lookup_asks_again_and_counts_apart),
        SCENARIO(conference_goes_verbatim_into_the_header),
        SCENARIO(tenant_rooms_come_with_domain_base_and_tenant),
        SCENARIO(token_and_password_of_the_lookup_are_headers),
        SCENARIO(protected_meeting_asks_for_the_password),
        SCENARIO(no_password_twice_goes_without),
        SCENARIO(answers_that_cannot_be_used_sound_unknown),
        SCENARIO(token_with_a_line_break_is_not_used),
        SCENARIO(hanging_up_cancels_the_lookup),
        SCENARIO(hanging_up_while_asked),
        SCENARIO(ivr_answers_even_without_jigasi),
        SCENARIO(ivr_states_are_told),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
