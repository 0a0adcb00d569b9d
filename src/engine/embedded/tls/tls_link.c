#include "engine/embedded/tls/tls_link.h"

#include <errno.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/bufferevent_ssl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/address.h"

enum {
    HANDSHAKE_S = 5,
    IDLE_S = 600,         /* as for SIP over TCP: ua_tcp.c */
    WAITING_MAX = 262144, /* bytes for a side that does not read */
};

static void end(struct tls_link *l, const char *why)
{
    l->h->end(l, why, l->h->arg);
    tls_link_free(l);
}

/* More to read is wanted only while the other end takes it. */
static void pump_h(struct bufferevent *from, void *arg)
{
    struct tls_link *l = arg;
    struct bufferevent *to = from == l->out ? l->in : l->out;

    if (!to)
        return; /* before the inner connection is made */
    l->h->heard(l, l->h->arg);
    bufferevent_write_buffer(to, bufferevent_get_input(from));
    if (evbuffer_get_length(bufferevent_get_output(to)) > WAITING_MAX)
        bufferevent_disable(from, EV_READ);
}

static void drained_h(struct bufferevent *to, void *arg)
{
    struct tls_link *l = arg;
    struct bufferevent *from = to == l->out ? l->in : l->out;

    if (from)
        bufferevent_enable(from, EV_READ);
}

static void inner_event_h(struct bufferevent *bev, short what, void *arg)
{
    if (what & (BEV_EVENT_EOF | BEV_EVENT_ERROR | BEV_EVENT_TIMEOUT))
        end(arg, "the gateway closed it");
}

static int keep_small_writes_quick(int fd)
{
    int on = 1;

    return setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
}

/* Bound before it is connected, so that whoever gets its first byte can be
   told whose it is. */
static int inner_open(struct tls_link *l)
{
    struct sockaddr_in to = {
        .sin_family = AF_INET,
        .sin_port = htons(l->inner_port),
        .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
    };
    socklen_t len = sizeof(l->inner);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

    if (fd < 0)
        return errno;
    l->inner = to;
    l->inner.sin_port = 0;
    if (bind(fd, (struct sockaddr *)&l->inner, sizeof(l->inner)) ||
        getsockname(fd, (struct sockaddr *)&l->inner, &len) ||
        keep_small_writes_quick(fd)) {
        int err = errno;

        close(fd);
        return err;
    }
    l->in = bufferevent_socket_new(l->base, fd, BEV_OPT_CLOSE_ON_FREE);
    if (!l->in) {
        close(fd);
        return ENOMEM;
    }
    l->h->ready(l, l->h->arg);
    bufferevent_setcb(l->in, pump_h, drained_h, inner_event_h, l);
    if (bufferevent_socket_connect(l->in, (struct sockaddr *)&to,
                                   sizeof(to)) ||
        bufferevent_enable(l->in, EV_READ | EV_WRITE))
        return ECONNREFUSED;
    return 0;
}

static void secured(struct tls_link *l)
{
    const struct timeval idle = {IDLE_S, 0};

    l->secured = true;
    bufferevent_set_timeouts(
        l->out, SSL_is_server(tls_link_ssl(l)) ? &idle : NULL, NULL);
    if (inner_open(l))
        end(l, "no inner connection");
    else
        pump_h(l->out, l); /* what came with the handshake */
}

static void outer_event_h(struct bufferevent *bev, short what, void *arg)
{
    struct tls_link *l = arg;

    if (what & BEV_EVENT_CONNECTED)
        secured(l);
    else if (what & BEV_EVENT_TIMEOUT)
        end(l, l->secured ? "idle" : "no handshake in time");
    else if (what & (BEV_EVENT_EOF | BEV_EVENT_ERROR))
        end(l, l->secured ? "the far side closed it" : "no TLS handshake");
}

int tls_link_alloc(struct tls_link **lp, struct event_base *base, int fd,
                   SSL *ssl, const struct sockaddr *outer, uint16_t inner_port,
                   const struct tls_link_handler *h)
{
    const struct timeval handshake = {HANDSHAKE_S, 0};
    struct tls_link *l = calloc(1, sizeof(*l));

    if (!l) {
        SSL_free(ssl);
        close(fd);
        return ENOMEM;
    }
    l->out = bufferevent_openssl_socket_new(base, fd, ssl,
                                            SSL_is_server(ssl)
                                                ? BUFFEREVENT_SSL_ACCEPTING
                                                : BUFFEREVENT_SSL_CONNECTING,
                                            BEV_OPT_CLOSE_ON_FREE);
    if (!l->out) { /* ssl is freed, fd is not */
        free(l);
        close(fd);
        return ENOMEM;
    }
    keep_small_writes_quick(fd);
    memcpy(&l->outer, outer, address_len(outer));
    l->base = base;
    l->inner_port = inner_port;
    l->h = h;
    bufferevent_openssl_set_allow_dirty_shutdown(l->out, 1);
    bufferevent_setcb(l->out, pump_h, drained_h, outer_event_h, l);
    bufferevent_setwatermark(l->out, EV_READ, 0, WAITING_MAX);
    bufferevent_set_timeouts(l->out, &handshake, NULL);
    bufferevent_enable(l->out, EV_READ | EV_WRITE);
    *lp = l;
    return 0;
}

SSL *tls_link_ssl(const struct tls_link *l)
{
    return bufferevent_openssl_get_ssl(l->out);
}

unsigned long tls_link_error(const struct tls_link *l)
{
    return bufferevent_get_openssl_error(l->out);
}

void tls_link_free(struct tls_link *l)
{
    if (!l)
        return;
    if (l->in)
        bufferevent_free(l->in);
    if (l->out) {
        SSL *ssl = tls_link_ssl(l);

        /* The far side is told, but not waited for. */
        SSL_set_shutdown(ssl, SSL_RECEIVED_SHUTDOWN);
        SSL_shutdown(ssl);
        bufferevent_free(l->out);
    }
    free(l);
}
