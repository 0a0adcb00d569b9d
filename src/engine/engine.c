#include "engine/engine.h"

int engine_start(struct engine *e)
{
    return e->ops->start(e);
}

void engine_stop(struct engine *e)
{
    if (e)
        e->ops->stop(e);
}

void engine_ring(struct engine *e, engine_leg leg)
{
    e->ops->ring(e, leg);
}

void engine_progress(struct engine *e, engine_leg leg)
{
    if (e->ops->progress)
        e->ops->progress(e, leg);
    else
        e->ops->ring(e, leg);
}

void engine_answer(struct engine *e, engine_leg leg)
{
    e->ops->answer(e, leg);
}

void engine_reject(struct engine *e, engine_leg leg, unsigned status,
                   const char *phrase, unsigned retry_after_s)
{
    e->ops->reject(e, leg, status, phrase, retry_after_s);
}

void engine_play(struct engine *e, engine_leg leg, const struct engine_play *p)
{
    e->ops->play(e, leg, p);
}

void engine_play_stop(struct engine *e, engine_leg leg)
{
    e->ops->play_stop(e, leg);
}

void engine_collect(struct engine *e, engine_leg leg,
                    const struct engine_collect *c)
{
    e->ops->collect(e, leg, c);
}

void engine_collect_stop(struct engine *e, engine_leg leg)
{
    e->ops->collect_stop(e, leg);
}

void engine_bind(struct engine *e, engine_leg leg,
                 const char *const *sequences, size_t n, uint32_t inter_ms)
{
    e->ops->bind(e, leg, sequences, n, inter_ms);
}

engine_leg engine_dial(struct engine *e, const struct engine_dial *d)
{
    return e->ops->dial(e, d);
}

void engine_bridge(struct engine *e, engine_leg a, engine_leg b)
{
    e->ops->bridge(e, a, b);
}

void engine_mute(struct engine *e, engine_leg leg, bool on)
{
    e->ops->mute(e, leg, on);
}

void engine_info(struct engine *e, engine_leg leg, const char *type,
                 const char *body, size_t len)
{
    e->ops->info(e, leg, type, body, len);
}

void engine_hangup(struct engine *e, engine_leg leg, unsigned cause,
                   const char *text)
{
    e->ops->hangup(e, leg, cause, text);
}

void engine_note(struct engine *e, engine_leg leg, const char *text)
{
    e->ops->note(e, leg, text);
}
