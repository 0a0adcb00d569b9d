#include "engine/embedded/media/rtp_out.h"

#include <string.h>

enum {
    DROPOUT_MAX = 3000,  /* RFC 3550 A.1: a jump forward up to this is loss */
    MISORDER_MAX = 100,  /* … and back up to this is changed order */
    STALL_MS = 500,      /* our own packets this late were held up */
    PAUSE_MS = 100,      /* a source silent for so long may be followed */
    TS_JUMP_MS = 2000,   /* time stamps this far off the clock have jumped */
    FRAMES_A_SECOND = 50 /* for packets whose length nobody told */
};

void rtp_out_init(struct rtp_out *o, uint32_t rate, uint32_t ssrc,
                  uint16_t seq, uint32_t ts)
{
    memset(o, 0, sizeof(*o));
    o->rate = rate;
    o->ssrc = ssrc;
    o->seq = seq;
    o->ts = ts;
    o->duration = rate / FRAMES_A_SECOND;
}

void rtp_out_rate(struct rtp_out *o, uint32_t rate, uint32_t ssrc, uint32_t ts)
{
    if (o->rate == rate)
        return;
    o->rate = rate;
    o->ssrc = ssrc;
    o->ts = ts;
    o->duration = rate / FRAMES_A_SECOND;
    o->started = false;
    o->source = RTP_NOTHING;
}

void rtp_out_break(struct rtp_out *o)
{
    o->source = RTP_NOTHING;
}

static uint32_t elapsed_units(const struct rtp_out *o, uint64_t since_us,
                              uint64_t now_us)
{
    return (uint32_t)((now_us - since_us) * o->rate / 1000000);
}

/* Where the next packet stands in time when its source is a new one. */
static uint32_t joined_ts(const struct rtp_out *o, uint64_t now_us)
{
    uint32_t elapsed;

    if (!o->started)
        return o->ts;
    elapsed = elapsed_units(o, o->sent_us, now_us);
    return o->ts + (elapsed > o->duration ? elapsed : o->duration);
}

static void sent(struct rtp_out *o, const struct rtp_numbers *n,
                 uint64_t now_us, uint32_t duration)
{
    o->started = true;
    o->seq = n->seq;
    o->ts = n->ts;
    o->duration = duration;
    o->sent_us = now_us;
}

void rtp_out_local(struct rtp_out *o, enum rtp_source source, uint64_t now_us,
                   uint32_t duration, struct rtp_numbers *n)
{
    bool ours = o->source == RTP_SILENCE || o->source == RTP_PROMPT ||
                o->source == RTP_TRANSCODED;
    uint32_t late = o->rate / 1000 * STALL_MS;

    if (ours && elapsed_units(o, o->sent_us, now_us) < late + o->duration)
        n->ts = o->ts + o->duration;
    else
        n->ts = joined_ts(o, now_us);
    n->marker = !o->started || o->source != source;
    n->seq = (uint16_t)(o->seq + 1);
    o->source = source;
    sent(o, n, now_us, duration);
}

/* Count packets from p on as the source's, joined on to what was sent. */
static void join(struct rtp_out *o, const struct rtp_packet *p,
                 uint64_t now_us)
{
    o->offset = (uint16_t)(o->seq + 1 - p->seq);
    o->ts_offset = joined_ts(o, now_us) - p->ts;
    o->first = p->seq;
    o->newest = p->seq;
    o->odd_set = false;
    o->gap = true;
    if (o->source == RTP_RELAY && o->source_ssrc != p->ssrc)
        o->left_ssrc = o->source_ssrc;
    else if (o->source != RTP_RELAY)
        o->left_ssrc = p->ssrc;
    o->source = RTP_RELAY;
    o->source_ssrc = p->ssrc;
    o->source_ts = p->ts;
    o->source_us = now_us;
}

static bool ts_jumped(const struct rtp_out *o, const struct rtp_packet *p,
                      uint64_t now_us)
{
    int64_t expected = (int64_t)((now_us - o->source_us) * o->rate / 1000000);
    int64_t moved = (int32_t)(p->ts - o->source_ts);
    int64_t allowed = (int64_t)o->rate * TS_JUMP_MS / 1000;

    return moved - expected > allowed || expected - moved > allowed;
}

/* A packet of the source before the present one: late, or one of two that
 * send at once, which would tear each other apart. */
static bool was_left(const struct rtp_out *o, const struct rtp_packet *p,
                     uint64_t now_us)
{
    return o->source == RTP_RELAY && p->ssrc != o->source_ssrc &&
           p->ssrc == o->left_ssrc && now_us - o->source_us < PAUSE_MS * 1000;
}

bool rtp_out_relay(struct rtp_out *o, const struct rtp_packet *p,
                   uint64_t now_us, struct rtp_numbers *n)
{
    uint16_t ahead = (uint16_t)(p->seq - o->newest);
    bool late = false;

    if (was_left(o, p, now_us))
        return false;
    if (o->source != RTP_RELAY || o->source_ssrc != p->ssrc) {
        join(o, p, now_us);
    } else if (ahead >= DROPOUT_MAX && ahead <= UINT16_MAX - MISORDER_MAX) {
        bool believed = o->odd_set && p->seq == o->odd;

        o->odd = (uint16_t)(p->seq + 1);
        o->odd_set = true;
        if (!believed)
            return false;
        join(o, p, now_us);
    } else if (ahead >= DROPOUT_MAX) {
        if ((int16_t)(p->seq - o->first) < 0)
            return false;
        late = true;
    } else if (ahead && ts_jumped(o, p, now_us)) {
        join(o, p, now_us);
    }
    n->seq = (uint16_t)(p->seq + o->offset);
    n->ts = p->ts + o->ts_offset;
    n->marker = !late && (p->marker || o->gap);
    if (late || (!ahead && !o->gap))
        return true;
    o->gap = false;
    o->newest = p->seq;
    o->source_ts = p->ts;
    o->source_us = now_us;
    sent(o, n, now_us, o->rate / FRAMES_A_SECOND);
    return true;
}

void rtp_out_event(struct rtp_out *o, bool first, uint32_t *event_ts,
                   uint64_t now_us, struct rtp_numbers *n)
{
    struct rtp_numbers place = {.seq = (uint16_t)(o->seq + 1),
                                .ts = joined_ts(o, now_us)};

    if (first)
        *event_ts = place.ts;
    o->source = RTP_NOTHING;
    sent(o, &place, now_us, o->rate / FRAMES_A_SECOND);
    *n = (struct rtp_numbers){first, place.seq, *event_ts};
}

void rtp_out_skip(struct rtp_out *o, const struct rtp_packet *p)
{
    uint16_t ahead = (uint16_t)(p->seq - o->newest);

    if (o->source != RTP_RELAY || o->source_ssrc != p->ssrc || !ahead ||
        ahead >= DROPOUT_MAX)
        return;
    o->newest = p->seq;
    o->first = (uint16_t)(p->seq + 1);
    o->offset--;
    o->gap = true;
}
