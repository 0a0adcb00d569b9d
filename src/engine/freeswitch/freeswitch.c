#include "engine/freeswitch/freeswitch.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "config/nodes.h"
#include "engine/freeswitch/fs.h"

/* ---- events to policy ---- */

void fs_tell(struct freeswitch *fs, const struct engine_event *ev)
{
    fs->h(ev, fs->arg);
}

void fs_tell_later(struct freeswitch *fs, const struct engine_event *ev)
{
    struct fs_post *p = calloc(1, sizeof(*p));

    if (!p) {
        log_line(fs->log, LOG_ERROR, NULL, "out of memory: an event was lost");
        return;
    }
    p->ev = *ev;
    *fs->posts_tail = p;
    fs->posts_tail = &p->next;
    event_active(fs->post_event, EV_TIMEOUT, 0);
}

static void posts_h(evutil_socket_t fd, short what, void *arg)
{
    struct freeswitch *fs = arg;
    struct fs_post *p = fs->posts;

    fs->posts = NULL;
    fs->posts_tail = &fs->posts;
    while (p) {
        struct fs_post *next = p->next;

        if (!p->ev.leg || fs_leg_find(fs, p->ev.leg))
            fs_tell(fs, &p->ev);
        free(p);
        p = next;
    }
}

void fs_posts_free(struct freeswitch *fs)
{
    while (fs->posts) {
        struct fs_post *p = fs->posts;

        fs->posts = p->next;
        free(p);
    }
    if (fs->post_event)
        event_free(fs->post_event);
    free(fs);
}

/* ---- nodes out of FREESWITCH_SERVER ---- */

static int nodes_add(struct freeswitch *fs, const char *list)
{
    const char *rest = list;
    int err = 0;

    while (!err) {
        unsigned port = fs->cfg->esl_port;
        char host[CONFIG_NODE_HOST_MAX];

        err = config_node_next(&rest, host, &port);
        if (!err && fs->n_nodes == FS_NODES_MAX)
            err = E2BIG;
        if (!err)
            err = fs_node_alloc(&fs->nodes[fs->n_nodes], fs,
                                (unsigned)fs->n_nodes, host, port);
        fs->n_nodes += !err;
    }
    if (err == ENOENT && fs->n_nodes)
        return 0;
    log_line(fs->log, LOG_ERROR, NULL,
             "FREESWITCH_SERVER: expected host or host:port, at most %d of "
             "them separated by commas, got \"%s\": %s",
             FS_NODES_MAX, list, strerror(err));
    return err == ENOENT ? EINVAL : err;
}

int freeswitch_alloc(struct engine **ep, const struct config *cfg,
                     struct event_base *base, struct timers *timers,
                     struct log *log, engine_event_h *h, void *arg)
{
    struct freeswitch *fs = calloc(1, sizeof(*fs));
    int err;

    if (!fs)
        return ENOMEM;
    fs->engine.ops = &fs_ops;
    fs->cfg = cfg;
    codec_policy_parse(&fs->codecs, cfg->jigasi_codecs);
    fs->base = base;
    fs->timers = timers;
    fs->log = log;
    fs->h = h;
    fs->arg = arg;
    fs->posts_tail = &fs->posts;
    fs->post_event = event_new(base, -1, 0, posts_h, fs);
    err = fs->post_event ? fs_legs_init(&fs->legs) : ENOMEM;
    if (!err)
        err = nodes_add(fs, cfg->freeswitch_server);
    if (err) {
        fs_ops.stop(&fs->engine);
        return err;
    }
    *ep = &fs->engine;
    return 0;
}
