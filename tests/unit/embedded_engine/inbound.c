/* Calls from a phone: sip_receive.c, sip_uas.c. */
#include <stdio.h>
#include <string.h>

#include "scene.h"

static void a_call_is_offered_answered_and_ended_by_the_caller(void **state)
{
    struct scene *s = *state;
    struct peer *p = &s->phone;
    engine_leg leg = harness_offer(&s->h, p, "12%2034");
    const struct fake_stream *stream = fake_media_stream(leg);
    const struct seen *gone;

    assert_non_null(stream);
    engine_ring(s->h.engine, leg);
    peer_expect(p, "SIP/2.0 180");
    engine_answer(s->h.engine, leg);
    peer_expect(p, "SIP/2.0 200");
    assert_non_null(strstr(p->in, "c=IN IP4 192.0.2.7"));
    assert_non_null(strstr(p->in, "RTP/AVP 0 101"));
    assert_non_null(strstr(peer_header(p, "Contact"), "@192.0.2.7:"));
    peer_take_tag(p);
    harness_expect_none(&s->h, ENGINE_ANSWERED, 50);
    peer_request(p, &(struct request){.method = "ACK", .same_cseq = true});
    assert_int_equal(harness_expect(&s->h, ENGINE_ANSWERED)->ev.leg, leg);
    assert_int_equal(stream->sessions, 1);
    assert_int_equal(stream->session.format.codec, MEDIA_PCMU);
    fake_media_stream(leg)->quality = (struct engine_quality){
        .measured = true, .received = 70, .rtt_us = 12000};
    peer_request(p, &(struct request){
                        .method = "BYE",
                        .extra = "Reason: SIP;cause=200;text=\"done\"\r\n",
                    });
    peer_expect(p, "SIP/2.0 200");
    gone = harness_expect(&s->h, ENGINE_GONE);
    assert_int_equal(gone->ev.gone.end, ENGINE_END_HANGUP);
    assert_int_equal(gone->ev.gone.cause, 200);
    assert_string_equal(gone->ev.gone.reason, "done");
    assert_int_equal(gone->ev.gone.side, ENGINE_EXTERNAL);
    assert_true(gone->ev.gone.quality.measured);
    assert_int_equal(gone->ev.gone.quality.received, 70);
    assert_int_equal(gone->ev.gone.quality.rtt_us, 12000);
    assert_false(stream->open);
}

/* An INVITE with more than the usual, its credentials included. */
static void invite(struct peer *p, const char *extra, const char *body,
                   const char *expect)
{
    const struct request rq = {
        .method = "INVITE",
        .extra = extra,
        .type = body ? "application/sdp" : NULL,
        .body = body,
        .user = "user",
        .password = "secret",
    };

    peer_new_call(p);
    peer_authenticated(p, &rq, expect);
}

static void ack(struct peer *p)
{
    peer_request(p, &(struct request){.method = "ACK", .same_cseq = true});
}

static void a_cancelled_call_ends_with_487(void **state)
{
    struct scene *s = *state;
    struct peer *p = &s->phone;
    engine_leg leg = harness_offer(&s->h, p, "1000");
    const struct seen *gone;

    engine_ring(s->h.engine, leg);
    peer_expect(p, "SIP/2.0 180");
    peer_request(p, &(struct request){
                        .method = "CANCEL",
                        .extra = "Reason: SIP;cause=600;text=\"no \\\"x\"\r\n",
                        .same_cseq = true,
                        .same_branch = true,
                    });
    peer_expect(p, "SIP/2.0 200");
    peer_expect(p, "SIP/2.0 487");
    gone = harness_expect(&s->h, ENGINE_GONE);
    assert_int_equal(gone->ev.leg, leg);
    assert_int_equal(gone->ev.gone.end, ENGINE_END_HANGUP);
    assert_int_equal(gone->ev.gone.cause, 600);
    assert_string_equal(gone->ev.gone.reason, "no \"x");
    engine_answer(s->h.engine, leg);
    harness_expect_none(&s->h, ENGINE_ANSWERED, 50);
}

static void a_refused_call_is_told_when_to_come_again(void **state)
{
    struct scene *s = *state;
    struct peer *p = &s->phone;
    engine_leg leg = harness_offer(&s->h, p, "1000");

    engine_reject(s->h.engine, leg, 503, "Back soon", 17);
    peer_expect(p, "SIP/2.0 503 Back soon");
    assert_string_equal(peer_header(p, "Retry-After"), "17");
    assert_int_equal(harness_expect(&s->h, ENGINE_GONE)->ev.gone.end,
                     ENGINE_END_LOCAL);
}

