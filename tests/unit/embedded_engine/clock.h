/**
 * The monotonic clock of all of our code, ahead of the machine's. For tests
 * that are linked with -Wl,--wrap=clock_gettime, which leaves sofia-sip alone.
 */
#ifndef TESTS_CLOCK_H
#define TESTS_CLOCK_H

#include "harness.h"

/** Let what was sent arrive, turn the clock on, and give the engine time to
 *  see it. */
void clock_turn(struct harness *h, long seconds);

#endif
