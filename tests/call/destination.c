/* Sections 1 and 2 of the call flows: where a call goes. */
#include "tests/call/scenario.h"

#include <stdio.h>
#include <string.h>

static void empty_destination_is_the_ivr(void **state)
{
    struct scenario *t = *state;

    offer(t, "");
    expect(t, "answer phone");
    answered(t, "phone");
    expect(t, "collect phone enter-id first=10000");
    expect_none(t);
}

static void ivr_number_is_the_ivr(void **state)
{
    struct scenario *t = *state;

    offer(t, "1000");
    expect(t, "answer phone");
    answered(t, "phone");
    expect(t, "collect phone enter-id first=10000");
}

static void ivr_number_is_configurable(void **state)
{
    struct scenario *t = *state;

    config_of(t)->ivr_number = "2000";
    offer(t, "1000");
    expect(t, "dial jigasi1 at j1 \"Alice\" X-Room-Name=1000");
}

static void healthcheck_from_jigasi_hears_a_tone_for_10_s(void **state)
{
    struct scenario *t = *state;
    struct engine_offer o = {
        .source = ENGINE_FROM_JIGASI, .to = "healthcheck", .to_len = 11};

    offer_from(t, &o, 0);
    expect(t, "answer phone");
    answered(t, "phone");
    expect(t, "play phone tone loop=0");
    assert_int_equal(calls_count(calls_of(t)), 0); /* no participant */
    advance(t, 9999);
    expect_none(t);
    advance(t, 1);
    expect(t, "hangup phone");
    settle(t);
    expect_log(t, "ended: the health check is over, after 10 s");
    assert_int_equal(monitored(t, "started"), 0);
    assert_int_equal(monitored(t, "ended checked"), 0);
}

static void healthchecks_are_bounded(void **state)
{
    struct scenario *t = *state;
    struct engine_offer o = {
        .source = ENGINE_FROM_JIGASI, .to = "healthcheck", .to_len = 11};

    for (int i = 0; i < 16; i++)
        offer_from(t, &o, 0);
    pass_over(t);
    offer_from(t, &o, 0);
    expect(t, "reject phone17 503 retry=10");
    settle(t);
    gone(t, "phone", ENGINE_END_HANGUP);
    offer_from(t, &o, 0);
    expect(t, "answer phone18");
}

static void healthcheck_from_a_phone_is_a_room(void **state)
{
    struct scenario *t = *state;

    offer(t, "healthcheck");
    expect(t, "dial jigasi1 at j1 \"Alice\" X-Room-Name=healthcheck");
}

static void jigasi_may_dial_out_nowhere_by_default(void **state)
{
    struct scenario *t = *state;
    struct engine_offer o = {
        .source = ENGINE_FROM_JIGASI, .to = "+49301234", .to_len = 9};

    offer_from(t, &o, 0);
    expect(t, "reject phone 403 \"Not permitted\"");
    expect_monitor(t, "refused dial-out");
    expect_log(t, "refused 403 to=\"+49301234\"");
    expect_none(t);
}

static void trunk_calls_are_asked_for_an_id(void **state)
{
    struct scenario *t = *state;
    struct engine_offer o = {
        .source = ENGINE_FROM_TRUNK, .to = "+4930123", .to_len = 8};

    offer_from(t, &o, 0);
    expect(t, "answer phone");
    answered(t, "phone");
    expect(t, "collect phone enter-id first=10000");
}

static void trunk_calls_may_choose_the_room_by_the_number(void **state)
{
    struct scenario *t = *state;
    struct engine_offer room = {
        .source = ENGINE_FROM_TRUNK, .to = "4711", .to_len = 4};
    struct engine_offer account = {
        .source = ENGINE_FROM_TRUNK, .to = "jigate", .to_len = 6};

    config_of(t)->trunk_destination = CONFIG_TRUNK_NUMBER;
    offer_from(t, &room, 0);
    expect(t, "dial jigasi1 at j1 \"Alice\" X-Room-Name=4711");
    offer_from(t, &account, 0); /* the number of the trunk itself */
    expect(t, "answer phone2");
    answered(t, "phone2");
    expect(t, "collect phone2 enter-id first=10000");
}

static void room_is_lower_cased(void **state)
{
    struct scenario *t = *state;

    offer(t, "Straßen-ÄÖÜ_+~!42");
    expect(t, "dial jigasi1 at j1 \"Alice\" X-Room-Name=straßen-äöü_+~!42");
}

static void room_is_a_full_jid_where_the_muc_domain_is_known(void **state)
{
    struct scenario *t = *state;

    config_of(t)->xmpp_muc_domain = "muc.meet.jitsi";
    offer(t, "room");
    expect(t, "dial jigasi1 at j1 \"Alice\" X-Room-Name=room@muc.meet.jitsi");
}

