/*
 * The log of keys that FreeSWITCH keeps with a participant's channel: those
 * that were keyed while nobody was here to read them are read afterwards.
 *
 * FreeSWITCH has a queue of keys, but empties it by itself, and tells of each
 * once, to whoever is connected. What it executes by itself are the actions
 * of bind_digit_action: ours is bound to any key, adds it to a variable and
 * hands it on as if nothing were bound. The event that follows says only that
 * there is something to read, so that no key counts twice or is missed,
 * however events and answers overtake each other.
 */
#include <stdio.h>
#include <string.h>

#include "base/slice.h"
#include "engine/freeswitch/fs.h"

enum {
    ROUND_KEYS = 100,  /* in a log that has grown long … */
    ROUND_MOST = 1000, /* … and in one that does not wait for a pause */
    NEWS_MAX = 2000,   /* keys that are dealt with at a time */
    LOG_MAX = 2200,    /* bytes of a log in an event */
    SETTLE_MS = 3500,  /* more than between the keys of a sequence */
    INFO_MS = 1000,    /* until what came by INFO was read in the log, too */
    BEHIND_MS = 10000, /* then nobody listens to what was keyed before */
};

#define LOG_VARIABLE     "jigate_keys"
#define DONE_VARIABLE    "jigate_keys_done"
#define WRITTEN_VARIABLE "jigate_keys_written"

/* What stands in "${}" is expanded whenever a key comes: nothing of it is a
   caller's but the key. uuid_recv_dtmf does not take what follows the key
   for one: "+OK". */
void fs_keylog_start(struct fs_leg *leg)
{
    static const char plain[] = "0123456789abcdefABCDEF-";
    char action[512];
    const char *id = leg->uuid;

    if (id[strspn(id, plain)]) /* none of FreeSWITCH's */
        return;
    snprintf(action, sizeof(action),
             "keys,~^.$,api:expand,uuid_recv_dtmf %s "
             "${uuid_getvar(%s last_matching_digits)} "
             "${uuid_setvar(%s " LOG_VARIABLE " ${uuid_getvar(%s " LOG_VARIABLE
             ")}${uuid_getvar(%s last_matching_digits)})}",
             id, id, id, id, id);
    fs_leg_execute(leg, "bind_digit_action", action);
    /* The last argument becomes a variable at the end of a call: FreeSWITCH
       complains of one with "${". */
    fs_leg_execute(leg, "set", WRITTEN_VARIABLE "=true");
}

/* ---- what was dealt with ---- */

void fs_keylog_done(struct fs_leg *leg, size_t started)
{
    struct fs_keylog *kl = &leg->keylog;
    size_t done = kl->read - (started < kl->read ? started : kl->read);
    char text[24];

    if (kl->behind || done == kl->done)
        return;
    kl->done = done;
    snprintf(text, sizeof(text), "%zu", done);
    fs_leg_set(leg, DONE_VARIABLE, text);
}

/* Empties a log of more keys than so many that were all dealt with. */
static void empty_longer(struct fs_leg *leg, size_t keys)
{
    struct fs_keylog *kl = &leg->keylog;
    char vars[96];

    if (kl->read <= keys || kl->done != kl->read)
        return;
    kl->round++;
    kl->emptied = kl->read;
    kl->read = kl->done = 0;
    snprintf(vars, sizeof(vars), LOG_VARIABLE "=%lu.;" DONE_VARIABLE "=0",
             (unsigned long)kl->round);
    fs_leg_send(leg, NULL, 0, "uuid_setvar_multi", leg->uuid, vars, NULL);
}

static void done(struct fs_leg *leg)
{
    if (!collector_running(leg->keys))
        fs_keylog_done(leg, collector_started(leg->keys));
}

static void settle_h(void *arg)
{
    struct fs_leg *leg = arg;

    done(leg);
    empty_longer(leg, ROUND_KEYS);
}

/* Keys were read. Those of a collection are done when it ends, those of a
   sequence when it is keyed whole or can be no more. The log is emptied when
   nobody keys, or when that never comes. */
static void settle(struct fs_leg *leg)
{
    done(leg);
    empty_longer(leg, ROUND_MOST);
    if (collector_started(leg->keys) || leg->keylog.read > ROUND_KEYS)
        timer_start(leg->fs->timers, &leg->keylog.settle, SETTLE_MS, settle_h,
                    leg);
}

/* ---- reading ---- */

/* The keys of a log, p NULL where it is none or of an earlier round. */
static struct slice keys_of(struct slice log, uint32_t *round)
{
    const char *dot = log.p ? memchr(log.p, '.', log.len) : NULL;
    struct slice none = {NULL, 0};
    uint64_t n;

