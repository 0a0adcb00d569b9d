/* RTCP of a stream, and what keeps a NAT open while it sends no audio. */
#include <string.h>
#include <sys/random.h>

#include "base/address.h"
#include "engine/embedded/media/stream.h"

enum {
    GRID_MS = 50,         /* streams that fall due together are checked so */
    KEEPALIVE_MS = 15000, /* RFC 6263 section 4: no more often than that */
    PT_MAX = 127,
};

void stream_rtcp_begin(struct stream *s)
{
    const struct media_shared *shared = worker_shared(s->worker);
    struct rtcp_random r;

    if (getrandom(&r, sizeof(r), 0) != sizeof(r)) {
        memset(&r, 0, sizeof(r)); /* never seen; unique is what matters */
        memcpy(r.cname, &s->leg, sizeof(r.cname));
        r.intervals = s->leg;
    }
    rtcp_session_init(&s->rtcp, &r, worker_now_us(s->worker), shared->wall_us);
    s->sent_ms = worker_now_ms(s->worker);
}

/* ---- what comes ---- */

void stream_heard(struct stream *s, const struct rtp_packet *p, bool timed)
{
    rtp_in_packet(&s->in, p, timed ? s->out.rate : 0, s->arrived_us);
    figures_set(&s->figures, FIGURE_RECEIVED,
                (uint32_t)rtp_in_received(&s->in));
    figures_set(&s->figures, FIGURE_LOST, (uint32_t)rtp_in_lost(&s->in));
    figures_set(&s->figures, FIGURE_JITTER_US, rtp_in_jitter_us(&s->in));
}

/* The far side's RTCP comes from the host that its audio comes from, or from
   where SDP said; a NAT gives it a port of its own, which is learnt once. */
static bool source_ok(const struct stream *s,
                      const struct sockaddr_storage *from, bool muxed)
{
    const struct sockaddr_storage *rtp = latch_target(&s->latch);

    if (!rtp)
        return false;
    if (muxed)
        return address_equal(rtp, from);
    if (s->rtcp_learnt)
        return address_equal(&s->rtcp_source, from);
    return address_same_host(rtp, from) ||
           address_equal(&s->session.remote_rtcp, from);
}

static void figures_tell(struct stream *s)
{
    const struct rtcp_session *r = &s->rtcp;

    figures_set(&s->figures, FIGURE_FAR_REPORTS, r->far_reports);
    figures_set(&s->figures, FIGURE_FAR_LOST,
                (uint32_t)rtcp_session_far_lost(r));
    figures_set(&s->figures, FIGURE_FAR_JITTER_US, r->far_jitter_us);
    figures_set(&s->figures, FIGURE_RTT_US, rtcp_session_rtt_us(r));
}

/* A packet of a source that may be the far side. */
static enum rtcp_outcome take(struct stream *s, uint8_t *packet, size_t len)
{
    if (len > RTCP_PACKET_MAX)
        return RTCP_MALFORMED;
    if (s->barred ||
        (s->secure && secure_unprotect_rtcp(s->secure, packet, &len)))
        return RTCP_FOREIGN;
    return rtcp_session_receive(&s->rtcp, &s->out, &s->in, packet, len,
                                worker_now_us(s->worker));
}

void stream_rtcp_take(struct stream *s, uint8_t *packet, size_t len,
                      const struct sockaddr_storage *from, bool muxed)
{
    enum rtcp_outcome outcome = RTCP_FOREIGN;

    if (source_ok(s, from, muxed))
        outcome = take(s, packet, len);
    s->counters.rtcp_in[outcome]++;
    if (outcome != RTCP_TAKEN)
        return;
    figures_tell(s);
    if (!muxed && !s->rtcp_learnt) {
        s->rtcp_learnt = true;
        s->rtcp_source = *from;
    }
}

void stream_rtcp_receive(struct stream *s)
{
    uint8_t *packet = worker_packet_in(s->worker);
    struct sockaddr_storage from;
    socklen_t from_len = sizeof(from);
    ssize_t n = recvfrom(s->rtcp_fd, packet, RTCP_PACKET_MAX, MSG_TRUNC,
                         (struct sockaddr *)&from, &from_len);

    if (n < 0 || !s->has_session)
        return;
    stream_rtcp_take(s, packet, (size_t)n, &from, false);
}

/* ---- what goes ---- */

void stream_sent(struct stream *s, size_t payload)
{
    s->sent_ms = worker_now_ms(s->worker);
    s->sent++;
    rtcp_session_sent(&s->rtcp, s->out.ssrc, payload);
    figures_set(&s->figures, FIGURE_SENT, s->sent);
}