static void room_dot_domain_gives_the_domain_header(void **state)
{
    struct scenario *t = *state;

    config_of(t)->xmpp_muc_domain = "muc.meet.jitsi";
    offer(t, "Room.Example.ORG");
    expect(t, "dial jigasi1 at j1 \"Alice\" X-Room-Name=room "
              "X-Domain-Base=example.org");
}

static void header_names_are_configurable(void **state)
{
    struct scenario *t = *state;

    config_of(t)->header_room = "Jitsi-Conference-Room";
    config_of(t)->header_domain_base = "Jitsi-Conference-Domain-Base";
    offer(t, "room.example.org");
    expect(t, "dial jigasi1 at j1 \"Alice\" Jitsi-Conference-Room=room "
              "Jitsi-Conference-Domain-Base=example.org");
}

static void bad_rooms_are_refused_and_reach_nothing(void **state)
{
    struct scenario *t = *state;
    static const struct {
        const char *to;
        size_t len;
    } bad[] = {
        {"a b", 3},
        {"a,b", 3},
        {"{a}", 3},
        {"${x}", 4},
        {"a\r\nX: y", 7},
        {"a\0b", 3},
        {"a\"b", 3},
        {"a;b", 3},
        {"a@b", 3},
        {"a/b", 3},
        {"\xff", 1},
        {"a\xe2\x80\xae", 4},
        {".example.org", 12},
        {"a.", 2},
        {"a.-b", 4},
        {"a.b c", 5},
        {"a.b\r\nc", 6},
        {"a.b\0c", 5},
        {"\xcc\x81"
         "a",
         3},
        {"%41", 3},
        {"'a'", 3},
    };

    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct engine_offer o = {.to = bad[i].to, .to_len = bad[i].len};
        char line[64];

        offer_from(t, &o, 0);
        if (i)
            snprintf(line, sizeof(line), "reject phone%zu 404", i + 1);
        else
            snprintf(line, sizeof(line), "reject phone 404");
        expect(t, line);
        expect_monitor(t, "refused bad-room");
        settle(t);
    }
    expect_none(t);
    assert_int_equal(logged(t, "refused 404"), sizeof(bad) / sizeof(bad[0]));
    assert_int_equal(logged(t, "dialling"), 0);
    assert_int_equal(calls_count(calls_of(t)), 0);
}

static void long_rooms_are_refused(void **state)
{
    struct scenario *t = *state;
    char to[130];

    memset(to, 'a', sizeof(to));
    to[129] = '\0';
    offer(t, to);
    expect(t, "reject phone 404");
    expect_log(t, "longer than 128 bytes");
    to[128] = '\0';
    offer(t, to);
    assert_int_equal(seen(t, "dial jigasi1"), 1);
}

static void name_is_full_by_default(void **state)
{
    struct scenario *t = *state;
    struct engine_offer o = {.to = "room",
                             .to_len = 4,
                             .caller_name = "Zoë\r\n Müller",
                             .caller_number = "+49301234567"};

    offer_from(t, &o, 0);
    expect(t, "dial jigasi1 at j1 \"Zoë Müller\" X-Room-Name=room");
}

static void name_without_a_display_name_is_the_number(void **state)
{
    struct scenario *t = *state;
    struct engine_offer o = {.to = "room",
                             .to_len = 4,
                             .caller_name = "",
                             .caller_number = "+49301234567"};

    offer_from(t, &o, 0);
    expect(t, "dial jigasi1 at j1 \"+49301234567\" X-Room-Name=room");
}

static void name_may_be_masked(void **state)
{
    struct scenario *t = *state;
    struct engine_offer o = {.to = "room",
                             .to_len = 4,
                             .caller_name = "",
                             .caller_number = "+49301234567"};

    config_of(t)->caller_name = CONFIG_NAME_MASKED;
    offer_from(t, &o, 0);
    expect(t, "dial jigasi1 at j1 \"+49******567\" X-Room-Name=room");
}

static void name_may_be_the_number(void **state)
{
    struct scenario *t = *state;

    config_of(t)->caller_name = CONFIG_NAME_NUMBER;
    offer(t, "room");
    expect(t, "dial jigasi1 at j1 \"4711\" X-Room-Name=room");
}

static void name_may_be_none(void **state)
{
    struct scenario *t = *state;

    config_of(t)->caller_name = CONFIG_NAME_NONE;
    offer(t, "room");
    expect(t, "dial jigasi1 at j1 \"Phone\" X-Room-Name=room");
}

