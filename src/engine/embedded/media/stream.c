#include "engine/embedded/media/stream.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "base/address.h"
#include "engine/embedded/media/udp.h"

enum {
    FILL_AFTER_MS = 500,
    FILL_GRID_MS = 100, /* streams that fall due together are checked so */
};

static unsigned long long number(const struct stream *s)
{
    return (unsigned long long)s->leg;
}

void stream_report(struct stream *s, struct media_report report)
{
    const struct media_shared *shared = worker_shared(s->worker);

    report.leg = s->leg;
    shared->h(&report, shared->arg);
}

static void played_h(uint32_t tag, bool completed, void *arg)
{
    struct stream *s = arg;

    stream_report(s, (struct media_report){.type = MEDIA_PLAYED,
                                           .tag = tag,
                                           .completed = completed});
}

int stream_alloc(struct stream **sp, engine_leg leg, struct worker *w,
                 struct ports *ports, const struct sockaddr_storage *address)
{
    struct stream *s = calloc(1, sizeof(*s));
    int fd[2];
    int err = ENOMEM;

    if (!s)
        return ENOMEM;
    s->leg = leg;
    s->worker = w;
    s->ports = ports;
    s->fd = -1;
    s->rtcp_fd = -1;
    s->socket = (struct worker_socket){stream_receive, s};
    s->rtcp_socket = (struct worker_socket){stream_rtcp_receive, s};
    player_init(&s->player, played_h, s);
    s->close_mail = calloc(1, sizeof(*s->close_mail));
    if (s->close_mail)
        err = udp_open(fd, &s->port, ports, address);
    if (err) {
        stream_free(s);
        return err;
    }
    s->fd = fd[0];
    s->rtcp_fd = fd[1];
    s->close_mail->type = MESSAGE_CLOSE;
    s->close_mail->stream = s;
    *sp = s;
    return 0;
}

static void counters_log(const struct stream *s)
{
    const struct media_counters *c = &s->counters;

    log_line(worker_shared(s->worker)->log, LOG_DEBUG, NULL,
             "audio closed leg=%llu received=%llu relayed=%llu "
             "transcoded=%llu muted=%llu "
             "events=%llu keys=%llu prompts=%llu silence=%llu malformed=%llu "
             "rtcp=%llu unknown_pt=%llu insecure=%llu foreign=%llu early=%llu "
             "held=%llu "
             "unbridged=%llu overridden=%llu unconverted=%llu late=%llu "
             "errors=%llu",
             number(s), (unsigned long long)c->received,
             (unsigned long long)c->relayed, (unsigned long long)c->transcoded,
             (unsigned long long)c->muted, (unsigned long long)c->events,
             (unsigned long long)c->keys, (unsigned long long)c->prompts,
             (unsigned long long)c->silence, (unsigned long long)c->malformed,
             (unsigned long long)c->rtcp, (unsigned long long)c->unknown_pt,
             (unsigned long long)c->insecure, (unsigned long long)c->foreign,
             (unsigned long long)c->early, (unsigned long long)c->held,
             (unsigned long long)c->unbridged,
             (unsigned long long)c->overridden,
             (unsigned long long)c->unconverted, (unsigned long long)c->late,
             (unsigned long long)c->errors);
}

static void peer_leave(struct stream *s)
{
    struct stream *peer = s->peer;

    if (!peer)
        return;
    stream_transcoder_end(s);
    stream_transcoder_end(peer);
    s->peer = NULL;
    peer->peer = NULL;
    s->filling = false;
    peer->filling = false;
    rtp_out_break(&s->out);
    rtp_out_break(&peer->out);
    stream_update(peer);
}

void stream_free(struct stream *s)
{
    player_stop(&s->player);
    peer_leave(s);
    if (s->fd >= 0) {
        counters_log(s);
        stream_rtcp_end(s);
        close(s->fd);
        close(s->rtcp_fd);
        ports_give(s->ports, s->port);
    }
    inband_free(s->inband);
    secure_free(s->secure);
    free(s->close_mail);
    explicit_bzero(&s->session.crypto, sizeof(s->session.crypto));
    free(s);
}

bool stream_sends(const struct stream *s)
{
    return s->has_session && s->session.send && !s->barred &&
           latch_target(&s->latch);
}

static bool waits_for_peer(const struct stream *s)
{
    return s->peer && !s->filling && !s->transcoder && stream_sends(s);
}

static uint64_t fill_due_ms(const struct stream *s)
{
    uint64_t due = s->fed_ms + FILL_AFTER_MS + FILL_GRID_MS - 1;

    return due - due % FILL_GRID_MS;
}

void stream_fill_check(struct stream *s)
{
    if (!waits_for_peer(s))
        return;
    s->filling = worker_now_ms(s->worker) >= fill_due_ms(s);
    stream_update(s);
}

void stream_fed(struct stream *s)
{
    s->fed_ms = worker_now_ms(s->worker);
    if (!s->filling)
        return;
    s->filling = false;
    stream_update(s);
}

void stream_update(struct stream *s)
{
    bool sends = stream_sends(s);
    bool held = s->has_session && !s->session.send;
    bool on;

    stream_transcoder_update(s);
    on = player_busy(&s->player)
             ? sends || held
             : sends && (!s->peer || s->filling || s->transcoder ||
                         keys_out_busy(&s->keys_out));
    if (on && !s->link[STREAMS_TICKING].in)
        s->owed_ms =
            s->ptime_ms > WORKER_TICK_MS ? s->ptime_ms - WORKER_TICK_MS : 0;
    worker_tick_set(s->worker, s, on);
    if (waits_for_peer(s))
        worker_watch_at(s->worker, fill_due_ms(s));
}

