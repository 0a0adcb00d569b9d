/* Section 6 of the call flows: the lobby. */
#include "tests/call/scenario.h"

static const char password_1[] = "info jigasi1 {\"t\":4,\"d\":"
                                 "{\"pwd\":\"4321\"}}";

static void t3_waits_with_prompt_and_music(void **state)
{
    struct scenario *t = *state;

    offer(t, "room");
    answered(t, "phone");
    joins(t, "jigasi1");
    pass_over(t);
    info(t, "{\"i\":0,\"t\":3}");
    expect(t, "bind phone *6 *9 *1 *0 #");
    expect(t, "play phone lobby-wait music loop=0"); /* every 30 s */
    expect_monitor(t, "state lobby");
    info(t, "{\"i\":1,\"t\":3}");
    advance(t, 120000);
    expect_none(t);
}

static void t3_before_the_bridge_goes_to_the_lobby(void **state)
{
    struct scenario *t = *state;

    in_ringing(t);
    answered(t, "jigasi1");
    info(t, "{\"i\":0,\"t\":3}");
    pass_over(t);
    bridged(t);
    expect(t, "bind phone *6 *9 *1 *0 #");
    expect(t, "play phone lobby-wait music loop=0");
    advance(t, 5000);
    expect_none(t);
}

static void t6_then_t5_lets_in(void **state)
{
    struct scenario *t = *state;

    in_lobby(t);
    info(t, "{\"i\":1,\"t\":6}");
    expect(t, "stop phone");
    expect(t, "queue phone lobby-admitted");
    info(t, "{\"i\":2,\"t\":5}");
    expect(t, "bind phone *6 *9 *1 *0");
    expect_monitor(t, "state meeting");
    advance(t, 1000);
    expect(t, "queue phone in-conference");
    info(t, "{\"i\":1,\"t\":6}");
    info(t, "{\"i\":2,\"t\":5}");
    advance(t, 5000);
    expect_none(t);
}

static void t5_alone_ends_the_music(void **state)
{
    struct scenario *t = *state;

    in_lobby(t);
    info(t, "{\"i\":2,\"t\":5}");
    expect(t, "stop phone");
    expect(t, "bind phone *6 *9 *1 *0");
    advance(t, 1000);
    expect(t, "queue phone in-conference");
}

static void t5_after_a_redial_says_in_conference(void **state)
{
    struct scenario *t = *state;

    in_waiting(t);
    advance(t, 30000);
    joins(t, "jigasi2");
    info(t, "{\"t\":3}");
    info(t, "{\"t\":6}");
    info(t, "{\"t\":5}");
    pass_over(t);
    advance(t, 1000);
    expect(t, "queue phone in-conference");
}

static void t7_is_not_admitted_and_no_retry(void **state)
{
    struct scenario *t = *state;

    in_lobby(t);
    info(t, "{\"i\":1,\"t\":7}");
    expect(t, "hangup jigasi1");
    expect(t, "bind phone");
    expect(t, "play phone lobby-refused");
    played(t);
    expect(t, "hangup phone");
    settle(t);
    expect_monitor(t, "ended not-admitted");
    advance(t, 100000);
    expect_none(t);
}

static void jigasi_ends_first_after_t7(void **state)
{
    struct scenario *t = *state;

    in_lobby(t);
    info(t, "{\"i\":1,\"t\":7}");
    pass_over(t);
    bye(t, "jigasi1", 0, "");
    expect_none(t);
    played(t);
    expect(t, "hangup phone");
}

/* ---- the password ---- */

static void pound_asks_and_sends_the_password(void **state)
{
    struct scenario *t = *state;

    in_lobby(t);
    keys(t, "#");
    expect(t, "collect phone enter-password first=10000");
    digits(t, "4321", '#');
    expect(t, password_1);
    expect(t, "play phone join"); /* no music: Jigasi tells no more */
    expect_none(t);
    assert_int_equal(logged(t, "4321"), 0);
}

static void password_of_32_digits(void **state)
{
    struct scenario *t = *state;

    in_lobby_password(t);
    digits(t, "12345678901234567890123456789012", 'm');
    expect(t, "info jigasi1 {\"t\":4,\"d\":"
              "{\"pwd\":\"12345678901234567890123456789012\"}}");
}

static void star_clears_the_password(void **state)
{
    struct scenario *t = *state;

    in_lobby_password(t);
    digits(t, "999", '*');
    expect(t, "collect phone first=10000");
    digits(t, "4321", '#');
    expect(t, password_1);
}

