#include "engine/embedded/media/rtcp_session.h"

#include <stdio.h>
#include <string.h>

enum {
    INTERVAL_US = 5000000, /* RFC 3550 section 6.2; half before the first */
    RTT_MAX_US = 10000000,
    CLOCK_SLACK = 655, /* 1/65536 s: 10 ms by which a clock may be coarse */
    JITTER_MAX_S = 10,
};

/* 1900 to 1970 (RFC 868). */
static const uint64_t epoch_us = 2208988800u * 1000000ull;

/* splitmix64: good enough to spread reports over time. */
static uint64_t next_random(struct rtcp_session *s)
{
    uint64_t z = s->random += 0x9e3779b97f4a7c15u;

    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}

/* Section 6.3.1: 0.5 to 1.5 of the interval, less what reconsideration
   adds to it, by e - 3/2. */
static uint64_t interval_us(struct rtcp_session *s)
{
    uint64_t t = s->reported ? INTERVAL_US : INTERVAL_US / 2;

    return (t / 2 + next_random(s) % t) * 100000 / 121828;
}

void rtcp_session_init(struct rtcp_session *s, const struct rtcp_random *r,
                       uint64_t now_us, uint64_t wall_us)
{
    memset(s, 0, sizeof(*s));
    for (size_t i = 0; i < sizeof(r->cname); i++)
        snprintf(s->cname + 2 * i, 3, "%02x", r->cname[i]);
    s->random = r->intervals;
    s->wall_us = wall_us + epoch_us;
    s->last_us = now_us;
    s->due_us = now_us + interval_us(s);
}

void rtcp_session_sent(struct rtcp_session *s, uint32_t ssrc, size_t payload)
{
    if (s->ssrc != ssrc) {
        s->ssrc = ssrc;
        s->packets = 0;
        s->octets = 0;
        s->packets_prior[0] = 0;
        s->packets_prior[1] = 0;
        s->far_lost_before = rtcp_session_far_lost(s);
        s->far_lost = 0;
    }
    s->packets++;
    s->octets += (uint32_t)payload;
}

bool rtcp_session_expire(struct rtcp_session *s, uint64_t now_us)
{
    uint64_t at = s->last_us + interval_us(s);

    if (at <= now_us)
        return true;
    s->due_us = at;
    return false;
}

static uint64_t ntp_of(const struct rtcp_session *s, uint64_t now_us)
{
    uint64_t us = now_us + s->wall_us;

    return us / 1000000 << 32 | (us % 1000000 << 32) / 1000000;
}

static uint32_t ntp_middle(const struct rtcp_session *s, uint64_t now_us)
{
    return (uint32_t)(ntp_of(s, now_us) >> 16);
}

static void sender_fill(struct rtcp_session *s, const struct rtp_out *out,
                        uint64_t now_us, struct rtcp_sender *sender)
{
    sender->ntp = ntp_of(s, now_us);
    sender->rtp_ts =
        out->ts + (uint32_t)((now_us - out->sent_us) * out->rate / 1000000);
    sender->packets = s->packets;
    sender->octets = s->octets;
    s->sent_ntp[s->n_sent_ntp++ % RTCP_SESSION_REPORTS] =
        (uint32_t)(sender->ntp >> 16);
}

static bool block_fill(const struct rtcp_session *s, struct rtp_in *in,
                       uint64_t now_us, struct rtcp_block *b)
{
    struct rtp_in_report r;

    if (!rtp_in_report(in, &r))
        return false;
    b->ssrc = r.ssrc;
    b->fraction = r.fraction;
    b->lost = r.lost;
    b->highest = r.highest;
    b->jitter = r.jitter;
    b->lsr = s->far_ntp;
    b->dlsr =
        s->far_ntp ? (uint32_t)((now_us - s->far_us) * 65536 / 1000000) : 0;
    return true;
}

size_t rtcp_session_write(struct rtcp_session *s, const struct rtp_out *out,
                          struct rtp_in *in, uint64_t now_us, bool bye,
                          uint8_t packet[RTCP_OWN_MAX])
{
    struct rtcp_own own = {.ssrc = out->ssrc, .cname = s->cname, .bye = bye};
    struct rtcp_sender sender;
    struct rtcp_block block;

    /* Section 6.4: sent since the report before the last one. */
    if (s->ssrc == out->ssrc && s->packets != s->packets_prior[1]) {
        sender_fill(s, out, now_us, &sender);
        own.sender = &sender;
    }
    if (block_fill(s, in, now_us, &block))
        own.block = &block;
    s->packets_prior[1] = s->packets_prior[0];
    s->packets_prior[0] = s->packets;
    s->reported = true;
    s->last_us = now_us;
    s->due_us = now_us + interval_us(s);
    return rtcp_write(packet, &own);
}

static bool was_sent(const struct rtcp_session *s, uint32_t ntp)
{
    for (size_t i = 0; i < RTCP_SESSION_REPORTS && i < s->n_sent_ntp; i++)
        if (s->sent_ntp[i] == ntp)
            return true;
    return false;
}

/* Section 6.4.1: now - LSR - DLSR. An LSR of another's measures nothing. */
static bool take_round_trip(struct rtcp_session *s, const struct rtcp_block *b,
                            uint64_t now_us)
{
    int32_t rtt = (int32_t)(ntp_middle(s, now_us) - b->lsr - b->dlsr);
    uint64_t us;

    if (!b->lsr)
        return true;
    if (!was_sent(s, b->lsr) || rtt < -CLOCK_SLACK)
        return false;
    us = rtt > 0 ? (uint64_t)rtt * 1000000 / 65536 : 0;
    if (us > RTT_MAX_US)
        return false;
    s->rtt_sum_us += us;
    s->rtts++;
    return true;
}

static bool take_block(struct rtcp_session *s, const struct rtp_out *out,
                       const struct rtcp_block *b, uint64_t now_us)
{
    if ((b->lost > 0 && (uint32_t)b->lost > s->packets) ||
        b->jitter > out->rate * JITTER_MAX_S || !take_round_trip(s, b, now_us))
        return false;
    s->far_reports = true;
    s->far_lost = b->lost;
    s->far_jitter_us = (uint32_t)((uint64_t)b->jitter * 1000000 / out->rate);
    return true;
}

enum rtcp_outcome rtcp_session_receive(struct rtcp_session *s,
                                       const struct rtp_out *out,
                                       const struct rtp_in *in,
                                       const uint8_t *packet, size_t len,
                                       uint64_t now_us)
{
    struct rtcp_report r;

    if (!rtcp_parse(packet, len, out->ssrc, &r))
        return RTCP_MALFORMED;
    if (in->any && r.ssrc != in->ssrc)
        return RTCP_FOREIGN;
    if (r.has_block && s->ssrc == out->ssrc &&
        !take_block(s, out, &r.block, now_us))
        return RTCP_IMPLAUSIBLE;
    if (r.is_sender) {
        s->far_ntp = r.ntp_middle;
        s->far_us = now_us;
    }
    return RTCP_TAKEN;
}

uint64_t rtcp_session_far_lost(const struct rtcp_session *s)
{
    return s->far_lost_before + (s->far_lost > 0 ? (uint64_t)s->far_lost : 0);
}

uint32_t rtcp_session_rtt_us(const struct rtcp_session *s)
{
    uint64_t mean = s->rtts ? s->rtt_sum_us / s->rtts : 0;

    return s->rtts ? mean ? (uint32_t)mean : 1 : 0;
}
