/* Requests inside a dialog with a phone: ua_dialog.c, ua_info.c,
   ua_timer.c. */
#include <stdio.h>
#include <string.h>

#include "scene.h"

static void request(struct scene *s, const char *method, const char *body,
                    const char *expect)
{
    peer_request(&s->phone, &(struct request){
                                .method = method,
                                .type = body ? "application/sdp" : NULL,
                                .body = body,
                            });
    peer_expect(&s->phone, expect);
    if (strcmp(method, "INVITE") == 0)
        peer_request(&s->phone, &(struct request){
                                    .method = "ACK",
                                    .same_cseq = true,
                                });
}

static void hold_and_resume_reach_the_audio(void **state)
{
    struct scene *s = *state;

    request(s, "INVITE", peer_sdp("0 101", "sendonly"), "SIP/2.0 200");
    assert_non_null(strstr(s->phone.in, "a=recvonly"));
    assert_false(s->stream->session.send);
    assert_true(s->stream->session.receive);
    request(s, "INVITE", peer_sdp("0 101", "inactive"), "SIP/2.0 200");
    assert_false(s->stream->session.send);
    assert_false(s->stream->session.receive);
    request(s, "INVITE", peer_sdp("0 101", "sendrecv"), "SIP/2.0 200");
    assert_true(s->stream->session.send);
    assert_true(s->stream->session.receive);
    assert_int_equal(s->stream->sessions, 4);
    harness_expect_none(&s->h, ENGINE_GONE, 20);
}

static void the_codec_stays_the_same_where_it_can(void **state)
{
    struct scene *s = *state;

    request(s, "INVITE", peer_sdp("96 8 0 101", "sendrecv"), "SIP/2.0 200");
    assert_int_equal(s->stream->session.format.codec, MEDIA_PCMU);
    request(s, "INVITE", peer_sdp("18", "sendrecv"), "SIP/2.0 488");
    assert_int_equal(s->stream->session.format.codec, MEDIA_PCMU);
    request(s, "INVITE", peer_sdp("9 101", "sendrecv"), "SIP/2.0 200");
    assert_int_equal(s->stream->session.format.codec, MEDIA_G722);
    request(s, "BYE", NULL, "SIP/2.0 200");
}

static void an_offer_is_made_where_none_came(void **state)
{
    struct scene *s = *state;
    struct peer *p = &s->phone;

    peer_request(p, &(struct request){.method = "INVITE"});
    peer_expect(p, "SIP/2.0 200");
    assert_non_null(strstr(p->in, "m=audio"));
    peer_request(p, &(struct request){
                        .method = "ACK",
                        .type = "application/sdp",
                        .body = peer_sdp("0 101", "sendonly"),
                        .same_cseq = true,
                    });
    request(s, "OPTIONS", NULL, "SIP/2.0 200"); /* the ACK is through */
    assert_false(s->stream->session.send);
}

static void update_works_with_and_without_an_offer(void **state)
{
    struct scene *s = *state;

    request(s, "UPDATE", NULL, "SIP/2.0 200");
    request(s, "UPDATE", peer_sdp("0 101", "sendonly"), "SIP/2.0 200");
    assert_false(s->stream->session.send);
}

static void a_second_reinvite_waits_for_the_first(void **state)
{
    struct scene *s = *state;
    struct peer *p = &s->phone;
    struct request rq = {
        .method = "INVITE",
        .type = "application/sdp",
        .body = peer_sdp("0 101", "sendrecv"),
    };

    peer_request(p, &rq);
    peer_expect(p, "SIP/2.0 200");
    peer_request(p, &rq);
    peer_expect(p, "SIP/2.0 500");
    assert_string_equal(peer_header(p, "Retry-After"), "3");
}

static void there_is_one_bye(void **state)
{
    struct scene *s = *state;
    struct peer *p = &s->phone;
    unsigned reinvite;

    peer_request(p, &(struct request){
                        .method = "INVITE",
                        .type = "application/sdp",
                        .body = peer_sdp("0 101", "sendrecv"),
                    });
    reinvite = p->cseq;
    peer_expect(p, "SIP/2.0 200");
    engine_hangup(s->h.engine, s->leg, 0, "");
    peer_expect(p, "BYE ");
    p->cseq = reinvite;
    peer_request(p, &(struct request){.method = "ACK", .same_cseq = true});
    peer_expect_none(p, "BYE ", 200);
}

