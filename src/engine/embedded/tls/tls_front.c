#include "engine/embedded/tls/tls_front.h"

#include <errno.h>
#include <event2/event.h>
#include <event2/listener.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/address.h"
#include "engine/embedded/tls/tls_context.h"
#include "engine/embedded/tls/tls_link.h"
#include "engine/embedded/tls/tls_loop.h"
#include "engine/embedded/tls/tls_table.h"

enum {
    LINKS_MAX = 2048,     /* connections in all */
    SOURCE_MAX = 256,     /* … of one address: an office behind NAT */
    HANDSHAKES_MAX = 512, /* … that have not shown yet that they mean it */
    SOURCE_UNPROVEN = 16, /* … of one address */
    PAUSE_MS = 100,       /* without a descriptor: rest before the next */
};

struct tls_front {
    struct tls_loop *loop;
    struct event_base *base; /* the loop's */
    struct evconnlistener *listener;
    struct tls_context *context;
    struct event *resume;
    uint16_t inner_port;
    struct log *log;
    struct tls_link_handler handler;
    time_t told_s;        /* that a connection was refused, monotonic … */
    unsigned untold;      /* … and how often since */
    pthread_mutex_t lock; /* of the table, for whoever asks */
    struct tls_table table;
};

static void link_ready_h(struct tls_link *l, void *arg)
{
    struct tls_front *f = arg;

    pthread_mutex_lock(&f->lock);
    tls_table_ready(&f->table, l);
    pthread_mutex_unlock(&f->lock);
}

static void link_heard_h(struct tls_link *l, void *arg)
{
    struct tls_front *f = arg;

    pthread_mutex_lock(&f->lock);
    tls_table_heard(&f->table, l);
    pthread_mutex_unlock(&f->lock);
}

static void link_end_h(struct tls_link *l, const char *why, void *arg)
{
    struct tls_front *f = arg;
    char from[ADDRESS_TEXT_SIZE];

    pthread_mutex_lock(&f->lock);
    tls_table_remove(&f->table, l);
    pthread_mutex_unlock(&f->lock);
    log_line(f->log, LOG_DEBUG, NULL, "TLS connection closed from=%s why=%s",
             address_text(&l->outer, from), log_quoted(slice_of(why)).text);
}

/* Give up what was silent for longest, of this source or of all. Only this
   thread adds and removes: what was found stays. */
static bool make_room(struct tls_front *f, const struct sockaddr *source)
{
    struct tls_link *l;

    pthread_mutex_lock(&f->lock);
    l = tls_table_idle(&f->table, source);
    pthread_mutex_unlock(&f->lock);
    if (!l)
        return false;
    link_end_h(l, "silent for longest, and others wait", f);
    tls_link_free(l);
    return true;
}

/* Why a connection is not taken; NULL: it is. */
static const char *too_many(struct tls_front *f, const struct sockaddr *from)
{
    struct tls_count n;

    tls_table_count(&f->table, from, &n);
    if (n.unproven >= HANDSHAKES_MAX || n.source_unproven >= SOURCE_UNPROVEN)
        return "too many handshakes at a time";
    if ((n.source >= SOURCE_MAX && !make_room(f, from)) ||
        (n.source < SOURCE_MAX && n.all >= LINKS_MAX && !make_room(f, NULL)))
        return "too many connections";
    return NULL;
}

/* One line a second: whoever floods us must not fill the log as well. */
static void tell_refused(struct tls_front *f, const struct sockaddr *from,
                         const char *why)
{
    char text[ADDRESS_TEXT_SIZE];
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    if (f->told_s == now.tv_sec) {
        f->untold++;
        return;
    }
    log_line(f->log, LOG_WARN, NULL,
             "TLS connection refused from=%s reason=%s others=%u",
             address_text(from, text), log_quoted(slice_of(why)).text,
             f->untold);
    f->told_s = now.tv_sec;
    f->untold = 0;
}

static void accept_h(struct evconnlistener *listener, evutil_socket_t fd,
                     struct sockaddr *sa, int len, void *arg)
{
    struct tls_front *f = arg;
    const char *why = too_many(f, sa);
    SSL *ssl = why ? NULL : tls_context_session(f->context);
    struct tls_link *l = NULL;

