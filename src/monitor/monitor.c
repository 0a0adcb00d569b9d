#include "monitor/monitor.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* An unexpired registration. */
struct contact {
    struct contact *next;
    unsigned node;
    char id[];
};

struct node {
    struct node *next;
    unsigned index;
    bool up;
    bool running[2]; /* by enum engine_side */
    enum monitor_trunk trunk;
    unsigned calls; /* counted only while it is up */
};

struct monitor {
    struct contact *contacts;
    struct node *nodes;
    bool draining;
    struct monitor_quality quality[2]; /* by enum engine_side */
};

typedef void apply_h(struct monitor *m, const struct monitor_event *ev);

int monitor_alloc(struct monitor **mp)
{
    struct monitor *m = calloc(1, sizeof(*m));

    if (!m)
        return ENOMEM;
    *mp = m;
    return 0;
}

/* Forget a node's contacts: all, or the one with this id. */
static void forget(struct monitor *m, unsigned node, const char *id)
{
    struct contact **at = &m->contacts;

    while (*at) {
        struct contact *c = *at;

        if (c->node == node && (!id || strcmp(c->id, id) == 0)) {
            *at = c->next;
            free(c);
        } else {
            at = &c->next;
        }
    }
}

void monitor_free(struct monitor *m)
{
    if (!m)
        return;
    while (m->nodes) {
        struct node *n = m->nodes;

        m->nodes = n->next;
        forget(m, n->index, NULL);
        free(n);
    }
    while (m->contacts)
        forget(m, m->contacts->node, NULL);
    free(m);
}

/* NULL only when out of memory: the event is lost, nothing else. */
static struct node *node_of(struct monitor *m, unsigned index)
{
    struct node *n = m->nodes;

    while (n && n->index != index)
        n = n->next;
    if (n)
        return n;
    n = calloc(1, sizeof(*n));
    if (!n)
        return NULL;
    n->index = index;
    n->next = m->nodes;
    m->nodes = n;
    return n;
}

static void apply_engine(struct monitor *m, const struct monitor_event *ev)
{
    struct node *n = node_of(m, ev->node);

    if (!n)
        return;
    n->up = ev->up;
    if (ev->up)
        return;
    memset(n->running, 0, sizeof(n->running));
    if (n->trunk)
        n->trunk = MONITOR_TRUNK_AWAY;
    forget(m, ev->node, NULL);
}

static void apply_profile(struct monitor *m, const struct monitor_event *ev)
{
    struct node *n = node_of(m, ev->node);

    if (n)
        n->running[ev->side] = ev->up;
}

static void apply_contact(struct monitor *m, const struct monitor_event *ev)
{
    const char *id = ev->contact->id;
    struct contact *c = m->contacts;

    if (ev->contact->gone) {
        forget(m, ev->node, id);
        return;
    }
    while (c && (c->node != ev->node || strcmp(c->id, id) != 0))
        c = c->next;
    if (c)
        return;
    c = malloc(sizeof(*c) + strlen(id) + 1);
    if (!c)
        return;
    c->node = ev->node;
    memcpy(c->id, id, strlen(id) + 1);
    c->next = m->contacts;
    m->contacts = c;
}

static void apply_trunk(struct monitor *m, const struct monitor_event *ev)
{
    struct node *n = node_of(m, ev->node);

    if (n)
        n->trunk = ev->up ? MONITOR_TRUNK_UP : MONITOR_TRUNK_AWAY;
}

static void apply_started(struct monitor *m, const struct monitor_event *ev)
{
    struct node *n = node_of(m, ev->node);

    if (n)
        n->calls++;
}

static void apply_ended(struct monitor *m, const struct monitor_event *ev)
{
    struct node *n = node_of(m, ev->node);

    if (n && n->calls)
        n->calls--;
}

static void apply_quality(struct monitor *m, const struct monitor_event *ev)
{
    const struct engine_quality *q = ev->quality;
    struct monitor_quality *sum = &m->quality[ev->side];

    sum->legs++;
    sum->received += q->received;
    sum->lost += q->lost;
    sum->sent += q->sent;
    sum->far_lost += q->far_lost;
    sum->mos_sum += q->mos;
    sum->mos_legs += q->mos != 0;
    sum->far_mos_sum += q->far_mos;
    sum->far_mos_legs += q->far_mos != 0;
    sum->rtt_sum_us += q->rtt_us;
    sum->rtt_legs += q->rtt_us != 0;
}

static void apply_draining(struct monitor *m, const struct monitor_event *ev)
{
    m->draining = true;
}

void monitor_event(const struct monitor_event *ev, void *arg)
{
    static apply_h *const appliers[] = {
        [MONITOR_ENGINE] = apply_engine,   [MONITOR_PROFILE] = apply_profile,
        [MONITOR_CONTACT] = apply_contact, [MONITOR_TRUNK] = apply_trunk,
        [MONITOR_STARTED] = apply_started, [MONITOR_STATE] = NULL,
        [MONITOR_ENDED] = apply_ended,     [MONITOR_REFUSED] = NULL,
        [MONITOR_QUALITY] = apply_quality, [MONITOR_DRAINING] = apply_draining,
    };
    struct monitor *m = arg;

    if (appliers[ev->type])
        appliers[ev->type](m, ev);
}

void monitor_stats(const struct monitor *m, struct monitor_stats *out)
{
    *out = (struct monitor_stats){
        .draining = m->draining,
    };
    for (const struct contact *c = m->contacts; c; c = c->next)
        out->registrations++;
    for (const struct node *n = m->nodes; n; n = n->next) {
        out->engine_up = out->engine_up || n->up;
        out->active_calls += n->up ? n->calls : 0;
        out->external_running =
            out->external_running || n->running[ENGINE_EXTERNAL];
        out->internal_running =
            out->internal_running || n->running[ENGINE_INTERNAL];
        if (n->trunk > out->trunk)
            out->trunk = n->trunk;
    }
}

void monitor_quality(const struct monitor *m, enum engine_side side,
                     struct monitor_quality *out)
{
    *out = m->quality[side];
}
