#include "engine/embedded/media/keys_out.h"

#include <string.h>

/* Steps of one key. */
enum {
    STEPS_DOWN = 5,
    STEPS_END = 3,
    STEPS_PAUSE = 3,
    STEPS = STEPS_DOWN + STEPS_END + STEPS_PAUSE,
    VOLUME = 10, /* -10 dBm0 */
    END_BIT = 0x80,
};

static const char events[] = "0123456789*#ABCD";

bool keys_out_put(struct keys_out *k, char key)
{
    if (!key || !strchr(events, key) || k->n == KEYS_OUT_MAX)
        return false;
    k->keys[k->n++] = key;
    return true;
}

bool keys_out_busy(const struct keys_out *k)
{
    return k->n > 0;
}

enum keys_out_step keys_out_next(struct keys_out *k, uint32_t rate,
                                 uint8_t payload[KEYS_OUT_BYTES])
{
    unsigned step = k->step, down = step < STEPS_DOWN ? step + 1 : STEPS_DOWN;
    uint32_t duration = down * KEYS_OUT_STEP_MS * (rate / 1000);

    if (!k->n)
        return KEYS_OUT_NONE;
    payload[0] = (uint8_t)(strchr(events, k->keys[0]) - events);
    payload[1] = (uint8_t)(VOLUME | (step >= STEPS_DOWN ? END_BIT : 0));
    payload[2] = (uint8_t)(duration >> 8);
    payload[3] = (uint8_t)duration;
    if (++k->step == STEPS) {
        k->step = 0;
        memmove(k->keys, k->keys + 1, --k->n);
    }
    if (step >= STEPS_DOWN + STEPS_END)
        return KEYS_OUT_NONE;
    return step ? KEYS_OUT_MORE : KEYS_OUT_FIRST;
}
