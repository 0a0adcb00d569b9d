#include "base/timer.h"

#include <errno.h>
#include <stdlib.h>

/* A binary heap ordered by due time, then by order of start. */
struct timers {
    struct timer **heap;
    size_t n;
    size_t size;
    uint64_t now;
    uint64_t order;
    timers_clock_h *clock;
    bool running; /* inside timers_run(): the clock rests */
};

static bool before(const struct timer *a, const struct timer *b)
{
    return a->due != b->due ? a->due < b->due : a->order < b->order;
}

static void place(struct timers *ts, size_t i, struct timer *t)
{
    ts->heap[i] = t;
    t->slot = i + 1;
}

static void sift_up(struct timers *ts, size_t i)
{
    struct timer *t = ts->heap[i];

    while (i > 0 && before(t, ts->heap[(i - 1) / 2])) {
        place(ts, i, ts->heap[(i - 1) / 2]);
        i = (i - 1) / 2;
    }
    place(ts, i, t);
}

static void sift_down(struct timers *ts, size_t i)
{
    struct timer *t = ts->heap[i];

    for (;;) {
        size_t child = 2 * i + 1;

        if (child >= ts->n)
            break;
        if (child + 1 < ts->n && before(ts->heap[child + 1], ts->heap[child]))
            child++;
        if (!before(ts->heap[child], t))
            break;
        place(ts, i, ts->heap[child]);
        i = child;
    }
    place(ts, i, t);
}

int timers_alloc(struct timers **tsp, uint64_t now)
{
    struct timers *ts = calloc(1, sizeof(*ts));

    if (!ts)
        return ENOMEM;
    ts->now = now;
    *tsp = ts;
    return 0;
}

void timers_free(struct timers *ts)
{
    if (!ts)
        return;
    for (size_t i = 0; i < ts->n; i++)
        ts->heap[i]->slot = 0;
    free(ts->heap);
    free(ts);
}

void timers_set_clock(struct timers *ts, timers_clock_h *clock)
{
    ts->clock = clock;
}

uint64_t timers_now(const struct timers *ts)
{
    uint64_t now = ts->clock && !ts->running ? ts->clock() : 0;

    return now > ts->now ? now : ts->now;
}

static int grow(struct timers *ts)
{
    size_t size = ts->size ? 2 * ts->size : 16;
    struct timer **heap = realloc(ts->heap, size * sizeof(*heap));

    if (!heap)
        return ENOMEM;
    ts->heap = heap;
    ts->size = size;
    return 0;
}

int timer_start(struct timers *ts, struct timer *t, uint64_t delay, timer_h *h,
                void *arg)
{
    uint64_t now = timers_now(ts);

    timer_stop(t);
    if (ts->n == ts->size && grow(ts))
        return ENOMEM;
    t->owner = ts;
    t->h = h;
    t->arg = arg;
    t->due = delay > UINT64_MAX - now ? UINT64_MAX : now + delay;
    t->order = ts->order++;
    place(ts, ts->n++, t);
    sift_up(ts, ts->n - 1);
    return 0;
}

void timer_stop(struct timer *t)
{
    struct timers *ts = t->owner;
    struct timer *last;
    size_t i;

    if (!t->slot)
        return;
    i = t->slot - 1;
    t->slot = 0;
    last = ts->heap[--ts->n];
    if (last == t)
        return;
    place(ts, i, last);
    sift_up(ts, i);
    sift_down(ts, last->slot - 1);
}

bool timer_running(const struct timer *t)
{
    return t->slot != 0;
}

uint64_t timers_wait(const struct timers *ts)
{
    uint64_t now = timers_now(ts);

    if (!ts->n)
        return UINT64_MAX;
    return ts->heap[0]->due > now ? ts->heap[0]->due - now : 0;
}

void timers_run(struct timers *ts, uint64_t now)
{
    ts->running = true;
    while (ts->n && ts->heap[0]->due <= now) {
        struct timer *t = ts->heap[0];

        if (t->due > ts->now)
            ts->now = t->due;
        timer_stop(t);
        t->h(t->arg);
    }
    ts->running = false;
    if (now > ts->now)
        ts->now = now;
}
