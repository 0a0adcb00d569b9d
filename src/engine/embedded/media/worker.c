#include "engine/embedded/media/worker.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include "engine/embedded/media/load.h"
#include "engine/embedded/media/stream.h"

enum {
    EVENTS_MAX = 64,
    CATCH_UP_MAX = 5, /* ticks made up for after a stall; then time jumps */
    STACK_SIZE = 512 * 1024,
};

struct worker {
    pthread_t thread;
    const struct media_shared *shared;
    struct mailbox *mailbox;
    int epoll;
    int timer;
    bool quit;
    bool closed; /* a stream was, since the events were read */
    uint64_t now_us;
    unsigned number;
    struct load load;
    uint64_t watch_due_ms; /* UINT64_MAX: nothing is watched */
    struct stream *first[STREAM_LISTS];
    /* a payload may be replaced by a longer one where it lies */
    uint8_t packet_in[RTP_PACKET_MAX + PROMPT_OPUS_MAX];
    uint8_t packet_out[RTP_PACKET_MAX];
    uint8_t
        packet_secure[RTP_PACKET_MAX + PROMPT_OPUS_MAX + SECURE_TRAILER_MAX];
};

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
    return w->packet_in;
}

uint8_t *worker_packet_out(struct worker *w)
{
    return w->packet_out;
}

uint8_t *worker_packet_secure(struct worker *w)
{
    return w->packet_secure;
}

unsigned worker_complexity(const struct worker *w)
{
    return w->load.complexity;
}

static uint64_t clock_us(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (uint64_t)ts.tv_sec * 1000000 + (uint64_t)ts.tv_nsec / 1000;
}

static void clock_read(struct worker *w)
{
    w->now_us = clock_us();
}

/* What was done took its time: Opus may have to become simpler. */
static void load_note(struct worker *w)
{
    unsigned before = w->load.complexity;

    if (!load_add(&w->load, w->now_us, clock_us()))
        return;
    log_line(w->shared->log, LOG_INFO, NULL,
             w->load.complexity < before
                 ? "audio thread %u is busy for %u %% of the time: Opus is "
                   "encoded with complexity %u, not %u; give the gateway "
                   "more cores if this stays"
                 : "audio thread %u is busy for %u %% of the time: Opus is "
                   "encoded with complexity %u again, not %u",
             w->number, w->load.percent, w->load.complexity, before);
}

/* The first tick comes at once, so that a prompt starts without delay. */
static void timer_set(struct worker *w, bool on)
{
    struct itimerspec spec = {0};

    if (on) {
        spec.it_value.tv_nsec = 1;
        spec.it_interval.tv_nsec = WORKER_TICK_MS * 1000000L;
    }
    timerfd_settime(w->timer, 0, &spec, NULL);
}

static void list_add(struct worker *w, enum stream_list list, struct stream *s)
{
    struct stream *first = w->first[list];

    s->link[list].prev = NULL;
    s->link[list].next = first;
    s->link[list].in = true;
    if (first)
        first->link[list].prev = s;
    w->first[list] = s;
}

static void list_remove(struct worker *w, enum stream_list list,
                        struct stream *s)
{
    struct stream_link *link = &s->link[list];

    if (!link->in)
        return;
    link->in = false;
    if (link->next)
        link->next->link[list].prev = link->prev;
    if (link->prev)
        link->prev->link[list].next = link->next;
    else
        w->first[list] = link->next;
}

void worker_tick_set(struct worker *w, struct stream *s, bool on)
{
    bool idle = !w->first[STREAMS_TICKING];

    if (on == s->link[STREAMS_TICKING].in)
        return;
    if (on)
        list_add(w, STREAMS_TICKING, s);
    else
        list_remove(w, STREAMS_TICKING, s);
    if (idle != !w->first[STREAMS_TICKING])
        timer_set(w, idle);
}

void worker_watch_at(struct worker *w, uint64_t due_ms)
{
    if (due_ms < w->watch_due_ms)
        w->watch_due_ms = due_ms;
}

