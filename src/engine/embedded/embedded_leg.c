#include "engine/embedded/embedded_leg.h"

#include <errno.h>
#include <stdlib.h>

#include "engine/collector.h"

struct embedded_leg {
    engine_leg number;
    struct media *media;
    struct collector *collector;
    engine_event_h *h;
    void *arg;
    bool answered;
    bool forwards;   /* its keys go to … */
    engine_leg peer; /* … whom it is bridged with */
    unsigned plays;  /* of collections, that have not ended; the answer that
                        they wait for counts as one */
};

static void keys_h(const char *keys, void *arg)
{
    struct embedded_leg *leg = arg;
    const struct engine_event ev = {
        .type = ENGINE_KEYS,
        .leg = leg->number,
        .keys = keys,
    };

    leg->h(&ev, leg->arg);
}

static void digits_h(const char *digits, enum engine_digits_end end,
                     char terminator, void *arg)
{
    struct embedded_leg *leg = arg;
    const struct engine_event ev = {
        .type = ENGINE_DIGITS,
        .leg = leg->number,
        .digits = {digits, end, terminator},
    };

    leg->h(&ev, leg->arg);
}

static void first_key_h(void *arg)
{
    struct embedded_leg *leg = arg;

    media_play_stop(leg->media, leg->number);
}

int embedded_leg_alloc(struct embedded_leg **lp, engine_leg number,
                       struct media *media, struct timers *timers,
                       engine_event_h *h, void *arg)
{
    struct embedded_leg *leg = calloc(1, sizeof(*leg));
    const struct collector_handlers handlers = {
        .keys = keys_h,
        .digits = digits_h,
        .first_key = first_key_h,
        .arg = leg,
    };

    if (!leg)
        return ENOMEM;
    leg->number = number;
    leg->media = media;
    leg->h = h;
    leg->arg = arg;
    if (collector_alloc(&leg->collector, timers, &handlers)) {
        free(leg);
        return ENOMEM;
    }
    *lp = leg;
    return 0;
}

void embedded_leg_free(struct embedded_leg *leg)
{
    if (!leg)
        return;
    collector_free(leg->collector);
    free(leg);
}

static void play_ended(struct embedded_leg *leg)
{
    if (leg->plays && --leg->plays == 0)
        collector_prompts_ended(leg->collector);
}

void embedded_leg_answered(struct embedded_leg *leg)
{
    if (leg->answered)
        return;
    leg->answered = true;
    play_ended(leg);
}

int embedded_leg_collect(struct embedded_leg *leg,
                         const struct engine_collect *ec)
{
    static const char *const answer[] = {"answer"};
    const struct engine_play play = {
        .prompts = ec->prompts,
        .n_prompts = ec->n_prompts,
        .loop_from = -1,
        .replace = true,
        .tag = ENGINE_TAG_NONE,
    };
    struct engine_collect wait = *ec;
    int err;

    /* Before the answer the time for the first key does not run, as if a
       prompt were playing. */
    if (!leg->answered && !ec->n_prompts) {
        wait.prompts = answer;
        wait.n_prompts = 1;
    }
    err = collector_start(leg->collector, &wait);
    if (err)
        return err;
    if (!leg->answered && !leg->plays)
        leg->plays++;
    if (ec->n_prompts) {
        leg->plays++;
        media_play(leg->media, leg->number, &play);
    }
    return 0;
}

void embedded_leg_collect_stop(struct embedded_leg *leg)
{
    collector_stop(leg->collector);
}

int embedded_leg_bind(struct embedded_leg *leg, const char *const *sequences,
                      size_t n, uint32_t inter_ms)
{
    return collector_bind(leg->collector, sequences, n, inter_ms);
}

void embedded_leg_forward(struct embedded_leg *leg)
{
    leg->forwards = true;
}

void embedded_leg_bridged(struct embedded_leg *leg, engine_leg peer)
{
    leg->peer = peer;
}

void embedded_leg_key(struct embedded_leg *leg, char key)
{
    if (!leg->forwards)
        collector_key(leg->collector, key);
    else if (leg->peer)
        media_key(leg->media, leg->peer, key);
}

void embedded_leg_played(struct embedded_leg *leg, uint32_t tag,
                         bool completed)
{
    const struct engine_event ev = {
        .type = ENGINE_PLAYED,
        .leg = leg->number,
        .played = {tag, completed},
    };

    if (tag == ENGINE_TAG_NONE)
        play_ended(leg);
    else
        leg->h(&ev, leg->arg);
}
