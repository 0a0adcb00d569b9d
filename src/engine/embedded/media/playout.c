#include "engine/embedded/media/playout.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "engine/embedded/media/codec/codec.h"
#include "engine/embedded/media/codec/plc.h"

enum {
    READ_MAX_MS = 60,
    FILL_MS = 10,             /* made up at once where nothing is due */
    PAUSE_BYTES = 2,          /* an Opus packet so short announces DTX */
    GIVE_UP_MS = 500,         /* of concealment by a codec: then silence */
    NOISE_LEVEL_DEFAULT = 70, /* -dBov (RFC 3389 section 3) */
    NOISE_FLOOR = 90,         /* quieter is silence */
    LOSS_PACKETS = 250,
    PAUSE_LOUD = 40,   /* mean square root; softer is a pause, … */
    PAUSE_SOFTER = 12, /* … or what is so many times softer than speech */
};

static const float LOUD_KEPT = 0.995F; /* from a frame to the next */

struct playout {
    enum media_codec codec;
    unsigned rate;
    struct jitter *jitter;
    struct codec_decoder decoder[MEDIA_CODECS];
    struct plc plc; /* for codecs without concealment */
    bool noise;     /* the far side pauses with comfort noise */
    uint32_t random;
    float noise_peak;
    float loud;          /* how loud the far side speaks, as was last looked */
    unsigned made_up_ms; /* since the last frame */
    uint64_t seen;       /* packets and losses when loss was reckoned … */
    uint64_t seen_lost;
    unsigned loss_percent; /* … last */
    size_t n;              /* samples that wait in fifo */
    size_t max;
    int16_t fifo[];
};

int playout_alloc(struct playout **pp, enum media_codec codec, unsigned rate)
{
    size_t ms = rate / 1000;
    size_t max = ms * (READ_MAX_MS + 2 * CODEC_FRAME_MAX_MS);
    struct playout *p = calloc(1, sizeof(*p) + max * sizeof(int16_t));
    int err;

    if (!p)
        return ENOMEM;
    p->codec = codec;
    p->rate = rate;
    p->max = max;
    p->random = 1;
    p->made_up_ms = GIVE_UP_MS;
    if (!codecs[codec].conceal)
        plc_begin(&p->plc, rate);
    err = jitter_alloc(&p->jitter, codecs[codec].clock);
    if (!err)
        err = codec_decoder_alloc(&p->decoder[codec], codec, rate);
    if (err) {
        playout_free(p);
        return err;
    }
    *pp = p;
    return 0;
}

void playout_free(struct playout *p)
{
    if (!p)
        return;
    for (int i = 0; i < MEDIA_CODECS; i++)
        codec_decoder_reset(&p->decoder[i]);
    jitter_free(p->jitter);
    free(p);
}

const struct jitter_stats *playout_stats(const struct playout *p)
{
    return jitter_stats(p->jitter);
}

unsigned playout_loss_percent(const struct playout *p)
{
    return p->loss_percent;
}

/* The decoder of a payload; of the other law of G.711 it is made when it is
   wanted, which needs no memory. */
static struct codec_decoder *decoder_of(struct playout *p,
                                        enum media_codec codec)
{
    struct codec_decoder *d = &p->decoder[codec];

    if (!d->codec && codecs[codec].clock == codecs[p->codec].clock)
        codec_decoder_alloc(d, codec, p->rate);
    return d->codec ? d : NULL;
}

void playout_packet(struct playout *p, enum jitter_kind kind,
                    enum media_codec codec, const struct rtp_packet *packet,
                    const uint8_t *payload, uint64_t now_us)
{
    struct jitter_packet in = {
        .kind = kind,
        .tag = (uint8_t)codec,
        .payload = payload,
        .len = packet->len,
    };

    if (kind == JITTER_AUDIO) {
        in.units = codec_units(codec, payload, packet->len);
        in.pause = codec == MEDIA_OPUS && packet->len <= PAUSE_BYTES;
        if (!in.units || !decoder_of(p, codec))
            return;
    }
    jitter_put(p->jitter, packet, &in, now_us);
}

static size_t samples_of(const struct playout *p, uint32_t units)
{
    return (size_t)((uint64_t)units * p->rate / codecs[p->codec].clock);
}

/* White noise, uniformly spread: its peak is √3 of its mean square root. */
static void noise_level_set(struct playout *p, const uint8_t *payload,
                            size_t len)
{
    unsigned db = len ? payload[0] & 0x7f : NOISE_LEVEL_DEFAULT;
    float rms = 32768;

    p->noise = true;
    for (unsigned i = 0; i < db && i < NOISE_FLOOR; i++)
        rms *= 0.8912509F; /* -1 dB */
    p->noise_peak = db < NOISE_FLOOR ? rms * 1.7320508F : 0;
    if (p->noise_peak > INT16_MAX)
        p->noise_peak = INT16_MAX;
}

