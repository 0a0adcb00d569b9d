/**
 * How long the machine itself stood still: what no program on it can help.
 */
#ifndef BENCH_STALL_H
#define BENCH_STALL_H

#include <stdatomic.h>
#include <stdint.h>

struct stall {
    _Atomic int64_t longest_ns; /* -1: not watched */
};

void stall_init(struct stall *s);

/** Watch from now on, until the program ends: a thread that goes before all
 *  others sleeps for a millisecond at a time. Where the system does not let it
 *  go first, nothing is watched. */
void stall_watch(struct stall *s);

/** Forget what was seen. */
void stall_forget(struct stall *s);

/** The longest that it slept too long, in ms; -1: not watched. */
double stall_longest(const struct stall *s);

#endif
