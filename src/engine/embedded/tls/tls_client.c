#include "engine/embedded/tls/tls_client.h"

#include <errno.h>
#include <event2/bufferevent_ssl.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/address.h"
#include "engine/embedded/tls/tls_link.h"
#include "engine/embedded/tls/tls_loop.h"

enum {
    CONNECT_S = 5,
    /* A far side that vanished is missed after a minute; the probes also
       keep a NAT's mapping. */
    KEEPALIVE_IDLE_S = 30,
    KEEPALIVE_EACH_S = 10,
    KEEPALIVE_COUNT = 3,
    UNACKNOWLEDGED_MS = 20000,
};

struct tls_client {
    struct tls_loop *loop;
    char *name, *ca_file;
    struct sockaddr_storage from;
    uint16_t inner_port;
    struct log *log;
    tls_client_h *h;
    void *arg;
    struct tls_link_handler handler;

    /* the thread's */
    unsigned dialled; /* number of the call to dial or close that holds */
    struct sockaddr_storage to;
    int fd; /* not connected yet, -1: none … */
    struct event *connecting;
    struct tls_link *link; /* … else here */
    struct tls_peer_fault fault;

    pthread_mutex_t lock; /* of what follows */
    unsigned wanted;      /* calls to dial and close so far */
    struct tls_client_view view;
};

/* What became of the connection, unless another is wanted meanwhile. */
static void tell(struct tls_client *c, const struct tls_client_view *v)
{
    bool holds;

    pthread_mutex_lock(&c->lock);
    holds = c->dialled == c->wanted;
    if (holds)
        c->view = *v;
    pthread_mutex_unlock(&c->lock);
    if (holds)
        c->h(c->arg);
}

static void lost(struct tls_client *c, const char *why)
{
    struct tls_client_view v = {.state = TLS_CLIENT_LOST, .outer = c->to};

    snprintf(v.why, sizeof(v.why), "%s", why);
    tell(c, &v);
}

static void drop(struct tls_client *c)
{
    if (c->connecting)
        event_free(c->connecting);
    c->connecting = NULL;
    if (c->fd >= 0)
        close(c->fd);
    c->fd = -1;
    tls_link_free(c->link);
    c->link = NULL;
}

static void link_ready_h(struct tls_link *l, void *arg)
{
    struct tls_client *c = arg;
    struct tls_client_view v = {.state = TLS_CLIENT_UP, .outer = c->to};
    socklen_t len = sizeof(v.local);

    v.inner = l->inner;
    if (getsockname(bufferevent_getfd(l->out), (struct sockaddr *)&v.local,
                    &len))
        v.local = c->from;
    log_line(c->log, LOG_DEBUG, NULL, "TLS to %s: %s, %s", c->name,
             SSL_get_version(tls_link_ssl(l)),
             SSL_get_cipher_name(tls_link_ssl(l)));
    tell(c, &v);
}

/* Nothing is given up here for having been silent. */
static void link_heard_h(struct tls_link *l, void *arg)
{
}

static void link_end_h(struct tls_link *l, const char *why, void *arg)
{
    struct tls_client *c = arg;
    char text[TLS_PEER_WHY_SIZE];

    if (l->secured)
        snprintf(text, sizeof(text), "the connection ended: %s", why);
    else
        tls_peer_why(&c->fault, tls_link_error(l), text);
    c->link = NULL; /* it frees itself */
    lost(c, text);
}

static void secure(struct tls_client *c)
{
    char why[TLS_PEER_WHY_SIZE];
    int fd = c->fd;
    SSL *ssl;

    if (tls_peer_session(&ssl, c->name, c->ca_file, &c->fault, why)) {
        drop(c);
        lost(c, why);
        return;
    }
    c->fd = -1;
    if (tls_link_alloc(&c->link, tls_loop_base(c->loop), fd, ssl,
                       (struct sockaddr *)&c->to, c->inner_port, &c->handler))
        lost(c, "out of memory");
}

static void connected_h(evutil_socket_t fd, short what, void *arg)
{
    struct tls_client *c = arg;
    socklen_t len = sizeof(int);
    int err = ETIMEDOUT;

    event_free(c->connecting);
    c->connecting = NULL;
    if (!(what & EV_TIMEOUT) &&
        getsockopt(fd, SOL_SOCKET, SO_ERROR, &err, &len))
        err = errno;
    if (!err) {
        secure(c);
        return;
    }
    drop(c);
    lost(c, strerror(err));
}

