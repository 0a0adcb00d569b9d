/* Calls to a contact: ua_uac.c, ua_ping.c, ua_probe.c, the end of it all. */
#include <stdio.h>
#include <string.h>

#include "scene.h"

static void answer(struct peer *j)
{
    peer_reply(j, "200 OK", NULL, "application/sdp",
               peer_sdp("0 101", "sendrecv"));
    peer_expect(j, "ACK ");
}

/* What Jigasi sends in the dialog of our INVITE. */
static void begin_dialog(struct peer *j)
{
    const char *tag = strstr(peer_header(j, "From"), "tag=");

    assert_non_null(tag);
    snprintf(j->remote_tag, sizeof(j->remote_tag), "%s", tag + 4);
    snprintf(j->call_id, sizeof(j->call_id), "%s", peer_header(j, "Call-ID"));
}

static engine_leg up(struct scene *s)
{
    engine_leg leg = harness_dial(&s->h, &s->jigasi, s->contact, 0);

    begin_dialog(&s->jigasi);
    answer(&s->jigasi);
    assert_int_equal(harness_expect(&s->h, ENGINE_ANSWERED)->ev.leg, leg);
    return leg;
}

static void the_invite_says_what_policy_wants(void **state)
{
    static const struct engine_header headers[] = {
        {"X-Room-Name", "room@muc.meet.jitsi"},
        {"X-Evil", "a\r\nX-Injected: yes"},
        {"Bad Name", "b"},
        {"Jitsi-Auth-Token", "ey.J0"},
    };
    struct scene *s = *state;
    struct peer *j = &s->jigasi;
    engine_leg phone = harness_offer(&s->h, &s->phone, "1000");
    const struct engine_dial d = {
        .for_leg = phone,
        .contact = s->contact,
        .caller_name = "Z\xc3\xb6"
                       "e \"Q\" <x>\r\n",
        .call = "feedbeef",
        .headers = headers,
        .n_headers = 4,
    };
    engine_leg leg = engine_dial(s->h.engine, &d);

    assert_int_equal(leg % 3, phone % 3);
    peer_expect(j, "INVITE sip:peer@127.0.0.1:");
    assert_memory_equal(peer_header(j, "From"),
                        "\"Z\xc3\xb6"
                        "e \\\"Q\\\" <x>\" <sip:jigate@meet.jitsi>",
                        37);
    assert_string_equal(peer_header(j, "X-Room-Name"), "room@muc.meet.jitsi");
    assert_string_equal(peer_header(j, "Jitsi-Auth-Token"), "ey.J0");
    assert_string_equal(peer_header(j, "X-Evil"), "");
    assert_string_equal(peer_header(j, "X-Injected"), "");
    assert_null(strstr(j->in, "Bad Name"));
    assert_non_null(strstr(j->in, "RTP/AVP 0 111 8 101 100"));
    assert_non_null(strstr(j->in, "c=IN IP4 127.0.0.1"));
    assert_string_equal(peer_header(j, "Require"), "");
    assert_string_equal(peer_header(j, "Session-Expires"), "");
    peer_reply(j, "486 Busy Here", NULL, NULL, NULL);
    peer_expect(j, "ACK ");
}

static void a_long_token_still_goes_by_udp(void **state)
{
    static char token[6001];
    struct scene *s = *state;
    const struct engine_header header = {"Jitsi-Auth-Token", token};
    const struct engine_dial d = {
        .contact = s->contact,
        .caller_name = "",
        .call = "feedbeef",
        .headers = &header,
        .n_headers = 1,
    };
    engine_leg leg;

    memset(token, 'x', sizeof(token) - 1);
    leg = engine_dial(s->h.engine, &d);
    peer_expect(&s->jigasi, "INVITE ");
    assert_non_null(strstr(s->jigasi.in, token));
    peer_reply(&s->jigasi, "486 Busy Here", NULL, NULL, NULL);
    assert_int_equal(harness_expect(&s->h, ENGINE_GONE)->ev.leg, leg);
}

