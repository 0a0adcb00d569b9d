/* Section 10 of the call flows: the program is killed and started again with
 * calls in every state. */
#include "tests/call/scenario.h"

#include <stdio.h>
#include <string.h>

static void meeting_goes_on(void **state)
{
    struct scenario *t = *state;

    in_meeting(t);
    killed_and_restarted(t);
    expect(t, "mute phone off");
    expect(t, "bind phone *6 *9 *1 *0");
    expect_none(t); /* and says nothing */
    assert_int_equal(calls_count(calls_of(t)), 1);
    expect_monitor(t, "state meeting");
    advance(t, 5000);
    expect_none(t);
    keys(t, "*6");
    expect(t, "mute phone on");
    bye(t, "jigasi1", 0, "");
    pass_over(t);
    played(t);
    expect(t, "hangup phone");
}

static void who_was_muted_stays_muted(void **state)
{
    struct scenario *t = *state;

    in_meeting(t);
    keys(t, "*6");
    pass_over(t);
    killed_and_restarted(t);
    expect(t, "mute phone on");
    expect(t, "bind phone *6 *9 *1 *0");
    expect(t, "info jigasi1 {\"id\":\"c1-1\",\"type\":\"muteRequest\","
              "\"data\":{\"audio\":true}}");
    advance(t, 1500);
    pass_over(t);
    keys(t, "*6");
    expect(t, "mute phone off");
}

static void moderation_hand_and_visitor_are_remembered(void **state)
{
    struct scenario *t = *state;

    in_moderated(t);
    keys(t, "*6");
    keys(t, "*6");
    killed_and_restarted(t);
    pass_over(t);
    keys(t, "*0");
    expect(t, "queue phone status-muted status-hand status-moderated");
}

static void lobby_goes_on_with_its_music(void **state)
{
    struct scenario *t = *state;

    in_lobby(t);
    killed_and_restarted(t);
    expect(t, "mute phone off");
    expect(t, "bind phone *6 *9 *1 *0 #");
    expect(t, "play phone lobby-wait music loop=0");
    info(t, "{\"t\":7}");
    expect(t, "hangup jigasi1");
}

static void not_live_goes_on_with_its_music(void **state)
{
    struct scenario *t = *state;

    in_meeting(t);
    info(t, "{\"t\":15,\"d\":false}");
    pass_over(t);
    killed_and_restarted(t);
    expect(t, "mute phone off");
    expect(t, "bind phone *6 *9 *1 *0");
    expect(t, "play phone not-live music loop=0");
}

static void waiting_goes_on_with_the_time_that_was_left(void **state)
{
    struct scenario *t = *state;

    config_of(t)->retry_interval_s = 600;
    in_waiting(t);
    advance(t, 120000); /* a note a minute */
    killed_and_restarted(t);
    expect(t, "mute phone off");
    expect(t, "play phone not-started password-hint music loop=2");
    expect(t, "collect phone first=0");
    advance(t, 479999);
    expect_none(t);
    advance(t, 1);
    expect(t, "dial jigasi2 at j1 \"Alice\" X-Room-Name=room");
}

static void max_wait_is_not_begun_anew(void **state)
{
    struct scenario *t = *state;

    config_of(t)->max_wait_min = 5;
    config_of(t)->retry_interval_s = 600;
    in_waiting(t);
    advance(t, 240000);
    killed_and_restarted(t);
    pass_over(t);
    advance(t, 60000);
    assert_int_equal(seen(t, "play phone goodbye"), 1);
}

static void duration_is_not_begun_anew(void **state)
{
    struct scenario *t = *state;

    config_of(t)->max_call_duration_min = 10;
    in_meeting(t);
    advance(t, 299000);
    killed_and_restarted(t);
    pass_over(t);
    advance(t, 240000);
    expect(t, "queue phone one-minute");
    killed_and_restarted(t);
    pass_over(t);
    advance(t, 61000);
    assert_int_equal(seen(t, "play phone goodbye"), 1);
}

static void keyed_password_is_remembered(void **state)
{
    struct scenario *t = *state;

    in_waiting(t);
    digits(t, "4321", '#');
    refused(t, "jigasi2", 486);
    killed_and_restarted(t);
    pass_over(t);
    advance(t, 30000);
    expect(t, "dial jigasi3 at j1 \"Alice\" X-Room-Name=room "
              "Jitsi-Conference-Room-Pass=4321");
}

static void ringing_goes_on(void **state)
{
    struct scenario *t = *state;

    in_ringing(t);
    killed_and_restarted(t);
    expect(t, "mute phone off");
    expect_none(t); /* not dialled again */
    answered(t, "jigasi1");
    expect(t, "stop phone");
    expect(t, "bridge phone jigasi1");
}