static void keep_alive(int fd)
{
    static const struct {
        int level, name, value;
    } options[] = {
        {SOL_SOCKET, SO_KEEPALIVE, 1},
        {IPPROTO_TCP, TCP_KEEPIDLE, KEEPALIVE_IDLE_S},
        {IPPROTO_TCP, TCP_KEEPINTVL, KEEPALIVE_EACH_S},
        {IPPROTO_TCP, TCP_KEEPCNT, KEEPALIVE_COUNT},
        {IPPROTO_TCP, TCP_USER_TIMEOUT, UNACKNOWLEDGED_MS},
    };

    for (size_t i = 0; i < sizeof(options) / sizeof(*options); i++)
        setsockopt(fd, options[i].level, options[i].name, &options[i].value,
                   sizeof(options[i].value));
}

static int dial(struct tls_client *c)
{
    const struct timeval patience = {CONNECT_S, 0};

    c->fd =
        socket(c->to.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (c->fd < 0)
        return errno;
    keep_alive(c->fd);
    if (bind(c->fd, (struct sockaddr *)&c->from, address_len(&c->from)) ||
        (connect(c->fd, (struct sockaddr *)&c->to, address_len(&c->to)) &&
         errno != EINPROGRESS))
        return errno;
    c->connecting =
        event_new(tls_loop_base(c->loop), c->fd, EV_WRITE, connected_h, c);
    if (!c->connecting || event_add(c->connecting, &patience))
        return ENOMEM;
    return 0;
}

static void woken_h(void *arg)
{
    struct tls_client *c = arg;
    bool news, wanted;
    int err;

    pthread_mutex_lock(&c->lock);
    news = c->dialled != c->wanted;
    c->dialled = c->wanted;
    wanted = c->view.state == TLS_CLIENT_DIALLING;
    if (news)
        c->to = c->view.outer;
    pthread_mutex_unlock(&c->lock);
    if (!news)
        return;
    drop(c);
    err = wanted ? dial(c) : 0;
    if (err) {
        drop(c);
        lost(c, strerror(err));
    }
}

int tls_client_alloc(struct tls_client **cp,
                     const struct tls_client_config *cfg)
{
    struct tls_client *c = calloc(1, sizeof(*c));
    int err;

    if (!c)
        return ENOMEM;
    c->fd = -1;
    c->inner_port = cfg->inner_port;
    c->log = cfg->log;
    c->h = cfg->h;
    c->arg = cfg->arg;
    c->handler =
        (struct tls_link_handler){link_ready_h, link_heard_h, link_end_h, c};
    pthread_mutex_init(&c->lock, NULL);
    c->name = strdup(cfg->name);
    c->ca_file = strdup(cfg->ca_file);
    err = c->name && c->ca_file ? address_read(&c->from, cfg->ip, 0) : ENOMEM;
    if (!err)
        err = tls_loop_alloc(&c->loop, woken_h, c);
    if (!err)
        err = tls_loop_start(c->loop);
    if (err)
        tls_client_free(c);
    else
        *cp = c;
    return err;
}

void tls_client_free(struct tls_client *c)
{
    if (!c)
        return;
    tls_loop_stop(c->loop);
    drop(c);
    tls_loop_free(c->loop);
    pthread_mutex_destroy(&c->lock);
    free(c->name);
    free(c->ca_file);
    free(c);
}

static void want(struct tls_client *c, enum tls_client_state state,
                 const struct sockaddr_storage *to)
{
    pthread_mutex_lock(&c->lock);
    c->wanted++;
    c->view = (struct tls_client_view){.state = state};
    if (to)
        c->view.outer = *to;
    pthread_mutex_unlock(&c->lock);
    tls_loop_wake(c->loop);
}

void tls_client_dial(struct tls_client *c, const struct sockaddr_storage *to)
{
    want(c, TLS_CLIENT_DIALLING, to);
}

void tls_client_close(struct tls_client *c)
{
    want(c, TLS_CLIENT_CLOSED, NULL);
}

void tls_client_look(struct tls_client *c, struct tls_client_view *v)
{
    pthread_mutex_lock(&c->lock);
    *v = c->view;
    pthread_mutex_unlock(&c->lock);
}

bool tls_client_outer(struct tls_client *c, const struct sockaddr *inner,
                      struct sockaddr_storage *outer)
{
    struct tls_client_view v;

    tls_client_look(c, &v);
    *outer = v.outer;
    return v.state == TLS_CLIENT_UP && address_equal(inner, &v.inner);
}

bool tls_client_inner(struct tls_client *c, const struct sockaddr *outer,
                      struct sockaddr_storage *inner)
{
    struct tls_client_view v;

    tls_client_look(c, &v);
    return v.state == TLS_CLIENT_UP && address_equal(outer, &v.outer) &&
           !address_copy(inner, &v.inner);
}
