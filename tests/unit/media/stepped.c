#include "stepped.h"

#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <setjmp.h>
#include <cmocka.h>

#include "engine/embedded/media/stream.h"
#include "engine/embedded/media/worker.h"

enum { STEP_MS = 10, STREAMS_MAX = 8, PATIENCE_MS = 10000 };

struct worker {
    const struct media_shared *shared;
    uint64_t now_us;
    uint64_t watch_due_ms;
    struct stream *ticking[STREAMS_MAX];
    struct {
        int fd;
        struct worker_socket *socket;
    } sockets[2 * STREAMS_MAX];
    size_t n_sockets;
    uint8_t in[RTP_PACKET_MAX + PROMPT_OPUS_MAX];
    uint8_t out[RTP_PACKET_MAX];
    uint8_t secure[RTP_PACKET_MAX + PROMPT_OPUS_MAX + SECURE_TRAILER_MAX];
};

static struct worker *the_worker;

int worker_alloc(struct worker **wp, unsigned number,
                 const struct media_shared *shared)
{
    struct worker *w = calloc(1, sizeof(*w));

    if (!w || the_worker)
        return ENOMEM;
    w->shared = shared;
    w->now_us = 1000000;
    w->watch_due_ms = UINT64_MAX;
    *wp = the_worker = w;
    return 0;
}

void worker_free(struct worker *w, struct message *quit)
{
    free(quit);
    free(w);
    the_worker = NULL;
}

const struct media_shared *worker_shared(const struct worker *w)
{
    return w->shared;
}

uint64_t worker_now_us(const struct worker *w)
{
    return w->now_us;
}

uint64_t worker_now_ms(const struct worker *w)
{
    return w->now_us / 1000;
}

uint8_t *worker_packet_in(struct worker *w)
{
    return w->in;
}

uint8_t *worker_packet_out(struct worker *w)
{
    return w->out;
}

uint8_t *worker_packet_secure(struct worker *w)
{
    return w->secure;
}

unsigned worker_complexity(const struct worker *w)
{
    return w->shared->opus_complexity;
}

void worker_watch_at(struct worker *w, uint64_t due_ms)
{
    if (due_ms < w->watch_due_ms)
        w->watch_due_ms = due_ms;
}

void worker_tick_set(struct worker *w, struct stream *s, bool on)
{
    size_t free_place = STREAMS_MAX;

    for (size_t i = 0; i < STREAMS_MAX; i++) {
        if (w->ticking[i] == s)
            w->ticking[i] = NULL;
        if (!w->ticking[i])
            free_place = i;
    }
    assert_true(free_place < STREAMS_MAX);
    if (on)
        w->ticking[free_place] = s;
    s->link[STREAMS_TICKING].in = on;
}

void worker_gather_set(struct worker *w, struct stream *s, bool on)
{
}

uint64_t worker_arrival_us(const struct worker *w,
                           const struct timespec *stamp)
{
    return w->now_us;
}

int worker_socket_add(struct worker *w, int fd, struct worker_socket *ws)
{
    assert_true(w->n_sockets < 2 * STREAMS_MAX);
    w->sockets[w->n_sockets].fd = fd;
    w->sockets[w->n_sockets++].socket = ws;
    return 0;
}

static void stream_remove(struct worker *w, struct stream *s)
{
    size_t kept = 0;

    for (size_t i = 0; i < w->n_sockets; i++)
        if (w->sockets[i].socket->stream != s)
            w->sockets[kept++] = w->sockets[i];
    w->n_sockets = kept;
    worker_tick_set(w, s, false);
    stream_free(s);
}

void worker_post(struct worker *w, struct message *m)
{
    struct stream *s = m->stream;

    switch (m->type) {
    case MESSAGE_OPEN:
        worker_socket_add(w, s->rtcp_fd, &s->rtcp_socket);
        break;
    case MESSAGE_CLOSE:
        stream_remove(w, s);
        break;
    case MESSAGE_SESSION:
        stream_session(s, &m->session);
        break;
    case MESSAGE_BRIDGE:
        stream_bridge(s, m->peer);
        break;
    case MESSAGE_MUTE:
        stream_mute(s, m->on);
        break;
    case MESSAGE_PLAY:
        stream_play(s, m->play);
        break;
    case MESSAGE_PLAY_STOP:
        stream_play_stop(s);
        break;
    case MESSAGE_WATCH:
        stream_watch(s, m->watch_ms);
        break;
    case MESSAGE_KEY:
        stream_key(s, m->key);
        break;
    case MESSAGE_QUIT:
    case MESSAGE_TYPES:
        break;
    }
    free(m);
}

/* Take what waits; whether anything did within ms. */
static bool take(struct worker *w, int ms)
{
    struct pollfd p[2 * STREAMS_MAX];
    size_t n = w->n_sockets;

    for (size_t i = 0; i < n; i++)
        p[i] = (struct pollfd){.fd = w->sockets[i].fd, .events = POLLIN};
    if (poll(p, n, ms) <= 0)
        return false;
    for (size_t i = 0; i < n; i++)
        if (p[i].revents)
            w->sockets[i].socket->receive(w->sockets[i].socket->stream);
    return true;
}

void stepped_receive(void)
{
    assert_true(take(the_worker, PATIENCE_MS));
}

static void step(struct worker *w)
{
    w->now_us += STEP_MS * 1000;
    while (take(w, 0)) /* what the streams sent to one another */
        ;
    if (worker_now_ms(w) % WORKER_TICK_MS == 0)
        for (size_t i = 0; i < STREAMS_MAX; i++)
            if (w->ticking[i])
                stream_tick(w->ticking[i]);
    if (w->watch_due_ms > worker_now_ms(w))
        return;
    w->watch_due_ms = UINT64_MAX;
    for (size_t i = 0; i < w->n_sockets; i++) {
        struct stream *s = w->sockets[i].socket->stream;

        stream_watch_check(s);
        stream_fill_check(s);
        stream_rtcp_check(s);
    }
}

void stepped_pass(unsigned ms)
{
    for (; ms >= STEP_MS; ms -= STEP_MS)
        step(the_worker);
}
