#include "engine/embedded/media/transcoder.h"

#include <errno.h>
#include <stdlib.h>

#include "engine/embedded/media/mixer.h"
#include "engine/embedded/media/playout.h"

enum {
    SAMPLES_MAX = 48 * TRANSCODER_PTIME_MAX_MS,
    PLAIN_MIN_MS = MIXER_RAMP_MS,
    PLAIN_MAX_MS = 10000, /* so long it is waited for somebody to pause */
    QUIET_PEAK = 200,
};

struct transcoder {
    enum media_codec from;
    enum media_codec to;
    unsigned rate;
    struct playout *playout;
    struct codec_encoder encoder;
    struct mixer mixer;
    unsigned plain_ms; /* since a prompt was mixed in */
    bool quiet;        /* the last frame was */
};

int transcoder_alloc(struct transcoder **tp, enum media_codec from,
                     enum media_codec to)
{
    struct transcoder *t = calloc(1, sizeof(*t));
    int err;

    if (!t)
        return ENOMEM;
    t->from = from;
    t->to = to;
    t->rate = codec_rate(from, to);
    mixer_begin(&t->mixer);
    err = playout_alloc(&t->playout, from, t->rate);
    if (!err)
        err = codec_encoder_alloc(&t->encoder, to, t->rate);
    if (err) {
        transcoder_free(t);
        return err;
    }
    *tp = t;
    return 0;
}

void transcoder_free(struct transcoder *t)
{
    if (!t)
        return;
    codec_encoder_reset(&t->encoder);
    playout_free(t->playout);
    free(t);
}

bool transcoder_is(const struct transcoder *t, enum media_codec from,
                   enum media_codec to)
{
    return t->from == from && t->to == to;
}

void transcoder_packet(struct transcoder *t, enum jitter_kind kind,
                       enum media_codec codec, const struct rtp_packet *p,
                       const uint8_t *payload, uint64_t now_us)
{
    playout_packet(t->playout, kind, codec, p, payload, now_us);
}

void transcoder_continue(struct transcoder *t, enum media_codec codec,
                         const uint8_t *payload, size_t len)
{
    playout_continue(t->playout, codec, payload, len);
}

static bool quiet(const int16_t *x, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (x[i] > QUIET_PEAK || x[i] < -QUIET_PEAK)
            return false;
    return true;
}

size_t transcoder_encode(struct transcoder *t,
                         const struct transcoder_frame *f, uint8_t *out,
                         bool *played)
{
    int16_t x[SAMPLES_MAX], prompt[SAMPLES_MAX];
    size_t n = (size_t)t->rate / 1000 * f->ms, n_prompt;

    if (n > SAMPLES_MAX)
        return 0;
    playout_read(t->playout, f->now_us, x, n);
    n_prompt = player_samples(f->player, t->rate, prompt, n);
    *played = n_prompt > 0;
    mixer_run(&t->mixer, x, n, n_prompt ? prompt : NULL, n_prompt, t->rate,
              f->duck, f->muted);
    t->quiet = quiet(x, n);
    t->plain_ms = n_prompt                     ? 0
                  : t->plain_ms < PLAIN_MAX_MS ? t->plain_ms + f->ms
                                               : t->plain_ms;
    codec_encoder_tune(&t->encoder, &f->tuning);
    return codec_encode(&t->encoder, x, n, out, CODEC_PACKET_MAX);
}

bool transcoder_may_end(const struct transcoder *t)
{
    return t->plain_ms >= PLAIN_MAX_MS ||
           (t->plain_ms > PLAIN_MIN_MS && t->quiet);
}

const struct jitter_stats *transcoder_stats(const struct transcoder *t)
{
    return playout_stats(t->playout);
}

unsigned transcoder_loss_percent(const struct transcoder *t)
{
    return playout_loss_percent(t->playout);
}
