/**
 * The gateway put together: engine, calls, directory, monitor and HTTP on
 * one loop, with its signals and its end.
 */
#ifndef GATEWAY_H
#define GATEWAY_H

#include <stdio.h>

#include "base/log.h"
#include "config/config.h"

struct gateway;

/**
 * Make every part and start the engine.
 * @return 0 or an errno value (reason logged).
 */
int gateway_alloc(struct gateway **gp, const struct config *cfg,
                  struct log *log);

/**
 * Work until told to stop: SIGTERM or SIGINT takes no new calls and waits
 * for the others, JIGATE_DRAIN_TIMEOUT at most; a second one ends them, with
 * BYE; a third one does not wait for what is said to those.
 */
void gateway_run(struct gateway *g);

void gateway_free(struct gateway *g);

/**
 * Check what the settings table cannot know: whether this program holds the
 * engine, whether call/ understands JIGATE_KEYS. Faults are told like those
 * of config_load().
 * @return 0 or EINVAL.
 */
int gateway_check(const struct config *cfg, FILE *told);

#endif
