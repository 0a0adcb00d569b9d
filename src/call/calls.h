/**
 * All calls: the policy of the gateway. Knows no SIP, no sockets and no
 * clock of its own: engine.h below, timers and a directory beside it,
 * monitor events above.
 */
#ifndef CALL_CALLS_H
#define CALL_CALLS_H

#include <stddef.h>

#include "base/log.h"
#include "base/timer.h"
#include "config/config.h"
#include "directory/directory.h"
#include "engine/engine.h"
#include "monitor/monitor.h"

struct calls;

/** What calls work with; all of it stays the caller's and must outlive. */
struct calls_deps {
    const struct config *cfg;
    struct engine *engine;
    struct timers *timers;
    struct directory *directory;
    struct log *log;
    monitor_event_h *monitor_h; /* may be NULL */
    void *monitor_arg;
};

/** Returns 0, EINVAL (e.g. JIGATE_KEYS not usable; logged) or ENOMEM. */
int calls_alloc(struct calls **csp, const struct calls_deps *deps);

/** Free everything; no command is sent any more. */
void calls_free(struct calls *cs);

/** An engine_event_h; arg is the struct calls. */
void calls_event(const struct engine_event *ev, void *arg);

/** Take no new calls (503); those in progress go on. */
void calls_drain(struct calls *cs);

/** End every call now. */
void calls_end(struct calls *cs);

/** Number of participants, accepted or being offered. */
size_t calls_count(const struct calls *cs);

#endif