/* Where the in-band detector is wanted, have one. */
static void inband_set(struct stream *s)
{
    const struct media_format *f = &s->session.format;

    if (f->recv_dtmf_pt) {
        inband_free(s->inband);
        s->inband = NULL;
    } else if (!s->inband) {
        s->heard_audio = false;
        if (inband_alloc(&s->inband, f->codec))
            log_line(worker_shared(s->worker)->log, LOG_ERROR, NULL,
                     "no memory to listen for keys leg=%llu", number(s));
    }
}

static void out_set(struct stream *s, bool first)
{
    uint32_t rate = codecs[s->session.format.codec].clock;
    struct {
        uint32_t ssrc;
        uint32_t ts;
        uint16_t seq;
    } r = {0};

    if (!first && s->out.rate == rate)
        return;
    if (getrandom(&r, sizeof(r), 0) != sizeof(r)) {
        r.ssrc = (uint32_t)s->leg; /* never seen; unique is what matters */
        r.ts = (uint32_t)worker_now_us(s->worker);
    }
    if (first)
        rtp_out_init(&s->out, rate, r.ssrc, r.seq, r.ts);
    else
        rtp_out_rate(&s->out, rate, r.ssrc, r.ts);
}

/* Without keys nothing is sent: never in the clear what was to be
   encrypted. */
static void secure_set(struct stream *s)
{
    const struct media_crypto *c = &s->session.crypto;
    int err = 0;

    if (c->suite != MEDIA_PLAIN)
        err = s->secure ? secure_renew(s->secure, c)
                        : secure_alloc(&s->secure, c);
    s->barred = err != 0;
    if (!err && c->suite != MEDIA_PLAIN)
        return;
    secure_free(s->secure);
    s->secure = NULL;
    if (err)
        log_line(worker_shared(s->worker)->log, LOG_ERROR, NULL,
                 "no SRTP for leg=%llu: no memory, or a suite that libsrtp "
                 "has not; it stays silent",
                 number(s));
}

static void target_set(struct stream *s, bool first)
{
    if (first)
        latch_open(&s->latch, &s->session.remote);
    else if (latch_retarget(&s->latch, &s->session.remote)) {
        if (s->connected)
            udp_disconnect(s->fd);
        s->connected = false;
        s->rtcp_learnt = false;
    }
}

void stream_session(struct stream *s, const struct media_session *session)
{
    bool first = !s->has_session;
    bool resumes = !first && session->send && !s->session.send;
    bool hears_again = !first && session->receive && !s->session.receive;

    if ((unsigned)session->format.codec >= MEDIA_CODECS) {
        log_line(worker_shared(s->worker)->log, LOG_ERROR, NULL,
                 "unknown codec for leg=%llu: session ignored", number(s));
        return;
    }
    s->session = *session;
    s->has_session = true;
    s->ptime_ms = stream_ptime(s);
    figures_set(&s->figures, FIGURE_CODEC, session->format.codec);
    figures_set(&s->figures, FIGURE_PTIME_MS, s->ptime_ms);
    out_set(s, first);
    if (first)
        stream_rtcp_begin(s);
    if (!session->format.send_dtmf_pt)
        s->keys_out = (struct keys_out){.n = 0};
    inband_set(s);
    secure_set(s);
    target_set(s, first);
    if (resumes)
        rtp_out_break(&s->out);
    if (first || resumes)
        stream_fed(s);
    if (hears_again && s->peer)
        rtp_out_break(&s->peer->out);
    if (first)
        s->lead_until_ms = worker_now_ms(s->worker) + STREAM_LEAD_MS;
    if (first || hears_again || resumes) {
        s->heard_ms = worker_now_ms(s->worker);
        stream_watch_check(s);
    }
    stream_rtcp_check(s);
    stream_update(s);
    if (s->peer)
        stream_update(s->peer);
}

void stream_watch(struct stream *s, uint32_t ms)
{
    s->watch_ms = ms;
    s->watched_out = false;
    if (!ms)
        s->silent = false;
    s->heard_ms = worker_now_ms(s->worker);
    stream_watch_check(s);
}

void stream_watch_check(struct stream *s)
{
    uint64_t due = s->heard_ms + s->watch_ms;

    if (!s->watch_ms || s->watched_out || !s->has_session ||
        !s->session.receive || !s->session.send)
        return;
    if (worker_now_ms(s->worker) < due) {
        worker_watch_at(s->worker, due);
        return;
    }
    s->watched_out = true;
    s->silent = true;
    stream_report(s, (struct media_report){.type = MEDIA_SILENT});
}

void stream_play(struct stream *s, struct play *play)
{
    player_add(&s->player, play);
    stream_update(s);
}

void stream_play_stop(struct stream *s)
{
    player_stop(&s->player);
    stream_update(s);
}

void stream_bridge(struct stream *a, struct stream *b)
{
    if (a == b || a->peer == b)
        return;
    peer_leave(a);
    peer_leave(b);
    a->peer = b;
    b->peer = a;
    stream_fed(a);
    stream_fed(b);
    stream_update(a);
    stream_update(b);
}

void stream_key(struct stream *s, char key)
{
    if (!s->session.format.send_dtmf_pt)
        log_line(worker_shared(s->worker)->log, LOG_WARN, NULL,
                 "a key was not sent: the far side of leg=%llu takes no "
                 "telephone-event",
                 number(s));
    else if (keys_out_put(&s->keys_out, key))
        stream_update(s);
}

void stream_mute(struct stream *s, bool on)
{
    s->muted = on;
}
