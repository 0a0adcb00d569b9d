/* What session descriptions say of RTCP. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "base/address.h"
#include "engine/sdp/sdp.h"

#define HEAD "v=0\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\n"

static struct sdp_local local(void)
{
    struct sdp_local l = {.codecs = {MEDIA_PCMU}, .n_codecs = 1};

    address_read(&l.address, "198.51.100.7", 20200);
    return l;
}

static enum sdp_error answer(struct sdp_session *s, const struct sdp_local *l,
                             const char *body)
{
    return sdp_answer(s, l, body, strlen(body));
}

static void rtcp_shares_the_port_where_it_is_offered(void **state)
{
    struct sdp_local l = local();
    struct sdp_session s;

    sdp_session_init(&s, 1);
    assert_int_equal(
        answer(&s, &l, HEAD "m=audio 9 RTP/AVP 0\r\na=rtcp-mux\r\n"), SDP_OK);
    assert_true(s.media.rtcp_mux);
    assert_non_null(strstr(s.text, "a=rtcp-mux\r\n"));
    assert_int_equal(sdp_offer(&s, &l), SDP_OK); /* and so it stays */
    assert_non_null(strstr(s.text, "a=rtcp-mux\r\n"));
    assert_int_equal(sdp_accept(&s, &l, HEAD "m=audio 9 RTP/AVP 0\r\n",
                                sizeof(HEAD "m=audio 9 RTP/AVP 0\r\n") - 1),
                     SDP_OK);
    assert_false(s.media.rtcp_mux);
    sdp_session_init(&s, 1);
    assert_int_equal(answer(&s, &l, HEAD "m=audio 9 RTP/AVP 0\r\n"), SDP_OK);
    assert_false(s.media.rtcp_mux);
    assert_null(strstr(s.text, "rtcp"));
}

static void rtcp_mux_that_was_not_offered_is_not_taken(void **state)
{
    static const char body[] = HEAD "m=audio 9 RTP/AVP 0\r\na=rtcp-mux\r\n";
    struct sdp_local l = local();
    struct sdp_session s;

    sdp_session_init(&s, 1);
    assert_int_equal(sdp_offer(&s, &l), SDP_OK);
    assert_null(strstr(s.text, "rtcp"));
    assert_int_equal(sdp_accept(&s, &l, body, sizeof(body) - 1), SDP_OK);
    assert_false(s.media.rtcp_mux);
}

/* Where an a=rtcp line leads to, or "none". */
static const char *rtcp_by(const char *line)
{
    static char text[ADDRESS_TEXT_SIZE];
    struct sdp_local l = local();
    struct sdp_session s;
    char body[512];

    snprintf(body, sizeof(body), HEAD "m=audio 9 RTP/AVP 0\r\n%s\r\n", line);
    sdp_session_init(&s, 1);
    assert_int_equal(answer(&s, &l, body), SDP_OK);
    return address_text(&s.media.remote_rtcp, text);
}

static void rtcp_may_have_an_address_of_its_own(void **state)
{
    assert_string_equal(rtcp_by("a=rtcp:53020 IN IP4 192.0.2.99"),
                        "192.0.2.99:53020");
    assert_string_equal(rtcp_by("a=rtcp:53020"), "192.0.2.1:53020");
    assert_string_equal(rtcp_by("a=ptime:20"), "none");
    assert_string_equal(rtcp_by("a=rtcp:0"), "none");
    assert_string_equal(rtcp_by("a=rtcp:70000"), "none");
    assert_string_equal(rtcp_by("a=rtcp:-1"), "none");
    assert_string_equal(rtcp_by("a=rtcp:9 IN IP4 224.0.0.1"), "none");
    assert_string_equal(rtcp_by("a=rtcp:9 IN IP4 example.org"), "none");
    assert_string_equal(rtcp_by("a=rtcp:9 IN IP6 2001:db8::1"), "none");
    assert_string_equal(rtcp_by("a=rtcp:9 IN"), "none");
    assert_string_equal(rtcp_by("a=rtcp:"), "none");
    assert_string_equal(rtcp_by("a=rtcp"), "none");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rtcp_shares_the_port_where_it_is_offered),
        cmocka_unit_test(rtcp_mux_that_was_not_offered_is_not_taken),
        cmocka_unit_test(rtcp_may_have_an_address_of_its_own),
    };

    return cmocka_run_group_tests_name("sdp_rtcp", tests, NULL, NULL);
}