static void requests_out_of_order_are_refused(void **state)
{
    struct scene *s = *state;

    s->phone.cseq = 100;
    request(s, "OPTIONS", NULL, "SIP/2.0 200");
    s->phone.cseq = 50;
    request(s, "OPTIONS", NULL, "SIP/2.0 500");
}

static void methods_in_a_dialog_follow_the_table(void **state)
{
    struct scene *s = *state;

    request(s, "REFER", NULL, "SIP/2.0 403");
    request(s, "MESSAGE", NULL, "SIP/2.0 405");
    request(s, "SUBSCRIBE", NULL, "SIP/2.0 405");
    request(s, "PRACK", NULL, "SIP/2.0 481");
    peer_request(&s->phone, &(struct request){
                                .method = "OPTIONS",
                                .extra = "Require: magic\r\n",
                            });
    peer_expect(&s->phone, "SIP/2.0 420");
    request(s, "BYE", NULL, "SIP/2.0 200");
    request(s, "OPTIONS", NULL, "SIP/2.0 481");
}

static void keys_come_by_info(void **state)
{
    static const struct {
        const char *type, *body, *key;
    } rows[] = {
        {"application/dtmf-relay", "Signal=5\r\nDuration=160\r\n", "5"},
        {"application/dtmf-relay", "Duration=160\r\nsignal = *", "*"},
        {"application/dtmf-relay", "Signal=11\r\n", "#"},
        {"APPLICATION/DTMF", " 7 \r\n", "7"},
        {"application/dtmf", "10", "*"},
        {"application/dtmf", "d", "D"},
    };
    static const char *const keys[] = {"5", "*", "#", "7", "D"};
    struct scene *s = *state;

    engine_bind(s->h.engine, s->leg, keys, 5, 100);
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        peer_request(&s->phone, &(struct request){
                                    .method = "INFO",
                                    .type = rows[i].type,
                                    .body = rows[i].body,
                                });
        peer_expect(&s->phone, "SIP/2.0 200");
        assert_string_equal(harness_expect(&s->h, ENGINE_KEYS)->ev.keys,
                            rows[i].key);
    }
    harness_expect_none(&s->h, ENGINE_INFO, 20);
}

static void broken_keys_are_acknowledged_and_dropped(void **state)
{
    static const char *const bodies[] = {
        "",   "Signal=",  "Signal=16",   "Signal=5x",  "Signal",
        "=5", "\r\n\r\n", "Signal=\x80", "Sig\nnal=5",
    };
    static const char *const keys[] = {"5"};
    struct scene *s = *state;

    engine_bind(s->h.engine, s->leg, keys, 1, 100);
    for (size_t i = 0; i < sizeof(bodies) / sizeof(*bodies); i++) {
        peer_request(&s->phone, &(struct request){
                                    .method = "INFO",
                                    .type = "application/dtmf-relay",
                                    .body = bodies[i],
                                });
        peer_expect(&s->phone, "SIP/2.0 200");
    }
    harness_expect_none(&s->h, ENGINE_KEYS, 50);
}

static void digits_are_collected_while_a_prompt_plays(void **state)
{
    static const char *const prompts[] = {"enter_id"};
    const struct engine_collect c = {
        .prompts = prompts,
        .n_prompts = 1,
        .terminators = "#",
        .max = 8,
        .first_ms = 200,
        .inter_ms = 1000,
    };
    struct scene *s = *state;
    const struct seen *d;

    engine_collect(s->h.engine, s->leg, &c);
    assert_int_equal(s->stream->plays, 1);
    assert_true(s->stream->play.replace);
    fake_media_tell(MEDIA_KEY, s->leg, '4');
    fake_media_tell(MEDIA_KEY, s->leg, '2');
    fake_media_tell(MEDIA_KEY, s->leg, '#');
    d = harness_expect(&s->h, ENGINE_DIGITS);
    assert_string_equal(d->ev.digits.digits, "42");
    assert_int_equal(d->ev.digits.end, ENGINE_DIGITS_TERMINATOR);
    assert_true(s->stream->play_stops >= 1);
    fake_media_played(s->leg, s->stream->play.tag, false);
    harness_expect_none(&s->h, ENGINE_PLAYED, 50);

    /* The time for the first key begins when the prompt has ended. */
    engine_collect(s->h.engine, s->leg, &c);
    harness_expect_none(&s->h, ENGINE_DIGITS, 400);
    fake_media_played(s->leg, s->stream->play.tag, true);
    d = harness_expect(&s->h, ENGINE_DIGITS);
    assert_string_equal(d->ev.digits.digits, "");
    assert_int_equal(d->ev.digits.end, ENGINE_DIGITS_TIMEOUT);
}