static void without_an_rtp_port_a_call_gets_503(void **state)
{
    struct scene *s = *state;

    fake_media_no_port();
    invite(&s->phone, NULL, peer_sdp("0", "sendrecv"), "SIP/2.0 503");
    assert_string_equal(peer_header(&s->phone, "Retry-After"), "5");
    harness_expect_none(&s->h, ENGINE_OFFERED, 50);
}

static void without_a_common_codec_a_call_gets_488(void **state)
{
    struct scene *s = *state;

    invite(&s->phone, NULL, peer_sdp("3 18", "sendrecv"), "SIP/2.0 488");
    harness_expect_none(&s->h, ENGINE_OFFERED, 50);
}

/* Among the codecs that Jigasi takes as well. */
static void the_callers_order_of_codecs_counts(void **state)
{
    static const struct {
        const char *formats;
        enum media_codec codec;
    } row[] = {
        {"9 96 0 101", MEDIA_OPUS},
        {"8 96 0 101", MEDIA_PCMA},
        {"9 101", MEDIA_G722},
    };

    for (size_t i = 0; i < sizeof(row) / sizeof(*row); i++) {
        struct scene *s = *state;
        struct peer *p = &s->phone;
        engine_leg leg;

        invite(p, NULL, peer_sdp(row[i].formats, "sendrecv"), "SIP/2.0 100");
        leg = harness_expect(&s->h, ENGINE_OFFERED)->ev.leg;
        harness_answer(&s->h, p, leg);
        assert_int_equal(fake_media_stream(leg)->session.format.codec,
                         row[i].codec);
    }
}

static void a_call_without_an_offer_answers_in_its_ack(void **state)
{
    struct scene *s = *state;
    struct peer *p = &s->phone;
    const struct fake_stream *stream;
    engine_leg leg;

    invite(p, NULL, NULL, "SIP/2.0 100");
    leg = harness_expect(&s->h, ENGINE_OFFERED)->ev.leg;
    stream = fake_media_stream(leg);
    engine_answer(s->h.engine, leg);
    peer_expect(p, "SIP/2.0 200");
    assert_non_null(strstr(p->in, "RTP/AVP 111 0 8 9 101"));
    assert_int_equal(stream->sessions, 0);
    peer_take_tag(p);
    peer_request(p, &(struct request){
                        .method = "ACK",
                        .type = "application/sdp",
                        .body = peer_sdp("8", "sendrecv"),
                        .same_cseq = true,
                    });
    harness_expect(&s->h, ENGINE_ANSWERED);
    assert_int_equal(stream->session.format.codec, MEDIA_PCMA);
}

static void a_broken_answer_in_the_ack_ends_the_call(void **state)
{
    struct scene *s = *state;
    struct peer *p = &s->phone;

    invite(p, NULL, NULL, "SIP/2.0 100");
    engine_answer(s->h.engine, harness_expect(&s->h, ENGINE_OFFERED)->ev.leg);
    peer_expect(p, "SIP/2.0 200");
    peer_take_tag(p);
    ack(p);
    peer_expect(p, "BYE ");
    peer_reply(p, "200 OK", NULL, NULL, NULL);
    assert_int_equal(harness_expect(&s->h, ENGINE_GONE)->ev.gone.end,
                     ENGINE_END_REFUSED);
}

static void the_200_is_sent_again_until_the_ack(void **state)
{
    struct scene *s = *state;
    struct peer *p = &s->phone;
    engine_leg leg = harness_offer(&s->h, p, "1000");

    engine_answer(s->h.engine, leg);
    peer_expect(p, "SIP/2.0 200");
    peer_expect(p, "SIP/2.0 200");
    peer_take_tag(p);
    ack(p);
    harness_expect(&s->h, ENGINE_ANSWERED);
    peer_expect_none(p, "SIP/2.0 200", 1500);
}

static void we_hang_up_with_a_reason(void **state)
{
    struct scene *s = *state;
    struct peer *p = &s->phone;
    engine_leg leg = harness_offer(&s->h, p, "1000");

    harness_answer(&s->h, p, leg);
    engine_hangup(s->h.engine, leg, 408, "say \"bye\"\r\nEvil: yes");
    peer_expect(p, "BYE ");
    assert_string_equal(peer_header(p, "Reason"),
                        "SIP;cause=408;text=\"say \\\"bye\\\"Evil: yes\"");
    peer_reply(p, "200 OK", NULL, NULL, NULL);
    assert_int_equal(harness_expect(&s->h, ENGINE_GONE)->ev.gone.end,
                     ENGINE_END_LOCAL);
    harness_expect_none(&s->h, ENGINE_GONE, 50);
}

