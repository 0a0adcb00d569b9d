/* Requests inside a dialog toward a trunk that wants the password for each
   of them: ua_request.c, on a clock that the test turns. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "clock.h"
#include "harness.h"

#define TIMER "Supported: timer\r\n"
#define CHALLENGE(nonce, more)                                                \
    "WWW-Authenticate: Digest realm=\"provider.example\", nonce=\"" nonce     \
    "\", algorithm=MD5, qop=\"auth\"" more "\r\n"

struct state {
    struct harness h;
    struct peer trunk;
    engine_leg leg;
    char contact[256]; /* that was registered */
};

static void take_contact(struct state *s)
{
    const char *v = peer_header(&s->trunk, "Contact");
    const char *end = strchr(v, '>');

    assert_true(*v == '<' && end);
    snprintf(s->contact, sizeof(s->contact), "%.*s", (int)(end - v - 1),
             v + 1);
}

static int setup(void **state)
{
    struct state *s = calloc(1, sizeof(*s));

    harness_init(&s->h);
    peer_open(&s->trunk, "127.0.0.1", s->h.cfg.external_sip_port);
    s->h.cfg.trunk_password = (char *)"secret";
    s->h.cfg.trunk_port = s->trunk.port;
    harness_start(&s->h);
    peer_expect(&s->trunk, "REGISTER ");
    take_contact(s);
    /* For ever, as to this test. */
    peer_reply(&s->trunk, "200 OK", "Expires: 86400\r\n", NULL, NULL);
    assert_true(harness_expect(&s->h, ENGINE_TRUNK)->ev.trunk.registered);
    *state = s;
    return 0;
}

static int teardown(void **state)
{
    struct state *s = *state;

    peer_close(&s->trunk);
    harness_free(&s->h);
    free(s);
    return 0;
}

static void call(struct state *s, const char *allow)
{
    char extra[256];
    const struct request rq = {
        .method = "INVITE",
        .uri = s->contact,
        .extra = extra,
        .type = "application/sdp",
        .body = peer_sdp("0 101", "sendrecv"),
    };

    snprintf(extra, sizeof(extra),
             TIMER "Session-Expires: 90;refresher=uas\r\nAllow: %s\r\n",
             allow);
    peer_request(&s->trunk, &rq);
    peer_expect(&s->trunk, "SIP/2.0 100");
    s->leg = harness_expect(&s->h, ENGINE_OFFERED)->ev.leg;
    harness_answer(&s->h, &s->trunk, s->leg);
}

static unsigned cseq(const struct state *s)
{
    return (unsigned)strtoul(peer_header(&s->trunk, "CSeq"), NULL, 10);
}

static void expect_credentials(struct state *s, const char *nonce)
{
    const char *v = peer_header(&s->trunk, "Authorization");

    assert_non_null(strstr(v, "username=\"acct\""));
    assert_non_null(strstr(v, nonce));
    assert_non_null(strstr(v, "response=\""));
}

static void bye(struct state *s)
{
    peer_request(&s->trunk, &(struct request){.method = "BYE"});
    peer_expect(&s->trunk, "SIP/2.0 200");
    harness_expect(&s->h, ENGINE_GONE);
}

static void a_reinvite_is_sent_again_with_the_password(void **state)
{
    struct state *s = *state;
    unsigned first;

    call(s, "INVITE, ACK, BYE");
    clock_turn(&s->h, 45);
    peer_expect(&s->trunk, "INVITE ");
    assert_string_equal(peer_header(&s->trunk, "Authorization"), "");
    first = cseq(s);
    peer_reply(&s->trunk, "401 Unauthorized", CHALLENGE("one", ""), NULL,
               NULL);
    peer_expect(&s->trunk, "INVITE ");
    assert_int_equal(cseq(s), first + 1);
    expect_credentials(s, "\"one\"");
    assert_string_equal(peer_header(&s->trunk, "Session-Expires"),
                        "90;refresher=uac");
    assert_non_null(strstr(s->trunk.in, "m=audio"));
    peer_reply(&s->trunk, "200 OK",
               TIMER "Session-Expires: 90;refresher=uac\r\n",
               "application/sdp", peer_sdp("0 101", "sendrecv"));
    peer_expect(&s->trunk, "ACK ");
    assert_int_equal(cseq(s), first + 1);
    harness_expect_none(&s->h, ENGINE_GONE, 20);
    bye(s);
}

