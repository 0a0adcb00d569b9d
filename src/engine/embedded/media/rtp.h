/**
 * RTP packets (RFC 3550 section 5.1): reading what came from outside, and
 * writing the fixed header. No state, no sockets.
 */
#ifndef ENGINE_EMBEDDED_MEDIA_RTP_H
#define ENGINE_EMBEDDED_MEDIA_RTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    RTP_HEADER_SIZE = 12,
    RTP_PACKET_MAX = 1500, /* bytes; longer ones are refused */
};

/** A packet that was read. The payload lies inside the buffer read from, at
 *  offset RTP_HEADER_SIZE or later. */
struct rtp_packet {
    bool marker;
    uint8_t pt;
    uint16_t seq;
    uint32_t ts;
    uint32_t ssrc;
    size_t payload; /* offset of the payload */
    size_t len;     /* its length, padding taken off; may be 0 */
};

enum rtp_verdict {
    RTP_OK,
    RTP_MALFORMED, /* not RTP, or lengths that do not add up */
    RTP_RTCP,      /* RTCP sent to the RTP port (RFC 5761 section 4) */
};

/**
 * Read a packet by the checks of RFC 3550 appendix A.1 that need no state:
 * version, length, CSRC list, header extension, padding.
 *
 * @param buf  Any len bytes.
 * @param p    Set when RTP_OK is returned.
 */
enum rtp_verdict rtp_parse(const uint8_t *buf, size_t len,
                           struct rtp_packet *p);

/** Write the 12 bytes of a header without CSRC list and extension. */
void rtp_header_write(uint8_t *buf, bool marker, uint8_t pt, uint16_t seq,
                      uint32_t ts, uint32_t ssrc);

#endif
