/* Session timers (RFC 4028): ua_timer.c, on a clock that the test turns. */
#include <stdio.h>
#include <string.h>

#include "clock.h"
#include "scene.h"

#define TIMER "Supported: timer\r\n"

static void call(struct scene *s, const char *extra)
{
    const struct request rq = {
        .method = "INVITE",
        .extra = extra,
        .type = "application/sdp",
        .body = peer_sdp("0 101", "sendrecv"),
        .user = "user",
        .password = "secret",
    };

    peer_authenticated(&s->phone, &rq, "SIP/2.0 100");
    s->leg = harness_expect(&s->h, ENGINE_OFFERED)->ev.leg;
    harness_answer(&s->h, &s->phone, s->leg);
}

/* Answer a request, and the copies of it that came since it was sent. */
static void answer_update(struct scene *s, const char *status)
{
    peer_expect(&s->phone, "UPDATE ");
    peer_reply(&s->phone, status, NULL, NULL, NULL);
    while (peer_receive(&s->phone, 50))
        peer_reply(&s->phone, status, NULL, NULL, NULL);
}

static void a_phone_that_does_not_refresh_is_ended(void **state)
{
    struct scene *s = *state;

    call(s, TIMER "Session-Expires: 90\r\n");
    clock_turn(&s->h, 55);
    peer_expect_none(&s->phone, "BYE ", 20);
    clock_turn(&s->h, 6);
    peer_expect(&s->phone, "BYE ");
    assert_non_null(strstr(peer_header(&s->phone, "Reason"), "cause=408"));
    peer_reply(&s->phone, "200 OK", NULL, NULL, NULL);
    assert_int_equal(harness_expect(&s->h, ENGINE_GONE)->ev.gone.end,
                     ENGINE_END_TIMEOUT);
}

static void a_refresh_of_the_phone_counts(void **state)
{
    struct scene *s = *state;

    call(s, TIMER "Session-Expires: 90\r\n");
    clock_turn(&s->h, 50);
    peer_request(&s->phone,
                 &(struct request){
                     .method = "UPDATE",
                     .extra = TIMER "Session-Expires: 90;refresher=uac\r\n",
                 });
    peer_expect(&s->phone, "SIP/2.0 200");
    assert_string_equal(peer_header(&s->phone, "Session-Expires"),
                        "90;refresher=uac");
    clock_turn(&s->h, 50);
    peer_expect_none(&s->phone, "BYE ", 20);
    clock_turn(&s->h, 11);
    peer_expect(&s->phone, "BYE ");
    peer_reply(&s->phone, "200 OK", NULL, NULL, NULL);
}

static void we_refresh_by_update_where_the_phone_takes_it(void **state)
{
    struct scene *s = *state;

    call(s, TIMER "Session-Expires: 90;refresher=uas\r\n"
                  "Allow: INVITE, ACK, BYE, UPDATE\r\n");
    for (int i = 0; i < 2; i++) {
        clock_turn(&s->h, 45);
        peer_expect(&s->phone, "UPDATE ");
        assert_string_equal(peer_header(&s->phone, "Session-Expires"),
                            "90;refresher=uac");
        peer_reply(&s->phone, "200 OK",
                   TIMER "Session-Expires: 90;refresher=uac\r\n", NULL, NULL);
    }
    harness_expect_none(&s->h, ENGINE_GONE, 20);
}

static void we_refresh_by_reinvite_where_it_does_not(void **state)
{
    struct scene *s = *state;

    call(s, TIMER "Session-Expires: 90;refresher=uas\r\n"
                  "Allow: INVITE, ACK, BYE\r\n");
    clock_turn(&s->h, 45);
    peer_expect(&s->phone, "INVITE ");
    assert_non_null(strstr(s->phone.in, "m=audio"));
    peer_reply(&s->phone, "200 OK",
               TIMER "Session-Expires: 90;refresher=uac\r\n",
               "application/sdp", peer_sdp("0 101", "sendonly"));
    peer_expect(&s->phone, "ACK ");
    harness_run(&s->h, 20);
    assert_false(fake_media_stream(s->leg)->session.send);
}

static void change_codec(struct scene *s)
{
    struct peer *p = &s->phone;

    peer_request(p, &(struct request){
                        .method = "INVITE",
                        .type = "application/sdp",
                        .body = peer_sdp("9 101", "sendrecv"),
                    });
    peer_expect(p, "SIP/2.0 200");
    peer_request(p, &(struct request){.method = "ACK", .same_cseq = true});
    harness_run(&s->h, 20);
    assert_int_equal(fake_media_stream(s->leg)->session.format.codec,
                     MEDIA_G722);
}