static void audio_commands_reach_the_media(void **state)
{
    static const char *const prompts[] = {"muted"};
    const struct engine_play p = {
        .prompts = prompts,
        .n_prompts = 1,
        .loop_from = -1,
        .tag = 77,
    };
    struct scene *s = *state;
    const struct seen *played;

    engine_play(s->h.engine, s->leg, &p);
    fake_media_played(s->leg, 77, true);
    played = harness_expect(&s->h, ENGINE_PLAYED);
    assert_int_equal(played->ev.played.tag, 77);
    assert_true(played->ev.played.completed);
    engine_mute(s->h.engine, s->leg, true);
    assert_true(s->stream->muted);
    engine_bridge(s->h.engine, s->leg, 12345);
    harness_expect_none(&s->h, ENGINE_BRIDGED, 50);
}

static void a_phone_behind_nat_is_reached_where_it_comes_from(void **state)
{
    struct scene *s = *state;
    struct peer *p = &s->phone;
    const struct request rq = {
        .method = "INVITE",
        .extra = "Contact: <sip:peer@10.11.12.13:5060>\r\n",
        .type = "application/sdp",
        .body = peer_sdp("0 101", "sendrecv"),
        .user = "user",
        .password = "secret",
        .no_contact = true,
    };
    engine_leg leg;

    peer_new_call(p);
    peer_authenticated(p, &rq, "SIP/2.0 100");
    leg = harness_expect(&s->h, ENGINE_OFFERED)->ev.leg;
    harness_answer(&s->h, p, leg);
    engine_hangup(s->h.engine, leg, 0, "");
    assert_non_null(peer_expect(p, "BYE sip:peer@10.11.12.13:5060"));
    peer_reply(p, "200 OK", NULL, NULL, NULL);
}

static void a_new_contact_is_where_requests_go(void **state)
{
    struct scene *s = *state;
    struct peer *p = &s->phone, moved;
    char contact[64];

    peer_open(&moved, "127.0.0.1", s->h.cfg.external_sip_port);
    snprintf(contact, sizeof(contact), "Contact: <sip:new@127.0.0.1:%u>\r\n",
             moved.port);
    peer_request(p, &(struct request){
                        .method = "INVITE",
                        .extra = contact,
                        .type = "application/sdp",
                        .body = peer_sdp("0 101", "sendrecv"),
                        .no_contact = true,
                    });
    peer_expect(p, "SIP/2.0 200");
    peer_request(p, &(struct request){.method = "ACK", .same_cseq = true});
    harness_run(&s->h, 20);
    engine_hangup(s->h.engine, s->leg, 0, "");
    peer_expect(&moved, "BYE sip:new@127.0.0.1:");
    peer_reply(&moved, "200 OK", NULL, NULL, NULL);
    peer_close(&moved);
}

int main(void)
{
#define TEST(f)                                                               \
    cmocka_unit_test_setup_teardown(f, scene_with_call, scene_teardown)
    const struct CMUnitTest tests[] = {
        TEST(hold_and_resume_reach_the_audio),
        TEST(the_codec_stays_the_same_where_it_can),
        TEST(an_offer_is_made_where_none_came),
        TEST(update_works_with_and_without_an_offer),
        TEST(a_second_reinvite_waits_for_the_first),
        TEST(there_is_one_bye),
        TEST(requests_out_of_order_are_refused),
        TEST(methods_in_a_dialog_follow_the_table),
        TEST(keys_come_by_info),
        TEST(broken_keys_are_acknowledged_and_dropped),
        TEST(digits_are_collected_while_a_prompt_plays),
        TEST(audio_commands_reach_the_media),
        TEST(a_new_contact_is_where_requests_go),
        TEST(a_phone_behind_nat_is_reached_where_it_comes_from),
    };

    return cmocka_run_group_tests_name("dialog", tests, NULL, NULL);
}