    if (!ssl) {
        tell_refused(f, sa, why ? why : "out of memory");
        close(fd);
        return;
    }
    if (tls_link_alloc(&l, f->base, fd, ssl, sa, f->inner_port, &f->handler))
        return;
    pthread_mutex_lock(&f->lock);
    tls_table_add(&f->table, l);
    pthread_mutex_unlock(&f->lock);
}

static void resume_h(evutil_socket_t fd, short what, void *arg)
{
    struct tls_front *f = arg;

    evconnlistener_enable(f->listener);
}

/* Out of descriptors, say: without a rest this would come again at once. */
static void error_h(struct evconnlistener *listener, void *arg)
{
    const struct timeval pause = {0, PAUSE_MS * 1000};
    struct tls_front *f = arg;

    log_line(f->log, LOG_WARN, NULL, "cannot take a TLS connection: %s",
             strerror(errno));
    evconnlistener_disable(listener);
    event_add(f->resume, &pause);
}

static int listen_at(struct tls_front *f, const char *ip, uint16_t port)
{
    struct sockaddr_storage sa;
    int err = address_read(&sa, ip, port);

    if (!err) {
        errno = ENOMEM;
        f->listener = evconnlistener_new_bind(
            f->base, accept_h, f,
            LEV_OPT_CLOSE_ON_FREE | LEV_OPT_CLOSE_ON_EXEC | LEV_OPT_REUSEABLE,
            -1, (struct sockaddr *)&sa, (int)address_len(&sa));
        err = f->listener ? 0 : errno;
    }
    if (err)
        log_line(f->log, LOG_ERROR, NULL,
                 "cannot listen for SIP over TLS on %s port %u: %s; set "
                 "FREESWITCH_TLS_PORT or FREESWITCH_EXTERNAL_IP",
                 ip, port, strerror(err));
    else
        evconnlistener_set_error_cb(f->listener, error_h);
    return err;
}

static int loop_make(struct tls_front *f)
{
    int err = tls_loop_alloc(&f->loop, NULL, NULL);

    if (err)
        return err;
    f->base = tls_loop_base(f->loop);
    f->resume = event_new(f->base, -1, 0, resume_h, f);
    return f->resume ? 0 : ENOMEM;
}

int tls_front_alloc(struct tls_front **fp, const struct tls_front_config *c)
{
    struct tls_front *f = calloc(1, sizeof(*f));
    int err;

    if (!f)
        return ENOMEM;
    f->log = c->log;
    f->inner_port = c->inner_port;
    f->handler =
        (struct tls_link_handler){link_ready_h, link_heard_h, link_end_h, f};
    pthread_mutex_init(&f->lock, NULL);
    err = loop_make(f);
    if (!err)
        err = tls_context_alloc(&f->context, c->dir, c->log);
    if (!err)
        err = listen_at(f, c->ip, c->port);
    if (!err)
        err = tls_loop_start(f->loop);
    if (err)
        tls_front_free(f);
    else
        *fp = f;
    return err;
}

void tls_front_free(struct tls_front *f)
{
    if (!f)
        return;
    tls_loop_stop(f->loop);
    while (f->table.first) {
        struct tls_link *l = f->table.first;

        tls_table_remove(&f->table, l);
        tls_link_free(l);
    }
    if (f->listener)
        evconnlistener_free(f->listener);
    if (f->resume)
        event_free(f->resume);
    tls_loop_free(f->loop);
    tls_context_free(f->context);
    pthread_mutex_destroy(&f->lock);
    free(f);
}

bool tls_front_outer(struct tls_front *f, const struct sockaddr *inner,
                     struct sockaddr_storage *outer)
{
    const struct tls_link *l;

    pthread_mutex_lock(&f->lock);
    l = tls_table_inner(&f->table, inner);
    if (l)
        *outer = l->outer;
    pthread_mutex_unlock(&f->lock);
    return l;
}

bool tls_front_inner(struct tls_front *f, const struct sockaddr *outer,
                     struct sockaddr_storage *inner)
{
    const struct tls_link *l;

    pthread_mutex_lock(&f->lock);
    l = tls_table_outer(&f->table, outer);
    if (l && l->ready)
        address_copy(inner, &l->inner);
    else
        l = NULL;
    pthread_mutex_unlock(&f->lock);
    return l;
}

void tls_front_keep(struct tls_front *f, const struct sockaddr *outer)
{
    struct tls_link *l;

    pthread_mutex_lock(&f->lock);
    l = tls_table_outer(&f->table, outer);
    if (l)
        l->kept = true;
    pthread_mutex_unlock(&f->lock);
}