static void after_our_reinvite_every_codec_is_taken_still(void **state)
{
    struct scene *s = *state;

    call(s, TIMER "Session-Expires: 90;refresher=uas\r\n"
                  "Allow: INVITE, ACK, BYE\r\n");
    clock_turn(&s->h, 45);
    peer_expect(&s->phone, "INVITE ");
    assert_null(strstr(s->phone.in, "G722")); /* it changes nothing */
    peer_reply(&s->phone, "200 OK",
               TIMER "Session-Expires: 90;refresher=uac\r\n",
               "application/sdp", peer_sdp("0 101", "sendrecv"));
    peer_expect(&s->phone, "ACK ");
    change_codec(s);
}

static void an_answer_without_audio_to_our_reinvite_is_over(void **state)
{
    struct scene *s = *state;

    call(s, TIMER "Session-Expires: 90;refresher=uas\r\n"
                  "Allow: INVITE, ACK, BYE\r\n");
    clock_turn(&s->h, 45);
    peer_expect(&s->phone, "INVITE ");
    peer_reply(&s->phone, "200 OK",
               TIMER "Session-Expires: 90;refresher=uac\r\n", NULL, NULL);
    peer_expect(&s->phone, "ACK ");
    change_codec(s);
}

static void a_phone_that_cannot_refresh_has_it_done_by_us(void **state)
{
    struct scene *s = *state;

    call(s, "Session-Expires: 90\r\nAllow: INVITE, UPDATE\r\n");
    clock_turn(&s->h, 45);
    peer_expect(&s->phone, "UPDATE ");
    peer_reply(&s->phone, "200 OK", NULL, NULL, NULL);
}

static void a_refused_refresh_is_tried_again_an_unknown_call_ends(void **state)
{
    struct scene *s = *state;

    call(s, TIMER "Session-Expires: 90;refresher=uas\r\n"
                  "Allow: INVITE, UPDATE\r\n");
    clock_turn(&s->h, 45);
    answer_update(s, "491 Request Pending");
    clock_turn(&s->h, 2);
    peer_expect(&s->phone, "UPDATE ");
    peer_reply(&s->phone, "481 No Such Call", NULL, NULL, NULL);
    peer_expect(&s->phone, "BYE ");
    peer_reply(&s->phone, "200 OK", NULL, NULL, NULL);
    assert_int_equal(harness_expect(&s->h, ENGINE_GONE)->ev.gone.end,
                     ENGINE_END_TIMEOUT);
}

static void a_refused_change_leaves_the_timer(void **state)
{
    struct scene *s = *state;

    call(s, TIMER "Session-Expires: 90;refresher=uas\r\n"
                  "Allow: INVITE, ACK, BYE, UPDATE\r\n");
    peer_request(&s->phone, &(struct request){
                                .method = "UPDATE",
                                .extra = TIMER "Session-Expires: 10\r\n",
                            });
    peer_expect(&s->phone, "SIP/2.0 422");
    peer_request(&s->phone, &(struct request){
                                .method = "UPDATE",
                                .type = "application/sdp",
                                .body = peer_sdp("3 18", "sendrecv"),
                            });
    peer_expect(&s->phone, "SIP/2.0 488");
    clock_turn(&s->h, 45);
    peer_expect(&s->phone, "UPDATE ");
    assert_string_equal(peer_header(&s->phone, "Session-Expires"),
                        "90;refresher=uac");
    peer_reply(&s->phone, "200 OK", NULL, NULL, NULL);
}

int main(void)
{
#define TEST(f)                                                               \
    cmocka_unit_test_setup_teardown(f, scene_with_phone, scene_teardown)
    const struct CMUnitTest tests[] = {
        TEST(a_phone_that_does_not_refresh_is_ended),
        TEST(a_refresh_of_the_phone_counts),
        TEST(we_refresh_by_update_where_the_phone_takes_it),
        TEST(we_refresh_by_reinvite_where_it_does_not),
        TEST(after_our_reinvite_every_codec_is_taken_still),
        TEST(an_answer_without_audio_to_our_reinvite_is_over),
        TEST(a_phone_that_cannot_refresh_has_it_done_by_us),
        TEST(a_refused_change_leaves_the_timer),
        TEST(a_refused_refresh_is_tried_again_an_unknown_call_ends),
    };

    return cmocka_run_group_tests_name("session", tests, NULL, NULL);
}
