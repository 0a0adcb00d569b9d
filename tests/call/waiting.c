/* Section 4 of the call flows: waiting for the conference to start. */
#include "tests/call/scenario.h"

#include <stdio.h>
#include <string.h>

static void answer_486_waits_and_redials_every_30_s(void **state)
{
    struct scenario *t = *state;

    in_ringing(t);
    refused(t, "jigasi1", 486);
    expect(t, "play phone not-started password-hint music loop=2");
    expect(t, "collect phone first=0");
    expect_monitor(t, "state waiting");
    advance(t, 29999);
    expect_none(t);
    advance(t, 1);
    expect(t, "dial jigasi2 at j1 \"Alice\" X-Room-Name=room");
    ringing(t, "jigasi2");
    advance(t, 10000);
    expect_none(t); /* the music bridges it */
    refused(t, "jigasi2", 486);
    expect(t, "play phone not-started password-hint music loop=2");
    expect_none(t); /* keys are still collected: nothing half keyed is lost */
    advance(t, 30000);
    expect(t, "dial jigasi3 at j1 \"Alice\" X-Room-Name=room");
    ringing(t, "jigasi3");
    answered(t, "jigasi3");
    expect(t, "collect-stop phone");
    expect(t, "stop phone");
    expect(t, "bridge phone jigasi3");
}

static void retry_interval_is_configurable(void **state)
{
    struct scenario *t = *state;

    config_of(t)->retry_interval_s = 7;
    in_waiting(t);
    advance(t, 6999);
    expect_none(t);
    advance(t, 1);
    assert_int_equal(seen(t, "dial"), 1);
}

static void waiting_ends_after_max_wait(void **state)
{
    struct scenario *t = *state;

    config_of(t)->max_wait_min = 2;
    in_waiting(t);
    for (int i = 0; i < 3; i++) {
        char leg[16];

        advance(t, 30000);
        snprintf(leg, sizeof(leg), "jigasi%d", i + 2);
        refused(t, leg, 486);
    }
    pass_over(t);
    advance(t, 30000);
    expect(t, "collect-stop phone");
    expect(t, "bind phone");
    expect(t, "play phone goodbye");
    played(t);
    expect(t, "hangup phone");
    settle(t);
    expect_monitor(t, "ended not-started");
}

static void password_while_waiting_redials_at_once(void **state)
{
    struct scenario *t = *state;

    in_waiting(t);
    advance(t, 12000);
    digits(t, "4321", '#');
    expect(t, "play phone join music loop=1");
    expect(t, "collect phone first=0");
    expect(t, "dial jigasi2 at j1 \"Alice\" X-Room-Name=room "
              "Jitsi-Conference-Room-Pass=4321");
    refused(t, "jigasi2", 486);
    expect(t, "play phone not-started password-hint music loop=2");
    advance(t, 30000);
    expect(t, "dial jigasi3 at j1 \"Alice\" X-Room-Name=room "
              "Jitsi-Conference-Room-Pass=4321");
    assert_int_equal(logged(t, "4321"), 0); /* secrets are not logged */
}

static void password_during_a_redial_takes_its_place(void **state)
{
    struct scenario *t = *state;

    in_waiting(t);
    advance(t, 30000);
    ringing(t, "jigasi2");
    pass_over(t);
    digits(t, "11", '#');
    expect(t, "play phone join music loop=1");
    expect(t, "collect phone first=0");
    expect(t, "hangup jigasi2");
    expect(t, "dial jigasi3 at j1 \"Alice\" X-Room-Name=room "
              "Jitsi-Conference-Room-Pass=11");
    settle(t);
    expect_none(t);
}

static void star_clears_a_password_while_waiting(void **state)
{
    struct scenario *t = *state;

    in_waiting(t);
    digits(t, "99", '*');
    expect(t, "collect phone first=10000");
    digits(t, "11", '#');
    expect(t, "play phone join music loop=1");
    expect(t, "collect phone first=0");
    expect(t, "dial jigasi2 at j1 \"Alice\" X-Room-Name=room "
              "Jitsi-Conference-Room-Pass=11");
}

static void stray_key_while_waiting_is_no_password(void **state)
{
    struct scenario *t = *state;

    in_waiting(t);
    digits(t, "5", '.'); /* no pound */
    expect(t, "play phone not-started password-hint music loop=2");
    expect(t, "collect phone first=0");
    digits(t, "", '#');
    expect(t, "play phone not-started password-hint music loop=2");
    expect(t, "collect phone first=0");
    advance(t, 30000);
    expect(t, "dial jigasi2 at j1 \"Alice\" X-Room-Name=room");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SCENARIO(answer_486_waits_and_redials_every_30_s),
        SCENARIO(retry_interval_is_configurable),
        SCENARIO(waiting_ends_after_max_wait),
        SCENARIO(password_while_waiting_redials_at_once),
        SCENARIO(password_during_a_redial_takes_its_place),
        SCENARIO(star_clears_a_password_while_waiting),
        SCENARIO(stray_key_while_waiting_is_no_password),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
