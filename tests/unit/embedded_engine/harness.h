/**
 * The embedded engine in this process, on free ports of 127.0.0.1, with fake
 * media; its events in a list.
 */
#ifndef TESTS_HARNESS_H
#define TESTS_HARNESS_H

#include "config/config.h"
#include "engine/engine.h"
#include "peer.h"

enum { HARNESS_EVENTS_MAX = 512 };

/** An event with copies of its texts. */
struct seen {
    struct engine_event ev;
    char text[5][512];
    char body[ENGINE_INFO_MAX + 1];
};

struct harness {
    struct config cfg;
    struct engine *engine;
    struct event_base *base;
    struct timers *timers;
    struct log *log;
    struct seen *seen[HARNESS_EVENTS_MAX];
    size_t n_seen, n_taken;
    char state_dir[64];
};

/** Settings with free ports; change them before harness_start(). */
void harness_init(struct harness *h);
void harness_start(struct harness *h);

/** Without waiting for events; what engine_start() returned. */
int harness_try_start(struct harness *h);

/** Stop the engine; its events and state directory stay. */
void harness_stop(struct harness *h);
void harness_free(struct harness *h);

/** Turn the loop for some time. */
void harness_run(struct harness *h, int ms);

/** The next event of a type that was not taken yet, failing the test after
 *  3 s. Events of other types stay. */
const struct seen *harness_expect(struct harness *h,
                                  enum engine_event_type type);

/** Fail when an event of this type comes within ms. */
void harness_expect_none(struct harness *h, enum engine_event_type type,
                         int ms);

/** Register a peer: "user"/"secret" outside, "jigasi"/"brewery" inside.
 *  Returns the contact's id. */
const char *harness_register(struct harness *h, struct peer *p, bool jigasi);

/** A call from an authenticated peer, until it is offered; the answer to its
 *  INVITE still to come. */
engine_leg harness_offer(struct harness *h, struct peer *p, const char *to);

/** Answer the leg offered, and acknowledge it. */
void harness_answer(struct harness *h, struct peer *p, engine_leg leg);

/** Dial a contact; the INVITE is received by the peer. */
engine_leg harness_dial(struct harness *h, struct peer *p, const char *contact,
                        engine_leg for_leg);

#endif
