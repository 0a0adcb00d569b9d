/**
 * How long the machine itself stood still: what no program on it can help.
 */
#ifndef BENCH_STALL_H
#define BENCH_STALL_H

/** Watch from now on: a thread that goes before all others sleeps for a
 *  millisecond at a time. Where the system does not let it go first, nothing
 *  is watched. */
void stall_watch(void);

/** Forget what was seen. */
void stall_forget(void);

/** The longest that it slept too long, in ms; -1: not watched. */
double stall_longest(void);

#endif
