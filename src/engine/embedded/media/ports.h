/**
 * The RTP ports of one side: even ones of a range, the least recently freed
 * first, so that late packets of an ended call do not reach a new one. Every
 * function may be called from any thread.
 */
#ifndef ENGINE_EMBEDDED_MEDIA_PORTS_H
#define ENGINE_EMBEDDED_MEDIA_PORTS_H

#include <stddef.h>
#include <stdint.h>

struct ports;

/** Ports of [start, end]. Returns 0, EINVAL (no even port in the range) or
 *  ENOMEM. */
int ports_alloc(struct ports **pp, uint16_t start, uint16_t end);
void ports_free(struct ports *p);

/** Number of free ports. */
size_t ports_count(struct ports *p);

/** Take the port that has been free for longest; 0 when there is none. */
uint16_t ports_take(struct ports *p);

/** Give a taken port back, as the most recently freed. */
void ports_give(struct ports *p, uint16_t port);

#endif
