#include "engine/freeswitch/esl_client.h"

#include <errno.h>
#include <event2/buffer.h>
#include <event2/util.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "engine/freeswitch/esl_connect.h"
#include "engine/freeswitch/esl_jobs.h"
#include "engine/freeswitch/esl_parse.h"

enum {
    BUFFER_MIN = 64 << 10,
    BUFFER_KEEP = 1 << 20, /* a larger one is given back when empty */
    PENDING_MAX = 4 << 20, /* bytes that FreeSWITCH does not read */
    BACKOFF_MIN_MS = 100,
    BACKOFF_MAX_MS = 10000,
    BACKOFF_NEAR_MS = 1000, /* the host is there: it starts, or restarts */
    STABLE_MS = 5000,       /* up for so long: the next attempt is at once */
    REPLY_MS = 10000,
    LOGIN_MS = 5000,
    SILENCE_MS = 60000,   /* HEARTBEAT comes every 20 s */
    LOGIN_MAX = 64 << 10, /* bytes of a frame before we are logged in */
    JOB_TEXT = 48,
};

enum state { STATE_OFF, STATE_WAIT, STATE_CONNECT, STATE_LOGIN, STATE_UP };

/* What a command's reply means. */
enum reply { REPLY_AUTH, REPLY_EVENTS, REPLY_JOB, REPLY_PLAIN };

static const char *const subclasses[] = {
    "sofia::register",      "sofia::unregister",     "sofia::expire",
    "sofia::gateway_state", "sofia::profile_start",  "sofia::sip_user_state",
    "sofia::gateway_add",   "sofia::gateway_delete",
};

struct esl_client {
    struct esl_client_config cfg;
    char *host, *password;
    struct esl_connect *connect;
    enum state state;
    bool asked;  /* for the password, in this connection */
    bool broken; /* to be closed from the loop … */
    const char *why;
    int fd;
    struct event *readable, *writable;
    struct timer timer, tick;
    uint64_t backoff;
    uint64_t up_since;
    uint64_t heard; /* when the last bytes came */
    char *buf;
    size_t size, len, want;
    struct evbuffer *pending;
    struct esl_jobs replies; /* in order; job.ref is a job's number */
    struct esl_jobs jobs;
    uint32_t instance; /* tells our jobs from others' */
    char job[JOB_TEXT];
    char complaint[128]; /* the last one that was logged */
    char odd[96];        /* what came instead of a frame */
};

static void connect_begin(void *arg);
static void readable_h(evutil_socket_t fd, short what, void *arg);
static void writable_h(evutil_socket_t fd, short what, void *arg);

static uint64_t now(const struct esl_client *c)
{
    return timers_now(c->cfg.timers);
}

static uint32_t random32(void)
{
    uint32_t r;

    evutil_secure_rng_get_bytes(&r, sizeof(r));
    return r;
}

/* ---- the connection's end, and the next one ---- */

static void close_socket(struct esl_client *c)
{
    if (c->readable)
        event_free(c->readable);
    if (c->writable)
        event_free(c->writable);
    c->readable = c->writable = NULL;
    if (c->fd >= 0)
        close(c->fd);
    c->fd = -1;
    evbuffer_drain(c->pending, evbuffer_get_length(c->pending));
    esl_jobs_clear(&c->replies);
    esl_jobs_clear(&c->jobs);
    c->len = c->want = 0;
    timer_stop(&c->tick);
    c->broken = false;
}

static void retry_later(struct esl_client *c, bool near)
{
    uint64_t max = near ? BACKOFF_NEAR_MS : BACKOFF_MAX_MS;

    c->backoff = c->backoff ? 2 * c->backoff : BACKOFF_MIN_MS;
    if (c->backoff > max)
        c->backoff = max;
    c->state = STATE_WAIT;
    timer_start(c->cfg.timers, &c->timer,
                c->backoff / 2 + random32() % (c->backoff / 2 + 1),
                connect_begin, c);
}

/* One line for each reason, not for each attempt. */
static void complain(struct esl_client *c, const char *why)
{
    if (strncmp(c->complaint, why, sizeof(c->complaint) - 1))
        log_line(c->cfg.log, LOG_WARN, NULL,
                 "event socket node=%u host=%s port=%u: %s; trying again "
                 "until it is there",
                 c->cfg.node, c->host, c->cfg.port, why);
    snprintf(c->complaint, sizeof(c->complaint), "%s", why);
}

static void lost(struct esl_client *c, const char *why, bool port_closed)
{
    bool was_up = c->state == STATE_UP;

    complain(c, why);
    timer_stop(&c->timer);
    close_socket(c);
    if (was_up && now(c) >= c->up_since + STABLE_MS)
        c->backoff = 0;
    retry_later(c, port_closed || was_up);
    if (was_up)
        c->cfg.down(c->cfg.arg);
}

