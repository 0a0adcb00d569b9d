/*
 * Whether the far side of a leg is still there. FreeSWITCH's media_timeout
 * would end the call of a phone that is silent by choice; so its count of
 * packets is read now and then. Where it stands still the far side is sent a
 * re-INVITE: every answer shows life, and sofia ends a session whose refresh
 * is not answered (RFC 5057 section 5.1). It has no OPTIONS within a dialog,
 * and an INFO without an answer ends nothing.
 */
#include "base/slice.h"
#include "engine/freeswitch/fs.h"

enum {
    JIGASI_SILENCE_MS = 10000,
    LOOK_LEAST_MS = 500,
    ANSWER_MS = 35000, /* more than 64 times SIP's T1 */
};

static void look_h(void *arg);

static uint32_t limit_of(const struct fs_leg *leg)
{
    return leg->jigasi ? JIGASI_SILENCE_MS
                       : leg->fs->cfg->media_timeout_s * 1000;
}

static void look_later(struct fs_leg *leg)
{
    uint32_t ms = limit_of(leg) / 2;

    timer_start(leg->fs->timers, &leg->watch.timer,
                ms < LOOK_LEAST_MS ? LOOK_LEAST_MS : ms, look_h, leg);
}

static int api(struct fs_leg *leg, const char *name, const char *argument,
               esl_done_h *h)
{
    const char *const words[] = {name, leg->uuid, argument};
    char line[192];
    int err = esl_line(line, sizeof(line), words, argument ? 3 : 2);

    return err ? err
               : fs_node_send(leg->node, line, FS_JOB_MS, h, leg->fs,
                              leg->number);
}

static void asked_h(bool ok, struct slice text, uint64_t ref, void *arg)
{
    struct fs_leg *leg = fs_leg_find(arg, ref);

    if (leg && !ok) /* then no answer shows anything */
        leg->watch.asked = 0;
}

static void heard(struct fs_leg *leg, uint64_t packets)
{
    leg->watch.packets = packets;
    leg->watch.heard = timers_now(leg->fs->timers);
    leg->watch.asked = 0;
}

static void ask_h(bool ok, struct slice sdp, uint64_t ref, void *arg)
{
    struct fs_leg *leg = fs_leg_find(arg, ref);

    if (!leg || leg->watch.asked)
        return;
    if (ok && fs_sdp_holds(sdp))
        heard(leg, leg->watch.packets);
    else if (!api(leg, "uuid_media_reneg", NULL, asked_h))
        leg->watch.asked = timers_now(leg->fs->timers);
}

static void ask(struct fs_leg *leg)
{
    api(leg, "uuid_getvar", "switch_r_sdp", ask_h);
}

static void counted(struct fs_leg *leg, uint64_t packets)
{
    uint64_t now = timers_now(leg->fs->timers);

    if (packets != leg->watch.packets) {
        heard(leg, packets);
    } else if (leg->watch.asked && now >= leg->watch.asked + ANSWER_MS) {
        log_line(leg->fs->log, LOG_INFO, leg->call,
                 "no audio from the far side, but it answers: going on");
        heard(leg, packets);
    } else if (!leg->watch.asked && now >= leg->watch.heard + limit_of(leg)) {
        ask(leg);
    }
}

static void counted_h(bool ok, struct slice text, uint64_t ref, void *arg)
{
    struct fs_leg *leg = fs_leg_find(arg, ref);
    uint64_t packets;

    if (!leg)
        return;
    while (text.len && text.p[text.len - 1] == '\n')
        text.len--;
    if (ok && !slice_to_u64(text, 0, UINT64_MAX, &packets))
        counted(leg, packets);
    look_later(leg);
}

/* FreeSWITCH has put its figures into variables of the channel. */
static void figures_h(bool ok, struct slice text, uint64_t ref, void *arg)
{
    struct fs_leg *leg = fs_leg_find(arg, ref);

    if (leg && (!ok || api(leg, "uuid_getvar", "rtp_audio_in_packet_count",
                           counted_h)))
        look_later(leg);
}

static void look_h(void *arg)
{
    struct fs_leg *leg = arg;

    if (api(leg, "uuid_set_media_stats", NULL, figures_h))
        look_later(leg);
}

void fs_watch_start(struct fs_leg *leg)
{
    leg->watch.heard = timers_now(leg->fs->timers);
    look_later(leg);
}

void fs_watch_resume(struct fs_leg *leg)
{
    leg->watch.asked = 0;
    look_later(leg);
}

bool fs_watch_lost(const struct fs_leg *leg)
{
    return leg->watch.asked != 0;
}
