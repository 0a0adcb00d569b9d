/* RTP of a far side through jitter buffer, decoder, concealment and encoder.
 * The first byte names the codecs, the second the length of frames; then
 * packets: how long each is, how its numbers go on, how much later it comes,
 * and what it is. */
#include <string.h>

#include "engine/embedded/media/transcoder.h"
#include "fuzz.h"

enum { HEAD = 4, TICKS_MAX = 400 };

struct way {
    struct transcoder *t;
    enum media_codec from;
    struct player player;
    unsigned ms;
    unsigned ticks;
    uint64_t now_us;
    uint64_t due_us;
    struct rtp_packet packet;
};

static void encode(struct way *w)
{
    const struct transcoder_frame f = {
        .now_us = w->now_us,
        .ms = w->ms,
        .player = &w->player,
        .muted = w->ticks % 50 == 49,
        .tuning = {.complexity = 0,
                   .fec = true,
                   .loss_percent = transcoder_loss_percent(w->t)},
    };
    uint8_t out[CODEC_PACKET_MAX];
    bool played;
    size_t n = transcoder_encode(w->t, &f, out, &played);

    PROMISE(n > 0 && n <= sizeof(out));
    PROMISE(!played);
    PROMISE(transcoder_loss_percent(w->t) <= 100);
}

static void pass(struct way *w, unsigned ms)
{
    w->now_us += (uint64_t)ms * 1000;
    while (w->due_us <= w->now_us && w->ticks < TICKS_MAX) {
        w->due_us += (uint64_t)w->ms * 1000;
        w->ticks++;
        encode(w);
    }
}

/* Numbers go on as they should, or anything but that. */
static void number(struct way *w, uint8_t how)
{
    struct rtp_packet *p = &w->packet;
    uint32_t step = codecs[w->from].clock / 50;

    p->seq++;
    p->ts += step;
    if (how & 0x80)
        p->seq = (uint16_t)(p->seq + (how & 0x0f) * 5 - 35);
    if (how & 0x40)
        p->ts += (uint32_t)(how & 0x3f) * step * 7 - 3 * step;
    if ((how & 0xc0) == 0xc0)
        p->ssrc = how & 3;
    p->marker = how & 0x20;
}

static const uint8_t *packet(struct way *w, const uint8_t *d, size_t *len)
{
    size_t n = d[0] * (size_t)(d[3] & 0x80 ? 5 : 1);
    enum jitter_kind kind = d[3] % 8 == 7   ? JITTER_OTHER
                            : d[3] % 8 == 6 ? JITTER_NOISE
                                            : JITTER_AUDIO;
    uint8_t *copy;

    *len -= HEAD;
    if (n > *len)
        n = *len;
    copy = malloc(n ? n : 1);
    if (!copy)
        abort();
    memcpy(copy, d + HEAD, n);
    number(w, d[1]);
    w->packet.len = n;
    transcoder_packet(w->t, kind, w->from, &w->packet, copy, w->now_us);
    free(copy);
    pass(w, d[2]);
    *len -= n;
    return d + HEAD + n;
}

static void done_h(uint32_t tag, bool completed, void *arg)
{
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    static const uint8_t lengths[] = {10, 20, 40, 60};
    struct way w = {.now_us = 1000000, .due_us = 1000000};
    const uint8_t *d = data + 2;

    if (len < 2)
        return 0;
    w.from = (enum media_codec)(data[0] % MEDIA_CODECS);
    w.ms = lengths[data[1] % 4];
    if (transcoder_alloc(&w.t, w.from,
                         (enum media_codec)(data[0] / 16 % MEDIA_CODECS)))
        abort();
    player_init(&w.player, done_h, NULL);
    PROMISE(transcoder_stats(w.t)->received == 0);
    len -= 2;
    while (len >= HEAD)
        d = packet(&w, d, &len);
    pass(&w, 200);
    transcoder_free(w.t);
    return 0;
}
