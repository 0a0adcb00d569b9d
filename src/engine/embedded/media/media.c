#include "engine/embedded/media/media.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "engine/embedded/media/inband.h"
#include "engine/embedded/media/leg_map.h"
#include "engine/embedded/media/ports.h"
#include "engine/embedded/media/secure.h"
#include "engine/embedded/media/stream.h"
#include "engine/embedded/media/worker.h"

enum { WORKERS_MAX = 64, SIDES = 2 };

struct media {
    struct media_shared shared;
    struct sockaddr_storage address[SIDES];
    struct ports *ports[SIDES];
    /* The lock orders messages: once a stream's closing is posted, nothing
     * more is posted about it. It is held for a look-up and a list append,
     * never while a packet is handled. */
    pthread_mutex_t lock;
    struct leg_map legs;
    uint64_t n_numbers; /* given to legs */
    unsigned n_workers;
    struct {
        struct worker *worker;
        struct message *quit;
        unsigned streams;
    } pool[WORKERS_MAX];
};

static unsigned cores(void)
{
    cpu_set_t set;
    int n = sched_getaffinity(0, sizeof(set), &set) ? 1 : CPU_COUNT(&set);

    return n > 0 ? (unsigned)n : 1;
}

static int workers_start(struct media *m, unsigned wanted)
{
    unsigned n = wanted ? wanted : cores();

    if (n > WORKERS_MAX)
        n = WORKERS_MAX;
    while (m->n_workers < n) {
        struct message *quit = calloc(1, sizeof(*quit));
        int err = ENOMEM;

        if (quit)
            err = worker_alloc(&m->pool[m->n_workers].worker, m->n_workers,
                               &m->shared);
        if (err) {
            free(quit);
            return err;
        }
        m->pool[m->n_workers++].quit = quit;
    }
    return 0;
}

static uint64_t clock_us(clockid_t id)
{
    struct timespec ts;

    clock_gettime(id, &ts);
    return (uint64_t)ts.tv_sec * 1000000 + (uint64_t)ts.tv_nsec / 1000;
}

static int shared_init(struct media *m, const struct media_config *mc)
{
    int err;

    m->shared.log = mc->log;
    m->shared.wall_us = clock_us(CLOCK_REALTIME) - clock_us(CLOCK_MONOTONIC);
    m->shared.h = mc->h;
    m->shared.arg = mc->arg;
    m->shared.opus_complexity = mc->opus_complexity;
    m->shared.duck = mc->duck;
    g711_tables_init(&m->shared.g711);
    err = inband_prepare();
    if (!err)
        err = silence_init(&m->shared.silence);
    if (!err)
        err = prompt_store_alloc(&m->shared.prompts, mc->sounds_dir,
                                 mc->language, mc->log);
    return err;
}

int media_alloc(struct media **mp, const struct media_config *mc)
{
    struct media *m = calloc(1, sizeof(*m));
    int err;

    if (!m)
        return ENOMEM;
    pthread_mutex_init(&m->lock, NULL);
    err = secure_start();
    if (err)
        log_line(mc->log, LOG_ERROR, NULL,
                 "libsrtp cannot encrypt here: install what it needs (with "
                 "NSS, libsoftokn3.so and libfreeblpriv3.so)");
    if (!err)
        err = shared_init(m, mc);
    for (int i = 0; i < SIDES && !err; i++) {
        m->address[i] = mc->ports[i].address;
        err = ports_alloc(&m->ports[i], mc->ports[i].start, mc->ports[i].end);
    }
    if (!err)
        err = workers_start(m, mc->workers);
    if (err) {
        media_free(m);
        return err;
    }
    log_line(mc->log, LOG_INFO, NULL,
             "audio ready workers=%u prompts=%zu language=%s", m->n_workers,
             prompt_store_count(m->shared.prompts), mc->language);
    *mp = m;
    return 0;
}

void media_free(struct media *m)
{
    if (!m)
        return;
    for (unsigned i = 0; i < m->n_workers; i++)
        worker_free(m->pool[i].worker, m->pool[i].quit);
    for (int i = 0; i < SIDES; i++)
        ports_free(m->ports[i]);
    prompt_store_free(m->shared.prompts);
    leg_map_reset(&m->legs);
    pthread_mutex_destroy(&m->lock);
    free(m);
}

static unsigned worker_number(const struct media *m, engine_leg leg)
{
    return (unsigned)(leg % m->n_workers);
}

/* Of several the one whose turn it is: streams of the last call may not be
   open yet. */
static unsigned idlest(const struct media *m)
{
    unsigned best = (unsigned)(m->n_numbers / 2 % m->n_workers);

    for (unsigned i = 0; i < m->n_workers; i++)
        if (m->pool[i].streams < m->pool[best].streams)
            best = i;
    return best;
}

engine_leg media_leg(struct media *m, engine_leg peer)
{
    engine_leg leg;
    unsigned worker;

    pthread_mutex_lock(&m->lock);
    worker = peer ? worker_number(m, peer) : idlest(m);
    leg = ++m->n_numbers * m->n_workers + worker;
    pthread_mutex_unlock(&m->lock);
    return leg;
}

/* Enter it into the map, and count it. */
static int stream_enter(struct media *m, struct stream *s)
{
    int err = leg_map_put(&m->legs, s->leg, s);

    if (!err)
        m->pool[worker_number(m, s->leg)].streams++;
    return err;
}