static void ringing_and_answer_are_told(void **state)
{
    struct scene *s = *state;
    struct peer *j = &s->jigasi;
    engine_leg leg = harness_dial(&s->h, j, s->contact, 0);
    const struct fake_stream *stream = fake_media_stream(leg);

    peer_reply(j, "100 Trying", NULL, NULL, NULL);
    peer_reply(j, "180 Ringing", NULL, NULL, NULL);
    peer_reply(j, "180 Ringing", NULL, NULL, NULL);
    assert_int_equal(harness_expect(&s->h, ENGINE_RINGING)->ev.leg, leg);
    answer(j);
    assert_int_equal(harness_expect(&s->h, ENGINE_ANSWERED)->ev.leg, leg);
    harness_expect_none(&s->h, ENGINE_RINGING, 20);
    assert_int_equal(stream->session.format.codec, MEDIA_PCMU);
    assert_int_equal(stream->session.format.send_dtmf_pt, 101);
    assert_int_equal(stream->watch_ms, 10000);
}

static void audio_before_the_answer_is_told_once(void **state)
{
    struct scene *s = *state;
    struct peer *j = &s->jigasi;
    engine_leg leg = harness_dial(&s->h, j, s->contact, 0);
    const struct fake_stream *stream = fake_media_stream(leg);
    char sdp[512];

    peer_reply(j, "180 Ringing", NULL, NULL, NULL);
    assert_false(harness_expect(&s->h, ENGINE_RINGING)->ev.ringing.early);
    snprintf(sdp, sizeof(sdp), "%s", peer_sdp("8", "sendrecv"));
    for (int i = 0; i < 2; i++)
        peer_reply(j, "183 Session Progress", NULL, "application/sdp", sdp);
    assert_true(harness_expect(&s->h, ENGINE_RINGING)->ev.ringing.early);
    assert_int_equal(stream->session.format.codec, MEDIA_PCMA);
    harness_expect_none(&s->h, ENGINE_RINGING, 20);
    /* It is another that answers: its description counts. */
    answer(j);
    assert_int_equal(harness_expect(&s->h, ENGINE_ANSWERED)->ev.leg, leg);
    assert_int_equal(stream->session.format.codec, MEDIA_PCMU);
}

static void a_200_sent_again_is_acknowledged_again(void **state)
{
    struct scene *s = *state;
    struct peer *j = &s->jigasi;
    static char invite[PEER_MESSAGE_MAX];
    const char *body = peer_sdp("0", "sendrecv");

    harness_dial(&s->h, j, s->contact, 0);
    memcpy(invite, j->in, sizeof(invite));
    peer_reply(j, "200 OK", NULL, "application/sdp", body);
    peer_expect(j, "ACK ");
    memcpy(j->in, invite, sizeof(invite));
    peer_reply(j, "200 OK", NULL, "application/sdp", body);
    peer_expect(j, "ACK ");
    harness_expect(&s->h, ENGINE_ANSWERED);
    harness_expect_none(&s->h, ENGINE_ANSWERED, 50);
}

static void refusals_are_told_with_their_reason(void **state)
{
    static const struct {
        const char *status, *extra;
        unsigned code, cause;
        const char *reason;
    } rows[] = {
        {"486 Busy Here", NULL, 486, 0, "Busy Here"},
        {"404 Not Here\x01", NULL, 404, 0, "Not Here"},
        {"480 Gone", "Reason: Q.850;cause=16, SIP;cause=480;text=\"off\"\r\n",
         480, 480, "off"},
        {"302 Moved", "Contact: <sip:other@127.0.0.1:9>\r\n", 302, 0, "Moved"},
        {"503 Full", NULL, 503, 0, "Full"},
        {"408 Late", NULL, 408, 0, "Late"},
        {"603 Decline", NULL, 603, 0, "Decline"},
    };
    struct scene *s = *state;
    struct peer *j = &s->jigasi;

    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        engine_leg leg = harness_dial(&s->h, j, s->contact, 0);
        const struct seen *gone;

        peer_reply(j, rows[i].status, rows[i].extra, NULL, NULL);
        peer_expect(j, "ACK ");
        gone = harness_expect(&s->h, ENGINE_GONE);
        assert_int_equal(gone->ev.leg, leg);
        assert_int_equal(gone->ev.gone.end, ENGINE_END_REFUSED);
        assert_int_equal(gone->ev.gone.status, rows[i].code);
        assert_int_equal(gone->ev.gone.cause, rows[i].cause);
        assert_string_equal(gone->ev.gone.reason, rows[i].reason);
        assert_false(fake_media_stream(leg)->open);
    }
}

