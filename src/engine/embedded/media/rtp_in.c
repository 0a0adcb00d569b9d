#include "engine/embedded/media/rtp_in.h"

enum {
    DROPOUT_MAX = 3000,  /* RFC 3550 A.1: a jump forward up to this is loss */
    MISORDER_MAX = 100,  /* … and back up to this is changed order */
    LOST_MAX = 0x7fffff, /* 24 bits, signed */
};

static uint32_t highest(const struct rtp_in *in)
{
    return in->cycles + in->newest;
}

static uint32_t expected(const struct rtp_in *in)
{
    return in->any ? highest(in) - in->base + 1 : 0;
}

static int64_t lost(const struct rtp_in *in)
{
    return (int64_t)expected(in) - in->received;
}

static void begin(struct rtp_in *in, const struct rtp_packet *p)
{
    in->received_before = rtp_in_received(in);
    in->lost_before = rtp_in_lost(in);
    in->any = true;
    in->odd_set = false;
    in->transit_set = false;
    in->ssrc = p->ssrc;
    in->newest = p->seq;
    in->base = p->seq;
    in->cycles = 0;
    in->received = 0;
    in->expected_prior = 0;
    in->received_prior = 0;
    in->jitter = 0;
}

/* Whether the sequence number belongs to the source (A.1). */
static bool take_seq(struct rtp_in *in, const struct rtp_packet *p)
{
    uint16_t ahead = (uint16_t)(p->seq - in->newest);

    if (!in->any || in->ssrc != p->ssrc) {
        begin(in, p);
    } else if (ahead < DROPOUT_MAX) {
        if (p->seq < in->newest)
            in->cycles += 1u << 16;
        in->newest = p->seq;
        in->odd_set = false;
    } else if (ahead <= UINT16_MAX - MISORDER_MAX) {
        bool believed = in->odd_set && p->seq == in->odd;

        in->odd = (uint16_t)(p->seq + 1);
        in->odd_set = true;
        if (!believed)
            return false;
        begin(in, p);
    }
    in->received++;
    return true;
}

/* Another codec with another clock: transits of the two do not compare. */
static void rate_set(struct rtp_in *in, uint32_t rate)
{
    if (in->rate)
        in->jitter = (uint32_t)((uint64_t)in->jitter * rate / in->rate);
    in->rate = rate;
    in->transit_set = false;
}

/* Time stamps that jump by a second and more are no jitter. */
static void take_time(struct rtp_in *in, const struct rtp_packet *p,
                      uint32_t rate, uint64_t now_us)
{
    uint32_t arrival = (uint32_t)(now_us / 1000000 * rate +
                                  now_us % 1000000 * rate / 1000000);
    uint32_t transit = arrival - p->ts;
    int32_t moved = (int32_t)(transit - in->transit);
    uint32_t d = moved < 0 ? 0 - (uint32_t)moved : (uint32_t)moved;

    if (rate != in->rate)
        rate_set(in, rate);
    if (in->transit_set && d < rate) {
        in->jitter += d - ((in->jitter + 8) >> 4);
        in->deviation_us += (uint64_t)d * 1000000 / rate;
        in->deviations++;
    }
    in->transit = transit;
    in->transit_set = true;
}

void rtp_in_packet(struct rtp_in *in, const struct rtp_packet *p,
                   uint32_t rate, uint64_t now_us)
{
    if (take_seq(in, p) && rate)
        take_time(in, p, rate, now_us);
}

bool rtp_in_report(struct rtp_in *in, struct rtp_in_report *r)
{
    uint32_t expected_now = expected(in) - in->expected_prior;
    uint32_t received_now = in->received - in->received_prior;
    int64_t missing = (int64_t)expected_now - received_now;
    int64_t all = lost(in);

    if (!in->any || !received_now)
        return false;
    in->expected_prior = expected(in);
    in->received_prior = in->received;
    r->ssrc = in->ssrc;
    r->fraction = missing > 0 && expected_now
                      ? (uint8_t)((missing << 8) / expected_now)
                      : 0;
    r->lost = (int32_t)(all > LOST_MAX    ? LOST_MAX
                        : all < -LOST_MAX ? -LOST_MAX
                                          : all);
    r->highest = highest(in);
    r->jitter = in->jitter >> 4;
    return true;
}

uint64_t rtp_in_received(const struct rtp_in *in)
{
    return in->received_before + in->received;
}

uint64_t rtp_in_lost(const struct rtp_in *in)
{
    int64_t now = lost(in);

    return in->lost_before + (now > 0 ? (uint64_t)now : 0);
}

uint32_t rtp_in_jitter_us(const struct rtp_in *in)
{
    return in->deviations ? (uint32_t)(in->deviation_us / in->deviations) : 0;
}