static void offered_call_is_logged_and_told(void **state)
{
    struct scenario *t = *state;

    offer(t, "room");
    expect_log(t, "call=c1 offered to=\"room\" from=\"4711\"");
    expect_log(t, "call=c1 dialling Jigasi at j1 room=room");
    answered(t, "phone");
    expect_log(t, "call=c1 answered");
    assert_int_equal(monitored(t, "started"), 1);
    expect_monitor(t, "state dialling");
    assert_int_equal(calls_count(calls_of(t)), 1);
}

static void caller_cannot_feign_fields_of_the_log(void **state)
{
    struct scenario *t = *state;
    struct engine_offer o = {.source = ENGINE_FROM_USER,
                             .to = "room",
                             .to_len = 4,
                             .caller_name = "x\" address=192.0.2.66",
                             .caller_number = "1 name=\"y\"",
                             .address = "192.0.2.1"};

    offer_from(t, &o, 0);
    expect_log(t, "offered to=\"room\" from=\"1 name='y'\" "
                  "name=\"x' address=192.0.2.66\" address=192.0.2.1");
}

static void engine_events_reach_the_monitor(void **state)
{
    struct scenario *t = *state;
    struct engine_event ev = {.type = ENGINE_UP};

    calls_event(&ev, calls_of(t));
    expect_monitor(t, "engine up");
    ev.type = ENGINE_PROFILE;
    ev.profile.side = ENGINE_INTERNAL;
    ev.profile.running = true;
    calls_event(&ev, calls_of(t));
    expect_monitor(t, "profile internal up");
    node_down(t, 0);
    expect_monitor(t, "engine down");
    contact_gone(t, "j1");
    expect_monitor(t, "contact j1 gone");
    memset(&ev, 0, sizeof(ev));
    ev.type = ENGINE_TRUNK;
    ev.trunk.detail = "401 from the provider";
    calls_event(&ev, calls_of(t));
    expect_log(t, "trunk not registered: 401 from the provider");
    expect_monitor(t, "trunk down");
}

static void first_and_last_jigasi_are_logged(void **state)
{
    struct scenario *t = *state;

    assert_int_equal(logged(t, "Jigasi at j1 is ready for calls"), 1);
    contact_new(t, "j2");
    contact_new(t, "j1");
    contact_gone(t, "j1");
    assert_int_equal(logged(t, "is ready for calls"), 1);
    assert_int_equal(logged(t, "no Jigasi is registered"), 0);
    contact_gone(t, "j2");
    assert_int_equal(logged(t, "no Jigasi is registered"), 1);
}

static void contacts_of_phones_are_not_dialled(void **state)
{
    struct scenario *t = *state;
    struct engine_event ev = {.type = ENGINE_CONTACT};

    contact_gone(t, "j1");
    ev.contact = (struct engine_contact){
        .id = "p1", .user = "user", .uri = "p1", .reachable = true};
    calls_event(&ev, calls_of(t));
    expect_monitor(t, "contact p1");
    offer(t, "room");
    expect(t, "reject phone 503 retry=10");
}

static void unusable_keys_are_told(void **state)
{
    struct scenario *t = *state;

    config_of(t)->keys = "*6=dance";
    assert_int_not_equal(restart_calls(t), 0);
    expect_log(t, "JIGATE_KEYS=*6=dance: the action must be");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SCENARIO(empty_destination_is_the_ivr),
        SCENARIO(ivr_number_is_the_ivr),
        SCENARIO(ivr_number_is_configurable),
        SCENARIO(healthcheck_from_jigasi_hears_a_tone_for_10_s),
        SCENARIO(healthchecks_are_bounded),
        SCENARIO(healthcheck_from_a_phone_is_a_room),
        SCENARIO(jigasi_may_dial_out_nowhere_by_default),
        SCENARIO(trunk_calls_are_asked_for_an_id),
        SCENARIO(trunk_calls_may_choose_the_room_by_the_number),
        SCENARIO(room_is_lower_cased),
        SCENARIO(room_is_a_full_jid_where_the_muc_domain_is_known),
        SCENARIO(room_dot_domain_gives_the_domain_header),
        SCENARIO(header_names_are_configurable),
        SCENARIO(bad_rooms_are_refused_and_reach_nothing),
        SCENARIO(long_rooms_are_refused),
        SCENARIO(name_is_full_by_default),
        SCENARIO(name_without_a_display_name_is_the_number),
        SCENARIO(name_may_be_masked),
        SCENARIO(name_may_be_the_number),
        SCENARIO(name_may_be_none),
        SCENARIO(offered_call_is_logged_and_told),
        SCENARIO(caller_cannot_feign_fields_of_the_log),
        SCENARIO(engine_events_reach_the_monitor),
        SCENARIO(first_and_last_jigasi_are_logged),
        SCENARIO(contacts_of_phones_are_not_dialled),
        SCENARIO(unusable_keys_are_told),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
