/* The commands of engine.h. */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "engine/freeswitch/fs.h"

static struct fs_leg *leg_of(struct engine *e, engine_leg number)
{
    return fs_leg_find((struct freeswitch *)e, number);
}

/* FreeSWITCH sends 180 but once in the life of a channel. */
static void ring(struct engine *e, engine_leg number)
{
    struct fs_leg *leg = leg_of(e, number);

    if (leg && leg->inbound && !leg->answered)
        fs_leg_send(leg, NULL, 0, "uuid_ring_ready", leg->uuid, NULL);
}

static void answered_h(void *arg)
{
    fs_leg_answered(arg);
}

/* The channel's own thread answers: uuid_answer, from another one, now and
   then stands still for ever on a busy FreeSWITCH. */
static void prepared_h(struct fs_leg *leg, bool ok, uint32_t serial)
{
    if (!leg->answered && !leg->killed)
        fs_leg_execute(leg, "answer", "");
}

/* An INVITE without an offer was answered with ours (RFC 3264 section 4)
   before the call came to us. */
static void answer(struct engine *e, engine_leg number)
{
    struct fs_leg *leg = leg_of(e, number);

    if (leg && leg->early && !leg->answered)
        timer_start(leg->fs->timers, &leg->answer, 0, answered_h, leg);
    else if (leg && leg->inbound && !leg->answered)
        fs_leg_send(leg, prepared_h, 0, "uuid_setvar", leg->uuid,
                    "jigate_answer", "true", NULL);
}

/* A phrase may be what a far side wrote: of its characters those go into the
   argument that mean nothing to FreeSWITCH. */
static void phrase_put(char *out, size_t size, const char *phrase)
{
    size_t n = 0;

    for (const char *p = phrase ? phrase : ""; *p && n + 1 < size; p++) {
        if (isascii((unsigned char)*p) &&
            (isalnum((unsigned char)*p) || strchr(" -_.:/+()", *p)))
            out[n++] = *p;
    }
    out[n] = '\0';
}

/* The header is a variable of the channel; then the response ends it. */
static void reject(struct engine *e, engine_leg number, unsigned status,
                   const char *phrase, unsigned retry_after_s)
{
    struct fs_leg *leg = leg_of(e, number);
    char text[32 + FS_PHRASE_MAX], safe[FS_PHRASE_MAX];

    if (!leg || !leg->inbound || leg->answered)
        return;
    leg->killed = true;
    if (retry_after_s) {
        snprintf(text, sizeof(text), "sip_rh_Retry-After=%u", retry_after_s);
        fs_leg_execute(leg, "set", text);
    }
    phrase_put(safe, sizeof(safe), phrase);
    snprintf(text, sizeof(text), "%u%s%s", status, *safe ? " " : "", safe);
    fs_leg_execute(leg, "respond", text);
}

static void play(struct engine *e, engine_leg number,
                 const struct engine_play *p)
{
    struct fs_leg *leg = leg_of(e, number);

    if (leg)
        fs_play(leg, p);
}

static void play_stop(struct engine *e, engine_leg number)
{
    struct fs_leg *leg = leg_of(e, number);

    if (leg)
        fs_play_stop(leg);
}

static void collect(struct engine *e, engine_leg number,
                    const struct engine_collect *c)
{
    struct fs_leg *leg = leg_of(e, number);

    if (leg)
        fs_keys_collect(leg, c);
}

static void collect_stop(struct engine *e, engine_leg number)
{
    struct fs_leg *leg = leg_of(e, number);

    if (leg)
        fs_keys_collect_stop(leg);
}

static void bind_keys(struct engine *e, engine_leg number,
                      const char *const *sequences, size_t n,
                      uint32_t inter_ms)
{
    struct fs_leg *leg = leg_of(e, number);

    if (leg)
        fs_keys_bind(leg, sequences, n, inter_ms);
}

static engine_leg dial(struct engine *e, const struct engine_dial *d)
{
    return fs_dial((struct freeswitch *)e, d);
}

static void bridged_h(struct fs_leg *leg, bool ok, uint32_t serial)
{
    if (ok)
        return;
    leg->joined = leg->bridged;
    fs_play_ready(leg);
    if (fs_leg_find(leg->fs, leg->peer))
        log_line(leg->fs->log, LOG_WARN, leg->call,
                 "FreeSWITCH did not bridge the call; one of the two has "
                 "ended, or its log tells why");
}

