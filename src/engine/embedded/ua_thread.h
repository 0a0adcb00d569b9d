/**
 * The SIP thread: one sofia-sip root, both sides, all dialogs.
 */
#ifndef ENGINE_EMBEDDED_UA_THREAD_H
#define ENGINE_EMBEDDED_UA_THREAD_H

#include <stdint.h>

#include "base/log.h"
#include "base/mailbox.h"
#include "config/config.h"
#include "engine/embedded/media/media.h"

struct ua_thread;

/** What the thread works with; all of it must outlive the thread. */
struct ua_thread_config {
    const struct config *cfg;
    struct log *log;
    struct media *media;
    struct mailbox *in;  /* struct command */
    struct mailbox *out; /* struct report */
};

/**
 * Start the thread; returns once its sockets are bound. ENGINE_UP, both
 * ENGINE_PROFILE and the stored contacts follow in its mailbox.
 * @return 0 or an errno value (logged).
 */
int ua_thread_start(struct ua_thread **tp, const struct ua_thread_config *tc);

/** Say goodbye on every leg (at most 2 s), store the registrations, end the
 *  thread and free it. */
void ua_thread_stop(struct ua_thread *t);

#endif