int worker_socket_add(struct worker *w, int fd, struct worker_socket *ws)
{
    struct epoll_event ev = {.events = EPOLLIN, .data.ptr = ws};

    return epoll_ctl(w->epoll, EPOLL_CTL_ADD, fd, &ev) ? errno : 0;
}

static void open_h(struct worker *w, struct message *m)
{
    struct stream *s = m->stream;

    list_add(w, STREAMS_ALL, s);
    if (worker_socket_add(w, s->rtcp_fd, &s->rtcp_socket))
        log_line(w->shared->log, LOG_ERROR, NULL,
                 "reports of the far side will not be heard leg=%llu",
                 (unsigned long long)s->leg);
}

static void stream_remove(struct worker *w, struct stream *s)
{
    worker_tick_set(w, s, false);
    list_remove(w, STREAMS_ALL, s);
    w->closed = true;
    stream_free(s); /* closing the socket takes it out of epoll */
}

static void close_h(struct worker *w, struct message *m)
{
    stream_remove(w, m->stream);
}

static void session_h(struct worker *w, struct message *m)
{
    stream_session(m->stream, &m->session);
    explicit_bzero(&m->session.crypto, sizeof(m->session.crypto));
}

static void watch_h(struct worker *w, struct message *m)
{
    stream_watch(m->stream, m->watch_ms);
}

static void play_h(struct worker *w, struct message *m)
{
    stream_play(m->stream, m->play);
}

static void play_stop_h(struct worker *w, struct message *m)
{
    stream_play_stop(m->stream);
}

static void bridge_h(struct worker *w, struct message *m)
{
    stream_bridge(m->stream, m->peer);
}

static void mute_h(struct worker *w, struct message *m)
{
    stream_mute(m->stream, m->on);
}

static void key_h(struct worker *w, struct message *m)
{
    stream_key(m->stream, m->key);
}

static void quit_h(struct worker *w, struct message *m)
{
    w->quit = true;
}

static void mail_handle(struct worker *w)
{
    static void (*const handler[MESSAGE_TYPES])(struct worker *,
                                                struct message *) = {
        [MESSAGE_OPEN] = open_h,       [MESSAGE_CLOSE] = close_h,
        [MESSAGE_SESSION] = session_h, [MESSAGE_WATCH] = watch_h,
        [MESSAGE_PLAY] = play_h,       [MESSAGE_PLAY_STOP] = play_stop_h,
        [MESSAGE_BRIDGE] = bridge_h,   [MESSAGE_MUTE] = mute_h,
        [MESSAGE_KEY] = key_h,         [MESSAGE_QUIT] = quit_h,
    };
    struct mail *mail = mailbox_take(w->mailbox);

    while (mail) {
        struct message *m = (struct message *)mail;

        mail = mail->next;
        handler[m->type](w, m);
        free(m);
    }
}

static void timer_handle(struct worker *w)
{
    uint64_t ticks;

    if (read(w->timer, &ticks, sizeof(ticks)) != sizeof(ticks))
        return;
    if (ticks > CATCH_UP_MAX)
        ticks = CATCH_UP_MAX;
    while (ticks--) {
        struct stream *s = w->first[STREAMS_TICKING];

        while (s) {
            struct stream *next = s->link[STREAMS_TICKING].next;

            stream_tick(s); /* may take itself off the list */
            s = next;
        }
    }
}

static void watch_handle(struct worker *w)
{
    w->watch_due_ms = UINT64_MAX;
    for (struct stream *s = w->first[STREAMS_ALL]; s;
         s = s->link[STREAMS_ALL].next) {
        stream_watch_check(s);
        stream_fill_check(s);
        stream_rtcp_check(s);
    }
}

static int wait_ms(const struct worker *w)
{
    uint64_t now_ms = worker_now_ms(w);

    if (w->watch_due_ms == UINT64_MAX)
        return -1;
    if (w->watch_due_ms <= now_ms)
        return 0;
    return w->watch_due_ms - now_ms < 60000
               ? (int)(w->watch_due_ms - now_ms) + 1
               : 60000;
}