void esl_client_drop(struct esl_client *c, const char *why)
{
    if (c->fd < 0 || c->broken)
        return;
    c->broken = true;
    c->why = why;
    event_active(c->readable, EV_READ, 0);
}

/* ---- writing ---- */

static void write_pending(struct esl_client *c)
{
    while (evbuffer_get_length(c->pending)) {
        int n = evbuffer_write(c->pending, c->fd);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0 && errno != EAGAIN)
            esl_client_drop(c, "cannot be written to");
        if (n <= 0)
            break;
    }
    if (!c->broken && evbuffer_get_length(c->pending))
        event_add(c->writable, NULL);
}

static int write_command(struct esl_client *c, const struct esl_command *cmd,
                         enum reply kind, const struct esl_job *job)
{
    struct esl_job reply = {.due = now(c) + REPLY_MS, .kind = kind};

    if (c->broken)
        return ENOTCONN;
    if (cmd->bad)
        return EINVAL;
    if (!esl_jobs_room(&c->replies) ||
        evbuffer_get_length(c->pending) > PENDING_MAX)
        return EAGAIN;
    if (job) {
        reply.h = job->h;
        reply.arg = job->arg;
        reply.ref = job->ref;
    }
    esl_jobs_add(&c->replies, &reply);
    if (evbuffer_add(c->pending, cmd->text, cmd->len)) {
        esl_client_drop(c, "out of memory");
        return ENOMEM;
    }
    if (evbuffer_get_length(c->pending) == cmd->len)
        write_pending(c);
    return 0;
}

int esl_client_send(struct esl_client *c, const struct esl_command *cmd,
                    esl_done_h *h, void *arg, uint64_t ref)
{
    struct esl_job job = {.h = h, .arg = arg, .ref = ref};

    if (c->state != STATE_UP)
        return ENOTCONN;
    return write_command(c, cmd, REPLY_PLAIN, &job);
}

const char *esl_client_job(struct esl_client *c)
{
    snprintf(c->job, sizeof(c->job), "%08" PRIx32 "-%" PRIu64, c->instance,
             c->jobs.next);
    return c->job;
}

int esl_client_send_job(struct esl_client *c, const struct esl_command *cmd,
                        uint32_t timeout_ms, esl_done_h *h, void *arg,
                        uint64_t ref)
{
    struct esl_job job = {
        .due = now(c) + timeout_ms, .h = h, .arg = arg, .ref = ref};
    struct esl_job link = {.ref = c->jobs.next};
    int err;

    if (c->state != STATE_UP)
        return ENOTCONN;
    if (!esl_jobs_room(&c->jobs))
        return EAGAIN;
    err = write_command(c, cmd, REPLY_JOB, &link);
    if (!err)
        esl_jobs_add(&c->jobs, &job);
    return err;
}

void esl_client_flush(struct esl_client *c, unsigned ms)
{
    uint64_t end = now(c) + ms;

    while (c->state == STATE_UP && !c->broken && now(c) < end &&
           evbuffer_get_length(c->pending)) {
        struct pollfd p = {.fd = c->fd, .events = POLLOUT};

        poll(&p, 1, 50);
        write_pending(c);
    }
}

/* ---- reading ---- */

static void job_done(struct esl_client *c, uint64_t number, struct slice text)
{
    struct esl_job job;

    if (esl_jobs_take(&c->jobs, number, &job) && job.h)
        job.h(text.len && text.p[0] != '-', text, job.ref, job.arg);
}

static void job_event(struct esl_client *c, const struct esl_event *ev)
{
    char id[JOB_TEXT], instance[16];
    uint64_t number;
    char *dash;

    if (!esl_event_get(ev, "Job-UUID", id, sizeof(id)))
        return;
    snprintf(instance, sizeof(instance), "%08" PRIx32, c->instance);
    dash = strchr(id, '-');
    if (!dash || (size_t)(dash - id) != strlen(instance) ||
        strncmp(id, instance, strlen(instance)) ||
        slice_to_u64(slice_of(dash + 1), 1, UINT64_MAX, &number))
        return;
    job_done(c, number, esl_event_body(ev));
}

static void on_event(struct esl_client *c, const struct esl_frame *f)
{
    struct esl_event ev;

    esl_event_open(&ev, f->body);
    if (c->state != STATE_UP || ev.name == ESL_EVENT_UNKNOWN)
        return;
    if (ev.name == ESL_BACKGROUND_JOB)
        job_event(c, &ev);
    else
        c->cfg.event(&ev, c->cfg.arg);
}

