/**
 * A watch over Jigasi: without one that is registered and answers, no caller
 * gets into a meeting, and Jigasi itself does not try again for ever after a
 * registration that failed. So it is said in the log, once, when that has
 * lasted for WATCH_PATIENCE_MS, and once when it is over.
 */
#ifndef MONITOR_WATCH_H
#define MONITOR_WATCH_H

#include "base/log.h"
#include "base/timer.h"
#include "config/config.h"
#include "monitor/monitor.h"

enum { WATCH_PATIENCE_MS = 30000 };

struct watch;

/** Start to watch; cfg, timers and log must outlive. Returns 0 or ENOMEM. */
int watch_alloc(struct watch **wp, const struct config *cfg,
                struct timers *timers, struct log *log);
void watch_free(struct watch *w);

/** A monitor_event_h; arg is the struct watch. */
void watch_event(const struct monitor_event *ev, void *arg);

#endif
