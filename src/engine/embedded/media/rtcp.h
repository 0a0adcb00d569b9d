/**
 * RTCP packets (RFC 3550 section 6): reading what came from outside, and
 * writing our own. No state, no sockets, nothing allocated.
 *
 * We read compound packets only (section 6.1); reduced-size ones (RFC 5506)
 * are never agreed. Of what is in them we take the sender report, the report
 * block about ourselves, and that a BYE is there.
 */
#ifndef ENGINE_EMBEDDED_MEDIA_RTCP_H
#define ENGINE_EMBEDDED_MEDIA_RTCP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    RTCP_PACKET_MAX = 1500, /* bytes; longer ones are refused */
    RTCP_OWN_MAX = 128,     /* bytes of one of ours */
    RTCP_CNAME_SIZE = 17,   /* NUL included */
};

/** Packet types (RFC 3550 section 12.1). */
enum rtcp_type {
    RTCP_SR = 200,
    RTCP_RR = 201,
    RTCP_SDES = 202,
    RTCP_BYE = 203,
    RTCP_APP = 204,
};

/** A report block (section 6.4.1). */
struct rtcp_block {
    uint32_t ssrc;
    uint8_t fraction;
    int32_t lost; /* 24 bits, signed */
    uint32_t highest;
    uint32_t jitter;
    uint32_t lsr;  /* middle 32 bits of an NTP time stamp, 0: none */
    uint32_t dlsr; /* in 1/65536 s */
};

/** What a compound packet says. */
struct rtcp_report {
    uint32_t ssrc; /* who sent it */
    bool is_sender;
    uint32_t ntp_middle; /* of its sender report, where is_sender */
    bool has_block;
    struct rtcp_block block; /* about us; the last one of several */
    bool bye;                /* it says that ssrc is leaving */
};

/**
 * Read a compound packet by the checks of RFC 3550 appendix A.2: version,
 * first packet a report, padding only at the end, lengths that add up; and
 * each packet as long as its counts say.
 *
 * @param buf   Any len bytes.
 * @param ours  SSRC whose report block is wanted.
 * @param r     Set when true is returned.
 * @return false: not such a packet, nothing of it is to be believed.
 */
bool rtcp_parse(const uint8_t *buf, size_t len, uint32_t ours,
                struct rtcp_report *r);

/** What a sender report says of its sender (section 6.4.1). */
struct rtcp_sender {
    uint64_t ntp; /* seconds since 1900 in the upper 32 bits */
    uint32_t rtp_ts;
    uint32_t packets;
    uint32_t octets; /* of payload */
};

/** One compound packet of ours. */
struct rtcp_own {
    uint32_t ssrc;
    const struct rtcp_sender *sender; /* NULL: a receiver report */
    const struct rtcp_block *block;   /* NULL: nothing received */
    const char *cname;                /* at most RTCP_CNAME_SIZE - 1 bytes */
    bool bye;
};

/** Write a compound packet: report, SDES with CNAME, BYE if wanted. Returns
 *  its length. */
size_t rtcp_write(uint8_t out[RTCP_OWN_MAX], const struct rtcp_own *own);

#endif