static void cancel_waits_for_a_provisional_response(void **state)
{
    struct scene *s = *state;
    struct peer *j = &s->jigasi;
    engine_leg leg = harness_dial(&s->h, j, s->contact, 0);
    static char invite[PEER_MESSAGE_MAX];

    memcpy(invite, j->in, sizeof(invite));
    engine_hangup(s->h.engine, leg, 487, "given up");
    assert_int_equal(harness_expect(&s->h, ENGINE_GONE)->ev.gone.end,
                     ENGINE_END_LOCAL);
    peer_expect_none(j, "CANCEL ", 300);
    memcpy(j->in, invite, sizeof(invite));
    peer_reply(j, "180 Ringing", NULL, NULL, NULL);
    peer_expect(j, "CANCEL ");
    assert_string_equal(peer_header(j, "Reason"),
                        "SIP;cause=487;text=\"given up\"");
    peer_reply(j, "200 OK", NULL, NULL, NULL);
    memcpy(j->in, invite, sizeof(invite));
    peer_reply(j, "487 Request Terminated", NULL, NULL, NULL);
    peer_expect(j, "ACK ");
    harness_expect_none(&s->h, ENGINE_GONE, 50);
}

static void an_answer_to_a_cancel_never_sent_is_ignored(void **state)
{
    struct scene *s = *state;
    struct peer *j = &s->jigasi;
    engine_leg leg = harness_dial(&s->h, j, s->contact, 0);
    char *cseq;
    static char invite[PEER_MESSAGE_MAX];

    memcpy(invite, j->in, sizeof(invite));
    engine_hangup(s->h.engine, leg, 0, "");
    harness_expect(&s->h, ENGINE_GONE);
    cseq = strstr(j->in, " INVITE\r\n");
    assert_non_null(cseq);
    memcpy(cseq, " CANCEL\r\n", strlen(" CANCEL\r\n"));
    peer_reply(j, "200 OK", NULL, NULL, NULL);
    memcpy(j->in, invite, sizeof(invite));
    peer_reply(j, "100 Trying", NULL, NULL, NULL);
    peer_expect(j, "CANCEL ");
}

static void a_200_after_cancel_is_acknowledged_and_ended(void **state)
{
    struct scene *s = *state;
    struct peer *j = &s->jigasi;
    engine_leg leg = harness_dial(&s->h, j, s->contact, 0);
    static char invite[PEER_MESSAGE_MAX];

    memcpy(invite, j->in, sizeof(invite));
    peer_reply(j, "180 Ringing", NULL, NULL, NULL);
    harness_expect(&s->h, ENGINE_RINGING);
    engine_hangup(s->h.engine, leg, 0, "");
    peer_expect(j, "CANCEL ");
    peer_reply(j, "200 OK", NULL, NULL, NULL);
    memcpy(j->in, invite, sizeof(invite));
    peer_reply(j, "200 OK", NULL, "application/sdp",
               peer_sdp("0", "sendrecv"));
    peer_expect(j, "ACK ");
    peer_expect(j, "BYE ");
    peer_reply(j, "200 OK", NULL, NULL, NULL);
    harness_expect(&s->h, ENGINE_GONE);
    harness_expect_none(&s->h, ENGINE_ANSWERED, 50);
}

static void an_answer_without_a_codec_ends_the_call(void **state)
{
    struct scene *s = *state;
    struct peer *j = &s->jigasi;

    harness_dial(&s->h, j, s->contact, 0);
    peer_reply(j, "200 OK", NULL, "application/sdp",
               peer_sdp("9", "sendrecv"));
    peer_expect(j, "ACK ");
    peer_expect(j, "BYE ");
    peer_reply(j, "200 OK", NULL, NULL, NULL);
    assert_int_equal(harness_expect(&s->h, ENGINE_GONE)->ev.gone.status, 488);
}

static void a_contact_that_is_gone_is_told_at_once(void **state)
{
    struct scene *s = *state;
    const struct engine_dial d = {
        .contact = "0123456789abcdef",
        .caller_name = "",
        .call = "feedbeef",
    };
    engine_leg leg = engine_dial(s->h.engine, &d);
    const struct seen *gone = harness_expect(&s->h, ENGINE_GONE);

    assert_int_equal(gone->ev.leg, leg);
    assert_int_equal(gone->ev.gone.end, ENGINE_END_TRANSPORT);
}

