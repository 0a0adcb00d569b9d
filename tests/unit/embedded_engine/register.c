/* Registrations, credentials and strangers: ua_register.c, ua_auth.c,
   ua_ping.c. */
#include <stdio.h>
#include <string.h>

#include "scene.h"

static void reg(struct peer *p, const char *extra, const char *user,
                const char *password, const char *expect)
{
    const struct request rq = {
        .method = "REGISTER",
        .uri = "sip:meet.jitsi",
        .to = "<sip:user@meet.jitsi>",
        .extra = extra,
        .user = user,
        .password = password,
    };

    peer_authenticated(p, &rq, expect);
}

static void a_registration_is_granted_told_and_taken_back(void **state)
{
    struct scene *s = *state;
    struct peer *p = &s->phone;
    const struct seen *c;

    reg(p, "Expires: 600\r\n", "user", "secret", "SIP/2.0 200");
    assert_non_null(strstr(peer_header(p, "Contact"), "expires=600"));
    c = harness_expect(&s->h, ENGINE_CONTACT);
    assert_string_equal(c->ev.contact.user, "user");
    assert_false(c->ev.contact.gone);
    assert_true(c->ev.contact.reachable);
    reg(p, "Expires: 0\r\n", "user", "secret", "SIP/2.0 200");
    assert_string_equal(peer_header(p, "Contact"), "");
    assert_true(harness_expect(&s->h, ENGINE_CONTACT)->ev.contact.gone);
}

static void jigasi_is_granted_a_minute(void **state)
{
    struct scene *s = *state;
    struct peer j;

    peer_open(&j, "127.0.0.1", s->h.cfg.internal_sip_port);
    harness_register(&s->h, &j, true);
    assert_non_null(strstr(peer_header(&j, "Contact"), "expires=60"));
    peer_close(&j);
}

static void nobody_registers_on_the_other_side(void **state)
{
    struct scene *s = *state;
    struct peer j;

    reg(&s->phone, NULL, "jigasi", "brewery", "SIP/2.0 401");
    peer_open(&j, "127.0.0.1", s->h.cfg.internal_sip_port);
    reg(&j, NULL, "user", "secret", "SIP/2.0 401");
    peer_close(&j);
    harness_expect_none(&s->h, ENGINE_CONTACT, 50);
}

static void a_register_sent_again_gets_the_same_answer(void **state)
{
    struct scene *s = *state;
    struct peer *p = &s->phone;
    struct request rq = {
        .method = "REGISTER",
        .uri = "sip:meet.jitsi",
        .to = "<sip:user@meet.jitsi>",
        .user = "user",
        .password = "secret",
    };

    peer_authenticated(p, &rq, "SIP/2.0 200");
    rq.same_branch = rq.same_cseq = true;
    peer_request(p, &rq);
    peer_expect(p, "SIP/2.0 200");
}

static void a_recorded_request_cannot_be_sent_again(void **state)
{
    struct scene *s = *state;
    struct peer *p = &s->phone;

    reg(p, NULL, "user", "secret", "SIP/2.0 200");
    p->nc--;
    peer_new_call(p);
    reg(p, NULL, "user", "secret", "SIP/2.0 401");
    assert_non_null(strstr(peer_header(p, "WWW-Authenticate"), "stale=true"));
}

static void a_stranger_gets_one_challenge_then_nothing(void **state)
{
    struct scene *s = *state;
    struct peer p;

    peer_open(&p, "127.0.0.9", s->h.cfg.external_sip_port);
    peer_request(&p, &(struct request){.method = "INVITE"});
    peer_expect(&p, "SIP/2.0 401");
    for (int i = 0; i < 3; i++) {
        peer_new_call(&p);
        peer_request(&p, &(struct request){.method = "INVITE"});
    }
    peer_expect_none(&p, "SIP/2.0", 300);
    harness_expect_none(&s->h, ENGINE_OFFERED, 50);
    peer_close(&p);
}

static void wrong_credentials_are_challenged_three_times(void **state)
{
    struct scene *s = *state;
    const struct request rq = {
        .method = "INVITE",
        .user = "user",
        .password = "guess",
    };
    struct peer p;

    peer_open(&p, "127.0.0.10", s->h.cfg.external_sip_port);
    for (int i = 0; i < 3; i++) {
        peer_new_call(&p);
        peer_authenticated(&p, &rq, "SIP/2.0 401");
        peer_take_nonce(&p);
    }
    peer_new_call(&p);
    peer_request(&p, &rq);
    peer_expect_none(&p, "SIP/2.0", 300);
    peer_close(&p);
}

static void a_scanner_is_not_answered(void **state)
{
    struct scene *s = *state;
    struct peer p;

    peer_open(&p, "127.0.0.11", s->h.cfg.external_sip_port);
    peer_request(&p, &(struct request){
                         .method = "OPTIONS",
                         .extra = "User-Agent: friendly-scanner\r\n",
                     });
    peer_expect_none(&p, "SIP/2.0", 200);
    peer_request(&p, &(struct request){.method = "OPTIONS"});
    peer_expect_none(&p, "SIP/2.0", 200);
    peer_close(&p);
}

static void registrations_outlive_a_restart(void **state)
{
    struct scene *s = *state;
    struct peer *p = &s->phone;
    char id[64];
    const struct seen *c;

    snprintf(id, sizeof(id), "%s", harness_register(&s->h, p, false));
    harness_stop(&s->h);
    harness_start(&s->h);
    c = harness_expect(&s->h, ENGINE_CONTACT);
    assert_string_equal(c->ev.contact.id, id);
    assert_false(c->ev.contact.gone);
    harness_dial(&s->h, p, id, 0);
}

