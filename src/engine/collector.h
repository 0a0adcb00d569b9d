/**
 * Keys of one leg: bound sequences and digit collections, with the meaning
 * that engine.h gives to engine_bind() and engine_collect().
 *
 * Lives on the main thread. Handlers are called from collector_key() and
 * from timers, never from within the commands; they may call any function
 * here, collector_free() included.
 */
#ifndef ENGINE_COLLECTOR_H
#define ENGINE_COLLECTOR_H

#include <stdbool.h>
#include <stddef.h>

#include "base/timer.h"
#include "engine/engine.h"

enum { COLLECTOR_SEQUENCES_MAX = 32 };

struct collector;

/** A bound sequence was keyed. */
typedef void collector_keys_h(const char *keys, void *arg);

/** A collection ended. terminator is 0 when there was none. */
typedef void collector_digits_h(const char *digits, enum engine_digits_end end,
                                char terminator, void *arg);

/** The first key of a collection: prompts are to stop. */
typedef void collector_first_key_h(void *arg);

struct collector_handlers {
    collector_keys_h *keys;
    collector_digits_h *digits;
    collector_first_key_h *first_key;
    void *arg;
};

/** @param ts  Timers of the main loop; must outlive the collector.
 *  @return 0 or ENOMEM. */
int collector_alloc(struct collector **cp, struct timers *ts,
                    const struct collector_handlers *h);
void collector_free(struct collector *c);

/**
 * Bind sequences in place of those bound before; n = 0 binds none. A started
 * sequence is forgotten.
 *
 * The longest match wins: a sequence that is the beginning of another waits
 * inter_ms for more (0: for ever). A key that starts none is dropped.
 *
 * @return 0, or EINVAL (binds none): too many, empty, longer than
 * ENGINE_SEQUENCE_MAX, or with characters other than 0-9 * # A-D.
 */
int collector_bind(struct collector *c, const char *const *sequences, size_t n,
                   uint32_t inter_ms);

/**
 * Start a collection, in place of one under way, which reports nothing.
 * Where ec names prompts, first_ms runs from collector_prompts_ended() on,
 * else from now. The prompts themselves are the caller's to play, and to
 * stop in the first_key handler.
 *
 * @return 0, EINVAL (max out of range) or ENOMEM; then none is under way.
 */
int collector_start(struct collector *c, const struct engine_collect *ec);

/** The prompts of the collection have ended. */
void collector_prompts_ended(struct collector *c);

/** End the collection without a report. */
void collector_stop(struct collector *c);

/** Whether a collection is under way. */
bool collector_running(const struct collector *c);

/** Whether keys mean anything: a collection is under way, or sequences are
 *  bound. */
bool collector_listens(const struct collector *c);

/** How many of the last keys have begun a bound sequence that is not over. */
size_t collector_started(const struct collector *c);

/** A key came, 0-9 * # A-D (a-d count as A-D); others are ignored. */
void collector_key(struct collector *c, char key);

#endif