static void login_next(struct esl_client *c, enum reply kind)
{
    struct esl_command *cmd = malloc(sizeof(*cmd));
    int err = ENOMEM;

    if (cmd && kind == REPLY_AUTH)
        err = esl_command_auth(cmd, c->password);
    else if (cmd)
        err = esl_command_events(cmd, subclasses,
                                 sizeof(subclasses) / sizeof(subclasses[0]));
    if (!err)
        err = write_command(c, cmd, kind, NULL);
    if (err)
        esl_client_drop(c, "the password cannot be sent, or no memory");
    free(cmd);
}

static void is_up(struct esl_client *c)
{
    c->state = STATE_UP;
    c->up_since = now(c);
    c->complaint[0] = '\0';
    timer_stop(&c->timer);
    log_line(c->cfg.log, LOG_INFO, NULL,
             "event socket node=%u host=%s port=%u is there", c->cfg.node,
             c->host, c->cfg.port);
    c->cfg.up(c->cfg.arg);
}

static void on_reply(struct esl_client *c, const struct esl_frame *f)
{
    struct slice text = esl_header(f->head, "Reply-Text", 10);
    bool ok = text.p && text.len && text.p[0] == '+';
    struct esl_job job;

    if (!esl_jobs_take_first(&c->replies, &job)) {
        esl_client_drop(c, "a reply to nothing that was asked");
        return;
    }
    if (!text.p)
        text = (struct slice){"", 0};
    if (job.kind == REPLY_AUTH && !ok) {
        esl_client_drop(c, "the password was refused: "
                           "FREESWITCH_ESL_PASSWORD must be the same here "
                           "and for FreeSWITCH");
    } else if (job.kind == REPLY_AUTH) {
        login_next(c, REPLY_EVENTS);
    } else if (job.kind == REPLY_EVENTS && !ok) {
        esl_client_drop(c, "FreeSWITCH refused to tell its events: is it "
                           "1.10 or later?");
    } else if (job.kind == REPLY_EVENTS) {
        is_up(c);
    } else if (job.kind == REPLY_JOB) {
        if (!ok)
            job_done(c, job.ref, text);
    } else if (job.h) {
        job.h(ok, text, job.ref, job.arg);
    } else if (!ok) {
        log_line(c->cfg.log, LOG_DEBUG, NULL, "node=%u refused: %.*s",
                 c->cfg.node, (int)text.len, text.p);
    }
}

/* Once a connection: the password is not sent again and again. */
static void on_auth_request(struct esl_client *c)
{
    if (c->state != STATE_LOGIN || c->asked)
        esl_client_drop(c, "the password was asked for twice");
    else
        login_next(c, REPLY_AUTH);
    c->asked = true;
}

static void on_frame(struct esl_client *c, const struct esl_frame *f)
{
    if (f->type == ESL_EVENT_PLAIN)
        on_event(c, f);
    else if (f->type == ESL_COMMAND_REPLY || f->type == ESL_API_RESPONSE)
        on_reply(c, f);
    else if (f->type == ESL_AUTH_REQUEST)
        on_auth_request(c);
    else if (f->type == ESL_DISCONNECT)
        esl_client_drop(c, "FreeSWITCH said good-bye");
    else if (f->type == ESL_REJECTED)
        esl_client_drop(c, "FreeSWITCH's access list refuses this host: "
                           "name its network in FREESWITCH_ESL_ALLOWED");
}

/* Its beginning is told, for whoever has to find out what answers there. */
static void refuse_bytes(struct esl_client *c, const char *p, size_t len)
{
    enum { TOLD_MAX = 40 };
    struct slice begin = {p, len < TOLD_MAX ? len : TOLD_MAX};

    snprintf(c->odd, sizeof(c->odd), "not an event socket's frame: %.60s",
             log_quoted(begin).text);
    esl_client_drop(c, c->odd);
}

static void parse(struct esl_client *c)
{
    size_t at = 0, used = 0;
    int err = 0;

    while (!c->broken && at < c->len) {
        struct esl_frame f;

        err = esl_frame_parse(&f, c->buf + at, c->len - at, &used);
        if (c->state == STATE_LOGIN && used > LOGIN_MAX)
            err = EMSGSIZE;
        if (err)
            break;
        at += used;
        on_frame(c, &f);
    }
    c->want = err == EAGAIN ? used : 0;
    if (err == EMSGSIZE)
        esl_client_drop(c, "a frame too long");
    else if (err && err != EAGAIN)
        refuse_bytes(c, c->buf + at, c->len - at);
    c->len -= at;
    memmove(c->buf, c->buf + at, c->len);
}

static int buffer_fit(struct esl_client *c, size_t size)
{
    char *p;

    if (size == c->size)
        return 0;
    p = realloc(c->buf, size);
    if (!p)
        return ENOMEM;
    c->buf = p;
    c->size = size;
    return 0;
}

static int buffer_room(struct esl_client *c)
{
    size_t size = c->size;

    if (!c->len && size > BUFFER_KEEP)
        size = BUFFER_MIN;
    while (size <= c->len || size < c->want)
        size *= 2;
    return buffer_fit(c, size);
}