static void a_contact_that_does_not_answer_is_unreachable(void **state)
{
    struct scene *s = *state;
    const struct seen *c;

    harness_register(&s->h, &s->phone, false);
    harness_stop(&s->h);
    s->phone.deaf = true;
    harness_start(&s->h); /* a stored contact is pinged at once */
    assert_true(harness_expect(&s->h, ENGINE_CONTACT)->ev.contact.reachable);
    harness_run(&s->h, 4500);
    c = harness_expect(&s->h, ENGINE_CONTACT);
    assert_false(c->ev.contact.reachable);
    assert_false(c->ev.contact.gone);
}

static void trusted_networks_need_no_credentials(void **state)
{
    struct scene *s = *state;
    const struct request rq = {
        .method = "INVITE",
        .from = "\"Gate\" <sip:4711@pbx>",
        .type = "application/sdp",
        .body = peer_sdp("0", "sendrecv"),
    };
    const struct seen *o;
    struct peer p;

    harness_stop(&s->h);
    s->h.cfg.trusted_networks = (char *)"127.9.9.0/24";
    harness_start(&s->h);
    peer_open(&p, "127.9.9.1", s->h.cfg.external_sip_port);
    peer_request(&p, &rq);
    peer_expect(&p, "SIP/2.0 100");
    o = harness_expect(&s->h, ENGINE_OFFERED);
    assert_int_equal(o->ev.offered.source, ENGINE_FROM_TRUSTED);
    assert_string_equal(o->ev.offered.caller_number, "4711");
    assert_string_equal(o->ev.offered.address, "127.9.9.1");
    peer_close(&p);
    peer_open(&p, "127.9.9.1", s->h.cfg.internal_sip_port);
    peer_request(&p, &rq);
    peer_expect(&p, "SIP/2.0 401");
    peer_close(&p);
}

static void anonymous_calls_only_where_allowed(void **state)
{
    struct scene *s = *state;
    struct peer p;

    harness_stop(&s->h);
    s->h.cfg.anonymous_calls = true;
    harness_start(&s->h);
    peer_open(&p, "127.0.0.12", s->h.cfg.external_sip_port);
    peer_request(&p, &(struct request){
                         .method = "INVITE",
                         .type = "application/sdp",
                         .body = peer_sdp("0", "sendrecv"),
                     });
    peer_expect(&p, "SIP/2.0 100");
    assert_int_equal(harness_expect(&s->h, ENGINE_OFFERED)->ev.offered.source,
                     ENGINE_FROM_ANYONE);
    peer_close(&p);
}

static void jigasi_calls_from_the_internal_side(void **state)
{
    struct scene *s = *state;
    const struct request rq = {
        .method = "INVITE",
        .uri = "sip:healthcheck@meet.jitsi",
        .type = "application/sdp",
        .body = peer_sdp("96", "sendrecv"),
        .user = "jigasi",
        .password = "brewery",
    };
    struct peer j;

    peer_open(&j, "127.0.0.1", s->h.cfg.internal_sip_port);
    peer_authenticated(&j, &rq, "SIP/2.0 100");
    assert_int_equal(harness_expect(&s->h, ENGINE_OFFERED)->ev.offered.source,
                     ENGINE_FROM_JIGASI);
    peer_close(&j);
}

static void local_networks_are_told_the_bound_address(void **state)
{
    struct scene *s = *state;
    engine_leg leg;

    harness_stop(&s->h);
    s->h.cfg.local_network_acl = (char *)"loopback.auto";
    harness_start(&s->h);
    leg = harness_offer(&s->h, &s->phone, "1000");
    engine_answer(s->h.engine, leg);
    peer_expect(&s->phone, "SIP/2.0 200");
    assert_non_null(strstr(s->phone.in, "c=IN IP4 127.0.0.1"));
    assert_non_null(strstr(peer_header(&s->phone, "Contact"), "@127.0.0.1:"));
}

static void a_port_in_use_is_told(void **state)
{
    struct scene *s = *state;
    struct harness second;

    harness_init(&second);
    second.cfg.external_sip_port = s->h.cfg.external_sip_port;
    assert_int_not_equal(harness_try_start(&second), 0);
    harness_free(&second);
}

int main(void)
{
#define TEST(f)                                                               \
    cmocka_unit_test_setup_teardown(f, scene_with_phone, scene_teardown)
    const struct CMUnitTest tests[] = {
        TEST(a_registration_is_granted_told_and_taken_back),
        TEST(jigasi_is_granted_a_minute),
        TEST(nobody_registers_on_the_other_side),
        TEST(a_register_sent_again_gets_the_same_answer),
        TEST(a_recorded_request_cannot_be_sent_again),
        TEST(a_stranger_gets_one_challenge_then_nothing),
        TEST(wrong_credentials_are_challenged_three_times),
        TEST(a_scanner_is_not_answered),
        TEST(registrations_outlive_a_restart),
        TEST(a_contact_that_does_not_answer_is_unreachable),
        TEST(trusted_networks_need_no_credentials),
        TEST(anonymous_calls_only_where_allowed),
        TEST(jigasi_calls_from_the_internal_side),
        TEST(local_networks_are_told_the_bound_address),
        TEST(a_port_in_use_is_told),
    };

    return cmocka_run_group_tests_name("register", tests, NULL, NULL);
}