static void dialling_goes_on_and_is_given_up_in_time(void **state)
{
    struct scenario *t = *state;

    in_dialling(t);
    killed_and_restarted(t);
    expect_none(t);
    advance(t, 1000);
    expect(t, "answer phone");
    advance(t, 2000);
    expect(t, "hangup jigasi1");
}

static void answered_while_away_is_bridged(void **state)
{
    struct scenario *t = *state;

    offer(t, "room");
    ringing(t, "jigasi1");
    answered(t, "phone");
    answered(t, "jigasi1"); /* the bridge was commanded, but not seen */
    pass_over(t);
    killed_and_restarted(t);
    expect(t, "mute phone off");
    expect(t, "stop phone");
    expect(t, "bridge phone jigasi1");
}

static void jigasi_gone_while_away_is_dialled_again(void **state)
{
    struct scenario *t = *state;

    in_meeting(t);
    vanished(t, "jigasi1");
    killed_and_restarted(t);
    expect(t, "mute phone off");
    expect(t, "play phone went-wrong music loop=1");
    expect(t, "dial jigasi2 at j1 \"Alice\" X-Room-Name=room");
}

static void dialling_without_a_leg_dials_again(void **state)
{
    struct scenario *t = *state;

    offer(t, "room");
    advance(t, 1000);
    answered(t, "phone");
    pass_over(t);
    vanished(t, "jigasi1");
    killed_and_restarted(t);
    expect(t, "mute phone off");
    expect(t, "dial jigasi2 at j1 \"Alice\" X-Room-Name=room");
    joins(t, "jigasi2");
    pass_over(t);
    advance(t, 1000);
    expect(t, "queue phone in-conference"); /* still the first time */
}

static void redialling_goes_on_and_takes_a_password(void **state)
{
    struct scenario *t = *state;

    in_waiting(t);
    advance(t, 30000);
    ringing(t, "jigasi2");
    pass_over(t);
    killed_and_restarted(t);
    expect(t, "mute phone off");
    expect(t, "play phone not-started password-hint music loop=2");
    expect(t, "collect phone first=0");
    expect_none(t);
    digits(t, "42", '#');
    pass_over(t);
    vanished(t, "jigasi3");
    killed_and_restarted(t);
    expect(t, "mute phone off");
    expect(t, "play phone not-started password-hint music loop=2");
    expect(t, "collect phone first=0");
    expect(t, "dial jigasi4 at j1 \"Alice\" X-Room-Name=room "
              "Jitsi-Conference-Room-Pass=42");
}

static void no_jigasi_at_the_restart_is_tried_later(void **state)
{
    struct scenario *t = *state;

    in_meeting(t);
    vanished(t, "jigasi1");
    killed_and_restarted(t);
    pass_over(t);
    refused(t, "jigasi2", 503);
    expect(t, "play phone went-wrong music loop=1");
    advance(t, 2000);
    killed_for(t, 1000);
    pass_over(t);
    advance(t, 1999);
    expect_none(t);
    advance(t, 1);
    assert_int_equal(seen(t, "dial jigasi3"), 1);
}

static void asking_asks_again(void **state)
{
    struct scenario *t = *state;

    in_ivr(t);
    digits(t, "", '.');
    pass_over(t);
    killed_and_restarted(t);
    expect(t, "mute phone off");
    expect(t, "collect phone enter-id first=10000");
    digits(t, "", '.');
    expect(t, "collect phone no-input enter-id first=10000");
    digits(t, "", '.'); /* the rounds go on where they were */
    expect(t, "bind phone");
    expect(t, "play phone no-input goodbye");
}

static void lookup_is_made_again(void **state)
{
    struct scenario *t = *state;

    in_lookup(t);
    killed_and_restarted(t);
    expect(t, "mute phone off");
    expect(t, "lookup 12 by 4711");
    lookup_room(t, "12");
    expect(t, "play phone join");
    expect(t, "dial jigasi1 at j1 \"Alice\" X-Room-Name=12");
}

static void password_is_asked_again_after_a_lookup(void **state)
{
    struct scenario *t = *state;
    struct directory_answer a = {
        DIRECTORY_FOUND, "r@muc.meet.jitsi", "", "", "", true};

    in_lookup(t);
    lookup_answer(t, &a);
    pass_over(t);
    killed_and_restarted(t);
    expect(t, "mute phone off");
    expect(t, "lookup 12 by 4711");
    lookup_answer(t, &a);
    expect(t, "collect phone enter-password first=10000");
}

