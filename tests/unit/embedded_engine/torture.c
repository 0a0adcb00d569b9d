/* Messages that are meant to hurt (in the manner of RFC 4475): nothing may
   crash, leak or stop the engine, and no call may come of them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <cmocka.h>

#include "harness.h"

enum { MUTATIONS = 1500 };

#define VIA    "Via: SIP/2.0/UDP 127.0.0.1:9;branch=z9hG4bK%u;rport\r\n"
#define FROM   "From: <sip:user@meet.jitsi>;tag=t%u\r\n"
#define TO     "To: <sip:1000@meet.jitsi>\r\n"
#define CALL   "Call-ID: torture-%u\r\n"
#define CSEQ   "CSeq: 1 INVITE\r\n"
#define MF     "Max-Forwards: 70\r\n"
#define LINE   "INVITE sip:1000@meet.jitsi SIP/2.0\r\n"
#define ME     "Contact: <sip:x@127.0.0.1:9>\r\n"
#define END    "Content-Length: 0\r\n\r\n"
#define COMMON VIA FROM TO CALL CSEQ MF ME

/* %u stands for a serial number, three times at most. */
static const char *const hostile[] = {
    /* start lines */
    "",
    "\r\n\r\n",
    "INVITE\r\n\r\n",
    "INVITE  sip:1000@meet.jitsi SIP/2.0\r\n" COMMON END,
    "INVITE sip:1000@meet.jitsi  SIP/2.0\r\n" COMMON END,
    "INVITE sip:1000@meet.jitsi SIP/2.0 \r\n" COMMON END,
    "INVITE <sip:1000@meet.jitsi> SIP/2.0\r\n" COMMON END,
    "INVITE sip:10 00@meet.jitsi SIP/2.0\r\n" COMMON END,
    "INVITE sip:1000@meet.jitsi SIP/7.0\r\n" COMMON END,
    "INVITE sip:1000@meet.jitsi HTTP/1.1\r\n" COMMON END,
    "INVITE nobodyKnows:thisScheme SIP/2.0\r\n" COMMON END,
    "INVITE tel:+493012345 SIP/2.0\r\n" COMMON END,
    "INVITE sip: SIP/2.0\r\n" COMMON END,
    "INVITE * SIP/2.0\r\n" COMMON END,
    "INVITE sip:@ SIP/2.0\r\n" COMMON END,
    "INVITE sip:%%%%%%@meet.jitsi SIP/2.0\r\n" COMMON END,
    "INVITE sip:a@[::1 SIP/2.0\r\n" COMMON END,
    "INVITE sip:a@meet.jitsi:99999999 SIP/2.0\r\n" COMMON END,
    "INVITE sip:a@meet.jitsi?Route=%%3Csip:evil%%3E SIP/2.0\r\n" COMMON END,
    "INVITE sip:a@meet.jitsi;lr;method=BYE;maddr=1.2.3.4 SIP/2.0\r\n" COMMON
        END,
    "!interesting-Method0123456789_*+`.%%indeed'~ sip:1000@meet.jitsi "
    "SIP/2.0\r\n" VIA FROM TO CALL
    "CSeq: 1 !interesting-Method0123456789_*+`.%%indeed'~\r\n" MF END,
    "SIP/2.0 200 OK\r\n" COMMON END,
    "SIP/2.0 4294967301 better not break the receiver\r\n" COMMON END,
    "SIP/2.0 100\r\n" COMMON END,
    /* headers that lack, repeat or contradict */
    LINE VIA FROM TO CALL MF END,
    LINE VIA FROM TO CSEQ MF END,
    LINE VIA TO CALL CSEQ MF END,
    LINE VIA FROM CALL CSEQ MF END,
    LINE FROM TO CALL CSEQ MF END,
    LINE VIA VIA FROM TO CALL CSEQ MF END,
    LINE VIA FROM FROM TO TO CALL CALL CSEQ CSEQ MF MF END,
    LINE VIA FROM TO CALL "CSeq: 1 BYE\r\n" MF END,
    LINE VIA FROM TO CALL "CSeq: 36893488147419103232 INVITE\r\n" MF END,
    LINE VIA FROM TO CALL "CSeq: -1 INVITE\r\n" MF END,
    LINE VIA FROM TO CALL "CSeq: one INVITE\r\n" MF END,
    LINE VIA FROM TO CALL "CSeq:\r\n" MF END,
    LINE VIA FROM TO CALL CSEQ "Max-Forwards: 300\r\n" END,
    LINE VIA FROM TO CALL CSEQ "Max-Forwards: -5\r\n" END,
    LINE VIA FROM TO CALL CSEQ "Max-Forwards: \r\n" END,
    LINE COMMON "Content-Length: -999\r\n\r\nbody",
    LINE COMMON "Content-Length: 9999\r\n\r\nbody",
    LINE COMMON "Content-Length: 4294967296\r\n\r\nbody",
    LINE COMMON "Content-Length: 13\r\nContent-Length: 4\r\n\r\nbody",
    LINE COMMON "Expires: 0 0l@company.com\r\n" END,
    LINE COMMON "Expires: 99999999999999999999999\r\n" END,
    LINE COMMON "Require: \r\n" END,
    LINE COMMON "Require: ,,,,\r\n" END,
    LINE COMMON "Session-Expires: -1\r\n" END,
    LINE COMMON "Session-Expires: 99999999999999;refresher=both\r\n" END,
    LINE COMMON "Record-Route: <sip:evil;lr>, <>, <sip:\r\n" END,
    LINE COMMON "Reason: SIP;cause=x;text=\"open\r\n" END,
    LINE COMMON "Date: Fri, 01 Jan 2010 16:00:00 EST\r\n" END,
    LINE COMMON "Timestamp: 1e99 -1\r\n" END,
    LINE COMMON "Retry-After: 949302838503028349304023988\r\n" END,
    LINE COMMON "Warning: 1812 overture \"In Progress\r\n" END,
    LINE COMMON "Replaces: x;to-tag=;from-tag\r\n" END,
    LINE COMMON "Refer-To: <sip:a@b?Replaces=%%00>\r\n" END,
    /* addresses */
    LINE VIA "From: \"open <sip:a@b>;tag=t%u\r\n" TO CALL CSEQ MF END,
    LINE VIA "From: Bell, Alexander <sip:a@b>;tag=t%u\r\n" TO CALL CSEQ MF END,
    LINE VIA "From: \"\\\" <sip:a@b>;tag=t%u\r\n" TO CALL CSEQ MF END,
    LINE VIA "From: <sip:a@b;tag=t%u\r\n" TO CALL CSEQ MF END,
    LINE VIA "From: sip:a@b?x=y;tag=t%u\r\n" TO CALL CSEQ MF END,
    LINE VIA "From: <>;tag=t%u\r\n" TO CALL CSEQ MF END,
    LINE VIA FROM "To: <sip:a@b>;tag=\r\n" CALL CSEQ MF END,
    LINE VIA FROM "To: isbn:2983792873\r\n" CALL CSEQ MF END,
    LINE VIA FROM TO CALL CSEQ MF "Contact: *\r\n" END,
    LINE VIA FROM TO CALL CSEQ MF "Contact: <\r\n" END,
    LINE VIA FROM TO CALL CSEQ MF "Contact: \"\"\"\"\r\n" END,
    LINE VIA FROM TO CALL CSEQ MF
    "Contact: <sip:a@b>, <sip:c@d>;q=7.5;;;=;\r\n" END,
    /* Via */
    LINE "Via: SIP/2.0/UDP\r\n" FROM TO CALL CSEQ MF END,
    LINE
    "Via: SIP/2.0/TCP 127.0.0.1;branch=z9hG4bK%u\r\n" FROM TO CALL CSEQ MF END,
    LINE "Via: SIP  / 2.0\r\n /UDP\r\n 127.0.0.1:9;branch=\r\n" FROM TO CALL
        CSEQ MF END,
    LINE
    "Via: SIP/2.0/UDP 127.0.0.1:9;branch=z9hG4bK;received=[::1\r\n" FROM TO
        CALL CSEQ MF END,
    LINE "Via: SIP/2.0/UDP 127.0.0.1:0;rport=99999;maddr=224.0.0.1\r\n" FROM TO
        CALL CSEQ MF END,
    LINE
    "Via: SIP/2.0/UDP 255.255.255.255:5060;rport\r\n" FROM TO CALL CSEQ MF END,
    /* credentials */
    LINE COMMON "Authorization: Digest\r\n" END,
    LINE COMMON "Authorization: NoOneKnowsThisScheme opaque=here\r\n" END,
    LINE COMMON "Authorization: Digest username=\"u, realm=\"x\"\r\n" END,
    LINE COMMON "Authorization: Digest username=\"user\", "
                "realm=\"meet.jitsi\", nonce=\"\", uri=\"\", response=\"\", "
                "qop=auth, nc=zzzzzzzz, cnonce=\"\"\r\n" END,
    LINE COMMON "Proxy-Authorization: Digest ,,,=,=\"\r\n" END,
    /* lines */
    "INVITE sip:1000@meet.jitsi SIP/2.0\nVia: x\n\n",
    LINE VIA "from : <sip:a@b>\r\n\t;\r\n tag=t%u\r\n" TO CALL CSEQ MF END,
    LINE ": nothing\r\n" COMMON END,
    LINE "NoColon\r\n" COMMON END,
    LINE COMMON "X-Folded:\r\n \r\n \r\n x\r\n" END,
    /* other methods */
    "REGISTER sip:meet.jitsi SIP/2.0\r\n" VIA FROM TO CALL
    "CSeq: 1 REGISTER\r\n" MF "Contact: *, <sip:a@b>;expires=x\r\n" END,
    "REGISTER sip:meet.jitsi SIP/2.0\r\n" VIA FROM TO CALL
    "CSeq: 1 REGISTER\r\n" MF
    "Contact: <sip:%%00@[fe80::1%%25eth0]>;expires=-1;q=2\r\n" END,
    "INFO sip:1000@meet.jitsi SIP/2.0\r\n" VIA FROM
    "To: <sip:1000@meet.jitsi>;tag=x\r\n" CALL "CSeq: 1 INFO\r\n" MF
    "Content-Type: application/dtmf-relay\r\nContent-Length: 1\r\n\r\n",
    "ACK sip:1000@meet.jitsi SIP/2.0\r\n" VIA FROM TO CALL "CSeq: 1 ACK\r\n"
    "Require: x\r\n" END,
    "CANCEL sip:1000@meet.jitsi SIP/2.0\r\n" VIA FROM TO CALL
    "CSeq: 1 CANCEL\r\n" END,
    "PRACK sip:1000@meet.jitsi SIP/2.0\r\n" VIA FROM TO CALL
    "CSeq: 2 PRACK\r\nRAck: 1 1 INVITE\r\n" END,
    "PRACK sip:1000@meet.jitsi SIP/2.0\r\n" VIA FROM TO CALL
    "CSeq: 2 PRACK\r\nRAck: 4294967296\r\n" END,
    "OPTIONS sip:meet.jitsi SIP/2.0\r\n" VIA FROM TO CALL
    "CSeq: 1 OPTIONS\r\nAccept: ;;;\r\n" END,
};

