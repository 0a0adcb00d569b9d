/**
 * A thread with an event loop, for what ends TLS beside the SIP thread. What
 * is added to its base after tls_loop_start() is the thread's own.
 */
#ifndef ENGINE_EMBEDDED_TLS_LOOP_H
#define ENGINE_EMBEDDED_TLS_LOOP_H

#include <event2/event.h>

struct tls_loop;

/** Runs on the loop's thread. */
typedef void tls_loop_h(void *arg);

/**
 * Make a loop that does not run yet.
 *
 * @param h  Called after each tls_loop_wake(), or once after several; may be
 *           NULL.
 * @return 0, ENOMEM, or what eventfd() said.
 */
int tls_loop_alloc(struct tls_loop **lp, tls_loop_h *h, void *arg);

struct event_base *tls_loop_base(struct tls_loop *l);

/** Start the thread. 0, or an errno value. */
int tls_loop_start(struct tls_loop *l);

/** Let h be called soon. From any thread. */
void tls_loop_wake(struct tls_loop *l);

/** End the thread, if it runs: what is on the base is the caller's again. */
void tls_loop_stop(struct tls_loop *l);

/** Free it; stopped before, and all that was on its base freed. NULL is let
 *  be. */
void tls_loop_free(struct tls_loop *l);

#endif