static void noise_add(struct playout *p, int16_t *out, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        float x;

        p->random = p->random * 1664525U + 1013904223U;
        x = out[i] +
            p->noise_peak * ((float)(int32_t)p->random / 2147483648.0F);
        out[i] = (int16_t)(x > 32767 ? 32767 : x < -32768 ? -32768 : x);
    }
}

static void made_up(struct playout *p, size_t n)
{
    p->n += n;
    p->made_up_ms += (unsigned)(n * 1000 / p->rate);
    if (p->made_up_ms > GIVE_UP_MS)
        p->made_up_ms = GIVE_UP_MS;
}

/* Make n samples up: the codec's own way (Opus: in a pause its comfort
   noise), or the pitch repeated, dying away into comfort noise or silence. */
static void make_up(struct playout *p, const struct jitter_frame *f, size_t n)
{
    struct codec_decoder *d = &p->decoder[p->codec];
    int16_t *out = p->fifo + p->n;
    size_t got = 0;

    if (!d->codec->conceal) {
        plc_conceal(&p->plc, out, n);
        if (p->noise)
            noise_add(p, out, n);
        got = n;
    } else if (f->pausing || f->payload || p->made_up_ms < GIVE_UP_MS) {
        got = d->codec->conceal(d->state, f->payload, f->len, out, n);
    }
    if (got < n)
        memset(out + got, 0, (n - got) * sizeof(*out));
    made_up(p, n);
}

/* Whether nobody speaks, or so softly beside what was said before that a cut
   is not heard. */
static bool pauses(struct playout *p, const int16_t *x, size_t n)
{
    float loud = plc_loudness(x, n);

    p->loud = loud > p->loud ? loud : p->loud * LOUD_KEPT;
    return loud < PAUSE_LOUD || loud * PAUSE_SOFTER < p->loud;
}

static size_t adjusted(struct playout *p, int16_t *x, size_t n,
                       enum jitter_adjust adjust)
{
    size_t now = n;

    if (adjust == JITTER_STAY)
        return n;
    if (adjust == JITTER_SHRINK_PAUSE) {
        if (!pauses(p, x, n))
            return n;
        now = plc_cut(x, n, p->rate);
    } else {
        now = adjust == JITTER_GROW ? plc_lengthen(x, n, p->rate)
                                    : plc_shorten(x, n, p->rate);
    }
    jitter_adjusted(p->jitter, (int)(((int64_t)now - (int64_t)n) * 1000000 /
                                     (int64_t)p->rate));
    return now;
}

static void loss_reckon(struct playout *p)
{
    const struct jitter_stats *s = jitter_stats(p->jitter);
    uint64_t seen = s->received + s->lost;

    if (seen - p->seen < LOSS_PACKETS)
        return;
    p->loss_percent =
        (unsigned)(100 * (s->lost - p->seen_lost) / (seen - p->seen));
    p->seen = seen;
    p->seen_lost = s->lost;
}

static void frame_take(struct playout *p, const struct jitter_frame *f)
{
    int16_t *out = p->fifo + p->n;
    struct codec_decoder *d;
    size_t n;

    if (f->kind == JITTER_NOISE) {
        noise_level_set(p, f->payload, f->len);
        return;
    }
    d = decoder_of(p, (enum media_codec)f->tag);
    n = d ? codec_decode(d, f->payload, f->len, out, p->max - p->n) : 0;
    if (!n) {
        make_up(p, f, samples_of(p, f->units));
        return;
    }
    if (!d->codec->conceal)
        plc_received(&p->plc, out, n);
    p->noise = false;
    p->made_up_ms = 0;
    p->n += adjusted(p, out, n, f->adjust);
    loss_reckon(p);
}

void playout_continue(struct playout *p, enum media_codec codec,
                      const uint8_t *payload, size_t len)
{
    struct codec_decoder *d = decoder_of(p, codec);
    size_t n = d ? codec_decode(d, payload, len, p->fifo, p->max) : 0;

    if (!n)
        return;
    if (!d->codec->conceal)
        plc_received(&p->plc, p->fifo, n);
    p->made_up_ms = 0;
}

/* Make the fifo longer by what is next. */
static void step(struct playout *p, uint64_t now_us)
{
    unsigned ahead_us = (unsigned)(p->n * 1000000 / p->rate);
    struct jitter_frame f;

    switch (jitter_get(p->jitter, now_us, ahead_us, &f)) {
    case JITTER_FRAME:
        frame_take(p, &f);
        break;
    case JITTER_LOST:
        make_up(p, &f, samples_of(p, f.units));
        break;
    case JITTER_NOTHING:
        make_up(p, &f, (size_t)FILL_MS * p->rate / 1000);
        break;
    }
}

void playout_read(struct playout *p, uint64_t now_us, int16_t *out, size_t n)
{
    size_t most = (size_t)READ_MAX_MS * p->rate / 1000;

    if (n > most)
        n = most;
    while (p->n < n)
        step(p, now_us);
    memcpy(out, p->fifo, n * sizeof(*out));
    p->n -= n;
    memmove(p->fifo, p->fifo + n, p->n * sizeof(*out));
}