static struct stream *stream_leave(struct media *m, engine_leg leg)
{
    struct stream *s = leg_map_take(&m->legs, leg);

    if (s)
        m->pool[worker_number(m, leg)].streams--;
    return s;
}

/* Enter the stream and hand it over to its worker. */
static int stream_start(struct media *m, struct stream *s,
                        struct message *open)
{
    int err;

    pthread_mutex_lock(&m->lock);
    err = stream_enter(m, s);
    if (!err) {
        err = worker_socket_add(s->worker, s->fd, &s->socket);
        if (err)
            stream_leave(m, s->leg);
    }
    if (!err)
        worker_post(s->worker, open);
    pthread_mutex_unlock(&m->lock);
    return err;
}

int media_stream_open(struct media *m, engine_leg leg, enum engine_side side,
                      uint16_t *port)
{
    struct message *open = calloc(1, sizeof(*open));
    struct stream *s = NULL;
    int err;

    if (!open)
        return ENOMEM;
    err = stream_alloc(&s, leg, m->pool[worker_number(m, leg)].worker,
                       m->ports[side], &m->address[side]);
    if (err) {
        free(open);
        return err;
    }
    *port = s->port;
    open->type = MESSAGE_OPEN;
    open->stream = s;
    err = stream_start(m, s, open);
    if (err) {
        free(open);
        stream_free(s);
    }
    return err;
}

void media_stream_close(struct media *m, engine_leg leg)
{
    struct stream *s;

    pthread_mutex_lock(&m->lock);
    s = stream_leave(m, leg);
    if (s) {
        struct message *mail = s->close_mail;

        s->close_mail = NULL;
        worker_post(s->worker, mail);
    }
    pthread_mutex_unlock(&m->lock);
}

void media_stream_quality(struct media *m, engine_leg leg,
                          struct engine_quality *q)
{
    const struct stream *s;

    *q = (struct engine_quality){0};
    pthread_mutex_lock(&m->lock);
    s = leg_map_get(&m->legs, leg);
    if (s)
        figures_quality(&s->figures, q);
    pthread_mutex_unlock(&m->lock);
}

static struct message *message_alloc(struct media *m, engine_leg leg,
                                     enum message_type type)
{
    struct message *message = calloc(1, sizeof(*message));

    if (message)
        message->type = type;
    else
        log_line(m->shared.log, LOG_ERROR, NULL,
                 "no memory: audio command dropped leg=%llu",
                 (unsigned long long)leg);
    return message;
}

/* Post a message about a leg's stream; false, message untouched, when it has
 * none. */
static bool post(struct media *m, engine_leg leg, struct message *message)
{
    struct stream *s;

    pthread_mutex_lock(&m->lock);
    s = leg_map_get(&m->legs, leg);
    if (s) {
        message->stream = s;
        worker_post(s->worker, message);
    }
    pthread_mutex_unlock(&m->lock);
    return s != NULL;
}

void media_stream_session(struct media *m, engine_leg leg,
                          const struct media_session *s)
{
    struct message *message = message_alloc(m, leg, MESSAGE_SESSION);

    if (!message)
        return;
    message->session = *s;
    if (post(m, leg, message))
        return;
    explicit_bzero(&message->session.crypto, sizeof(s->crypto));
    free(message);
}

void media_stream_watch(struct media *m, engine_leg leg, uint32_t ms)
{
    struct message *message = message_alloc(m, leg, MESSAGE_WATCH);

    if (!message)
        return;
    message->watch_ms = ms;
    if (!post(m, leg, message))
        free(message);
}

void media_play(struct media *m, engine_leg leg, const struct engine_play *p)
{
    struct message *message = message_alloc(m, leg, MESSAGE_PLAY);

    if (!message)
        return;
    message->play = play_alloc(p, m->shared.prompts, m->shared.log);
    if (message->play && post(m, leg, message))
        return;
    free(message->play);
    free(message);
}

void media_play_stop(struct media *m, engine_leg leg)
{
    struct message *message = message_alloc(m, leg, MESSAGE_PLAY_STOP);

    if (message && !post(m, leg, message))
        free(message);
}

void media_mute(struct media *m, engine_leg leg, bool on)
{
    struct message *message = message_alloc(m, leg, MESSAGE_MUTE);

    if (!message)
        return;
    message->on = on;
    if (!post(m, leg, message))
        free(message);
}

void media_key(struct media *m, engine_leg leg, char key)
{
    struct message *message = message_alloc(m, leg, MESSAGE_KEY);

    if (!message)
        return;
    message->key = key;
    if (!post(m, leg, message))
        free(message);
}

void media_bridge(struct media *m, engine_leg a, engine_leg b)
{
    struct message *message = message_alloc(m, a, MESSAGE_BRIDGE);
    struct stream *sa;
    struct stream *sb;
    bool apart;

    if (!message)
        return;
    pthread_mutex_lock(&m->lock);
    sa = leg_map_get(&m->legs, a);
    sb = leg_map_get(&m->legs, b);
    apart = sa && sb && sa->worker != sb->worker;
    if (sa && sb && !apart) {
        message->stream = sa;
        message->peer = sb;
        worker_post(sa->worker, message);
        message = NULL;
    }
    pthread_mutex_unlock(&m->lock);
    if (apart)
        log_line(m->shared.log, LOG_ERROR, NULL,
                 "legs not bridged: on two workers leg=%llu peer=%llu",
                 (unsigned long long)a, (unsigned long long)b);
    free(message);
}
