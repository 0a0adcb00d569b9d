#include "clock.h"

#include <stdatomic.h>
#include <time.h>

enum {
    ARRIVED_MS = 200,
    SEEN_MS = 1100, /* the SIP thread looks at its clock each second */
};

static _Atomic long ahead_s;

int __real_clock_gettime(clockid_t id, struct timespec *ts);
int __wrap_clock_gettime(clockid_t id, struct timespec *ts);

int __wrap_clock_gettime(clockid_t id, struct timespec *ts)
{
    int r = __real_clock_gettime(id, ts);

    if (id == CLOCK_MONOTONIC)
        ts->tv_sec += ahead_s;
    return r;
}

void clock_turn(struct harness *h, long seconds)
{
    harness_run(h, ARRIVED_MS);
    ahead_s += seconds;
    harness_run(h, SEEN_MS);
}
