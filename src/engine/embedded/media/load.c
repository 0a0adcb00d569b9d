#include "engine/embedded/media/load.h"

enum {
    SECOND_US = 1000000,
    BUSY_PERCENT = 80,
    CALM_PERCENT = 50,
    CALM_SECONDS = 10,
    DOWN = 2,
};

void load_begin(struct load *l, unsigned complexity, uint64_t now_us)
{
    *l = (struct load){
        .most = complexity,
        .complexity = complexity,
        .since_us = now_us,
    };
}

static bool second_over(struct load *l)
{
    unsigned before = l->complexity;

    l->calm = l->percent < CALM_PERCENT ? l->calm + 1 : 0;
    if (l->percent > BUSY_PERCENT)
        l->complexity = before > DOWN ? before - DOWN : 0;
    if (l->calm >= CALM_SECONDS && before < l->most) {
        l->complexity++;
        l->calm = 0;
    }
    return l->complexity != before;
}

bool load_add(struct load *l, uint64_t from_us, uint64_t to_us)
{
    uint64_t passed_us = to_us - l->since_us;

    l->busy_us += to_us - from_us;
    if (passed_us < SECOND_US)
        return false;
    l->percent = (unsigned)(100 * l->busy_us / passed_us);
    l->since_us = to_us;
    l->busy_us = 0;
    return second_over(l);
}