static void no_password_goes_on_waiting(void **state)
{
    struct scenario *t = *state;

    in_lobby_password(t);
    digits(t, "", '.');
    expect(t, "play phone lobby-wait music loop=0");
    expect_none(t);
}

static void admitted_while_keying_the_password(void **state)
{
    struct scenario *t = *state;

    in_lobby_password(t);
    info(t, "{\"t\":6}");
    expect(t, "collect-stop phone");
    expect(t, "stop phone");
    expect(t, "queue phone lobby-admitted");
    info(t, "{\"t\":5}");
    expect(t, "bind phone *6 *9 *1 *0");
}

static void password_not_refused_for_15_s_is_in(void **state)
{
    struct scenario *t = *state;

    in_lobby_password(t);
    digits(t, "4321", '#');
    pass_over(t);
    advance(t, 14999);
    expect_none(t);
    advance(t, 1);
    expect(t, "stop phone");
    expect(t, "bind phone *6 *9 *1 *0");
    expect(t, "queue phone in-conference");
    expect_monitor(t, "state meeting");
    bye(t, "jigasi1", 0, "");
    expect(t, "bind phone");
    expect(t, "bind phone");
    expect(t, "play phone ended");
}

static void t5_after_the_password_is_in(void **state)
{
    struct scenario *t = *state;

    in_lobby_password(t);
    digits(t, "4321", '#');
    pass_over(t);
    info(t, "{\"t\":5}");
    expect(t, "stop phone");
    expect(t, "bind phone *6 *9 *1 *0");
    advance(t, 1000);
    expect(t, "queue phone in-conference");
    advance(t, 20000);
    expect_none(t); /* told once */
}

static void bye_within_15_s_is_a_wrong_password(void **state)
{
    struct scenario *t = *state;

    in_lobby_password(t);
    digits(t, "4321", '#');
    advance(t, 14999);
    pass_over(t);
    bye(t, "jigasi1", 0, "");
    expect(t, "bind phone");
    expect(t, "play phone password-wrong music loop=1");
    expect(t, "dial jigasi2 at j1 \"Alice\" X-Room-Name=room");
    ringing(t, "jigasi2");
    answered(t, "jigasi2");
    expect(t, "stop phone");
    expect(t, "bridge phone jigasi2");
    bridged(t);
    pass_over(t);
    info(t, "{\"t\":3}");
    expect(t, "bind phone *6 *9 *1 *0 #");
    expect(t, "play phone lobby-wait music loop=0");
}

static void back_in_the_lobby_is_a_wrong_password(void **state)
{
    struct scenario *t = *state;

    in_lobby_password(t);
    digits(t, "4321", '#');
    pass_over(t);
    info(t, "{\"t\":3}");
    expect(t, "bind phone *6 *9 *1 *0 #");
    expect(t, "play phone lobby-wait music loop=0");
    expect(t, "play phone password-wrong music lobby-wait loop=1");
    advance(t, 20000);
    expect_none(t);
}

static void three_wrong_passwords_are_the_end(void **state)
{
    struct scenario *t = *state;
    static const char *const legs[] = {"jigasi1", "jigasi2", "jigasi3"};

    in_lobby(t);
    for (int i = 0; i < 3; i++) {
        password_refused(t, legs[i]);
        if (i == 2)
            break;
        joins(t, legs[i + 1]);
        info(t, "{\"t\":3}");
    }
    expect(t, "bind phone");
    expect(t, "bind phone");
    expect(t, "play phone password-wrong goodbye");
    played(t);
    expect(t, "hangup phone");
    settle(t);
    expect_monitor(t, "ended password");
}

static void no_second_password_while_one_is_tried(void **state)
{
    struct scenario *t = *state;

    in_lobby_password(t);
    digits(t, "1", '#');
    pass_over(t);
    keys(t, "#");
    expect_none(t);
}

/* ---- keys in the lobby ---- */

static void mute_in_the_lobby_is_told_when_in(void **state)
{
    struct scenario *t = *state;

    in_lobby(t);
    keys(t, "*6");
    expect(t, "mute phone on");
    expect(t, "play phone muted music lobby-wait loop=1");
    advance(t, 5000);
    expect_none(t); /* Jigasi has no place to show it */
    info(t, "{\"t\":6}");
    pass_over(t);
    info(t, "{\"t\":5}");
    expect(t, "bind phone *6 *9 *1 *0");
    expect(t, "info jigasi1 {\"id\":\"c1-1\",\"type\":\"muteRequest\","
              "\"data\":{\"audio\":true}}");
}

