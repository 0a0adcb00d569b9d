#include "http/guard.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>

#include <event2/bufferevent.h>
#include <event2/event.h>
#include <event2/http.h>

enum { READ_MAX = 32 << 10 }; /* bytes read and not yet looked at */

/* One connection: a reference to its bufferevent. */
struct guarded {
    struct guarded *next;
    struct bufferevent *bev;
    time_t end; /* when to shut it down */
};

struct guard {
    struct guarded *list;
    struct event *sweep;
    unsigned count;
    unsigned max;
    time_t lifetime;
};

static time_t seconds(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);
    return ts.tv_sec;
}

/* evhttp tells nobody that it freed a connection. But bufferevent_free()
 * takes the callbacks away, and our reference lets us see that. */
static bool is_gone(struct bufferevent *bev)
{
    bufferevent_data_cb read_h, write_h;
    bufferevent_event_cb event_h;
    void *arg;

    bufferevent_getcb(bev, &read_h, &write_h, &event_h, &arg);
    return !read_h && !write_h && !event_h;
}

static void drop(struct guard *g, struct guarded **at)
{
    struct guarded *c = *at;

    *at = c->next;
    bufferevent_decref(c->bev);
    free(c);
    g->count--;
}

static void sweep(struct guard *g)
{
    struct guarded **at = &g->list;
    time_t now = seconds();

    while (*at) {
        struct guarded *c = *at;

        if (is_gone(c->bev)) {
            drop(g, at);
            continue;
        }
        if (now >= c->end) /* evhttp sees its client go, and frees it */
            shutdown(bufferevent_getfd(c->bev), SHUT_RDWR);
        at = &c->next;
    }
}

static void sweep_h(evutil_socket_t fd, short what, void *arg)
{
    sweep(arg);
}

/* Called by evhttp for each connection, to make its bufferevent; NULL makes
 * it take one of its own. The socket is closed with the bufferevent, that is
 * with our reference to it: were it closed before, its number would soon be
 * another socket's, whose bytes this bufferevent would read. Until then it
 * reads no more than the bound, which is more than evhttp ever waits for. */
static struct bufferevent *connection_h(struct event_base *base, void *arg)
{
    struct guard *g = arg;
    struct guarded *c;

    sweep(g);
    c = calloc(1, sizeof(*c));
    if (!c)
        return NULL;
    c->bev = bufferevent_socket_new(base, -1, BEV_OPT_CLOSE_ON_FREE);
    if (!c->bev) {
        free(c);
        return NULL;
    }
    bufferevent_setwatermark(c->bev, EV_READ, 0, READ_MAX);
    bufferevent_incref(c->bev);
    if (g->count < g->max) {
        c->end = seconds() + g->lifetime;
    } else {
        c->end = 0;
        event_active(g->sweep, 0, 0);
    }
    c->next = g->list;
    g->list = c;
    g->count++;
    return c->bev;
}

int guard_alloc(struct guard **gp, struct event_base *base,
                struct evhttp *server, unsigned max, unsigned lifetime_s)
{
    static const struct timeval second = {1, 0};
    struct guard *g = calloc(1, sizeof(*g));

    if (!g)
        return ENOMEM;
    g->max = max;
    g->lifetime = lifetime_s;
    g->sweep = event_new(base, -1, EV_PERSIST, sweep_h, g);
    if (!g->sweep || event_add(g->sweep, &second)) {
        guard_free(g);
        return ENOMEM;
    }
    evhttp_set_bevcb(server, connection_h, g);
    *gp = g;
    return 0;
}

void guard_free(struct guard *g)
{
    if (!g)
        return;
    while (g->list)
        drop(g, &g->list);
    if (g->sweep)
        event_free(g->sweep);
    free(g);
}
