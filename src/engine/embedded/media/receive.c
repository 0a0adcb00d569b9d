/* What a stream does with a packet from its far side. */
#include <errno.h>
#include <string.h>

#include "base/address.h"
#include "engine/embedded/media/stream.h"
#include "engine/embedded/media/udp.h"

enum { REORDER_MAX = 100 };

/* What a payload type is in a session. */
enum kind { KIND_UNKNOWN, KIND_EVENT, KIND_AUDIO, KIND_NOISE };

/* Payload types of RFC 3551 hold without being told, and phones that were
 * offered both laws may change between them. */
enum { PT_PCMU = 0, PT_PCMA = 8, PT_NOISE = 13 };

static enum kind classify(const struct media_format *f, uint8_t pt,
                          enum media_codec *codec)
{
    *codec = f->codec;
    if (f->recv_dtmf_pt && pt == f->recv_dtmf_pt)
        return KIND_EVENT;
    if (pt == f->recv_pt)
        return KIND_AUDIO;
    if (pt == PT_NOISE && codecs[f->codec].clock == 8000)
        return KIND_NOISE;
    if (!stream_same_coding(f->codec, MEDIA_PCMU) ||
        (pt != PT_PCMU && pt != PT_PCMA))
        return KIND_UNKNOWN;
    *codec = pt == PT_PCMU ? MEDIA_PCMU : MEDIA_PCMA;
    return KIND_AUDIO;
}

/* Whether the packet is the far side's; learns who that is. */
static bool source_check(struct stream *s, const struct sockaddr_storage *from)
{
    enum latch_state before = s->latch.state;
    bool known = latch_packet(&s->latch, from, worker_now_ms(s->worker));
    char text[ADDRESS_TEXT_SIZE];

    if (s->latch.state == before)
        return known;
    if (s->latch.state == LATCH_TO_SDP)
        s->connected = !udp_connect(s->fd, from);
    log_line(worker_shared(s->worker)->log, LOG_DEBUG, NULL,
             "audio source learnt leg=%llu address=%s as_in_sdp=%s",
             (unsigned long long)s->leg, address_text(from, text),
             s->latch.state == LATCH_TO_SDP ? "yes" : "no");
    stream_update(s);
    return known;
}

static void alive(struct stream *s)
{
    s->heard_ms = worker_now_ms(s->worker);
    if (!s->silent)
        return;
    s->silent = false;
    s->watched_out = false;
    stream_watch_check(s);
    stream_report(s, (struct media_report){.type = MEDIA_ALIVE});
}

static void key_report(struct stream *s, char key)
{
    s->counters.keys++;
    stream_report(s, (struct media_report){.type = MEDIA_KEY, .key = key});
}

static void event_take(struct stream *s, const struct rtp_packet *p,
                       const uint8_t *payload)
{
    char key =
        telephone_event_packet(&s->event, payload, p->len, p->ts, p->ssrc,
                               p->marker, worker_now_ms(s->worker));

    s->counters.events++;
    if (s->peer && s->peer->transcoder)
        transcoder_packet(s->peer->transcoder, JITTER_OTHER, MEDIA_PCMU, p,
                          payload, s->arrived_us);
    else if (s->peer)
        rtp_out_skip(&s->peer->out, p);
    if (key)
        key_report(s, key);
}

/* Comfort noise (RFC 3389), which nobody agreed on: made audible where audio
   is encoded anew, else a sign of life only. */
static void noise_take(struct stream *s, const struct rtp_packet *p,
                       const uint8_t *payload)
{
    if (s->peer && s->peer->transcoder && stream_sends(s->peer))
        transcoder_packet(s->peer->transcoder, JITTER_NOISE, MEDIA_PCMU, p,
                          payload, s->arrived_us);
    else
        s->counters.unknown_pt++;
}

static void tones_take(struct stream *s, enum media_codec codec,
                       const struct rtp_packet *p, const uint8_t *payload)
{
    uint16_t ahead = (uint16_t)(p->seq - s->audio_seq);
    char keys[INBAND_KEYS_MAX];
    size_t n;

    if (s->heard_audio && ahead > UINT16_MAX - REORDER_MAX)
        return; /* late or doubled */
    s->heard_audio = true;
    s->audio_seq = (uint16_t)(p->seq + 1);
    n = inband_packet(s->inband, codec, payload, p->len, keys);
    for (size_t i = 0; i < n; i++)
        key_report(s, keys[i]);
}

/* Length in ms of an Opus packet, 20 where it cannot be told. */
static unsigned opus_ms(const uint8_t *payload, size_t len)
{
    unsigned units = codec_units(MEDIA_OPUS, payload, len);

    return units ? units / (codecs[MEDIA_OPUS].clock / 1000) : PROMPT_OPUS_MS;
}

/* The payload becomes what the peer may hear; false when it cannot. */
static bool payload_convert(struct stream *s, enum media_codec codec,
                            uint8_t *payload, size_t *len)
{
    const struct media_shared *shared = worker_shared(s->worker);
    enum media_codec to = s->peer->session.format.codec;

    if (!stream_same_coding(codec, to)) {
        s->counters.unconverted++;
        return false;
    }
    if (s->muted) {
        s->counters.muted++;
        if (to == MEDIA_OPUS)
            *len = stream_silence(shared, to, opus_ms(payload, *len), payload);
        else
            stream_silence_bytes(shared, to, payload, *len);
    } else if (codec != to) {
        g711_convert(payload, *len,
                     to == MEDIA_PCMA ? shared->g711.to_pcma
                                      : shared->g711.to_pcmu);
    }
    return true;
}

