/* One FreeSWITCH: its connection, and how long it is waited for. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/slice.h"
#include "engine/freeswitch/fs.h"

enum {
    AUDIT_FIRST_MS = 500, /* FreeSWITCH's list of channels lags behind … */
    AUDIT_MS = 10000,     /* … so that they become rare only by and by */
    PATIENCE_MS = 180 * 1000, /* then its calls are given up */
};

static void audit_h(void *arg)
{
    struct fs_node *node = arg;
    uint32_t later = 4 * node->audit_ms;

    node->audit_ms = later < AUDIT_MS ? later : AUDIT_MS;
    timer_start(node->fs->timers, &node->timer, node->audit_ms, audit_h, node);
    fs_sync(node, false);
}

static void up_h(void *arg)
{
    struct fs_node *node = arg;

    node->sequence = 0;
    node->audit_ms = AUDIT_FIRST_MS;
    timer_start(node->fs->timers, &node->timer, node->audit_ms, audit_h, node);
    fs_sync(node, true);
}

bool fs_node_clock(const struct fs_node *node, uint32_t *ms)
{
    uint64_t since = timers_now(node->fs->timers) - node->uptime_at;

    *ms = node->uptime + (uint32_t)since;
    return node->uptime_at;
}

/* Participants first: for one who is gone nobody is dialled again. */
static void lose_h(struct fs_leg *leg, void *arg)
{
    const bool *inbound = arg;

    if (leg->inbound == *inbound)
        fs_leg_gone(leg, ENGINE_END_ENGINE, 0, 0, "");
}

static void give_up_h(void *arg)
{
    struct fs_node *node = arg;
    bool inbound = true;

    log_line(node->fs->log, LOG_ERROR, NULL,
             "node=%u was away for %d s: its calls are given up; those that "
             "live are found again when it is back",
             node->index, PATIENCE_MS / 1000);
    fs_legs_each(node->fs, node, lose_h, &inbound);
    inbound = false;
    fs_legs_each(node->fs, node, lose_h, &inbound);
}

/* What the answer to would have told is told by the next synchronisation. */
static void undial_h(struct fs_leg *leg, void *arg)
{
    leg->dialling = false;
    fs_leg_unsend(leg);
    fs_keylog_unask(leg);
}

static void down_h(void *arg)
{
    struct fs_node *node = arg;
    const struct engine_event ev = {.type = ENGINE_DOWN, .node = node->index};
    bool was_up = node->up;

    fs_sync_forget(node);
    node->uptime_at = 0;
    timer_stop(&node->refresh_timer);
    timer_start(node->fs->timers, &node->timer, PATIENCE_MS, give_up_h, node);
    fs_legs_each(node->fs, node, undial_h, NULL);
    node->up = false;
    node->n_contacts = 0;
    node->running_told[0] = node->running_told[1] = false;
    memset(&node->trunk, 0, sizeof(node->trunk));
    if (was_up)
        fs_tell(node->fs, &ev);
}

int fs_node_alloc(struct fs_node **np, struct freeswitch *fs, unsigned index,
                  const char *host, unsigned port)
{
    struct fs_node *node = calloc(1, sizeof(*node));
    struct esl_client_config cc = {
        .base = fs->base,
        .timers = fs->timers,
        .log = fs->log,
        .host = host,
        .port = port,
        .password = fs->cfg->esl_password,
        .node = index,
        .up = up_h,
        .down = down_h,
        .event = fs_event_h,
        .arg = node,
    };
    int err = node ? 0 : ENOMEM;

    if (!err)
        err = esl_client_alloc(&node->esl, &cc);
    if (err) {
        free(node);
        return err;
    }
    node->fs = fs;
    node->index = index;
    *np = node;
    return 0;
}

void fs_node_free(struct fs_node *node)
{
    if (!node)
        return;
    fs_sync_forget(node);
    timer_stop(&node->timer);
    timer_stop(&node->refresh_timer);
    esl_client_free(node->esl);
    free(node->contacts);
    free(node);
}

void fs_node_start(struct fs_node *node)
{
    esl_client_start(node->esl);
}

int fs_node_send(struct fs_node *node, const char *line, uint32_t timeout_ms,
                 esl_done_h *h, void *arg, uint64_t ref)
{
    struct esl_command *c = &node->fs->command;
    int err = esl_command_bgapi(c, esl_client_job(node->esl), line);

    return err ? err
               : esl_client_send_job(node->esl, c, timeout_ms, h, arg, ref);
}
