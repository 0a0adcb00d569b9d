/* When a stream's audio has to be encoded anew, and that. */
#include "engine/embedded/media/stream.h"

#include <string.h>

enum {
    TAIL_FRESH_MS = 100,
    FAR_LOSS_PACKETS = 500,
    LOSS_PERCENT_MAX = 50,
    LOSS_EACH = 50, /* packets */
};

bool stream_same_coding(enum media_codec a, enum media_codec b)
{
    bool laws = a != MEDIA_OPUS && a != MEDIA_G722 && b != MEDIA_OPUS &&
                b != MEDIA_G722;

    return a == b || laws; /* one law becomes the other by a table */
}

/* Audio is mixed while a prompt plays over it, and until that has been
   faded in again; the change back is made where it is not heard. */
static bool mixes(const struct stream *s)
{
    if (!worker_shared(s->worker)->duck)
        return false;
    return player_busy(&s->player) ||
           (s->transcoder && !transcoder_may_end(s->transcoder));
}

static bool wanted(const struct stream *s)
{
    const struct stream *peer = s->peer;

    if (!peer || !s->has_session || !peer->has_session)
        return false;
    return !stream_same_coding(s->session.format.codec,
                               peer->session.format.codec) ||
           mixes(s);
}

static void made_log(const struct stream *s)
{
    log_line(
        worker_shared(s->worker)->log, LOG_DEBUG, NULL,
        "audio is encoded anew leg=%llu from=%s to=%s ptime_ms=%u "
        "sample_rate=%u",
        (unsigned long long)s->leg, codecs[s->peer->session.format.codec].name,
        codecs[s->session.format.codec].name, s->ptime_ms,
        codec_rate(s->peer->session.format.codec, s->session.format.codec));
}

static void ended_log(const struct stream *s)
{
    const struct jitter_stats *j = transcoder_stats(s->transcoder);

    log_line(worker_shared(s->worker)->log, LOG_DEBUG, NULL,
             "audio is no longer encoded anew leg=%llu received=%llu "
             "lost=%llu late=%llu duplicates=%llu reordered=%llu "
             "resyncs=%llu skipped=%llu",
             (unsigned long long)s->leg, (unsigned long long)j->received,
             (unsigned long long)j->lost, (unsigned long long)j->late,
             (unsigned long long)j->duplicates,
             (unsigned long long)j->reordered, (unsigned long long)j->resyncs,
             (unsigned long long)j->skipped);
}

void stream_transcoder_end(struct stream *s)
{
    if (!s->transcoder)
        return;
    ended_log(s);
    transcoder_free(s->transcoder);
    s->transcoder = NULL;
    s->converts = false;
    worker_gather_set(s->worker, s->peer, false);
    s->ptime_ms = stream_ptime(s);
    s->fed_ms = worker_now_ms(s->worker);
    rtp_out_break(&s->out);
}

unsigned stream_ptime(const struct stream *s)
{
    const struct media_format *f = &s->session.format;
    unsigned ms = f->ptime_ms;

    if (ms < 10 || ms > TRANSCODER_PTIME_MAX_MS || ms % 10)
        ms = WORKER_TICK_MS;
    if (f->codec != MEDIA_OPUS)
        return ms;
    if (!s->transcoder)
        return PROMPT_OPUS_MS; /* they were encoded so */
    return ms == 30 || ms == 50 ? ms - 10 : ms;
}

void stream_tail_keep(struct stream *s, enum media_codec codec,
                      const uint8_t *payload, size_t len)
{
    if (!worker_shared(s->worker)->duck || len > STREAM_TAIL_MAX)
        return;
    s->tail.codec = codec;
    s->tail.at_ms = worker_now_ms(s->worker);
    s->tail.len = len;
    memcpy(s->tail.payload, payload, len);
}

/* What was passed through until now goes on without a seam. */
static void tail_take(struct stream *s)
{
    if (s->tail.len &&
        worker_now_ms(s->worker) - s->tail.at_ms < TAIL_FRESH_MS)
        transcoder_continue(s->transcoder, s->tail.codec, s->tail.payload,
                            s->tail.len);
}

void stream_transcoder_update(struct stream *s)
{
    enum media_codec from, to = s->session.format.codec;

    if (!wanted(s)) {
        stream_transcoder_end(s);
        return;
    }
    from = s->peer->session.format.codec;
    s->converts = s->transcoder && !stream_same_coding(from, to);
    if (s->transcoder && transcoder_is(s->transcoder, from, to))
        return;
    stream_transcoder_end(s);
    if (transcoder_alloc(&s->transcoder, from, to)) {
        if (!s->told_unconverted)
            log_line(worker_shared(s->worker)->log, LOG_ERROR, NULL,
                     "no memory to encode audio anew leg=%llu",
                     (unsigned long long)s->leg);
        s->told_unconverted = true;
        s->transcoder = NULL;
        return;
    }
    s->converts = !stream_same_coding(from, to);
    worker_gather_set(s->worker, s->peer, true);
    s->filling = false;
    s->ptime_ms = stream_ptime(s);
    tail_take(s);
    made_log(s);
}

/* The far side's reports, reckoned anew every ten seconds. */
static void far_loss_reckon(struct stream *s)
{
    uint64_t lost = rtcp_session_far_lost(&s->rtcp);
    uint32_t sent = s->sent - s->far_loss.sent;
    uint64_t now = lost > s->far_loss.lost ? lost - s->far_loss.lost : 0;

    if (sent < FAR_LOSS_PACKETS)
        return;
    s->far_loss.percent =
        now < sent / 2 ? (uint8_t)(100 * now / sent) : LOSS_PERCENT_MAX;
    s->far_loss.sent = s->sent;
    s->far_loss.lost = lost;
}

/* What the far side misses of ours, or we of its: the way is the same. */
static unsigned loss_percent(struct stream *s)
{
    const struct transcoder *back = s->peer->transcoder;
    unsigned percent = 0;

    if (s->sent % LOSS_EACH)
        return s->far_loss.expected;
    if (back)
        percent = transcoder_loss_percent(back);
    far_loss_reckon(s);
    if (s->far_loss.percent > percent)
        percent = s->far_loss.percent;
    s->far_loss.expected = percent;
    return percent;
}

size_t stream_transcode(struct stream *s, uint8_t *payload, bool *played)
{
    const struct media_format *f = &s->session.format;
    const struct transcoder_frame frame = {
        .now_us = worker_now_us(s->worker),
        .ms = s->ptime_ms,
        .player = &s->player,
        .duck = worker_shared(s->worker)->duck,
        .muted = s->peer->muted,
        .tuning =
            {
                .complexity = worker_complexity(s->worker),
                .bitrate_max = f->bitrate_max,
                .fec = f->fec,
                .loss_percent = f->fec ? loss_percent(s) : 0,
            },
    };

    return transcoder_encode(s->transcoder, &frame, payload, played);
}
