/**
 * One TCP connection after the other to one host: look-up, connect, options.
 */
#ifndef ENGINE_FREESWITCH_ESL_CONNECT_H
#define ENGINE_FREESWITCH_ESL_CONNECT_H

#include <event2/event.h>
#include <stdbool.h>

#include "base/timer.h"

struct esl_connect;

/**
 * An attempt is over.
 *
 * @param fd       The connected socket, non-blocking, with TCP_NODELAY,
 *                 keep-alive and TCP_USER_TIMEOUT set; now the handler's.
 *                 -1 when there is none.
 * @param why      Then the reason; during the call only.
 * @param refused  The host is there, nobody listens at the port.
 */
typedef void esl_connect_h(int fd, const char *why, bool refused, void *arg);

/** @param host  Name or address; copied. @return 0 or an errno value. */
int esl_connect_alloc(struct esl_connect **cp, struct event_base *base,
                      struct timers *timers, const char *host, unsigned port,
                      esl_connect_h *h, void *arg);

/** Not from within the handler. */
void esl_connect_free(struct esl_connect *c);

/** Begin an attempt, of 5 s at most; the handler may be called at once. Of
 *  several addresses each attempt takes the next. */
void esl_connect_begin(struct esl_connect *c);

#endif