static void an_old_nonce_is_answered_anew(void **state)
{
    struct state *s = *state;

    call(s, "INVITE, ACK, BYE, UPDATE");
    clock_turn(&s->h, 45);
    peer_expect(&s->trunk, "UPDATE ");
    peer_reply(&s->trunk, "401 Unauthorized", CHALLENGE("old", ""), NULL,
               NULL);
    peer_expect(&s->trunk, "UPDATE ");
    expect_credentials(s, "\"old\"");
    peer_reply(&s->trunk, "401 Unauthorized", CHALLENGE("new", ", stale=true"),
               NULL, NULL);
    peer_expect(&s->trunk, "UPDATE ");
    expect_credentials(s, "\"new\"");
    peer_reply(&s->trunk, "200 OK", NULL, NULL, NULL);
    harness_expect_none(&s->h, ENGINE_GONE, 20);
    bye(s);
}

static void a_wrong_password_is_not_repeated(void **state)
{
    struct state *s = *state;

    call(s, "INVITE, ACK, BYE, UPDATE");
    clock_turn(&s->h, 45);
    for (int i = 0; i < 2; i++) {
        peer_expect(&s->trunk, "UPDATE ");
        peer_reply(&s->trunk, "401 Unauthorized", CHALLENGE("one", ""), NULL,
                   NULL);
    }
    /* A refresh like any that is refused: later once more. */
    peer_expect_none(&s->trunk, "UPDATE ", 300);
    harness_expect_none(&s->h, ENGINE_GONE, 20);
    bye(s);
}

static void a_bye_is_sent_again_with_the_password(void **state)
{
    struct state *s = *state;

    call(s, "INVITE, ACK, BYE");
    engine_hangup(s->h.engine, s->leg, 16, "over");
    peer_expect(&s->trunk, "BYE ");
    peer_reply(&s->trunk, "401 Unauthorized", CHALLENGE("one", ""), NULL,
               NULL);
    peer_expect(&s->trunk, "BYE ");
    expect_credentials(s, "\"one\"");
    assert_non_null(strstr(peer_header(&s->trunk, "Reason"), "cause=16"));
    peer_reply(&s->trunk, "200 OK", NULL, NULL, NULL);
}

/* The password is the trunk's: nobody else may ask for it. */
static void a_phone_gets_no_password(void **state)
{
    struct state *s = *state;
    struct peer phone;
    const struct request rq = {
        .method = "INVITE",
        .type = "application/sdp",
        .body = peer_sdp("0 101", "sendrecv"),
        .user = "user",
        .password = "secret",
    };

    peer_open(&phone, "127.0.0.1", s->h.cfg.external_sip_port);
    peer_authenticated(&phone, &rq, "SIP/2.0 100");
    s->leg = harness_expect(&s->h, ENGINE_OFFERED)->ev.leg;
    harness_answer(&s->h, &phone, s->leg);
    engine_hangup(s->h.engine, s->leg, 0, "");
    peer_expect(&phone, "BYE ");
    peer_reply(&phone, "401 Unauthorized", CHALLENGE("one", ""), NULL, NULL);
    peer_expect_none(&phone, "BYE ", 300);
    peer_close(&phone);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(
            a_reinvite_is_sent_again_with_the_password, setup, teardown),
        cmocka_unit_test_setup_teardown(an_old_nonce_is_answered_anew, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(a_wrong_password_is_not_repeated,
                                        setup, teardown),
        cmocka_unit_test_setup_teardown(a_bye_is_sent_again_with_the_password,
                                        setup, teardown),
        cmocka_unit_test_setup_teardown(a_phone_gets_no_password, setup,
                                        teardown),
    };

    return cmocka_run_group_tests_name("trunk", tests, NULL, NULL);
}
