/**
 * One run of callgen: what was asked for, how far it is, what it cost.
 */
#ifndef BENCH_RUN_H
#define BENCH_RUN_H

#include <sys/types.h>

#include "load.h"
#include "stall.h"

enum mode { HOLD, SETUP, KEYS };

struct options {
    enum mode mode;
    size_t calls, parallel, sources, count, wave;
    double rate, seconds, settle, pause;
    pid_t watch;
    bool direct;
    struct sockaddr_in gateway, internal, relay;
    struct in_addr address[2];
    const char *user, *password, *jigasi_password, *voice;
};

struct run {
    struct load load;
    struct options opt;
    int timer;
    uint64_t ms; /* now */
    uint64_t deadline;
    uint64_t phase_at; /* when the phase began */
    size_t started;
    double cpu_from, cpu_to, own_from, own_to;
    uint64_t from_us, to_us;
    long rss_idle, rss_held;
    long rss_minute, rss_most; /* a minute later, and at the most from then */
    uint64_t rss_at;           /* when to look next */
    double idle_from, idle_to;
    struct stall stall;
    double stall_ms; /* of the machine, -1: not watched */
    size_t keyed;
};

/** Read the command line; exits with usage when it makes no sense. */
void options(struct run *r, int argc, char **argv);

/** Resident memory of a process in kB; 0 for process 0. */
long rss_kb(pid_t pid);
/** Begin and end of the time in which CPU use is told. */
void measure_from(struct run *r);
void measure_to(struct run *r);

/** Print all figures. Returns whether all calls did as they should. */
bool report(struct run *r);

#endif