    if (!dot || slice_to_u64((struct slice){log.p, (size_t)(dot - log.p)}, 0,
                             UINT32_MAX, &n))
        return none;
    *round = (uint32_t)n;
    return (struct slice){dot + 1, (size_t)(log.p + log.len - dot - 1)};
}

/* Keys by INFO were dealt with as they came: FreeSWITCH reads some wrong. */
static bool by_info(const struct fs_leg *leg)
{
    return leg->keylog.info_at &&
           timers_now(leg->fs->timers) < leg->keylog.info_at + INFO_MS;
}

/* FreeSWITCH reads the log and writes it, one key longer, in two steps: what
   empties it between them is undone, and what does so before they are told
   is only read. Either round may be met again. What was written to be done
   stays so until it is written anew. */
static bool is_round(struct fs_keylog *kl, uint32_t round, size_t len)
{
    if (round + 1 == kl->round && !kl->read && len > kl->emptied) {
        kl->round = round;
        kl->read = kl->emptied;
    } else if (round == kl->round + 1) {
        kl->round = round;
        kl->read = 0;
    }
    return round == kl->round;
}

static void news(struct fs_leg *leg, struct slice log)
{
    struct freeswitch *fs = leg->fs;
    struct fs_keylog *kl = &leg->keylog;
    engine_leg number = leg->number;
    char keys[NEWS_MAX];
    uint32_t round;
    struct slice all = keys_of(log, &round);
    size_t n;

    if (kl->behind && !collector_listens(leg->keys))
        return;
    kl->behind = false;
    if (!all.p || !is_round(kl, round, all.len) || all.len <= kl->read)
        return;
    n = all.len - kl->read < NEWS_MAX ? all.len - kl->read : NEWS_MAX;
    memcpy(keys, all.p + kl->read, n);
    for (size_t i = 0; i < n; i++) {
        kl->read++;
        if (!by_info(leg))
            fs_keys_key(leg, keys[i]);
        if (!fs_leg_find(fs, number))
            return;
    }
    settle(leg);
}

static void asked_h(bool ok, struct slice text, uint64_t ref, void *arg)
{
    struct freeswitch *fs = arg;
    struct fs_leg *leg = fs_leg_find(fs, ref);

    if (!leg)
        return;
    leg->keylog.asked = false;
    while (text.len && text.p[text.len - 1] == '\n')
        text.len--;
    if (ok)
        news(leg, text);
    if (fs_leg_find(fs, ref) && leg->keylog.again)
        fs_keylog_grown(leg);
}

void fs_keylog_grown(struct fs_leg *leg)
{
    const char *const words[] = {"uuid_getvar", leg->uuid, LOG_VARIABLE};
    struct fs_keylog *kl = &leg->keylog;
    char line[128];

    kl->again = kl->asked;
    if (!kl->asked && !esl_line(line, sizeof(line), words, 3))
        kl->asked = !fs_node_send(leg->node, line, FS_JOB_MS, asked_h, leg->fs,
                                  leg->number);
}

void fs_keylog_unask(struct fs_leg *leg)
{
    leg->keylog.asked = leg->keylog.again = false;
    leg->keylog.info_at = 0;
}

/* ---- after a restart, or without a connection for a while ---- */

static void catch_up_h(void *arg)
{
    struct fs_leg *leg = arg;

    leg->keylog.behind = false;
    fs_keylog_grown(leg);
}

static bool log_of(char log[LOG_MAX], const struct fs_leg *leg,
                   const struct esl_event *ev)
{
    return !leg->jigasi &&
           esl_event_get(ev, "variable_" LOG_VARIABLE, log, LOG_MAX);
}

void fs_keylog_adopt(struct fs_leg *leg, const struct esl_event *ev)
{
    struct fs_keylog *kl = &leg->keylog;
    struct slice done = esl_event_raw(ev, "variable_" DONE_VARIABLE), keys;
    char log[LOG_MAX];
    uint64_t n;

    /* Perhaps it was answered with nobody here. */
    if (!leg->jigasi && !leg->inbound && leg->answered &&
        !esl_event_raw(ev, "variable_" WRITTEN_VARIABLE).p)
        fs_keylog_start(leg);
    if (!log_of(log, leg, ev))
        return;
    if (done.p && !slice_to_u64(done, 0, UINT32_MAX, &n))
        kl->done = kl->read = (size_t)n;
    keys = keys_of(slice_of(log), &kl->round);
    kl->behind = keys.p && keys.len > kl->read;
    if (kl->behind)
        timer_start(leg->fs->timers, &kl->settle, BEHIND_MS, catch_up_h, leg);
}

void fs_keylog_read(struct fs_leg *leg, const struct esl_event *ev)
{
    char log[LOG_MAX];

    if (log_of(log, leg, ev))
        news(leg, slice_of(log));
}
