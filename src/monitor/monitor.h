/**
 * What operators see. Everything here is fed by one stream of events, sent
 * by call/; nothing asks the calls behind its back.
 */
#ifndef MONITOR_MONITOR_H
#define MONITOR_MONITOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "engine/engine.h"

enum monitor_event_type {
    MONITOR_ENGINE,   /* node came up or went: up */
    MONITOR_PROFILE,  /* profile */
    MONITOR_CONTACT,  /* contact: as the engine told it */
    MONITOR_TRUNK,    /* the registration at the trunk came or went: up */
    MONITOR_STARTED,  /* a participant's INVITE was accepted */
    MONITOR_STATE,    /* the call changed its state: state */
    MONITOR_ENDED,    /* the participant is gone: state tells how */
    MONITOR_REFUSED,  /* a call was turned away: state tells why */
    MONITOR_QUALITY,  /* a leg ended; how its audio was: side, quality */
    MONITOR_DRAINING, /* no new calls are taken */
};

struct monitor_event {
    enum monitor_event_type type;
    unsigned node;
    const char *call;  /* call id, NULL where none */
    const char *state; /* name of a state, an end or a refusal */
    bool up;
    enum engine_side side;
    const struct engine_contact *contact;
    const struct engine_quality *quality;
};

typedef void monitor_event_h(const struct monitor_event *ev, void *arg);

struct monitor;

int monitor_alloc(struct monitor **mp);
void monitor_free(struct monitor *m);

/** A monitor_event_h; arg is the struct monitor. */
void monitor_event(const struct monitor_event *ev, void *arg);

/** The registration at the trunk. */
enum monitor_trunk {
    MONITOR_TRUNK_NONE,
    MONITOR_TRUNK_AWAY,
    MONITOR_TRUNK_UP
};

/** The figures behind GET /stats and /ready. */
struct monitor_stats {
    unsigned active_calls;    /* participants from accepted INVITE to BYE */
    unsigned registrations;   /* unexpired contacts */
    enum monitor_trunk trunk; /* up: on one node at least */
    bool internal_running;
    bool external_running;
    bool engine_up;
    bool draining;
};
void monitor_stats(const struct monitor *m, struct monitor_stats *out);

/** Sums over the legs of one side that ended, those of which something is
 *  known; see struct engine_quality. Means are for the reader to make. */
struct monitor_quality {
    uint64_t legs;
    uint64_t received;
    uint64_t lost;
    uint64_t sent;
    uint64_t far_lost;
    uint64_t mos_sum; /* in 1/100, of mos_legs legs */
    uint64_t mos_legs;
    uint64_t far_mos_sum;
    uint64_t far_mos_legs;
    uint64_t rtt_sum_us;
    uint64_t rtt_legs;
};
void monitor_quality(const struct monitor *m, enum engine_side side,
                     struct monitor_quality *out);

#endif
