/* The digits are the room. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include <event2/event.h>

#include "directory/query.h"

struct direct_query {
    struct directory_query q; /* first */
    struct direct_query *next;
    struct direct *owner;
    struct event *event; /* makes the answer come from the loop */
    char id[DIRECTORY_ID_MAX + 1];
};

struct direct {
    struct directory d; /* first */
    struct event_base *base;
    struct direct_query *list;
};

static void unlink_query(struct direct_query *q)
{
    struct direct_query **at = &q->owner->list;

    while (*at != q)
        at = &(*at)->next;
    *at = q->next;
}

static void query_free(struct direct_query *q)
{
    if (q->event)
        event_free(q->event);
    free(q);
}

static void answer_h(evutil_socket_t fd, short what, void *arg)
{
    struct direct_query *q = arg;
    struct directory_answer a = directory_answer_of(DIRECTORY_FOUND);

    a.room = q->id;
    unlink_query(q);
    q->q.h(&a, q->q.arg);
    query_free(q);
}

static struct directory_query *lookup(struct directory *d, const char *id,
                                      const char *caller, const char *call,
                                      directory_h *h, void *arg)
{
    static const struct timeval at_once = {0, 0};
    struct direct *direct = (struct direct *)d;
    struct direct_query *q = calloc(1, sizeof(*q));

    if (!q)
        return NULL;
    directory_query_init(&q->q, call, h, arg);
    snprintf(q->id, sizeof(q->id), "%s", id);
    q->owner = direct;
    q->event = evtimer_new(direct->base, answer_h, q);
    if (!q->event || evtimer_add(q->event, &at_once)) {
        query_free(q);
        return NULL;
    }
    q->next = direct->list;
    direct->list = q;
    return &q->q;
}

static void cancel(struct directory_query *query)
{
    struct direct_query *q = (struct direct_query *)query;

    unlink_query(q);
    query_free(q);
}

static void free_h(struct directory *d)
{
    struct direct *direct = (struct direct *)d;

    while (direct->list)
        cancel(&direct->list->q);
    free(direct);
}

int direct_alloc(struct directory **dp, const struct config *cfg,
                 struct event_base *base, struct log *log)
{
    static const struct directory_ops ops = {lookup, cancel, free_h};
    struct direct *direct = calloc(1, sizeof(*direct));

    if (!direct)
        return ENOMEM;
    direct->d.ops = &ops;
    direct->base = base;
    *dp = &direct->d;
    return 0;
}