static void our_bye_waits_for_the_ack(void **state)
{
    struct scene *s = *state;
    struct peer *p = &s->phone;
    engine_leg leg = harness_offer(&s->h, p, "1000");

    engine_answer(s->h.engine, leg);
    engine_hangup(s->h.engine, leg, 0, "");
    peer_expect(p, "SIP/2.0 200");
    peer_take_tag(p);
    peer_expect_none(p, "BYE ", 300);
    ack(p);
    peer_expect(p, "BYE ");
    peer_reply(p, "200 OK", NULL, NULL, NULL);
    harness_expect(&s->h, ENGINE_GONE);
}

static void options_that_we_lack_are_refused(void **state)
{
    struct scene *s = *state;

    peer_request(&s->phone, &(struct request){
                                .method = "INVITE",
                                .extra = "Require: nothing-such\r\n",
                            });
    peer_expect(&s->phone, "SIP/2.0 420");
    assert_string_equal(peer_header(&s->phone, "Unsupported"), "nothing-such");
}

static void methods_outside_the_table_are_refused(void **state)
{
    static const struct {
        const char *method, *expect;
    } rows[] = {
        {"MESSAGE", "SIP/2.0 405"}, {"SUBSCRIBE", "SIP/2.0 405"},
        {"PUBLISH", "SIP/2.0 405"}, {"WHATEVER", "SIP/2.0 405"},
        {"REFER", "SIP/2.0 403"},   {"BYE", "SIP/2.0 481"},
        {"INFO", "SIP/2.0 481"},    {"UPDATE", "SIP/2.0 481"},
        {"CANCEL", "SIP/2.0 481"},  {"PRACK", "SIP/2.0 481"},
        {"OPTIONS", "SIP/2.0 200"},
    };
    struct scene *s = *state;
    struct peer *p = &s->phone;

    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        peer_new_call(p);
        peer_request(p, &(struct request){.method = rows[i].method});
        peer_expect(p, rows[i].expect);
        if (strstr(rows[i].expect, "405"))
            assert_non_null(strstr(peer_header(p, "Allow"), "INVITE"));
    }
}

static void a_request_in_an_unknown_dialog_gets_481(void **state)
{
    struct scene *s = *state;

    snprintf(s->phone.remote_tag, sizeof(s->phone.remote_tag), "never");
    peer_request(&s->phone, &(struct request){.method = "INVITE"});
    peer_expect(&s->phone, "SIP/2.0 481");
}

static void a_stateless_refusal_keeps_its_tag(void **state)
{
    struct scene *s = *state;
    struct peer *p = &s->phone;
    char first[64];

    peer_request(p, &(struct request){.method = "MESSAGE"});
    peer_expect(p, "SIP/2.0 405");
    peer_take_tag(p);
    snprintf(first, sizeof(first), "%s", p->remote_tag);
    *p->remote_tag = '\0';
    peer_request(p, &(struct request){
                        .method = "MESSAGE",
                        .same_cseq = true,
                        .same_branch = true,
                    });
    peer_expect(p, "SIP/2.0 405");
    peer_take_tag(p);
    assert_string_equal(first, p->remote_tag);
}

static void reliable_provisional_responses_where_required(void **state)
{
    struct scene *s = *state;
    struct peer *p = &s->phone;
    char rack[64], extra[96];
    engine_leg leg;

    invite(p, "Require: 100rel\r\n", peer_sdp("0", "sendrecv"), "SIP/2.0 100");
    leg = harness_expect(&s->h, ENGINE_OFFERED)->ev.leg;
    engine_ring(s->h.engine, leg);
    peer_expect(p, "SIP/2.0 180");
    snprintf(rack, sizeof(rack), "%s", peer_header(p, "RSeq"));
    assert_true(*rack);
    peer_take_tag(p);
    snprintf(extra, sizeof(extra), "RAck: %s %u INVITE\r\n", rack, p->cseq);
    peer_request(p, &(struct request){.method = "PRACK", .extra = extra});
    peer_expect(p, "SIP/2.0 200");
    p->cseq--;
    harness_answer(&s->h, p, leg);
}

static void brief_session_timers_get_422(void **state)
{
    struct scene *s = *state;

    invite(&s->phone, "Session-Expires: 60\r\nSupported: timer\r\n",
           peer_sdp("0", "sendrecv"), "SIP/2.0 422");
    assert_string_equal(peer_header(&s->phone, "Min-SE"), "90");
}