static void bridge(struct engine *e, engine_leg a, engine_leg b)
{
    struct fs_leg *one = leg_of(e, a), *other = leg_of(e, b);

    if (!one || !other)
        return;
    one->peer = b;
    other->peer = a;
    one->joined = other->joined = true;
    fs_leg_send(one, bridged_h, 0, "uuid_bridge", one->uuid, other->uuid,
                NULL);
}

static void mute(struct engine *e, engine_leg number, bool on)
{
    struct fs_leg *leg = leg_of(e, number);

    if (!leg)
        return;
    leg->muted = on;
    if (on || leg->player.held)
        fs_leg_send(leg, NULL, 0, "uuid_audio", leg->uuid, "start", "read",
                    "mute", on ? "1" : "0", NULL);
    else
        fs_audio_stop(leg);
}

static void info_sent_h(bool ok, struct slice text, uint64_t ref, void *arg)
{
    struct fs_leg *leg = fs_leg_find(arg, ref);

    if (leg && !ok)
        log_line(leg->fs->log, LOG_WARN, leg->call,
                 "INFO was not sent by FreeSWITCH: %.*s", (int)text.len,
                 text.p);
}

static void info(struct engine *e, engine_leg number, const char *type,
                 const char *body, size_t len)
{
    struct fs_leg *leg = leg_of(e, number);
    struct esl_command *c;
    int err;

    if (!leg)
        return;
    c = &leg->fs->command;
    err = esl_command_info(c, leg->jigasi ? "internal" : "external",
                           leg->call_id, type, body, len);
    if (!err)
        err = esl_client_send(leg->node->esl, c, info_sent_h, leg->fs,
                              leg->number);
    if (err)
        log_line(leg->fs->log, LOG_WARN, leg->call, "INFO was not sent: %s",
                 strerror(err));
}

static void hangup(struct engine *e, engine_leg number, unsigned cause,
                   const char *text)
{
    struct fs_leg *leg = leg_of(e, number);
    char reason[256];

    if (!leg || leg->killed)
        return;
    if (cause) {
        snprintf(reason, sizeof(reason),
                 "sip_bye_h_Reason=SIP;cause=%u;text=\"%s\"", cause,
                 strpbrk(text, "\"\\") ? "" : text);
        fs_leg_execute(leg, "set", reason);
    }
    fs_leg_kill(leg, leg->inbound && !leg->answered ? "NO_ANSWER"
                                                    : "NORMAL_CLEARING");
}

/* With the time of its writing before it, as FreeSWITCH's clock shows it. */
static void note(struct engine *e, engine_leg number, const char *text)
{
    struct fs_leg *leg = leg_of(e, number);
    char timed[ENGINE_NOTE_MAX + 16];
    uint32_t now;

    if (!leg || leg->killed)
        return;
    if (fs_node_clock(leg->node, &now))
        snprintf(timed, sizeof(timed), "%lu:%s", (unsigned long)now, text);
    else
        snprintf(timed, sizeof(timed), ":%s", text);
    fs_leg_set(leg, "jigate_note", timed);
}

static int start(struct engine *e)
{
    struct freeswitch *fs = (struct freeswitch *)e;

    for (size_t i = 0; i < fs->n_nodes; i++)
        fs_node_start(fs->nodes[i]);
    return 0;
}

static void end_h(struct fs_leg *leg, void *arg)
{
    if (!leg->killed)
        fs_leg_kill(leg, "NORMAL_CLEARING");
}

static void free_h(struct fs_leg *leg, void *arg)
{
    fs_leg_free(leg);
}

static void stop(struct engine *e)
{
    struct freeswitch *fs = (struct freeswitch *)e;

    if (fs->legs.slots)
        fs_legs_each(fs, NULL, end_h, NULL);
    for (size_t i = 0; i < fs->n_nodes; i++)
        esl_client_flush(fs->nodes[i]->esl, 500);
    if (fs->legs.slots)
        fs_legs_each(fs, NULL, free_h, NULL);
    for (size_t i = 0; i < fs->n_nodes; i++)
        fs_node_free(fs->nodes[i]);
    fs_legs_reset(&fs->legs);
    fs_posts_free(fs);
}

const struct engine_ops fs_ops = {
    .start = start,
    .stop = stop,
    .ring = ring,
    .answer = answer,
    .reject = reject,
    .play = play,
    .play_stop = play_stop,
    .collect = collect,
    .collect_stop = collect_stop,
    .bind = bind_keys,
    .dial = dial,
    .bridge = bridge,
    .mute = mute,
    .info = info,
    .hangup = hangup,
    .note = note,
};