struct state {
    struct harness h;
    unsigned serial;
    bool tcp;
};

static int setup(void **state)
{
    struct state *s = calloc(1, sizeof(*s));

    harness_init(&s->h);
    log_free(s->h.log); /* a great many refusals */
    s->h.log = NULL;
    harness_start(&s->h);
    *state = s;
    return 0;
}

static int teardown(void **state)
{
    struct state *s = *state;

    harness_free(&s->h);
    free(s);
    return 0;
}

/* Each from a source of its own, for the guard forgets nobody. */
static void attack(struct state *s, const char *data, size_t len)
{
    unsigned port = s->serial % 2 ? s->h.cfg.external_sip_port
                                  : s->h.cfg.internal_sip_port;
    char ip[32];
    struct peer p;

    s->serial++;
    snprintf(ip, sizeof(ip), "127.1.%u.%u", s->serial / 250 % 250,
             s->serial % 250 + 1);
    if (s->tcp)
        peer_open_tcp(&p, ip, port);
    else
        peer_open(&p, ip, port);
    if (len)
        peer_send_raw(&p, data, len);
    peer_close(&p);
}

static void still_works(struct state *s)
{
    struct peer p;
    engine_leg leg;

    harness_expect_none(&s->h, ENGINE_OFFERED, 100);
    peer_open(&p, "127.0.0.1", s->h.cfg.external_sip_port);
    leg = harness_offer(&s->h, &p, "1000");
    harness_answer(&s->h, &p, leg);
    peer_request(&p, &(struct request){.method = "BYE"});
    peer_expect(&p, "SIP/2.0 200");
    peer_close(&p);
}

