/**
 * A worker without thread and clock, in place of media/worker.c: orders are
 * obeyed while they are given, time passes when the test says so. Whatever
 * else the machine does, a test that links this always sees the same.
 */
#ifndef TESTS_UNIT_MEDIA_STEPPED_H
#define TESTS_UNIT_MEDIA_STEPPED_H

/** A far side has sent a packet: it is taken now, whenever it is there. */
void stepped_receive(void);

/** Let so many milliseconds pass, a multiple of 10. */
void stepped_pass(unsigned ms);

#endif
