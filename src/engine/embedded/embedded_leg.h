/**
 * A leg as the main thread knows it: its keys, and the prompts that its
 * digit collections play.
 */
#ifndef ENGINE_EMBEDDED_EMBEDDED_LEG_H
#define ENGINE_EMBEDDED_EMBEDDED_LEG_H

#include "base/timer.h"
#include "engine/embedded/media/media.h"
#include "engine/engine.h"

struct embedded_leg;

/** Make the record of a leg; keys and digits are told to h as events.
 *  @return 0 or ENOMEM. */
int embedded_leg_alloc(struct embedded_leg **lp, engine_leg number,
                       struct media *media, struct timers *timers,
                       engine_event_h *h, void *arg);

/** Send the leg's keys on to whom it is bridged with, instead of collecting
 *  them: they are a meeting's. */
void embedded_leg_forward(struct embedded_leg *leg);

/** It was bridged. */
void embedded_leg_bridged(struct embedded_leg *leg, engine_leg peer);

void embedded_leg_free(struct embedded_leg *leg);

/** The leg was answered: what waited for it goes on. */
void embedded_leg_answered(struct embedded_leg *leg);

/** As engine_collect(), engine_collect_stop() and engine_bind().
 *  @return 0 or an errno value. */
int embedded_leg_collect(struct embedded_leg *leg,
                         const struct engine_collect *ec);
void embedded_leg_collect_stop(struct embedded_leg *leg);
int embedded_leg_bind(struct embedded_leg *leg, const char *const *sequences,
                      size_t n, uint32_t inter_ms);

/** A key was heard, or came by INFO. May end in events. */
void embedded_leg_key(struct embedded_leg *leg, char key);

/** A play command ended; told as an event unless it was a collection's. */
void embedded_leg_played(struct embedded_leg *leg, uint32_t tag,
                         bool completed);

#endif