static void all_hostile(struct state *s)
{
    char text[4096];

    for (size_t i = 0; i < sizeof(hostile) / sizeof(*hostile); i++) {
        int n = snprintf(text, sizeof(text), hostile[i], s->serial, s->serial,
                         s->serial);

        attack(s, text, (size_t)n);
        attack(s, text, (size_t)n);
    }
}

static void hostile_messages_do_no_harm(void **state)
{
    struct state *s = *state;

    all_hostile(s);
    still_works(s);
}

static void hostile_streams_do_no_harm(void **state)
{
    struct state *s = *state;

    s->tcp = true;
    all_hostile(s);
    still_works(s);
}

static uint32_t next(uint32_t *seed)
{
    *seed = *seed * 1664525u + 1013904223u;
    return *seed >> 8;
}

static void mutated_messages_do_no_harm(void **state)
{
    static const char bytes[] = "\0\r\n\t \"<>;:,@%=?*[]\\/\x7f\x80\xff-09";
    struct state *s = *state;
    uint32_t seed = 4475;
    char text[4096];

    for (int i = 0; i < MUTATIONS; i++) {
        int n = snprintf(text, sizeof(text),
                         LINE COMMON
                         "Authorization: Digest username=\"user\", "
                         "realm=\"meet.jitsi\", nonce=\"abc\", uri=\"sip:x\", "
                         "response=\"0123456789abcdef0123456789abcdef\", "
                         "qop=auth, nc=00000001, cnonce=\"x\"\r\n"
                         "Supported: timer, 100rel\r\n"
                         "Session-Expires: 1800;refresher=uac\r\n"
                         "Content-Type: application/sdp\r\n"
                         "Content-Length: 0\r\n\r\n",
                         s->serial, s->serial, s->serial);

        for (uint32_t k = 0; k < 1 + next(&seed) % 4; k++)
            text[next(&seed) % (uint32_t)n] =
                bytes[next(&seed) % (sizeof(bytes) - 1)];
        if (next(&seed) % 8 == 0)
            n = (int)(next(&seed) % (uint32_t)n);
        attack(s, text, (size_t)n);
    }
    still_works(s);
}

