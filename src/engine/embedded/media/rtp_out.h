/**
 * One outgoing RTP stream that is made of several sources in turn: prompts
 * and silence of our own, and what the bridged leg sends. To the far side it
 * is one source: one SSRC, sequence numbers without a break, time stamps
 * that go on with the time (RFC 3550 section 5.1). Pure: time is given.
 */
#ifndef ENGINE_EMBEDDED_MEDIA_RTP_OUT_H
#define ENGINE_EMBEDDED_MEDIA_RTP_OUT_H

#include <stdbool.h>
#include <stdint.h>

#include "engine/embedded/media/rtp.h"

/** Whose packets the stream carries at present. */
enum rtp_source {
    RTP_NOTHING,    /* nothing yet, or the source was taken away */
    RTP_SILENCE,    /* our own */
    RTP_PROMPT,     /* our own */
    RTP_TRANSCODED, /* our own: the bridged leg's, encoded anew */
    RTP_RELAY,      /* the bridged leg's */
};

struct rtp_out {
    enum rtp_source source;
    bool started;
    bool gap;        /* packets of the source were taken out: mark the next */
    uint16_t seq;    /* of the last packet, the highest sent */
    uint16_t offset; /* sequence number sent - received */
    uint16_t first;  /* received numbers before this belong to the past */
    uint16_t newest; /* highest number received of the source */
    uint16_t odd;    /* a jump is believed when this number follows … */
    bool odd_set;    /* … the one that made it (RFC 3550 A.1) */
    uint32_t rate;   /* time stamp units a second */
    uint32_t ssrc;
    uint32_t ts;          /* of packet seq */
    uint32_t ts_offset;   /* time stamp sent - received */
    uint32_t duration;    /* of packet seq, in units */
    uint32_t source_ssrc; /* whose numbers the offsets hold for */
    uint32_t left_ssrc;   /* the source before, or the same */
    uint32_t source_ts;   /* time stamp of packet newest … */
    uint64_t source_us;   /* … and when it came */
    uint64_t sent_us;     /* when packet seq was sent */
};

/** What goes into the header of one packet. */
struct rtp_numbers {
    bool marker;
    uint16_t seq;
    uint32_t ts;
};

/** Start a stream. The three numbers are random ones (RFC 3550 section 5.1);
 *  rate is the codec's RTP clock, 8000 or 48000. */
void rtp_out_init(struct rtp_out *o, uint32_t rate, uint32_t ssrc,
                  uint16_t seq, uint32_t ts);

/** Change the clock rate. A new rate takes a new SSRC (RFC 7160 section 4)
 *  and time stamp; sequence numbers go on. The same rate changes nothing. */
void rtp_out_rate(struct rtp_out *o, uint32_t rate, uint32_t ssrc,
                  uint32_t ts);

/** The source was changed: what comes next is joined on anew. */
void rtp_out_break(struct rtp_out *o);

/**
 * Numbers for a packet of our own.
 *
 * @param source    RTP_SILENCE or RTP_PROMPT.
 * @param now_us    Monotonic time.
 * @param duration  Of the packet, in time stamp units.
 */
void rtp_out_local(struct rtp_out *o, enum rtp_source source, uint64_t now_us,
                   uint32_t duration, struct rtp_numbers *n);

/**
 * Numbers for a packet to be relayed. Gaps and changed order in the sequence
 * are kept, so that the far side sees what was lost; a new SSRC, a jump of
 * the sequence (believed at its second packet) or of the time stamps is
 * smoothed out.
 *
 * @return false when the packet must not be sent: it belongs to the time
 * before the last change of source, or is the first after a jump. Of two
 * sources that send at once the later one is heard until it pauses.
 */
bool rtp_out_relay(struct rtp_out *o, const struct rtp_packet *p,
                   uint64_t now_us, struct rtp_numbers *n);

/**
 * Numbers for a packet of a named event (RFC 4733 section 2.5.1), one each
 * 20 ms; whatever comes after it is joined on anew.
 *
 * @param first  The event begins: its time stamp is put into *event_ts, that
 *               all its packets have.
 */
void rtp_out_event(struct rtp_out *o, bool first, uint32_t *event_ts,
                   uint64_t now_us, struct rtp_numbers *n);

/** A packet of the source that is not to be sent (a key): its number is
 *  closed up. */
void rtp_out_skip(struct rtp_out *o, const struct rtp_packet *p);

#endif
