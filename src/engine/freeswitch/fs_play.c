/*
 * Prompts. They are mixed into what the leg hears by uuid_displace, one at a
 * time: the bridge goes on below them, so that the caller's voice reaches
 * the meeting, and nothing is left in FreeSWITCH to resume when they end.
 * While a leg is parked, send_silence_when_idle provides what they are mixed
 * into; in a bridge, bridge_generate_comfort_noise does.
 *
 * The meeting is kept from the caller or lowered while prompts play ("held").
 * Should this program die meanwhile, a task of FreeSWITCH's own gives it
 * back.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/slice.h"
#include "engine/freeswitch/fs.h"

enum {
    PROMPT_LONGEST_MS = 600 * 1000, /* the end of a longer one was missed */
    STOP_MS = 3000,
    CUT_MS = 1000,
};

static void play_next(struct fs_leg *leg);

/* ---- lists ---- */

/* What is done to the meeting's audio, by JIGATE_PROMPT_MIX: the words of
   uuid_audio. FreeSWITCH's lowest level is 14 dB down. */
static const struct {
    const char *what, *value;
} holds[] = {
    [CONFIG_PROMPT_REPLACE] = {"mute", "1"},
    [CONFIG_PROMPT_DUCK] = {"level", "-4"},
};

static void hold_write(struct fs_leg *leg, bool on)
{
    enum config_prompt_mix mix = leg->fs->cfg->prompt_mix;

    fs_leg_send(leg, NULL, 0, "uuid_audio", leg->uuid, "start", "write",
                holds[mix].what, on ? holds[mix].value : "0", NULL);
}

/* FreeSWITCH takes away by itself what has nothing to mute or to lower any
   more, a frame later, and along with it what it is told in that moment: it
   is not let come to that. */
void fs_audio_stop(struct fs_leg *leg)
{
    fs_leg_send(leg, NULL, 0, "uuid_audio", leg->uuid, "stop", NULL);
}

static void hold(struct fs_leg *leg, bool on)
{
    leg->player.held = on;
    if (on || leg->muted)
        hold_write(leg, on);
    else
        fs_audio_stop(leg);
}

static void release(struct fs_leg *leg)
{
    if (!leg->player.held)
        return;
    hold(leg, false);
    fs_leg_send(leg, NULL, 0, "sched_del", leg->uuid, NULL);
}

/* Before the prompt: what is done to the audio first is mixed into next. */
static void hold_for_prompt(struct fs_leg *leg)
{
    if (!leg->bridged)
        return;
    if (!leg->player.held)
        hold(leg, true);
    else
        fs_leg_send(leg, NULL, 0, "sched_del", leg->uuid, NULL);
    fs_leg_send(leg, NULL, 0, "sched_api", "+30", leg->uuid, "uuid_audio",
                leg->uuid, "start", "write",
                holds[leg->fs->cfg->prompt_mix].what, "0", NULL);
}

static void list_end(struct fs_leg *leg, bool completed)
{
    struct fs_playlist *list = leg->player.first;
    const struct engine_event ev = {
        .type = ENGINE_PLAYED,
        .node = leg->node->index,
        .leg = leg->number,
        .played = {list->tag, completed},
    };

    leg->player.first = list->next;
    free(list);
    if (ev.played.tag == ENGINE_TAG_NONE)
        fs_keys_played(leg);
    else
        fs_tell_later(leg->fs, &ev);
}

static int list_append(struct fs_leg *leg, const struct engine_play *p)
{
    struct fs_playlist *list = calloc(1, sizeof(*list));
    struct fs_playlist **tail = &leg->player.first;
    int err = list ? 0 : ENOMEM;

    for (size_t i = 0; !err && i < p->n_prompts; i++) {
        if (i == ENGINE_PLAYLIST_MAX)
            err = E2BIG;
        else
            err = slice_copy(slice_of(p->prompts[i]), list->prompts[i],
                             FS_PROMPT_MAX);
    }
    if (err) {
        free(list);
        return err;
    }
    list->n = p->n_prompts;
    list->loop_from = p->loop_from;
    list->tag = p->tag;
    while (*tail)
        tail = &(*tail)->next;
    *tail = list;
    return 0;
}

/* ---- one prompt ---- */

static void idle(struct fs_leg *leg)
{
    timer_stop(&leg->player.watch);
    leg->player.state = FS_PLAY_IDLE;
}

/* One prompt of the first list is over. */
static void advance(struct fs_leg *leg, bool played)
{
    struct fs_playlist *list = leg->player.first;

    if (!list)
        return;
    list->at++;
    if (list->at >= list->n && list->loop_from >= 0 && played)
        list->at = (size_t)list->loop_from;
    if (list->at >= list->n)
        list_end(leg, played);
}

