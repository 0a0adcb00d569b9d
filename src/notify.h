/**
 * The service manager's notification protocol: sd_notify(3).
 */
#ifndef NOTIFY_H
#define NOTIFY_H

#include <stdint.h>

/** Send a state such as "READY=1". Does nothing where $NOTIFY_SOCKET is not
 *  set, that is, where no service manager listens. */
void notify(const char *state);

/** How often "WATCHDOG=1" is due, in ms: half of what $WATCHDOG_USEC gives;
 *  0: not at all. */
uint64_t notify_watchdog_ms(void);

#endif