static void a_closed_port_is_a_transport_error(void **state)
{
    struct scene *s = *state;
    const struct engine_dial d = {
        .contact = s->contact,
        .caller_name = "",
        .call = "feedbeef",
    };

    peer_close(&s->jigasi);
    engine_dial(s->h.engine, &d);
    assert_int_equal(harness_expect(&s->h, ENGINE_GONE)->ev.gone.end,
                     ENGINE_END_TRANSPORT);
    peer_open(&s->jigasi, "127.0.0.1", s->h.cfg.internal_sip_port);
}

static void bye_from_the_far_side_carries_its_reason(void **state)
{
    struct scene *s = *state;
    struct peer *j = &s->jigasi;
    engine_leg leg = up(s);
    const struct seen *gone;

    peer_request(j, &(struct request){
                        .method = "BYE",
                        .from = "<sip:peer@127.0.0.1>",
                        .to = "<sip:jigate@meet.jitsi>",
                        .extra = "Reason: SIP;cause=408;text=\"No invite from "
                                 "conference focus\"\r\n",
                    });
    peer_expect(j, "SIP/2.0 200");
    gone = harness_expect(&s->h, ENGINE_GONE);
    assert_int_equal(gone->ev.leg, leg);
    assert_int_equal(gone->ev.gone.end, ENGINE_END_HANGUP);
    assert_int_equal(gone->ev.gone.cause, 408);
    assert_string_equal(gone->ev.gone.reason,
                        "No invite from conference focus");
}

static void info_goes_both_ways(void **state)
{
    struct scene *s = *state;
    struct peer *j = &s->jigasi;
    static char big[ENGINE_INFO_MAX + 2];
    engine_leg leg = up(s);
    const struct seen *info;
    struct request rq = {
        .method = "INFO",
        .from = "<sip:peer@127.0.0.1>",
        .to = "<sip:jigate@meet.jitsi>",
        .type = "Application/JSON; charset=utf-8",
        .body = "{\"t\":11}",
    };

    engine_info(s->h.engine, leg, "application/json", "{\"t\":4}", 7);
    peer_expect(j, "INFO ");
    assert_string_equal(peer_header(j, "Content-Type"), "application/json");
    assert_non_null(strstr(j->in, "\r\n\r\n{\"t\":4}"));
    peer_reply(j, "200 OK", NULL, NULL, NULL);

    peer_request(j, &rq);
    peer_expect(j, "SIP/2.0 200");
    info = harness_expect(&s->h, ENGINE_INFO);
    assert_int_equal(info->ev.leg, leg);
    assert_string_equal(info->text[0], "application/json");
    assert_string_equal(info->body, "{\"t\":11}");

    memset(big, 'x', ENGINE_INFO_MAX);
    rq.body = big;
    peer_request(j, &rq);
    peer_expect(j, "SIP/2.0 200");
    assert_int_equal(harness_expect(&s->h, ENGINE_INFO)->ev.info.len,
                     ENGINE_INFO_MAX);
    big[ENGINE_INFO_MAX] = 'x';
    peer_request(j, &rq);
    peer_expect(j, "SIP/2.0 413");
    rq.body = "what is it";
    rq.type = NULL;
    peer_request(j, &rq);
    peer_expect(j, "SIP/2.0 415");
    rq.body = NULL;
    peer_request(j, &rq);
    peer_expect(j, "SIP/2.0 200");
    harness_expect_none(&s->h, ENGINE_INFO, 50);
}

static void silence_without_an_answer_to_options_ends_the_leg(void **state)
{
    struct scene *s = *state;
    engine_leg leg = up(s);

    fake_media_tell(MEDIA_SILENT, leg, 0);
    peer_expect(&s->jigasi, "OPTIONS ");
    harness_run(&s->h, 4000);
    assert_int_equal(harness_expect(&s->h, ENGINE_GONE)->ev.gone.end,
                     ENGINE_END_SILENT);
    peer_expect(&s->jigasi, "BYE ");
}

static void silence_with_an_answer_to_options_is_watched_on(void **state)
{
    struct scene *s = *state;
    engine_leg leg = up(s);
    unsigned watches = fake_media_stream(leg)->watches;

    fake_media_tell(MEDIA_SILENT, leg, 0);
    peer_expect(&s->jigasi, "OPTIONS ");
    peer_reply(&s->jigasi, "501 Not Implemented", NULL, NULL, NULL);
    harness_expect_none(&s->h, ENGINE_GONE, 100);
    assert_int_equal(fake_media_stream(leg)->watches, watches + 1);
}