static void oversize_messages_are_refused(void **state)
{
    struct state *s = *state;
    static char text[65000];
    int n = snprintf(text, sizeof(text), LINE COMMON "X-Long: ", s->serial,
                     s->serial, s->serial);

    memset(text + n, 'x', sizeof(text) - (size_t)n - 30);
    snprintf(text + sizeof(text) - 30, 30, "\r\n" END);
    attack(s, text, sizeof(text) - 30 + strlen("\r\n" END));
    for (size_t i = (size_t)n; i + 20 < sizeof(text); i += 13)
        memcpy(text + i, "\r\nVia: a/b/c ", 13);
    attack(s, text, sizeof(text) - 100);
    still_works(s);
}

static void a_crowd_of_silent_connections_is_shut(void **state)
{
    enum { CROWD = 300 };
    static struct peer crowd[CROWD];
    struct state *s = *state;
    struct rlimit limit;
    size_t open = CROWD;

    assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
    limit.rlim_cur = limit.rlim_max;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
    for (size_t i = 0; i < CROWD; i++)
        peer_open_tcp(&crowd[i], "127.0.0.1", s->h.cfg.external_sip_port);
    for (int i = 0; i < 100 && open; i++) {
        harness_run(&s->h, 100);
        for (size_t k = 0; k < CROWD; k++) {
            char c;

            if (crowd[k].fd >= 0 &&
                recv(crowd[k].fd, &c, 1, MSG_DONTWAIT) == 0) {
                peer_close(&crowd[k]);
                crowd[k].fd = -1;
                open--;
            }
        }
    }
    assert_int_equal(open, 0);
    still_works(s);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(hostile_messages_do_no_harm),
        TEST(hostile_streams_do_no_harm),
        TEST(mutated_messages_do_no_harm),
        TEST(oversize_messages_are_refused),
        TEST(a_crowd_of_silent_connections_is_shut),
    };

    return cmocka_run_group_tests_name("torture", tests, NULL, NULL);
}
