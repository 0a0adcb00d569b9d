/* Keys of a leg: DTMF events become bound sequences and collected digits.
   They stay here because of the variable bridge_filter_dtmf. */
#include <errno.h>
#include <string.h>

#include "engine/freeswitch/fs.h"

static void keys_h(const char *keys, void *arg)
{
    struct fs_leg *leg = arg;
    const struct engine_event ev = {
        .type = ENGINE_KEYS,
        .node = leg->node->index,
        .leg = leg->number,
        .keys = keys,
    };

    fs_keylog_done(leg, collector_started(leg->keys));
    fs_tell(leg->fs, &ev);
}

void fs_keys_key(struct fs_leg *leg, char key)
{
    collector_key(leg->keys, key);
}

void fs_keys_info(struct fs_leg *leg, char key)
{
    leg->keylog.info_at = timers_now(leg->fs->timers);
    fs_keylog_grown(leg);
    fs_keys_key(leg, key);
}

static void digits_h(const char *digits, enum engine_digits_end end,
                     char terminator, void *arg)
{
    struct fs_leg *leg = arg;
    const struct engine_event ev = {
        .type = ENGINE_DIGITS,
        .node = leg->node->index,
        .leg = leg->number,
        .digits = {digits, end, terminator},
    };

    fs_keylog_done(leg, 0);
    fs_tell(leg->fs, &ev);
}

static void first_key_h(void *arg)
{
    fs_play_stop(arg);
}

int fs_keys_alloc(struct fs_leg *leg)
{
    const struct collector_handlers h = {
        .keys = keys_h,
        .digits = digits_h,
        .first_key = first_key_h,
        .arg = leg,
    };

    return collector_alloc(&leg->keys, leg->fs->timers, &h);
}

void fs_keys_free(struct fs_leg *leg)
{
    collector_free(leg->keys);
}

void fs_keys_played(struct fs_leg *leg)
{
    if (leg->plays && --leg->plays == 0)
        collector_prompts_ended(leg->keys);
}

void fs_keys_answered(struct fs_leg *leg)
{
    fs_keys_played(leg);
}

void fs_keys_collect_stop(struct fs_leg *leg)
{
    collector_stop(leg->keys);
    fs_keylog_done(leg, 0);
}

void fs_keys_bind(struct fs_leg *leg, const char *const *sequences, size_t n,
                  uint32_t inter_ms)
{
    int err = collector_bind(leg->keys, sequences, n, inter_ms);

    if (err)
        log_line(leg->fs->log, LOG_ERROR, leg->call,
                 "key sequences not bound: %s", strerror(err));
    if (leg->keylog.behind)
        fs_keylog_grown(leg);
}

void fs_keys_collect(struct fs_leg *leg, const struct engine_collect *c)
{
    static const char *const answer[] = {"answer"};
    const struct engine_play play = {
        .prompts = c->prompts,
        .n_prompts = c->n_prompts,
        .loop_from = -1,
        .replace = true,
        .tag = ENGINE_TAG_NONE,
    };
    struct engine_collect wait = *c;
    int err;

    /* Before the answer the time for the first key does not run, as if a
       prompt were playing. */
    if (!leg->answered && !c->n_prompts) {
        wait.prompts = answer;
        wait.n_prompts = 1;
    }
    if (leg->keylog.behind) /* prompts are over: keys follow */
        wait.n_prompts = 0;
    err = collector_start(leg->keys, &wait);
    if (err) {
        log_line(leg->fs->log, LOG_ERROR, leg->call,
                 "digits not collected: %s", strerror(err));
        return;
    }
    if (leg->keylog.behind) {
        fs_keylog_grown(leg);
        return;
    }
    fs_keylog_done(leg, 0);
    if (!leg->answered && !leg->plays)
        leg->plays++;
    if (c->n_prompts) {
        leg->plays++;
        fs_play(leg, &play);
    }
}
