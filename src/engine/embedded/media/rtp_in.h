/**
 * What is to be known of an incoming RTP source by its numbers alone: how
 * many packets it sent, how many never came, how unevenly they came (RFC 3550
 * sections 6.4.1 and A.1, A.3, A.8). Pure: time is given.
 *
 * A far side may change its SSRC (RFC 3550 section 8.2) or restart its
 * numbers; what was counted of the source before stays in the totals.
 */
#ifndef ENGINE_EMBEDDED_MEDIA_RTP_IN_H
#define ENGINE_EMBEDDED_MEDIA_RTP_IN_H

#include <stdbool.h>
#include <stdint.h>

#include "engine/embedded/media/rtp.h"

/** All zero bytes are a fresh state. Read totals by the functions below. */
struct rtp_in {
    bool any; /* a source is known: ssrc, and what follows */
    bool odd_set;
    bool transit_set;
    uint16_t newest; /* highest sequence number received … */
    uint16_t odd;    /* a jump is believed when this number follows */
    uint32_t cycles; /* … and how often it wrapped, shifted by 16 */
    uint32_t base;   /* first sequence number */
    uint32_t ssrc;
    uint32_t received;       /* of this source, doubled ones too */
    uint32_t expected_prior; /* at the last report */
    uint32_t received_prior;
    uint32_t rate;            /* of time stamps, Hz */
    uint32_t transit;         /* of the last packet, in time stamp units */
    uint32_t jitter;          /* in 1/16 time stamp units */
    uint64_t received_before; /* of sources before this one */
    uint64_t lost_before;
    uint64_t deviation_us; /* sum over all packets that have a time … */
    uint64_t deviations;   /* … and their number */
};

/** What a report block says of a source (RFC 3550 section 6.4.1). */
struct rtp_in_report {
    uint32_t ssrc;
    uint8_t fraction; /* lost since the last report, of 256 */
    int32_t lost;     /* in all, 24 bits; negative where packets doubled */
    uint32_t highest; /* extended sequence number */
    uint32_t jitter;  /* in time stamp units */
};

/**
 * Count a packet of the far side.
 *
 * @param rate    Clock of its time stamps, Hz; 0: its time stamp says nothing
 *                of when it was sent (a key, RFC 4733), so it has no part in
 *                the jitter.
 * @param now_us  Monotonic time of its arrival.
 */
void rtp_in_packet(struct rtp_in *in, const struct rtp_packet *p,
                   uint32_t rate, uint64_t now_us);

/** Make a report and begin the next one's interval. False when no source is
 *  known, or nothing came of it since the last report. */
bool rtp_in_report(struct rtp_in *in, struct rtp_in_report *r);

/** Totals over all sources: packets that came, and that never did. */
uint64_t rtp_in_received(const struct rtp_in *in);
uint64_t rtp_in_lost(const struct rtp_in *in);

/** Mean deviation of the time between two packets, over the whole call. */
uint32_t rtp_in_jitter_us(const struct rtp_in *in);

#endif
