/**
 * Timers on a clock that somebody else turns: the main loop with the real
 * time, a test with a fake one. A struct timer lives inside its owner.
 */
#ifndef BASE_TIMER_H
#define BASE_TIMER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct timers;

typedef void timer_h(void *arg);

/** One timer; zero-initialised means idle. Members are private. */
struct timer {
    struct timers *owner;
    timer_h *h;
    void *arg;
    uint64_t due;   /* ms on the owner's clock */
    uint64_t order; /* timers due at once fire in the order of their start */
    size_t slot;    /* place in the heap + 1, 0 = idle */
};

/** Make an empty set whose clock stands at now (ms). Returns 0 or ENOMEM. */
int timers_alloc(struct timers **tsp, uint64_t now);

/**
 * Give the set a clock of its own, in ms. timer_start(), timers_now() and
 * timers_wait() read it, so that a handler of another event, minutes after
 * the last timers_run(), does not start from a time long past. Without one
 * the time stands still between calls of timers_run().
 */
typedef uint64_t timers_clock_h(void);
void timers_set_clock(struct timers *ts, timers_clock_h *clock);

/** Free the set; every timer in it becomes idle. */
void timers_free(struct timers *ts);

/** The time in ms: of the clock, else as last told by timers_run(). */
uint64_t timers_now(const struct timers *ts);

/**
 * Start (or start anew) a timer that fires once, delay ms from now.
 * Returns 0 or ENOMEM (a set that once held n timers holds n again without
 * allocating).
 */
int timer_start(struct timers *ts, struct timer *t, uint64_t delay, timer_h *h,
                void *arg);

/** Stop a timer; an idle one stays idle. */
void timer_stop(struct timer *t);

/** Whether the timer is waiting. */
bool timer_running(const struct timer *t);

/** Milliseconds until the next timer is due, UINT64_MAX when none is. */
uint64_t timers_wait(const struct timers *ts);

/**
 * Turn the clock forward to now and fire what is due, in order. A handler
 * sees its own due time as timers_now(). A clock that goes back is ignored.
 */
void timers_run(struct timers *ts, uint64_t now);

#endif
