/* RTCP and RTP of a far side, as they come: each input byte string is cut into
 * packets; the first bytes of each say how long it is, which of the two, and
 * how much later. */
#include <string.h>

#include "engine/embedded/media/quality.h"
#include "engine/embedded/media/rtcp_session.h"
#include "fuzz.h"

enum { OURS = 0x01020304, RATE = 8000 };

struct ear {
    struct rtcp_session session;
    struct rtp_in in;
    struct rtp_out out;
    uint64_t now_us;
};

static void rtp(struct ear *e, const uint8_t *p, size_t len)
{
    struct rtp_packet rp;

    if (rtp_parse(p, len, &rp) != RTP_OK)
        return;
    rtp_in_packet(&e->in, &rp, p[0] & 0x10 ? 0 : RATE, e->now_us);
    PROMISE(e->in.any);
    PROMISE(rtp_in_received(&e->in) > 0);
}

static void rtcp(struct ear *e, const uint8_t *p, size_t len)
{
    struct rtcp_session before = e->session;
    enum rtcp_outcome o =
        rtcp_session_receive(&e->session, &e->out, &e->in, p, len, e->now_us);
    struct rtcp_report r;

    PROMISE((o == RTCP_MALFORMED) == !rtcp_parse(p, len, OURS, &r));
    if (o != RTCP_TAKEN)
        PROMISE(!memcmp(&before, &e->session, sizeof(before)));
    PROMISE(rtcp_session_far_lost(&e->session) <= e->session.packets);
    PROMISE(rtcp_session_rtt_us(&e->session) <= 10000000);
    PROMISE(e->session.far_jitter_us <= 10000000);
}

static void report(struct ear *e)
{
    struct quality_path path = {
        .codec = MEDIA_PCMU,
        .received = rtp_in_received(&e->in),
        .lost = rtp_in_lost(&e->in),
        .jitter_us = rtp_in_jitter_us(&e->in),
        .rtt_us = rtcp_session_rtt_us(&e->session),
        .ptime_ms = 20,
    };
    uint8_t out[RTCP_OWN_MAX];
    unsigned mos = quality_mos(&path);
    struct rtcp_report r;
    size_t len = rtcp_session_write(&e->session, &e->out, &e->in, e->now_us,
                                    false, out);

    PROMISE(len <= RTCP_OWN_MAX && rtcp_parse(out, len, OURS, &r));
    PROMISE(r.ssrc == OURS);
    PROMISE(!mos || (mos >= 100 && mos <= 441));
    PROMISE(e->session.due_us > e->now_us);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    const struct rtcp_random random = {len, {0}};
    struct ear e = {.now_us = 5000000};

    rtcp_session_init(&e.session, &random, e.now_us, 1700000000000000);
    rtp_out_init(&e.out, RATE, OURS, 0, 0);
    for (int i = 0; i < 20; i++)
        rtcp_session_sent(&e.session, OURS, 160);
    while (len >= 3) {
        size_t n = data[0];
        uint8_t *copy;

        if (n > len - 3)
            n = len - 3;
        e.now_us += data[2] * 10000u;
        copy = malloc(n ? n : 1);
        if (!copy)
            return 0;
        memcpy(copy, data + 3, n);
        if (data[1] % 4 == 0)
            rtp(&e, copy, n);
        else if (data[1] % 4 == 1)
            report(&e);
        else
            rtcp(&e, copy, n);
        free(copy);
        data += 3 + n;
        len -= 3 + n;
    }
    return 0;
}