static void watch_h(void *arg)
{
    struct fs_leg *leg = arg;
    bool ran = leg->player.state == FS_PLAY_RUNS;

    log_line(leg->fs->log, LOG_WARN, leg->call,
             "the end of prompt %s was not told by FreeSWITCH",
             leg->player.path);
    fs_leg_send(leg, NULL, 0, "uuid_displace", leg->uuid, "stop",
                leg->player.path, NULL);
    idle(leg);
    if (ran)
        advance(leg, true);
    play_next(leg);
}

static void started_h(struct fs_leg *leg, bool ok, uint32_t serial)
{
    struct fs_player *p = &leg->player;
    bool ran = p->state == FS_PLAY_RUNS;

    if (ok || serial != p->serial || p->state == FS_PLAY_IDLE)
        return;
    log_line(leg->fs->log, LOG_WARN, leg->call,
             "FreeSWITCH cannot play %s; check that it has the prompts there "
             "(JIGATE_FREESWITCH_SOUNDS_DIR)",
             p->path);
    idle(leg);
    if (ran)
        advance(leg, false);
    play_next(leg);
}

static void play_next(struct fs_leg *leg)
{
    struct fs_player *p = &leg->player;
    const struct config *cfg = leg->fs->cfg;
    int n;

    if (p->state == FS_PLAY_IDLE && !p->first)
        release(leg);
    if (p->state != FS_PLAY_IDLE || !p->first || !leg->answered)
        return;
    if (leg->joined && !leg->bridged) /* which would cut it short */
        return;
    hold_for_prompt(leg);
    n = snprintf(p->path, sizeof(p->path), "%s/%s/%s/%s.wav",
                 cfg->freeswitch_sounds_dir, cfg->language,
                 leg->wide ? "16000" : "8000",
                 p->first->prompts[p->first->at]);
    if (n < 0 || (size_t)n >= sizeof(p->path)) {
        list_end(leg, false);
        return;
    }
    p->state = FS_PLAY_RUNS;
    p->began = timers_now(leg->fs->timers);
    p->serial++;
    timer_start(leg->fs->timers, &p->watch, PROMPT_LONGEST_MS, watch_h, leg);
    fs_leg_send(leg, started_h, p->serial, "uuid_displace", leg->uuid, "start",
                p->path, "0", "m", NULL);
}

/* Stop what plays; lists are not touched. */
static void stop_prompt(struct fs_leg *leg)
{
    struct fs_player *p = &leg->player;

    if (p->state != FS_PLAY_RUNS)
        return;
    p->state = FS_PLAY_STOPS;
    timer_start(leg->fs->timers, &p->watch, STOP_MS, watch_h, leg);
    fs_leg_send(leg, NULL, 0, "uuid_displace", leg->uuid, "stop", p->path,
                NULL);
}

/* ---- commands and events ---- */

void fs_play_stop(struct fs_leg *leg)
{
    while (leg->player.first)
        list_end(leg, false);
    stop_prompt(leg);
}

void fs_play(struct fs_leg *leg, const struct engine_play *p)
{
    int err;

    if (p->replace)
        fs_play_stop(leg);
    err = list_append(leg, p);
    if (err)
        log_line(leg->fs->log, LOG_ERROR, leg->call, "prompts not played: %s",
                 strerror(err));
    play_next(leg);
}

void fs_play_ready(struct fs_leg *leg)
{
    play_next(leg);
}

/* Bridging ends what plays: what had hardly begun is played again then. */
static bool was_cut(const struct fs_leg *leg)
{
    return leg->joined && !leg->bridged &&
           timers_now(leg->fs->timers) < leg->player.began + CUT_MS;
}

void fs_play_stopped(struct fs_leg *leg, const char *path)
{
    struct fs_player *p = &leg->player;
    bool ran = p->state == FS_PLAY_RUNS && !was_cut(leg);

    if (p->state == FS_PLAY_IDLE || strcmp(p->path, path))
        return;
    idle(leg);
    if (ran)
        advance(leg, true);
    play_next(leg);
}

void fs_play_adopt(struct fs_leg *leg, const char *path)
{
    struct fs_player *p = &leg->player;

    if (slice_copy(slice_of(path), p->path, sizeof(p->path)))
        return;
    p->state = FS_PLAY_RUNS;
    p->held = leg->bridged;
    timer_start(leg->fs->timers, &p->watch, PROMPT_LONGEST_MS, watch_h, leg);
}

/* Whether the leg is muted is not known yet. */
void fs_play_release(struct fs_leg *leg)
{
    hold_write(leg, false);
}

void fs_play_resume(struct fs_leg *leg)
{
    if (leg->player.state != FS_PLAY_IDLE)
        watch_h(leg);
}

void fs_play_free(struct fs_leg *leg)
{
    timer_stop(&leg->player.watch);
    while (leg->player.first) {
        struct fs_playlist *list = leg->player.first;

        leg->player.first = list->next;
        free(list);
    }
}
