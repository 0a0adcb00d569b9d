/* Calls that say a voice: what is sent, and what comes of it. Packets that
 * were encoded anew bear no mark; whose they are is told by the port that
 * they come from, and their order by the RTP header. That the audio is what
 * was said is told by decoding a few calls. */
#include "load.h"

#include <arpa/inet.h>
#include <err.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { SPREAD = 53 }; /* packets from where one call is to the next */

/* Whose audio an end hears: the gateway makes it its own codec. */
static enum end_name coded_by(const struct load *l, enum end_name end)
{
    return l->relayed ? (enum end_name) !end : end;
}

void listen_open(struct load *l, const char *dir)
{
    unsigned best = codec_rate(l->codec[PHONE], l->codec[JIGASI]);
    unsigned rate = best > VOICE_RATE_MAX ? VOICE_RATE_MAX : best;

    for (unsigned end = PHONE; end <= JIGASI; end++) {
        enum media_codec heard = l->codec[coded_by(l, (enum end_name)end)];

        l->voice[end] = voice_make(dir, l->codec[end], rate);
        for (size_t i = 0; i < LISTENED; i++)
            if (codec_decoder_alloc(&l->listener[end].decoder[i], heard, rate))
                errx(2, "no decoder");
    }
}

void listen_close(struct load *l)
{
    for (unsigned end = PHONE; end <= JIGASI; end++) {
        for (size_t i = 0; i < LISTENED; i++)
            if (l->voice[end])
                codec_decoder_reset(&l->listener[end].decoder[i]);
        free(l->voice[end]);
    }
}

size_t listen_say(const struct load *l, uint32_t call, enum end_name end,
                  uint32_t n, uint8_t *payload)
{
    size_t len;
    const uint8_t *p = voice_packet(l->voice[end], n + call * SPREAD, &len);

    memcpy(payload, p, len);
    return len;
}

static void decode(struct listener *who, size_t i, const uint8_t *payload,
                   size_t len)
{
    int16_t x[48 * CODEC_FRAME_MAX_MS];
    size_t n = codec_decode(&who->decoder[i], payload, len, x,
                            sizeof(x) / sizeof(*x));

    for (size_t k = 0; k < n; k++)
        who->square += (double)x[k] * x[k];
    who->n += n;
}

void listen_packet(struct load *l, enum end_name end, unsigned slot,
                   const uint8_t *p, size_t len,
                   const struct sockaddr_in *from, uint64_t at)
{
    enum end_name coder = coded_by(l, end);
    unsigned units = codecs[l->codec[coder]].clock / 1000 * VOICE_MS;
    size_t i = l->call_of_port[end][ntohs(from->sin_port)];
    const struct call *c = i ? &l->calls[i - 1] : NULL;
    struct flow *f = c ? &l->calls[i - 1].leg[end].flow : NULL;
    uint32_t n = 0;
    uint16_t seq;

    /* What came in time counts also where it is read later. */
    if (at < l->window_ns || (!l->window && at > l->window_end_ns))
        return;
    if (!c || len <= RTP || from->sin_addr.s_addr != f->to.sin_addr.s_addr) {
        l->strangers++;
        return;
    }
    if (p[0] != 0x80 || (p[1] & 0x7f) != c->leg[coder].flow.pt ||
        (i - 1) % SLOTS != slot) {
        f->wrong++;
        return;
    }
    memcpy(&seq, p + 2, sizeof(seq));
    if (f->started)
        n = f->last_n + (uint32_t)(int16_t)(ntohs(seq) - f->last_seq);
    flow_follow(f, p, n, units, at);
    if (i <= LISTENED)
        decode(&l->listener[end], i - 1, p + RTP, len - RTP);
}

double listen_level(const struct load *l, enum end_name end)
{
    const struct listener *who = &l->listener[end];
    double rms = who->n ? sqrt(who->square / (double)who->n) : 0;

    return rms / l->voice[!end]->rms;
}
