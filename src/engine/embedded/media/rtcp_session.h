/**
 * RTCP of one leg (RFC 3550 section 6): when a report of ours is due, what is
 * in it, and what the far side's reports say of our audio. Pure: time and
 * random numbers are given.
 *
 * There are two members, so of the rules of section 6.2 the least interval
 * of 5 s is the one that holds, whatever the codec; it is randomised, with
 * timer reconsideration, so that the reports of many calls that began at
 * once spread out (section 6.3).
 *
 * Nothing that the far side says has an effect on the call: it is measured,
 * or counted as bad. A BYE ends nothing; SIP's does.
 */
#ifndef ENGINE_EMBEDDED_MEDIA_RTCP_SESSION_H
#define ENGINE_EMBEDDED_MEDIA_RTCP_SESSION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "engine/embedded/media/rtcp.h"
#include "engine/embedded/media/rtp_in.h"
#include "engine/embedded/media/rtp_out.h"

enum { RTCP_SESSION_REPORTS = 4 }; /* of ours that may be answered */

/** Random bytes for one session. */
struct rtcp_random {
    uint64_t intervals;
    uint8_t cname[8];
};

struct rtcp_session {
    char cname[RTCP_CNAME_SIZE]; /* RFC 7022: random, tells nothing of us */
    uint64_t random;
    uint64_t wall_us; /* to be added to monotonic time: time since 1900 */
    uint64_t last_us; /* when the last report was sent, or the begin */
    uint64_t due_us;  /* when to look whether the next one is due */
    bool reported;    /* one was sent */
    /* what we sent, of the SSRC that we have now */
    uint32_t ssrc;
    uint32_t packets;
    uint32_t octets;
    uint32_t packets_prior[2]; /* at the last report and the one before */
    /* our sender reports, to measure the round trip by */
    uint32_t sent_ntp[RTCP_SESSION_REPORTS];
    size_t n_sent_ntp;
    /* the far side's last sender report */
    uint32_t far_ntp; /* 0: none */
    uint64_t far_us;
    /* what the far side says of our audio */
    bool far_reports;
    int32_t far_lost;         /* of ssrc … */
    uint64_t far_lost_before; /* … and of those before */
    uint32_t far_jitter_us;
    uint64_t rtt_sum_us;
    uint32_t rtts;
};

/** What became of a packet of the far side. */
enum rtcp_outcome {
    RTCP_TAKEN,
    RTCP_MALFORMED,
    RTCP_FOREIGN,     /* not of the SSRC that sends the audio, or its key */
    RTCP_IMPLAUSIBLE, /* figures that cannot be */
    RTCP_OUTCOMES,
};

/** @param wall_us  Time since 1970 less monotonic time, at some moment. A
 *                  clock that is set later has no effect. */
void rtcp_session_init(struct rtcp_session *s, const struct rtcp_random *r,
                       uint64_t now_us, uint64_t wall_us);

/** An RTP packet of ours went out. */
void rtcp_session_sent(struct rtcp_session *s, uint32_t ssrc, size_t payload);

/** The time due_us has come: whether a report is to be sent now. If not,
 *  due_us is a later one. */
bool rtcp_session_expire(struct rtcp_session *s, uint64_t now_us);

/**
 * Write a report: a sender report where we sent RTP of late, with a report
 * block where we received some since the last one.
 * @param bye  We leave.
 * @return its length.
 */
size_t rtcp_session_write(struct rtcp_session *s, const struct rtp_out *out,
                          struct rtp_in *in, uint64_t now_us, bool bye,
                          uint8_t packet[RTCP_OWN_MAX]);

/** Take a packet of the far side: any len bytes. */
enum rtcp_outcome rtcp_session_receive(struct rtcp_session *s,
                                       const struct rtp_out *out,
                                       const struct rtp_in *in,
                                       const uint8_t *packet, size_t len,
                                       uint64_t now_us);

/** Packets of ours that the far side says it missed, over all SSRCs. */
uint64_t rtcp_session_far_lost(const struct rtcp_session *s);

/** Mean round trip, 0 where it was never measured. */
uint32_t rtcp_session_rtt_us(const struct rtcp_session *s);

#endif
