/**
 * The embedded engine: SIP on sofia-sip's transaction layer in a thread of
 * its own, audio in media threads, joined to the main loop by a mailbox.
 */
#ifndef ENGINE_EMBEDDED_EMBEDDED_H
#define ENGINE_EMBEDDED_EMBEDDED_H

#include "base/log.h"
#include "base/timer.h"
#include "config/config.h"
#include "engine/engine.h"

struct event_base;

/**
 * Make the engine; engine_start() binds its sockets.
 *
 * @param cfg     Settings; must outlive the engine.
 * @param base    Main loop: events come from it.
 * @param timers  Timers of the main loop.
 * @return 0 or an errno value (reason logged).
 */
int embedded_alloc(struct engine **ep, const struct config *cfg,
                   struct event_base *base, struct timers *timers,
                   struct log *log, engine_event_h *h, void *arg);

#endif