static void relay(struct stream *s, enum media_codec codec, uint8_t *packet,
                  const struct rtp_packet *p)
{
    struct stream *peer = s->peer;
    uint8_t *payload = packet + p->payload;
    size_t len = p->len;
    struct rtp_numbers n;

    if (!peer) {
        s->counters.unbridged++;
        return;
    }
    if (!stream_sends(peer)) {
        s->counters.held++;
        return;
    }
    if (peer->transcoder) {
        if (s->muted)
            s->counters.muted++;
        transcoder_packet(peer->transcoder, JITTER_AUDIO, codec, p, payload,
                          s->arrived_us);
        return;
    }
    if (player_busy(&peer->player) || keys_out_busy(&peer->keys_out)) {
        s->counters.overridden++;
        stream_fed(peer);
        return;
    }
    if (!payload_convert(s, codec, payload, &len))
        return;
    if (!rtp_out_relay(&peer->out, p, worker_now_us(s->worker), &n)) {
        s->counters.late++;
        return;
    }
    stream_fed(peer);
    stream_tail_keep(peer, peer->session.format.codec, payload, len);
    rtp_header_write(payload - RTP_HEADER_SIZE, n.marker,
                     peer->session.format.send_pt, n.seq, n.ts,
                     peer->out.ssrc);
    if (stream_send(peer, payload - RTP_HEADER_SIZE, RTP_HEADER_SIZE + len))
        s->counters.relayed++;
}

static void packet_take(struct stream *s, uint8_t *packet,
                        const struct rtp_packet *p,
                        const struct sockaddr_storage *from)
{
    enum media_codec codec;
    enum kind kind = classify(&s->session.format, p->pt, &codec);

    if (kind == KIND_UNKNOWN) {
        /* no audio (comfort noise, say), but a sign of life */
        s->counters.unknown_pt++;
        if (s->latch.state != LATCH_OPEN && s->session.receive &&
            source_check(s, from)) {
            alive(s);
            stream_heard(s, p, false);
        }
    } else if (!source_check(s, from)) {
        s->counters.foreign++;
    } else if (!s->session.receive) {
        s->counters.held++;
    } else {
        alive(s);
        stream_heard(s, p, kind == KIND_AUDIO);
        if (kind == KIND_EVENT) {
            event_take(s, p, packet + p->payload);
            return;
        }
        if (kind == KIND_NOISE) {
            noise_take(s, p, packet + p->payload);
            return;
        }
        if (s->inband)
            tones_take(s, codec, p, packet + p->payload);
        relay(s, codec, packet, p);
    }
}

static void verdict_count(struct stream *s, enum rtp_verdict v)
{
    if (v == RTP_RTCP)
        s->counters.rtcp++;
    else
        s->counters.malformed++;
}

/* Whether the packet is the far side's; a wrong key ends no call. */
static bool unprotect(struct stream *s, uint8_t *packet, size_t *len)
{
    if (!s->secure)
        return !s->barred;
    return !secure_unprotect(s->secure, packet, len);
}

/* The next packet, and when it came. */
static ssize_t receive(struct stream *s, uint8_t *packet,
                       struct sockaddr_storage *from)
{
    uint64_t now_us = worker_now_us(s->worker);
    socklen_t from_len = sizeof(*from);
    struct timespec stamp;
    ssize_t n;

    if (s->gathered) {
        n = udp_receive(s->fd, packet, RTP_PACKET_MAX, from, &stamp);
        now_us = worker_arrival_us(s->worker, &stamp);
    } else {
        n = recvfrom(s->fd, packet, RTP_PACKET_MAX, MSG_TRUNC,
                     (struct sockaddr *)from, &from_len);
    }
    if (n >= 0 && now_us > s->arrived_us) /* or a clock was set back */
        s->arrived_us = now_us;
    return n;
}

void stream_receive(struct stream *s)
{
    uint8_t *packet = worker_packet_in(s->worker);
    struct sockaddr_storage from;
    struct rtp_packet p;
    enum rtp_verdict v;
    size_t len;
    ssize_t n = receive(s, packet, &from);

    if (n < 0) {
        if (errno != EAGAIN && errno != EINTR)
            s->counters.errors++;
        return;
    }
    s->counters.received++;
    if (!s->has_session) {
        s->counters.early++;
        return;
    }
    len = (size_t)n;
    if (s->session.rtcp_mux && rtp_parse(packet, len, &p) == RTP_RTCP) {
        stream_rtcp_take(s, packet, len, &from, true);
        return;
    }
    if (len <= RTP_PACKET_MAX && !unprotect(s, packet, &len)) {
        s->counters.insecure++;
        return;
    }
    v = rtp_parse(packet, len, &p);
    if (v != RTP_OK || !p.len)
        verdict_count(s, v);
    else
        packet_take(s, packet, &p, &from);
}
