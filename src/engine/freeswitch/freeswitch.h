/**
 * The engine that has FreeSWITCH do SIP and audio, controlled over its event
 * socket: one or several FreeSWITCH servers (nodes), each with its own calls
 * and its own Jigasis.
 *
 * What it asks of FreeSWITCH's configuration (our freeswitch/ folder): calls
 * that may come in are parked unanswered, with the channel variables
 * jigate_source (user, trunk, trusted, anyone or jigasi) and
 * app_disable_expand_variables=true; profiles are called external and
 * internal; Jigasi registers at internal. All else about a call is kept in
 * channel variables named jigate_*, so that calls outlive this program.
 */
#ifndef ENGINE_FREESWITCH_FREESWITCH_H
#define ENGINE_FREESWITCH_FREESWITCH_H

#include "base/log.h"
#include "base/timer.h"
#include "config/config.h"
#include "engine/engine.h"

struct event_base;

/**
 * Make the engine; engine_start() begins to connect, engine_stop() ends the
 * calls and frees it. A FreeSWITCH that is not there yet is waited for.
 *
 * @param cfg  FREESWITCH_SERVER names the nodes: host or host:port, separated
 *             by commas.
 * @return 0, EINVAL (a node's name cannot be read: logged) or ENOMEM.
 */
int freeswitch_alloc(struct engine **ep, const struct config *cfg,
                     struct event_base *base, struct timers *timers,
                     struct log *log, engine_event_h *h, void *arg);

#endif
