#include "fake_media.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>

struct media {
    struct media_config mc;
    uint16_t next_port;
    uint64_t n_numbers;
    bool no_port;
    struct fake_stream streams[FAKE_STREAMS_MAX];
    size_t n_streams;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct media *the;

int media_alloc(struct media **mp, const struct media_config *mc)
{
    struct media *m = calloc(1, sizeof(*m));

    if (!m)
        return ENOMEM;
    m->mc = *mc;
    m->next_port = 40000;
    *mp = the = m;
    return 0;
}

void media_free(struct media *m)
{
    free(m);
    the = NULL;
}

engine_leg media_leg(struct media *m, engine_leg peer)
{
    engine_leg leg;

    pthread_mutex_lock(&lock);
    m->n_numbers++;
    leg = m->n_numbers * 3 + (peer ? peer : m->n_numbers) % 3;
    pthread_mutex_unlock(&lock);
    return leg;
}

static struct fake_stream *find(engine_leg leg)
{
    for (size_t i = 0; the && i < the->n_streams; i++) {
        if (the->streams[i].leg == leg)
            return &the->streams[i];
    }
    return NULL;
}

struct fake_stream *fake_media_stream(engine_leg leg)
{
    struct fake_stream *s;

    pthread_mutex_lock(&lock);
    s = find(leg);
    pthread_mutex_unlock(&lock);
    return s;
}

void fake_media_no_port(void)
{
    the->no_port = true;
}

int media_stream_open(struct media *m, engine_leg leg, enum engine_side side,
                      uint16_t *port)
{
    struct fake_stream *s;

    if (m->no_port) {
        m->no_port = false;
        return EAGAIN;
    }
    if (m->n_streams == FAKE_STREAMS_MAX)
        return EAGAIN;
    pthread_mutex_lock(&lock);
    s = &m->streams[m->n_streams++];
    s->leg = leg;
    s->open = true;
    s->side = side;
    s->port = *port = m->next_port;
    m->next_port += 2;
    pthread_mutex_unlock(&lock);
    return 0;
}

#define WITH_STREAM(leg, statement)                                           \
    do {                                                                      \
        struct fake_stream *s;                                                \
                                                                              \
        pthread_mutex_lock(&lock);                                            \
        s = find(leg);                                                        \
        if (s) {                                                              \
            statement;                                                        \
        }                                                                     \
        pthread_mutex_unlock(&lock);                                          \
    } while (0)

void media_stream_close(struct media *m, engine_leg leg)
{
    WITH_STREAM(leg, s->open = false);
}

void media_stream_quality(struct media *m, engine_leg leg,
                          struct engine_quality *q)
{
    *q = (struct engine_quality){0};
    WITH_STREAM(leg, *q = s->quality);
}

void media_stream_session(struct media *m, engine_leg leg,
                          const struct media_session *session)
{
    WITH_STREAM(leg, s->session = *session; s->sessions++);
}

void media_stream_watch(struct media *m, engine_leg leg, uint32_t ms)
{
    WITH_STREAM(leg, s->watch_ms = ms; s->watches++);
}

void media_play(struct media *m, engine_leg leg, const struct engine_play *p)
{
    WITH_STREAM(leg, s->play = *p; s->plays++);
}

void media_play_stop(struct media *m, engine_leg leg)
{
    WITH_STREAM(leg, s->play_stops++);
}

void media_bridge(struct media *m, engine_leg a, engine_leg b)
{
    WITH_STREAM(a, s->bridged = b);
    WITH_STREAM(b, s->bridged = a);
}

void media_key(struct media *m, engine_leg leg, char key)
{
}

void media_mute(struct media *m, engine_leg leg, bool on)
{
    WITH_STREAM(leg, s->muted = on);
}

void fake_media_tell(enum media_report_type type, engine_leg leg, char key)
{
    const struct media_report r = {.type = type, .leg = leg, .key = key};

    the->mc.h(&r, the->mc.arg);
}

void fake_media_played(engine_leg leg, uint32_t tag, bool completed)
{
    const struct media_report r = {
        .type = MEDIA_PLAYED,
        .leg = leg,
        .tag = tag,
        .completed = completed,
    };

    the->mc.h(&r, the->mc.arg);
}
