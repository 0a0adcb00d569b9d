#include "engine/freeswitch/esl_connect.h"

#include <errno.h>
#include <event2/dns.h>
#include <event2/util.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { CONNECT_MS = 5000, USER_TIMEOUT_MS = 8000 };

/* Outlives its owner: a look-up that is cancelled is told of later. */
struct lookup {
    struct esl_connect *owner;
};

struct esl_connect {
    struct event_base *base;
    struct timers *timers;
    char *host;
    char port[8];
    esl_connect_h *h;
    void *arg;
    struct evdns_base *dns;
    struct evdns_getaddrinfo_request *query;
    struct lookup *lookup;
    unsigned attempts;
    int fd;
    struct event *writable;
    struct timer timer;
};

static void end(struct esl_connect *c)
{
    timer_stop(&c->timer);
    if (c->writable)
        event_free(c->writable);
    c->writable = NULL;
}

static void fail(struct esl_connect *c, const char *why, bool refused)
{
    end(c);
    if (c->fd >= 0)
        close(c->fd);
    c->fd = -1;
    c->h(-1, why, refused, c->arg);
}

static void fail_errno(struct esl_connect *c, int err)
{
    fail(c, strerror(err), err == ECONNREFUSED);
}

static void late_h(void *arg)
{
    struct esl_connect *c = arg;

    if (c->query)
        evdns_getaddrinfo_cancel(c->query);
    else
        fail(c, "no answer within 5 s", false);
}

/* ---- the connection ---- */

static void writable_h(evutil_socket_t fd, short what, void *arg)
{
    struct esl_connect *c = arg;
    socklen_t len = sizeof(int);
    int err = 0;

    if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &err, &len))
        err = errno;
    if (err) {
        fail_errno(c, err);
        return;
    }
    end(c);
    c->fd = -1;
    c->h(fd, NULL, false, c->arg);
}

static void set_options(int fd)
{
    const int on = 1, idle = 5, interval = 2, count = 3;
    const unsigned timeout = USER_TIMEOUT_MS;

    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof(on));
    setsockopt(fd, IPPROTO_TCP, TCP_KEEPIDLE, &idle, sizeof(idle));
    setsockopt(fd, IPPROTO_TCP, TCP_KEEPINTVL, &interval, sizeof(interval));
    setsockopt(fd, IPPROTO_TCP, TCP_KEEPCNT, &count, sizeof(count));
    setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &timeout, sizeof(timeout));
}

static int connect_to(struct esl_connect *c, const struct evutil_addrinfo *ai)
{
    c->fd = socket(ai->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC,
                   IPPROTO_TCP);
    if (c->fd < 0)
        return errno;
    set_options(c->fd);
    c->writable = event_new(c->base, c->fd, EV_WRITE, writable_h, c);
    if (!c->writable)
        return ENOMEM;
    if (connect(c->fd, ai->ai_addr, ai->ai_addrlen) && errno != EINPROGRESS)
        return errno;
    return event_add(c->writable, NULL) ? ENOMEM : 0;
}

/* ---- the look-up ---- */

/* Another one with each attempt: "localhost" has two. */
static const struct evutil_addrinfo *choose(struct esl_connect *c,
                                            const struct evutil_addrinfo *list)
{
    const struct evutil_addrinfo *ai;
    unsigned n = 0;

    for (ai = list; ai; ai = ai->ai_next)
        n++;
    n = c->attempts++ % n;
    for (ai = list; n; n--)
        ai = ai->ai_next;
    return ai;
}

static void resolved(struct esl_connect *c, int result,
                     const struct evutil_addrinfo *list)
{
    int err;

    c->query = NULL;
    c->lookup = NULL;
    if (result == EVUTIL_EAI_CANCEL) {
        fail(c, "its name was not looked up within 5 s", false);
        return;
    }
    if (result || !list) {
        fail(c, result ? evutil_gai_strerror(result) : "no address", false);
        return;
    }
    err = connect_to(c, choose(c, list));
    if (err)
        fail_errno(c, err);
}

static void resolved_h(int result, struct evutil_addrinfo *list, void *arg)
{
    struct lookup *l = arg;

    if (l->owner)
        resolved(l->owner, result, list);
    if (list)
        evutil_freeaddrinfo(list);
    free(l);
}

void esl_connect_begin(struct esl_connect *c)
{
    const struct evutil_addrinfo hints = {
        .ai_family = AF_UNSPEC,
        .ai_socktype = SOCK_STREAM,
        .ai_protocol = IPPROTO_TCP,
    };
    struct lookup *l = malloc(sizeof(*l));
    struct evdns_getaddrinfo_request *query;

    if (!l) {
        fail_errno(c, ENOMEM);
        return;
    }
    l->owner = c;
    c->lookup = l;
    timer_start(c->timers, &c->timer, CONNECT_MS, late_h, c);
    query = evdns_getaddrinfo(c->dns, c->host, c->port, &hints, resolved_h, l);
    if (c->lookup == l) /* not answered within the call */
        c->query = query;
}

int esl_connect_alloc(struct esl_connect **cp, struct event_base *base,
                      struct timers *timers, const char *host, unsigned port,
                      esl_connect_h *h, void *arg)
{
    struct esl_connect *c = calloc(1, sizeof(*c));

    if (!c)
        return ENOMEM;
    c->base = base;
    c->timers = timers;
    c->h = h;
    c->arg = arg;
    c->fd = -1;
    snprintf(c->port, sizeof(c->port), "%u", port);
    c->host = strdup(host);
    c->dns = evdns_base_new(base, EVDNS_BASE_DISABLE_WHEN_INACTIVE);
    if (!c->host || !c->dns) {
        esl_connect_free(c);
        return ENOMEM;
    }
    /* A host without name servers has addresses and /etc/hosts. */
    evdns_base_resolv_conf_parse(c->dns, DNS_OPTIONS_ALL, "/etc/resolv.conf");
    *cp = c;
    return 0;
}

void esl_connect_free(struct esl_connect *c)
{
    if (!c)
        return;
    end(c);
    if (c->fd >= 0)
        close(c->fd);
    if (c->lookup)
        c->lookup->owner = NULL;
    if (c->query)
        evdns_getaddrinfo_cancel(c->query);
    if (c->dns)
        evdns_base_free(c->dns, 1);
    free(c->host);
    free(c);
}
