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
#include "engine/embedded/media/udp.h"

enum {
    EVENTS_MAX = 64,
    STEP_MS = WORKER_TICK_MS / WORKER_STEPS,
    CATCH_UP_MAX = 240 / STEP_MS, /* steps made up for after a stall; then
                                     time jumps */
    GATHER_MAX = 8, /* times EVENTS_MAX packets at once, so that a flood
                       does not stop the clock */
    ARRIVAL_MAX_US = 1000000,
    STACK_SIZE = 512 * 1024,
};

struct worker {
    pthread_t thread;
    const struct media_shared *shared;
    struct mailbox *mailbox;
    int epoll;
    int gathered; /* an epoll set that nobody waits for */
    int timer;
    unsigned timer_users; /* streams that tick, and sockets gathered */
    unsigned step;        /* of the clock, the last one */
    bool quit;
    bool closed; /* a stream was, since the events were read */
    uint64_t now_us;
    uint64_t wall_us; /* when packets were last gathered, since 1970 */
    unsigned number;
    struct load load;
    uint64_t watch_due_ms; /* UINT64_MAX: nothing is watched */
    struct stream *all;
    struct stream *ticking[WORKER_STEPS]; /* by the step of their ticks */
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

static uint64_t us_of(const struct timespec *ts)
{
    return (uint64_t)ts->tv_sec * 1000000 + (uint64_t)ts->tv_nsec / 1000;
}

static uint64_t clock_us(clockid_t id)
{
    struct timespec ts;

    clock_gettime(id, &ts);
    return us_of(&ts);
}

static void clock_read(struct worker *w)
{
    w->now_us = clock_us(CLOCK_MONOTONIC);
}

/* A wall clock that was set in between leaves the time of gathering. */
uint64_t worker_arrival_us(const struct worker *w,
                           const struct timespec *stamp)
{
    uint64_t age_us = w->wall_us - us_of(stamp);

    return age_us <= ARRIVAL_MAX_US ? w->now_us - age_us : w->now_us;
}

/* What was done took its time: Opus may have to become simpler. */
static void load_note(struct worker *w)
{
    unsigned before = w->load.complexity;

    if (!load_add(&w->load, w->now_us, clock_us(CLOCK_MONOTONIC)))
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
        spec.it_interval.tv_nsec = STEP_MS * 1000000L;
    }
    timerfd_settime(w->timer, 0, &spec, NULL);
}

static struct stream **first_of(struct worker *w, enum stream_list list,
                                const struct stream *s)
{
    return list == STREAMS_ALL ? &w->all : &w->ticking[s->step];
}

static void list_add(struct worker *w, enum stream_list list, struct stream *s)
{
    struct stream **first = first_of(w, list, s);

    s->link[list].prev = NULL;
    s->link[list].next = *first;
    s->link[list].in = true;
    if (*first)
        (*first)->link[list].prev = s;
    *first = s;
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
        *first_of(w, list, s) = link->next;
}

static void timer_use(struct worker *w, bool on)
{
    if (on ? !w->timer_users++ : !--w->timer_users)
        timer_set(w, on);
}

void worker_tick_set(struct worker *w, struct stream *s, bool on)
{
    if (on == s->link[STREAMS_TICKING].in)
        return;
    if (on) {
        s->step = (w->step + 1) % WORKER_STEPS; /* the next one */
        s->ticked = false;
        list_add(w, STREAMS_TICKING, s);
    } else {
        list_remove(w, STREAMS_TICKING, s);
    }
    timer_use(w, on);
}

static int socket_watch(int epoll, int fd, struct worker_socket *ws)
{
    struct epoll_event ev = {.events = EPOLLIN, .data.ptr = ws};

    return epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &ev) ? errno : 0;
}

void worker_gather_set(struct worker *w, struct stream *s, bool on)
{
    int from = on ? w->epoll : w->gathered, to = on ? w->gathered : w->epoll;

    if (on == s->gathered || socket_watch(to, s->fd, &s->socket))
        return; /* for want of memory: it stays where it is */
    epoll_ctl(from, EPOLL_CTL_DEL, s->fd, NULL);
    udp_stamp(s->fd, on);
    s->gathered = on;
    timer_use(w, on);
}

void worker_watch_at(struct worker *w, uint64_t due_ms)
{
    if (due_ms < w->watch_due_ms)
        w->watch_due_ms = due_ms;
}

int worker_socket_add(struct worker *w, int fd, struct worker_socket *ws)
{
    return socket_watch(w->epoll, fd, ws);
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
    if (s->gathered)
        timer_use(w, false);
    s->gathered = false;
    list_remove(w, STREAMS_ALL, s);
    w->closed = true;
    stream_free(s); /* closing the sockets takes them out of epoll */
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

static void sockets_handle(const struct epoll_event *ev, int n)
{
    for (int i = 0; i < n; i++) {
        const struct worker_socket *ws = ev[i].data.ptr;

        ws->receive(ws->stream);
    }
}

/* What came in the time of so many steps. */
static void gather(struct worker *w, uint64_t steps)
{
    struct epoll_event ev[EVENTS_MAX];

    w->wall_us = clock_us(CLOCK_REALTIME);
    for (uint64_t i = 0; i < GATHER_MAX * steps; i++) {
        int n = epoll_wait(w->gathered, ev, EVENTS_MAX, 0);

        if (n <= 0)
            return;
        sockets_handle(ev, n);
    }
}

/* made_up: its time is behind us. Who began to tick meanwhile owes nothing
   for it. */
static void step(struct worker *w, bool made_up)
{
    struct stream *s;

    w->step = (w->step + 1) % WORKER_STEPS;
    s = w->ticking[w->step];
    while (s) {
        struct stream *next = s->link[STREAMS_TICKING].next;

        if (!made_up)
            s->ticked = true;
        if (s->ticked)
            stream_tick(s); /* may take itself off the list */
        s = next;
    }
}

static void timer_handle(struct worker *w)
{
    uint64_t steps;

    if (read(w->timer, &steps, sizeof(steps)) != sizeof(steps))
        return;
    if (steps > CATCH_UP_MAX)
        steps = CATCH_UP_MAX;
    gather(w, steps);
    while (steps--)
        step(w, steps > 0);
}

static void watch_handle(struct worker *w)
{
    w->watch_due_ms = UINT64_MAX;
    for (struct stream *s = w->all; s; s = s->link[STREAMS_ALL].next) {
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
    while (w->all)
        stream_remove(w, w->all);
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
    if (w->gathered >= 0)
        close(w->gathered);
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
    w->gathered = w->epoll < 0 ? -1 : epoll_create1(EPOLL_CLOEXEC);
    err = w->gathered < 0 || w->timer < 0 ? errno : mailbox_alloc(&w->mailbox);
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