static void a_dialog_that_is_unknown_over_there_ends(void **state)
{
    struct scene *s = *state;
    engine_leg leg = up(s);

    fake_media_tell(MEDIA_SILENT, leg, 0);
    peer_expect(&s->jigasi, "OPTIONS ");
    peer_reply(&s->jigasi, "481 No Such Call", NULL, NULL, NULL);
    assert_int_equal(harness_expect(&s->h, ENGINE_GONE)->ev.gone.end,
                     ENGINE_END_SILENT);
}

static void a_phone_on_tcp_is_called_on_its_connection(void **state)
{
    struct scene *s = *state;
    struct peer p;
    char id[64];
    engine_leg leg;

    peer_open_tcp(&p, "127.0.0.1", s->h.cfg.external_sip_port);
    snprintf(id, sizeof(id), "%s", harness_register(&s->h, &p, false));
    leg = harness_dial(&s->h, &p, id, 0);
    assert_non_null(strstr(peer_header(&p, "Contact"), ";transport=tcp"));
    answer(&p);
    harness_expect(&s->h, ENGINE_ANSWERED);
    engine_hangup(s->h.engine, leg, 0, "");
    peer_expect(&p, "BYE ");
    peer_reply(&p, "200 OK", NULL, NULL, NULL);
    leg = harness_offer(&s->h, &p, "1000");
    harness_answer(&s->h, &p, leg);
    engine_hangup(s->h.engine, leg, 0, "");
    peer_expect(&p, "BYE ");
    peer_reply(&p, "200 OK", NULL, NULL, NULL);
    peer_close(&p);
}

static void a_connection_that_closed_is_a_transport_error(void **state)
{
    struct scene *s = *state;
    struct engine_dial d = {.caller_name = "", .call = "feedbeef"};
    struct peer p;
    char id[64];

    peer_open_tcp(&p, "127.0.0.1", s->h.cfg.external_sip_port);
    snprintf(id, sizeof(id), "%s", harness_register(&s->h, &p, false));
    peer_close(&p);
    harness_run(&s->h, 50);
    d.contact = id;
    engine_dial(s->h.engine, &d);
    assert_int_equal(harness_expect(&s->h, ENGINE_GONE)->ev.gone.end,
                     ENGINE_END_TRANSPORT);
}

static void stopping_says_goodbye_to_every_leg(void **state)
{
    struct scene *s = *state;
    struct peer *j = &s->jigasi, second;
    engine_leg leg = harness_offer(&s->h, &s->phone, "1000");

    up(s);
    peer_open(&second, "127.0.0.1", s->h.cfg.external_sip_port);
    harness_answer(&s->h, &s->phone, leg);
    leg = harness_offer(&s->h, &second, "1000");
    harness_stop(&s->h);
    peer_expect(j, "BYE ");
    peer_expect(&s->phone, "BYE ");
    peer_expect(&second, "SIP/2.0 480");
    peer_close(&second);
}

int main(void)
{
#define TEST(f)                                                               \
    cmocka_unit_test_setup_teardown(f, scene_with_jigasi, scene_teardown)
    const struct CMUnitTest tests[] = {
        TEST(the_invite_says_what_policy_wants),
        TEST(a_long_token_still_goes_by_udp),
        TEST(ringing_and_answer_are_told),
        TEST(audio_before_the_answer_is_told_once),
        TEST(a_200_sent_again_is_acknowledged_again),
        TEST(refusals_are_told_with_their_reason),
        TEST(cancel_waits_for_a_provisional_response),
        TEST(an_answer_to_a_cancel_never_sent_is_ignored),
        TEST(a_200_after_cancel_is_acknowledged_and_ended),
        TEST(an_answer_without_a_codec_ends_the_call),
        TEST(a_contact_that_is_gone_is_told_at_once),
        TEST(a_closed_port_is_a_transport_error),
        TEST(bye_from_the_far_side_carries_its_reason),
        TEST(info_goes_both_ways),
        TEST(silence_without_an_answer_to_options_ends_the_leg),
        TEST(silence_with_an_answer_to_options_is_watched_on),
        TEST(a_dialog_that_is_unknown_over_there_ends),
        TEST(a_phone_on_tcp_is_called_on_its_connection),
        TEST(a_connection_that_closed_is_a_transport_error),
        TEST(stopping_says_goodbye_to_every_leg),
    };

    return cmocka_run_group_tests_name("outbound", tests, NULL, NULL);
}