/* Bytes read, 0 when there are none now, -1 at the end. */
static ssize_t fill(struct esl_client *c)
{
    ssize_t n;

    if (buffer_room(c)) {
        errno = ENOMEM;
        return -1;
    }
    do
        n = recv(c->fd, c->buf + c->len, c->size - c->len, 0);
    while (n < 0 && errno == EINTR);
    if (n == 0)
        errno = ECONNRESET;
    if (n < 0 && errno == EAGAIN)
        return 0;
    if (n <= 0)
        return -1;
    c->len += (size_t)n;
    c->heard = now(c);
    return n;
}

static void readable_h(evutil_socket_t fd, short what, void *arg)
{
    struct esl_client *c = arg;
    const char *why = "closed";
    ssize_t n = 0;

    if (!c->broken) {
        n = fill(c);
        if (n < 0)
            why = strerror(errno);
        else if (n > 0 && c->len >= c->want)
            parse(c);
    }
    if (n < 0 || c->broken)
        lost(c, c->broken ? c->why : why, n < 0 && c->state != STATE_UP);
}

static void tick_h(void *arg)
{
    struct esl_client *c = arg;
    struct esl_job job;

    timer_start(c->cfg.timers, &c->tick, 1000, tick_h, c);
    if (now(c) > c->heard + SILENCE_MS) /* may be a tick that is late */
        esl_client_drop(c, "silent for a minute, not even a HEARTBEAT");
    if (esl_jobs_take_late(&c->replies, now(c), &job))
        esl_client_drop(c, "a command was not answered in time");
    while (c->state == STATE_UP && !c->broken &&
           esl_jobs_take_late(&c->jobs, now(c), &job)) {
        if (job.h)
            job.h(false, (struct slice){"", 0}, job.ref, job.arg);
    }
}

static void writable_h(evutil_socket_t fd, short what, void *arg)
{
    write_pending(arg);
}

/* ---- connecting ---- */

static void login_late_h(void *arg)
{
    lost(arg, "no login within 5 s: is an event socket there?", false);
}

static void connected_h(int fd, const char *why, bool refused, void *arg)
{
    struct esl_client *c = arg;

    if (fd < 0) {
        lost(c, why, refused);
        return;
    }
    c->fd = fd;
    c->readable =
        event_new(c->cfg.base, fd, EV_READ | EV_PERSIST, readable_h, c);
    c->writable = event_new(c->cfg.base, fd, EV_WRITE, writable_h, c);
    if (!c->readable || !c->writable || event_add(c->readable, NULL)) {
        lost(c, "out of memory", false);
        return;
    }
    c->state = STATE_LOGIN;
    c->asked = false;
    c->heard = now(c);
    timer_start(c->cfg.timers, &c->timer, LOGIN_MS, login_late_h, c);
    timer_start(c->cfg.timers, &c->tick, 1000, tick_h, c);
}

static void connect_begin(void *arg)
{
    struct esl_client *c = arg;

    c->state = STATE_CONNECT;
    esl_connect_begin(c->connect);
}

void esl_client_start(struct esl_client *c)
{
    if (c->state == STATE_OFF)
        connect_begin(c);
}

bool esl_client_is_up(const struct esl_client *c)
{
    return c->state == STATE_UP && !c->broken;
}

int esl_client_alloc(struct esl_client **cp,
                     const struct esl_client_config *cfg)
{
    struct esl_client *c = calloc(1, sizeof(*c));

    if (!c)
        return ENOMEM;
    c->cfg = *cfg;
    c->fd = -1;
    c->instance = random32();
    c->host = strdup(cfg->host);
    c->password = strdup(cfg->password);
    c->pending = evbuffer_new();
    c->size = BUFFER_MIN;
    c->buf = malloc(c->size);
    if (!c->host || !c->password || !c->pending || !c->buf ||
        esl_jobs_init(&c->replies) || esl_jobs_init(&c->jobs) ||
        esl_connect_alloc(&c->connect, cfg->base, cfg->timers, cfg->host,
                          cfg->port, connected_h, c)) {
        esl_client_free(c);
        return ENOMEM;
    }
    *cp = c;
    return 0;
}

void esl_client_free(struct esl_client *c)
{
    if (!c)
        return;
    c->state = STATE_OFF;
    timer_stop(&c->timer);
    if (c->pending && c->replies.ring && c->jobs.ring)
        close_socket(c);
    esl_connect_free(c->connect);
    if (c->pending)
        evbuffer_free(c->pending);
    esl_jobs_reset(&c->replies);
    esl_jobs_reset(&c->jobs);
    free(c->buf);
    free(c->host);
    free(c->password);
    free(c);
}
