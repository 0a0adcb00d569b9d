/* Commands to one leg's channel. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/freeswitch/fs.h"

enum {
    WORDS_MAX = 12,
    LINE_MAX_BYTES = 4096,
    KILL_AGAIN_MS = 100,
    KILL_SOON_MS = 2000,
    KILLS_MAX = 100, /* a channel that does not exist by then never will */
};

static void send_first(struct fs_leg *leg);

static void sent_h(bool ok, struct slice text, uint64_t ref, void *arg)
{
    struct fs_leg *leg = fs_leg_find(arg, ref);
    struct fs_queued *q = leg ? leg->queue : NULL;

    if (!q)
        return;
    if (!ok)
        log_line(leg->fs->log, LOG_DEBUG, leg->call,
                 "FreeSWITCH did not take \"%s\": %.*s", q->line,
                 (int)text.len, text.p);
    leg->queue = q->next;
    leg->n_queue--;
    send_first(leg);
    if (q->h)
        q->h(leg, ok, q->serial);
    free(q->line);
    free(q);
}

static void send_first(struct fs_leg *leg)
{
    struct fs_queued *q = leg->queue;

    if (!q || q->sent || !esl_client_is_up(leg->node->esl))
        return;
    q->sent = !fs_node_send(leg->node, q->line, FS_JOB_MS, sent_h, leg->fs,
                            leg->number);
}

void fs_leg_unsend(struct fs_leg *leg)
{
    if (leg->queue)
        leg->queue->sent = false;
}

void fs_leg_resend(struct fs_leg *leg)
{
    send_first(leg);
}

static int append(struct fs_leg *leg, const char *line, fs_sent_h *h,
                  uint32_t serial)
{
    struct fs_queued *q = calloc(1, sizeof(*q)), **tail = &leg->queue;

    if (q)
        q->line = strdup(line);
    if (!q || !q->line) {
        free(q);
        return ENOMEM;
    }
    q->h = h;
    q->serial = serial;
    while (*tail)
        tail = &(*tail)->next;
    *tail = q;
    leg->n_queue++;
    return 0;
}

void fs_leg_send(struct fs_leg *leg, fs_sent_h *h, uint32_t serial,
                 const char *first, ...)
{
    const char *words[WORDS_MAX] = {first};
    char line[LINE_MAX_BYTES];
    size_t n = 1;
    va_list ap;
    int err;

    va_start(ap, first);
    while (n < WORDS_MAX && (words[n] = va_arg(ap, const char *)))
        n++;
    va_end(ap);
    err = esl_line(line, sizeof(line), words, n);
    if (!err && leg->n_queue >= FS_QUEUE_MAX)
        err = EAGAIN;
    if (!err)
        err = append(leg, line, h, serial);
    if (err)
        log_line(leg->fs->log, LOG_ERROR, leg->call,
                 "a command to FreeSWITCH was dropped: %s: %s", first,
                 strerror(err));
    else
        send_first(leg);
}

void fs_leg_execute(struct fs_leg *leg, const char *app, const char *arg)
{
    struct esl_command *c = &leg->fs->command;
    char id[40];
    int err;

    fs_uuid(id, sizeof(id));
    err = esl_command_execute(c, leg->uuid, app, arg, id);
    if (!err)
        err = esl_client_send(leg->node->esl, c, NULL, NULL, 0);
    if (err)
        log_line(leg->fs->log, LOG_WARN, leg->call,
                 "%s was not executed at FreeSWITCH: %s", app, strerror(err));
}

void fs_leg_set(struct fs_leg *leg, const char *name, const char *value)
{
    char encoded[3 * ENGINE_NOTE_MAX + 64];

    if (!value[0]) {
        fs_leg_send(leg, NULL, 0, "uuid_setvar", leg->uuid, name, NULL);
        return;
    }
    if (esl_encode(value, strlen(value), encoded, sizeof(encoded)))
        log_line(leg->fs->log, LOG_ERROR, leg->call,
                 "%s is too long to be kept with the call", name);
    else
        fs_leg_send(leg, NULL, 0, "uuid_setvar", leg->uuid, name, encoded,
                    NULL);
}

/* ---- the end ---- */

static void kill_again_h(void *arg)
{
    struct fs_leg *leg = arg;

    fs_leg_kill(leg, "NORMAL_CLEARING");
}

/* A channel that is not there: it was not yet made, or its end was missed. */
static void killed_h(bool ok, struct slice text, uint64_t ref, void *arg)
{
    struct fs_leg *leg = fs_leg_find(arg, ref);

    if (!leg || ok)
        return;
    if (!text.len || (leg->dialling && leg->kills < KILLS_MAX))
        timer_start(leg->fs->timers, &leg->kill, KILL_AGAIN_MS, kill_again_h,
                    leg);
    else
        fs_leg_gone(leg, ENGINE_END_LOCAL, 0, 0, "");
}

void fs_leg_kill_soon(struct fs_leg *leg)
{
    if (!timer_running(&leg->kill))
        timer_start(leg->fs->timers, &leg->kill, KILL_SOON_MS, kill_again_h,
                    leg);
}

void fs_leg_kill(struct fs_leg *leg, const char *cause)
{
    const char *const words[] = {"uuid_kill", leg->uuid, cause};
    char line[128];
    int err = esl_line(line, sizeof(line), words, 3);

    leg->killed = true;
    leg->kills++;
    timer_stop(&leg->kill);
    if (!err)
        err = fs_node_send(leg->node, line, FS_JOB_MS, killed_h, leg->fs,
                           leg->number);
    if (err && err != ENOTCONN) /* ENOTCONN: at the next synchronisation */
        timer_start(leg->fs->timers, &leg->kill, KILL_AGAIN_MS, kill_again_h,
                    leg);
}
