/**
 * Limits on guessing meeting ids: a sliding window per caller, and a budget
 * for all callers together beyond which every look-up is held back for a
 * growing time. Memory is bounded: of more callers than there is room for,
 * the one silent for longest is forgotten.
 */
#ifndef CALL_GUESS_H
#define CALL_GUESS_H

#include <stdbool.h>
#include <stdint.h>

enum {
    GUESS_LIMIT = 20,           /* wrong ids of one caller … */
    GUESS_WINDOW_MS = 600000,   /* … in ten minutes */
    GUESS_CALLERS = 512,        /* callers remembered */
    GUESS_BUDGET = 200,         /* wrong ids of all callers, which … */
    GUESS_REFILL_MS = 3000,     /* … come back one by one */
    GUESS_DELAY_MS = 250,       /* for each wrong id beyond the budget */
    GUESS_DELAY_MAX_MS = 10000, /* and never longer than that */
    GUESS_KEY_SIZE = 64,        /* bytes of a caller's key, NUL included */
};

struct guess;

/** Returns 0 or ENOMEM. */
int guess_alloc(struct guess **gp);
void guess_free(struct guess *g);

/** A caller keyed a wrong id. Keys longer than GUESS_KEY_SIZE - 1 bytes are
 *  cut. now is in ms and does not go back. */
void guess_wrong(struct guess *g, const char *key, uint64_t now);

/** Whether this caller has had GUESS_LIMIT wrong ids in the window. */
bool guess_blocked(const struct guess *g, const char *key, uint64_t now);

/** How long to hold back the next look-up, in ms; 0 within the budget. */
uint64_t guess_delay(const struct guess *g, uint64_t now);

#endif
