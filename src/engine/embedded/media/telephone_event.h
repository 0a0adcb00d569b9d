/**
 * Keys as named events in RTP (RFC 4733, telephone-event). A press is a
 * train of packets with one time stamp, growing duration and, at its end,
 * the end bit three times; any of them may be lost, doubled or late.
 *
 * A press is reported at the first packet seen of it, so that a key is acted
 * on before it is released.
 */
#ifndef ENGINE_EMBEDDED_MEDIA_TELEPHONE_EVENT_H
#define ENGINE_EMBEDDED_MEDIA_TELEPHONE_EVENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct telephone_event {
    bool any;          /* an event was seen */
    bool ended;        /* its end bit was seen */
    uint8_t event;     /* the last one */
    uint16_t duration; /* longest told of its segment */
    uint32_t ts;       /* of its segment */
    uint32_t ssrc;
    uint64_t seen_ms; /* its last packet */
};

/**
 * Take the payload of a telephone-event packet. All zero bytes are a fresh
 * state. Of several events in one packet (RFC 4733 section 2.5.1.5) the
 * first is taken. The volume is not looked at: senders fill it in freely.
 *
 * @param ts      RTP time stamp of the packet.
 * @param now_ms  Monotonic time.
 * @return the key, 0-9 * # A-D, at the first packet of a press; else 0.
 */
char telephone_event_packet(struct telephone_event *t, const uint8_t *payload,
                            size_t len, uint32_t ts, uint32_t ssrc,
                            bool marker, uint64_t now_ms);

#endif