static void mapped_meeting_is_looked_up_again_for_a_redial(void **state)
{
    struct scenario *t = *state;
    struct directory_answer a = {
        DIRECTORY_FOUND, "r@muc.meet.jitsi", "", "eyJ.a.b", "", false};

    in_lookup(t);
    lookup_answer(t, &a);
    refused(t, "jigasi1", 486);
    assert_null(strstr(note_of(t), "eyJ")); /* no token in the note */
    killed_and_restarted(t);
    pass_over(t);
    advance(t, 30000);
    expect(t, "lookup 12 by 4711");
    lookup_answer(t, &a);
    expect(t, "dial jigasi2 at j1 \"Alice\" X-Room-Name=r@muc.meet.jitsi "
              "Jitsi-Auth-Token=eyJ.a.b");
}

static void mapped_meeting_gone_meanwhile_ends(void **state)
{
    struct scenario *t = *state;
    struct directory_answer a = {
        DIRECTORY_FOUND, "r@muc.meet.jitsi", "", "", "", false};

    in_lookup(t);
    lookup_answer(t, &a);
    refused(t, "jigasi1", 486);
    killed_and_restarted(t);
    advance(t, 30000);
    pass_over(t);
    lookup_unknown(t);
    expect(t, "collect-stop phone");
    expect(t, "bind phone");
    expect(t, "play phone went-wrong goodbye");
}

static void ending_is_said_again(void **state)
{
    struct scenario *t = *state;

    in_meeting(t);
    bye(t, "jigasi1", 0, "");
    pass_over(t);
    killed_and_restarted(t);
    assert_int_equal(seen(t, "play phone ended"), 1);
    assert_int_equal(seen(t, "hangup phone"), 0);
    played(t);
    assert_int_equal(seen(t, "hangup phone"), 1);
    settle(t);
    expect_monitor(t, "ended completed");
    assert_int_equal(calls_count(calls_of(t)), 0);
}

static void healthcheck_goes_on(void **state)
{
    struct scenario *t = *state;
    struct engine_offer o = {
        .source = ENGINE_FROM_JIGASI, .to = "healthcheck", .to_len = 11};

    offer_from(t, &o, 0);
    answered(t, "phone");
    pass_over(t);
    killed_and_restarted(t);
    assert_int_equal(calls_count(calls_of(t)), 0);
    assert_int_equal(seen(t, "play phone tone loop=0"), 1);
    pass_over(t);
    advance(t, 10000);
    expect(t, "hangup phone");
}

/* ---- as the engine may tell ---- */

static void never_noted_is_a_new_call(void **state)
{
    struct scenario *t = *state;

    leg_recovered(t, "1000", NULL, false); /* parked while we were away */
    expect(t, "answer phone");
    assert_int_equal(monitored(t, "started"), 1);
}

static void never_noted_but_answered_is_not_answered_again(void **state)
{
    struct scenario *t = *state;

    leg_recovered(t, "1000", NULL, true);
    expect(t, "collect phone enter-id first=10000");
}

static void never_noted_and_refused_by_hanging_up(void **state)
{
    struct scenario *t = *state;

    calls_drain(calls_of(t));
    leg_recovered(t, "1000", NULL, true);
    expect(t, "hangup phone");
    leg_recovered(t, "1000", NULL, false);
    expect(t, "reject phone2 503 retry=60");
}

static void broken_notes_begin_anew(void **state)
{
    struct scenario *t = *state;
    static const char *const bad[] = {"", "v=2", "v=1&s=meeting", "x",
                                      "v=1&s=${x}"};

    for (unsigned i = 0; i < 5; i++) {
        pass_over(t);
        leg_recovered(t, "1000", bad[i], true);
        assert_int_equal(seen(t, "collect"), 1);
    }
    assert_int_equal(logged(t, "cannot be read"), 5);
}

static void never_noted_and_answered_has_its_duration(void **state)
{
    struct scenario *t = *state;

    config_of(t)->max_call_duration_min = 1;
    leg_recovered(t, "1000", NULL, true);
    pass_over(t);
    advance(t, 60000);
    assert_int_equal(seen(t, "play phone goodbye"), 1);
}

static void a_shorter_interval_holds_at_once(void **state)
{
    struct scenario *t = *state;

    config_of(t)->retry_interval_s = 600;
    in_waiting(t);
    config_of(t)->retry_interval_s = 10;
    killed_and_restarted(t);
    pass_over(t);
    advance(t, 10000);
    expect(t, "dial jigasi2 at j1 \"Alice\" X-Room-Name=room");
}