static void unmute_in_the_lobby(void **state)
{
    struct scenario *t = *state;

    in_lobby(t);
    keys(t, "*6");
    pass_over(t);
    keys(t, "*6");
    expect(t, "mute phone off");
    expect(t, "play phone unmuted music lobby-wait loop=1");
}

static void status_and_help_in_the_lobby(void **state)
{
    struct scenario *t = *state;

    in_lobby(t);
    keys(t, "*0");
    expect(t, "play phone status-unmuted music lobby-wait loop=1");
    keys(t, "*1");
    expect(t, "play phone help music lobby-wait loop=1");
}

static void hand_in_the_lobby_says_what_to_wait_for(void **state)
{
    struct scenario *t = *state;

    in_lobby(t);
    keys(t, "*9");
    expect(t, "play phone lobby-wait music loop=0");
    expect_none(t);
}

static void bye_in_the_lobby_is_the_end_of_the_conference(void **state)
{
    struct scenario *t = *state;

    in_lobby(t);
    bye(t, "jigasi1", 0, "");
    expect(t, "bind phone");
    expect(t, "bind phone");
    expect(t, "play phone ended");
}

static void bye_while_keying_the_password(void **state)
{
    struct scenario *t = *state;

    in_lobby_password(t);
    bye(t, "jigasi1", 408, "No response on heartbeat");
    expect(t, "collect-stop phone");
    expect(t, "bind phone");
    digits(t, "1", '#'); /* was on its way */
    assert_int_equal(seen(t, "info"), 0);
}

static void t5_alone_while_keying_the_password(void **state)
{
    struct scenario *t = *state;

    in_lobby_password(t);
    info(t, "{\"t\":5}");
    expect(t, "collect-stop phone");
    expect(t, "stop phone");
    expect(t, "bind phone *6 *9 *1 *0");
}

static void t3_of_a_redial_waits_for_its_bridge(void **state)
{
    struct scenario *t = *state;

    in_meeting(t);
    bye(t, "jigasi1", 408, "No response on heartbeat");
    ringing(t, "jigasi2");
    answered(t, "jigasi2");
    pass_over(t);
    info(t, "{\"t\":3}");
    expect_none(t);
    bridged(t);
    expect(t, "bind phone *6 *9 *1 *0 #");
    expect(t, "play phone lobby-wait music loop=0");
}

static void hanging_up_in_the_lobby(void **state)
{
    struct scenario *t = *state;

    in_lobby_password(t);
    digits(t, "1", '#');
    pass_over(t);
    bye(t, "phone", 0, "");
    expect(t, "hangup jigasi1");
    advance(t, 100000);
    expect_none(t);
    expect_monitor(t, "ended hangup");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SCENARIO(t3_waits_with_prompt_and_music),
        SCENARIO(t3_before_the_bridge_goes_to_the_lobby),
        SCENARIO(t6_then_t5_lets_in),
        SCENARIO(t5_alone_ends_the_music),
        SCENARIO(t5_after_a_redial_says_in_conference),
        SCENARIO(t7_is_not_admitted_and_no_retry),
        SCENARIO(jigasi_ends_first_after_t7),
        SCENARIO(pound_asks_and_sends_the_password),
        SCENARIO(password_of_32_digits),
        SCENARIO(star_clears_the_password),
        SCENARIO(no_password_goes_on_waiting),
        SCENARIO(admitted_while_keying_the_password),
        SCENARIO(password_not_refused_for_15_s_is_in),
        SCENARIO(t5_after_the_password_is_in),
        SCENARIO(bye_within_15_s_is_a_wrong_password),
        SCENARIO(back_in_the_lobby_is_a_wrong_password),
        SCENARIO(three_wrong_passwords_are_the_end),
        SCENARIO(no_second_password_while_one_is_tried),
        SCENARIO(mute_in_the_lobby_is_told_when_in),
        SCENARIO(unmute_in_the_lobby),
        SCENARIO(status_and_help_in_the_lobby),
        SCENARIO(hand_in_the_lobby_says_what_to_wait_for),
        SCENARIO(bye_in_the_lobby_is_the_end_of_the_conference),
        SCENARIO(bye_while_keying_the_password),
        SCENARIO(t5_alone_while_keying_the_password),
        SCENARIO(t3_of_a_redial_waits_for_its_bridge),
        SCENARIO(hanging_up_in_the_lobby),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
