/* What is left of keys when a call is over: ua_sdp.c, ua_leg.c. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "freed.h"
#include "scene.h"

#define KEY   "WVNfX19zZW1jdGwgKCkgewkyMjA7fQp9CnVubGVz"
#define PLAIN "YS___semctl () {\t220;}\n}\nunles" /* KEY decoded */

static const char body[] =
    "v=0\r\no=peer 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\n"
    "t=0 0\r\nm=audio 30000 RTP/SAVP 0\r\n"
    "a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:" KEY "\r\n";

static int setup(void **state)
{
    struct scene *s = calloc(1, sizeof(*s));

    harness_init(&s->h);
    s->h.cfg.srtp = CONFIG_SRTP_OPTIONAL;
    harness_start(&s->h);
    peer_open(&s->phone, "127.0.0.1", s->h.cfg.external_sip_port);
    s->jigasi.fd = -1;
    *state = s;
    return 0;
}

/* The key of an answer of ours, as it stands there. */
static void take_key(const struct peer *p, char out[41])
{
    const char *key = strstr(p->in, "inline:");

    assert_non_null(key);
    assert_int_equal(snprintf(out, 41, "%s", key + 7) >= 40, 1);
}

static void no_key_is_in_memory_given_back(void **state)
{
    struct scene *s = *state;
    struct peer *p = &s->phone;
    const struct request rq = {.method = "INVITE",
                               .uri = "sip:1000@meet.jitsi",
                               .type = "application/sdp",
                               .body = body,
                               .user = "user",
                               .password = "secret"};
    struct fake_stream *stream;
    uint8_t send_key[30];
    char ours[41];

    peer_new_call(p);
    peer_authenticated(p, &rq, "SIP/2.0 100");
    s->leg = harness_expect(&s->h, ENGINE_OFFERED)->ev.leg;
    freed_watch(KEY, strlen(KEY));
    freed_watch(PLAIN, 30);
    harness_answer(&s->h, p, s->leg);
    peer_request(p, &(struct request){.method = "INVITE",
                                      .type = "application/sdp",
                                      .body = body});
    peer_expect(p, "SIP/2.0 200");
    take_key(p, ours);
    freed_watch(ours, 40);
    stream = fake_media_stream(s->leg);
    assert_int_equal(stream->session.crypto.suite,
                     MEDIA_AES_CM_128_HMAC_SHA1_80);
    memcpy(send_key, stream->session.crypto.send_key, 30);
    freed_watch(send_key, 30);
    peer_request(p, &(struct request){.method = "ACK", .same_cseq = true});
    peer_request(p, &(struct request){.method = "BYE"});
    peer_expect(p, "SIP/2.0 200");
    harness_expect(&s->h, ENGINE_GONE);
    memset(&stream->session, 0, sizeof(stream->session)); /* the test's */
    harness_stop(&s->h);
    assert_int_equal(freed_found(), 0);
    freed_forget();
}

static void one_that_is_there_is_found(void **state)
{
    char *text = strdup("a=crypto:1 x inline:" KEY);

    freed_watch(KEY, strlen(KEY));
    free(text);
    assert_int_equal(freed_found(), 1);
    freed_forget();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(no_key_is_in_memory_given_back, setup,
                                        scene_teardown),
        cmocka_unit_test(one_that_is_there_is_found),
    };

    return cmocka_run_group_tests_name("secrets", tests, NULL, NULL);
}
