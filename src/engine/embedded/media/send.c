/* What a stream sends to its far side: prompts and silence of our own. */
#include <errno.h>
#include <string.h>

#include "base/address.h"
#include "engine/embedded/media/stream.h"

static ssize_t packet_send(const struct stream *s, const uint8_t *packet,
                           size_t len)
{
    const struct sockaddr_storage *to = latch_target(&s->latch);

    if (s->connected)
        return send(s->fd, packet, len, MSG_NOSIGNAL);
    return sendto(s->fd, packet, len, MSG_NOSIGNAL,
                  (const struct sockaddr *)to, address_len(to));
}

bool stream_send_raw(struct stream *s, const uint8_t *packet, size_t len)
{
    ssize_t n = packet_send(s, packet, len);

    if (n < 0 && errno == ECONNREFUSED) {
        /* told about a packet before; this one has not been sent yet */
        s->counters.errors++;
        n = packet_send(s, packet, len);
    }
    if (n < 0)
        s->counters.errors++;
    return n >= 0;
}

/* The packet as it goes out; NULL when it must not. */
static const uint8_t *protect(struct stream *s, const uint8_t *packet,
                              size_t *len)
{
    uint8_t *out = worker_packet_secure(s->worker);

    if (!s->secure)
        return s->barred ? NULL : packet;
    memcpy(out, packet, *len);
    return secure_protect(s->secure, out, len) ? NULL : out;
}

bool stream_send(struct stream *s, const uint8_t *packet, size_t len)
{
    size_t payload = len - RTP_HEADER_SIZE;

    packet = protect(s, packet, &len);
    if (!packet) {
        s->counters.errors++;
        return false;
    }
    if (!stream_send_raw(s, packet, len))
        return false;
    stream_sent(s, payload);
    return true;
}

void stream_silence_bytes(const struct media_shared *shared,
                          enum media_codec codec, uint8_t *out, size_t n)
{
    const struct silence *silence = &shared->silence;

    if (codec != MEDIA_G722) {
        memset(out,
               codec == MEDIA_PCMU ? G711_PCMU_SILENCE : G711_PCMA_SILENCE, n);
        return;
    }
    while (n) {
        size_t now = n < sizeof(silence->g722) ? n : sizeof(silence->g722);

        memcpy(out, silence->g722, now);
        out += now;
        n -= now;
    }
}

size_t stream_silence(const struct media_shared *shared,
                      enum media_codec codec, unsigned ms, uint8_t *out)
{
    const struct silence *silence = &shared->silence;
    size_t i;

    if (codec != MEDIA_OPUS) {
        stream_silence_bytes(shared, codec, out, 8 * (size_t)ms);
        return 8 * (size_t)ms;
    }
    i = ms <= 10 ? 0 : ms <= 20 ? 1 : ms <= 40 ? 2 : 3;
    memcpy(out, silence->opus[i], silence->opus_len[i]);
    return silence->opus_len[i];
}

/* What is played next; nothing yet where the far side has just answered. */
static size_t played(struct stream *s, enum media_codec codec, uint8_t *out)
{
    if (!s->peer && worker_now_ms(s->worker) < s->lead_until_ms)
        return 0;
    return player_frame(&s->player, codec, s->ptime_ms, out);
}

/* A packet of the peer's audio, and of what plays, encoded anew. */
static void transcoded_packet(struct stream *s)
{
    uint8_t *packet = worker_packet_out(s->worker);
    struct rtp_numbers n;
    bool played;
    size_t len = stream_transcode(s, packet + RTP_HEADER_SIZE, &played);

    if (!len)
        return;
    rtp_out_local(&s->out, RTP_TRANSCODED, worker_now_us(s->worker),
                  s->out.rate / 1000 * s->ptime_ms, &n);
    rtp_header_write(packet, n.marker, s->session.format.send_pt, n.seq, n.ts,
                     s->out.ssrc);
    if (!stream_send(s, packet, RTP_HEADER_SIZE + len))
        return;
    s->counters.transcoded++;
    if (played)
        s->counters.prompts++;
}

/* One packet; false when there is nothing to send. */
static bool own_packet(struct stream *s)
{
    enum media_codec codec = s->session.format.codec;
    uint8_t *packet = worker_packet_out(s->worker);
    uint8_t *payload = packet + RTP_HEADER_SIZE;
    enum rtp_source source = RTP_PROMPT;
    struct rtp_numbers n;
    size_t len = played(s, codec, payload);

    if (!stream_sends(s))
        return len > 0;
    if (!len && s->peer && !s->filling)
        return false;
    if (len) {
        s->fed_ms = worker_now_ms(s->worker);
    } else {
        source = RTP_SILENCE;
        len = stream_silence(worker_shared(s->worker), codec, s->ptime_ms,
                             payload);
    }
    rtp_out_local(&s->out, source, worker_now_us(s->worker),
                  s->out.rate / 1000 * s->ptime_ms, &n);
    rtp_header_write(packet, n.marker, s->session.format.send_pt, n.seq, n.ts,
                     s->out.ssrc);
    if (stream_send(s, packet, RTP_HEADER_SIZE + len)) {
        if (source == RTP_PROMPT)
            s->counters.prompts++;
        else
            s->counters.silence++;
    }
    return true;
}

/* A packet of a key; the meeting's audio waits for its end. */
static void key_packet(struct stream *s)
{
    uint8_t *packet = worker_packet_out(s->worker);
    const struct media_format *f = &s->session.format;
    enum keys_out_step step =
        keys_out_next(&s->keys_out, f->dtmf_rate, packet + RTP_HEADER_SIZE);
    struct rtp_numbers n;

    if (step == KEYS_OUT_NONE)
        return;
    rtp_out_event(&s->out, step == KEYS_OUT_FIRST, &s->key_ts,
                  worker_now_us(s->worker), &n);
    rtp_header_write(packet, n.marker, f->send_dtmf_pt, n.seq, n.ts,
                     s->out.ssrc);
    stream_send(s, packet, RTP_HEADER_SIZE + KEYS_OUT_BYTES);
}

void stream_tick(struct stream *s)
{
    bool steady;

    if (keys_out_busy(&s->keys_out) && stream_sends(s)) {
        key_packet(s);
        s->fed_ms = worker_now_ms(s->worker);
        stream_update(s);
        return;
    }
    steady = s->converts && stream_sends(s) && !player_busy(&s->player);
    s->owed_ms += WORKER_TICK_MS;
    while (s->owed_ms >= s->ptime_ms) {
        s->owed_ms -= s->ptime_ms;
        if (s->transcoder && stream_sends(s))
            transcoded_packet(s);
        else if (!own_packet(s))
            break;
    }
    if (!steady) /* a prompt may have ended, say */
        stream_update(s);
}