static void a_session_timer_is_agreed_where_the_phone_asks(void **state)
{
    struct scene *s = *state;
    struct peer *p = &s->phone;
    engine_leg leg;

    invite(p, "Session-Expires: 1800\r\nSupported: timer\r\n",
           peer_sdp("0", "sendrecv"), "SIP/2.0 100");
    leg = harness_expect(&s->h, ENGINE_OFFERED)->ev.leg;
    engine_answer(s->h.engine, leg);
    peer_expect(p, "SIP/2.0 200");
    assert_string_equal(peer_header(p, "Session-Expires"),
                        "1800;refresher=uac");
    assert_string_equal(peer_header(p, "Require"), "timer");
    peer_take_tag(p);
    ack(p);
    harness_expect(&s->h, ENGINE_ANSWERED);
}

static void a_merged_request_gets_482(void **state)
{
    struct scene *s = *state;
    struct peer *p = &s->phone;

    harness_offer(&s->h, p, "1000");
    peer_request(p, &(struct request){.method = "INVITE", .same_cseq = true});
    peer_expect(p, "SIP/2.0 482");
}

static void an_invite_without_contact_is_refused(void **state)
{
    struct scene *s = *state;
    const struct request rq = {
        .method = "INVITE",
        .user = "user",
        .password = "secret",
        .no_contact = true,
    };

    peer_authenticated(&s->phone, &rq, "SIP/2.0 400");
}

static void a_body_that_is_not_sdp_is_refused(void **state)
{
    struct scene *s = *state;
    const struct request rq = {
        .method = "INVITE",
        .type = "text/plain",
        .body = "hello",
        .user = "user",
        .password = "secret",
    };

    peer_authenticated(&s->phone, &rq, "SIP/2.0 415");
    assert_string_equal(peer_header(&s->phone, "Accept"), "application/sdp");
}

static void names_and_numbers_come_clean(void **state)
{
    struct scene *s = *state;
    const struct request rq = {
        .method = "INVITE",
        .uri = "sip:a%00b%0d%0a$%7bx%7d@meet.jitsi",
        .from = "\"Al \\\"the\\\" \xff\xc3\x9f\x01 x\" <sip:%41nna@x>",
        .type = "application/sdp",
        .body = peer_sdp("0", "sendrecv"),
        .user = "user",
        .password = "secret",
    };
    const struct seen *offer;

    peer_authenticated(&s->phone, &rq, "SIP/2.0 100");
    offer = harness_expect(&s->h, ENGINE_OFFERED);
    assert_int_equal(offer->ev.offered.source, ENGINE_FROM_USER);
    assert_string_equal(offer->ev.offered.caller_name,
                        "Al \"the\" \xc3\x9f x");
    assert_string_equal(offer->ev.offered.caller_number, "user");
    assert_string_equal(offer->ev.offered.address, "127.0.0.1");
    assert_int_equal(offer->ev.offered.to_len, 9);
    assert_memory_equal(offer->ev.offered.to, "a\0b\r\n${x}", 9);
}

int main(void)
{
#define TEST(f)                                                               \
    cmocka_unit_test_setup_teardown(f, scene_with_phone, scene_teardown)
    const struct CMUnitTest tests[] = {
        TEST(a_call_is_offered_answered_and_ended_by_the_caller),
        TEST(a_cancelled_call_ends_with_487),
        TEST(a_refused_call_is_told_when_to_come_again),
        TEST(without_an_rtp_port_a_call_gets_503),
        TEST(without_a_common_codec_a_call_gets_488),
        TEST(the_callers_order_of_codecs_counts),
        TEST(a_call_without_an_offer_answers_in_its_ack),
        TEST(a_broken_answer_in_the_ack_ends_the_call),
        TEST(the_200_is_sent_again_until_the_ack),
        TEST(we_hang_up_with_a_reason),
        TEST(our_bye_waits_for_the_ack),
        TEST(options_that_we_lack_are_refused),
        TEST(methods_outside_the_table_are_refused),
        TEST(a_request_in_an_unknown_dialog_gets_481),
        TEST(a_stateless_refusal_keeps_its_tag),
        TEST(reliable_provisional_responses_where_required),
        TEST(brief_session_timers_get_422),
        TEST(a_session_timer_is_agreed_where_the_phone_asks),
        TEST(a_merged_request_gets_482),
        TEST(an_invite_without_contact_is_refused),
        TEST(a_body_that_is_not_sdp_is_refused),
        TEST(names_and_numbers_come_clean),
    };

    return cmocka_run_group_tests_name("inbound", tests, NULL, NULL);
}