/* Where RTCP goes; false: nowhere yet. The port above that of a NAT belongs
   to anyone. */
static bool target(const struct stream *s, struct sockaddr_storage *to)
{
    if (s->rtcp_learnt) {
        *to = s->rtcp_source;
        return true;
    }
    if (s->latch.state == LATCH_LEARNT || !latch_target(&s->latch))
        return false;
    if (address_usable(&s->session.remote_rtcp)) {
        *to = s->session.remote_rtcp;
        return true;
    }
    *to = *latch_target(&s->latch);
    address_port_set(to, (uint16_t)(address_port(to) + 1));
    return address_usable(to);
}

static void report_send(struct stream *s, bool bye)
{
    uint8_t packet[RTCP_OWN_MAX + SECURE_TRAILER_MAX];
    size_t len = rtcp_session_write(&s->rtcp, &s->out, &s->in,
                                    worker_now_us(s->worker), bye, packet);
    struct sockaddr_storage to;
    bool sent;

    if (s->barred ||
        (s->secure && secure_protect_rtcp(s->secure, packet, &len)))
        return;
    if (s->session.rtcp_mux) {
        sent = latch_target(&s->latch) && stream_send_raw(s, packet, len);
        if (sent)
            s->sent_ms = worker_now_ms(s->worker);
    } else {
        sent = target(s, &to) &&
               sendto(s->rtcp_fd, packet, len, MSG_NOSIGNAL,
                      (struct sockaddr *)&to, address_len(&to)) >= 0;
    }
    if (sent)
        s->counters.rtcp_out++;
}

/* A payload type that means nothing to the far side. */
static uint8_t unknown_pt(const struct media_format *f)
{
    uint8_t pt = PT_MAX;

    while (pt == f->send_pt || pt == f->recv_pt || pt == f->send_dtmf_pt ||
           pt == f->recv_dtmf_pt)
        pt--;
    return pt;
}

/* RFC 6263 section 4.6: an RTP packet of an unknown payload type, without
   payload. Where RTP and RTCP share a port, the reports do it (section
   4.3). */
static void keepalive_send(struct stream *s)
{
    uint8_t packet[RTP_HEADER_SIZE];
    struct rtp_numbers n;

    rtp_out_local(&s->out, RTP_SILENCE, worker_now_us(s->worker), 0, &n);
    rtp_out_break(&s->out);
    rtp_header_write(packet, false, unknown_pt(&s->session.format), n.seq,
                     n.ts, s->out.ssrc);
    if (stream_send(s, packet, sizeof(packet)))
        s->counters.keepalives++;
    s->sent_ms = worker_now_ms(s->worker);
}

static uint64_t grid(uint64_t ms)
{
    return (ms + GRID_MS - 1) / GRID_MS * GRID_MS;
}

void stream_rtcp_check(struct stream *s)
{
    uint64_t now_ms = worker_now_ms(s->worker);

    if (!s->has_session)
        return;
    if (now_ms >= grid(s->rtcp.due_us / 1000) &&
        rtcp_session_expire(&s->rtcp, worker_now_us(s->worker)))
        report_send(s, false);
    worker_watch_at(s->worker, grid(s->rtcp.due_us / 1000));
    if (!latch_target(&s->latch) || s->barred)
        return;
    if (now_ms >= grid(s->sent_ms + KEEPALIVE_MS))
        keepalive_send(s);
    worker_watch_at(s->worker, grid(s->sent_ms + KEEPALIVE_MS));
}

void stream_rtcp_end(struct stream *s)
{
    const struct media_counters *c = &s->counters;

    if (!s->has_session)
        return;
    if (s->sent || c->rtcp_out) /* RFC 3550 section 6.3.7 */
        report_send(s, true);
    log_line(worker_shared(s->worker)->log, LOG_DEBUG, NULL,
             "reports closed leg=%llu sent=%llu taken=%llu malformed=%llu "
             "foreign=%llu implausible=%llu keepalives=%llu",
             (unsigned long long)s->leg, (unsigned long long)c->rtcp_out,
             (unsigned long long)c->rtcp_in[RTCP_TAKEN],
             (unsigned long long)c->rtcp_in[RTCP_MALFORMED],
             (unsigned long long)c->rtcp_in[RTCP_FOREIGN],
             (unsigned long long)c->rtcp_in[RTCP_IMPLAUSIBLE],
             (unsigned long long)c->keepalives);
}
