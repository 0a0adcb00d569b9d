#include "engine/embedded/media/lateness.h"

#include <string.h>

enum {
    WINDOW_US = 4000000,
    FIRST_TARGET_US = 40000, /* before anything is known */
    KNOWN = 50,              /* packets until something is */
    PERCENT = 98,
};

void lateness_begin(struct lateness *l)
{
    memset(l, 0, sizeof(*l));
    l->target_us = FIRST_TARGET_US;
}

void lateness_rebase(struct lateness *l)
{
    l->any = false;
}

static int64_t fastest_us(const struct lateness *l)
{
    return l->fastest_us[0] < l->fastest_us[1] ? l->fastest_us[0]
                                               : l->fastest_us[1];
}

static void window_move(struct lateness *l, int64_t way_us, uint64_t now_us)
{
    if (!l->any) {
        l->any = true;
        l->fastest_us[0] = l->fastest_us[1] = way_us;
        l->window_us = now_us;
    } else if (now_us - l->window_us > WINDOW_US) {
        l->fastest_us[1] = l->fastest_us[0];
        l->fastest_us[0] = way_us;
        l->window_us = now_us;
    } else if (way_us < l->fastest_us[0]) {
        l->fastest_us[0] = way_us;
    }
}

static void target_set(struct lateness *l)
{
    unsigned late = 0, spare = l->n * (100 - PERCENT) / 100;
    unsigned bin = LATENESS_BINS;

    while (bin && late + l->count[bin - 1] <= spare)
        late += l->count[--bin];
    if (l->n >= KNOWN)
        l->target_us = bin * LATENESS_BIN_US;
    else if (bin * LATENESS_BIN_US > l->target_us)
        l->target_us = bin * LATENESS_BIN_US;
}

void lateness_add(struct lateness *l, int64_t sent_us, uint64_t now_us)
{
    int64_t way_us = (int64_t)now_us - sent_us, late;
    uint8_t bin;

    window_move(l, way_us, now_us);
    late = (way_us - fastest_us(l)) / LATENESS_BIN_US;
    bin = late < LATENESS_BINS ? (uint8_t)late : LATENESS_BINS - 1;
    if (l->n == LATENESS_PACKETS)
        l->count[l->packet[l->at]]--;
    else
        l->n++;
    l->packet[l->at] = bin;
    l->at = (l->at + 1) % LATENESS_PACKETS;
    l->count[bin]++;
    target_set(l);
}

int64_t lateness_due_us(const struct lateness *l, int64_t sent_us)
{
    return sent_us + fastest_us(l);
}

unsigned lateness_target_us(const struct lateness *l)
{
    return l->target_us;
}