/* Mail goes first: what was ordered before a packet came holds for it. */
static bool mail_waits(const struct worker *w, const struct epoll_event *ev,
                       int n)
{
    for (int i = 0; i < n; i++)
        if (ev[i].data.ptr == w->mailbox)
            return true;
    return false;
}

static void events_handle(struct worker *w, const struct epoll_event *ev,
                          int n)
{
    w->closed = false;
    if (mail_waits(w, ev, n))
        mail_handle(w);
    if (w->closed)
        return; /* ev may name a closed stream; epoll tells the rest again */
    for (int i = 0; i < n; i++) {
        const struct worker_socket *ws = ev[i].data.ptr;

        if (ev[i].data.ptr == &w->timer)
            timer_handle(w);
        else if (ev[i].data.ptr != w->mailbox)
            ws->receive(ws->stream);
    }
}

static void *worker_run(void *arg)
{
    struct worker *w = arg;

    clock_read(w);
    load_begin(&w->load, w->shared->opus_complexity, w->now_us);
    while (!w->quit) {
        struct epoll_event ev[EVENTS_MAX];
        int n = epoll_wait(w->epoll, ev, EVENTS_MAX, wait_ms(w));

        clock_read(w);
        if (n > 0)
            events_handle(w, ev, n);
        if (w->watch_due_ms <= worker_now_ms(w))
            watch_handle(w);
        load_note(w);
    }
    while (w->first[STREAMS_ALL])
        stream_remove(w, w->first[STREAMS_ALL]);
    return NULL;
}

static int thread_start(struct worker *w, unsigned number)
{
    sigset_t all;
    sigset_t before;
    pthread_attr_t attr;
    char name[16];
    int err;

    sigfillset(&all);
    pthread_attr_init(&attr);
    pthread_attr_setstacksize(&attr, STACK_SIZE);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    err = pthread_create(&w->thread, &attr, worker_run, w);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    pthread_attr_destroy(&attr);
    if (err)
        return err;
    snprintf(name, sizeof(name), "media-%u", number);
    pthread_setname_np(w->thread, name);
    return 0;
}

static void worker_reset(struct worker *w)
{
    if (w->timer >= 0)
        close(w->timer);
    if (w->epoll >= 0)
        close(w->epoll);
    mailbox_free(w->mailbox);
    free(w);
}

static int watch_fds(struct worker *w)
{
    struct epoll_event mail = {.events = EPOLLIN, .data.ptr = w->mailbox};
    struct epoll_event tick = {.events = EPOLLIN, .data.ptr = &w->timer};

    if (epoll_ctl(w->epoll, EPOLL_CTL_ADD, mailbox_fd(w->mailbox), &mail) ||
        epoll_ctl(w->epoll, EPOLL_CTL_ADD, w->timer, &tick))
        return errno;
    return 0;
}

int worker_alloc(struct worker **wp, unsigned number,
                 const struct media_shared *shared)
{
    struct worker *w = calloc(1, sizeof(*w));
    int err;

    if (!w)
        return ENOMEM;
    w->shared = shared;
    w->number = number;
    w->watch_due_ms = UINT64_MAX;
    w->epoll = epoll_create1(EPOLL_CLOEXEC);
    w->timer = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
    err = w->epoll < 0 || w->timer < 0 ? errno : mailbox_alloc(&w->mailbox);
    if (!err)
        err = watch_fds(w);
    if (!err)
        err = thread_start(w, number);
    if (err) {
        worker_reset(w);
        return err;
    }
    *wp = w;
    return 0;
}

void worker_post(struct worker *w, struct message *message)
{
    mailbox_post(w->mailbox, &message->mail);
}

void worker_free(struct worker *w, struct message *quit)
{
    quit->type = MESSAGE_QUIT;
    worker_post(w, quit);
    pthread_join(w->thread, NULL);
    worker_reset(w);
}