static void age_of_the_call_is_remembered(void **state)
{
    struct scenario *t = *state;

    in_meeting(t);
    advance(t, 600000);
    killed_and_restarted(t);
    advance(t, 60000);
    bye(t, "phone", 0, "");
    /* The last note was 1 s old, as the first second was the joining. */
    assert_int_equal(logged(t, "hung up, after 660 s") +
                         logged(t, "hung up, after 661 s"),
                     1);
}

static void passwords_tried_are_remembered(void **state)
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
        killed_and_restarted(t);
    }
    assert_int_equal(seen(t, "play phone password-wrong goodbye"), 1);
}

static void redial_after_a_failure_is_remembered(void **state)
{
    struct scenario *t = *state;

    in_meeting(t);
    bye(t, "jigasi1", 408, "No response on heartbeat");
    joins(t, "jigasi2");
    killed_and_restarted(t);
    pass_over(t);
    bye(t, "jigasi2", 408, "No response on heartbeat");
    assert_int_equal(seen(t, "play phone went-wrong goodbye"), 1);
}

static void told_twice_is_taken_once(void **state)
{
    struct scenario *t = *state;
    struct engine_event ev = {.type = ENGINE_RECOVERED, .leg = 1001};

    in_meeting(t);
    ev.recovered.note = note_of(t);
    calls_event(&ev, calls_of(t)); /* a resync of a lost event socket */
    expect_none(t);
    assert_int_equal(calls_count(calls_of(t)), 1);
}

static void recovered_calls_are_not_capped(void **state)
{
    struct scenario *t = *state;

    in_meeting(t);
    in_meeting(t);
    config_of(t)->max_calls = 1;
    killed_and_restarted(t);
    assert_int_equal(calls_count(calls_of(t)), 2);
}

static void load_of_contacts_is_counted_again(void **state)
{
    struct scenario *t = *state;

    in_meeting(t);
    killed_and_restarted(t);
    contact_set(t, 0, "j2", true, 0);
    pass_over(t);
    offer(t, "b");
    expect(t, "dial jigasi2 at j2 \"Alice\" X-Room-Name=b");
}

static void every_state_survives_two_restarts(void **state)
{
    struct scenario *t = *state;

    in_meeting(t);
    in_waiting(t);
    in_lobby(t);
    in_ivr(t);
    killed_and_restarted(t);
    killed_and_restarted(t);
    assert_int_equal(calls_count(calls_of(t)), 4);
    calls_end(calls_of(t));
    settle(t);
    assert_int_equal(calls_count(calls_of(t)), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SCENARIO(meeting_goes_on),
        SCENARIO(who_was_muted_stays_muted),
        SCENARIO(moderation_hand_and_visitor_are_remembered),
        SCENARIO(lobby_goes_on_with_its_music),
        SCENARIO(not_live_goes_on_with_its_music),
        SCENARIO(waiting_goes_on_with_the_time_that_was_left),
        SCENARIO(max_wait_is_not_begun_anew),
        SCENARIO(duration_is_not_begun_anew),
        SCENARIO(keyed_password_is_remembered),
        SCENARIO(ringing_goes_on),
        SCENARIO(dialling_goes_on_and_is_given_up_in_time),
        SCENARIO(answered_while_away_is_bridged),
        SCENARIO(jigasi_gone_while_away_is_dialled_again),
        SCENARIO(dialling_without_a_leg_dials_again),
        SCENARIO(redialling_goes_on_and_takes_a_password),
        SCENARIO(no_jigasi_at_the_restart_is_tried_later),
        SCENARIO(asking_asks_again),
        SCENARIO(lookup_is_made_again),
        SCENARIO(password_is_asked_again_after_a_lookup),
        SCENARIO(mapped_meeting_is_looked_up_again_for_a_redial),
        SCENARIO(mapped_meeting_gone_meanwhile_ends),
        SCENARIO(ending_is_said_again),
        SCENARIO(healthcheck_goes_on),
        SCENARIO(never_noted_is_a_new_call),
        SCENARIO(never_noted_but_answered_is_not_answered_again),
        SCENARIO(never_noted_and_refused_by_hanging_up),
        SCENARIO(broken_notes_begin_anew),
        SCENARIO(never_noted_and_answered_has_its_duration),
        SCENARIO(a_shorter_interval_holds_at_once),
        SCENARIO(age_of_the_call_is_remembered),
        SCENARIO(passwords_tried_are_remembered),
        SCENARIO(redial_after_a_failure_is_remembered),
        SCENARIO(told_twice_is_taken_once),
        SCENARIO(recovered_calls_are_not_capped),
        SCENARIO(load_of_contacts_is_counted_again),
        SCENARIO(every_state_survives_two_restarts),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
