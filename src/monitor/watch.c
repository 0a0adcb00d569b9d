#include "monitor/watch.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* A registered contact of Jigasi. */
struct seen {
    struct seen *next;
    unsigned node;
    bool reachable;
    char id[];
};

struct watch {
    const struct config *cfg;
    struct timers *timers;
    struct log *log;
    struct seen *seen;
    struct timer patience;
    bool warned;
};

static void warn_h(void *arg)
{
    struct watch *w = arg;
    const struct config *cfg = w->cfg;

    w->warned = true;
    if (w->seen)
        log_line(w->log, LOG_WARN, NULL,
                 "jigasi is registered but has not answered OPTIONS for %d s: "
                 "callers cannot join; look at Jigasi's log, or restart it",
                 WATCH_PATIENCE_MS / 1000);
    else
        log_line(w->log, LOG_WARN, NULL,
                 "no jigasi has been registered for %d s: callers cannot "
                 "join; Jigasi's settings should be JIGASI_SIP_URI=%s "
                 "JIGASI_SIP_SERVER=%s JIGASI_SIP_PORT=%u and the same "
                 "JIGASI_SIP_PASSWORD, that name must lead to %s from where "
                 "Jigasi runs, and a Jigasi started earlier than this "
                 "gateway may want a restart",
                 WATCH_PATIENCE_MS / 1000, cfg->jigasi_uri, cfg->jigasi_server,
                 cfg->internal_sip_port, cfg->internal_ip);
}

static void look(struct watch *w)
{
    const struct seen *s = w->seen;

    while (s && !s->reachable)
        s = s->next;
    if (s) {
        timer_stop(&w->patience);
        if (w->warned)
            log_line(w->log, LOG_INFO, NULL,
                     "jigasi is back: callers can join again");
        w->warned = false;
    } else if (!w->warned && !timer_running(&w->patience)) {
        timer_start(w->timers, &w->patience, WATCH_PATIENCE_MS, warn_h, w);
    }
}

int watch_alloc(struct watch **wp, const struct config *cfg,
                struct timers *timers, struct log *log)
{
    struct watch *w = calloc(1, sizeof(*w));

    if (!w)
        return ENOMEM;
    w->cfg = cfg;
    w->timers = timers;
    w->log = log;
    look(w);
    *wp = w;
    return 0;
}

static void forget(struct watch *w, unsigned node, const char *id)
{
    struct seen **at = &w->seen;

    while (*at) {
        struct seen *s = *at;

        if (s->node == node && (!id || strcmp(s->id, id) == 0)) {
            *at = s->next;
            free(s);
        } else {
            at = &s->next;
        }
    }
}

void watch_free(struct watch *w)
{
    if (!w)
        return;
    timer_stop(&w->patience);
    while (w->seen)
        forget(w, w->seen->node, NULL);
    free(w);
}

static void note(struct watch *w, unsigned node,
                 const struct engine_contact *c)
{
    struct seen *s;

    forget(w, node, c->id);
    if (c->gone)
        return;
    s = malloc(sizeof(*s) + strlen(c->id) + 1);
    if (!s)
        return;
    s->node = node;
    s->reachable = c->reachable;
    memcpy(s->id, c->id, strlen(c->id) + 1);
    s->next = w->seen;
    w->seen = s;
}

void watch_event(const struct monitor_event *ev, void *arg)
{
    struct watch *w = arg;

    if (ev->type == MONITOR_ENGINE && !ev->up)
        forget(w, ev->node, NULL);
    else if (ev->type == MONITOR_CONTACT &&
             strcmp(ev->contact->user, w->cfg->jigasi_user) == 0)
        note(w, ev->node, ev->contact);
    else
        return;
    look(w);
}
