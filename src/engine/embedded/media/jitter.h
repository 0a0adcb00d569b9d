/**
 * Adaptive jitter buffer of one received RTP stream (RFC 3550): puts packets
 * into order and gives them out when they are due. Changed order, doubles,
 * loss, pauses of the sender (comfort noise, DTX, keys), a jump of time
 * stamps or sequence numbers, a new SSRC, a stalled source and a clock that
 * runs faster or slower than ours are all taken as they come. Pure: time is
 * given.
 *
 * The delay follows what the network does: it covers 98 of 100 packets of
 * the last seconds. Where it has to shrink or grow, or the clocks drift, the
 * user is asked to take a little out of a frame or to repeat a little; to
 * shrink it waits for pauses of the speaker as long as it can.
 */
#ifndef ENGINE_EMBEDDED_MEDIA_JITTER_H
#define ENGINE_EMBEDDED_MEDIA_JITTER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "engine/embedded/media/rtp.h"

enum {
    JITTER_SLOTS = 64, /* packets that may wait */
    JITTER_DELAY_MAX_MS = 300,
};

enum jitter_kind {
    JITTER_AUDIO,
    JITTER_NOISE, /* comfort noise (RFC 3389): the sender pauses */
    JITTER_OTHER, /* not audio, but of the same sequence: a key */
};

/** What a packet is; the RTP payload type does not tell. */
struct jitter_packet {
    enum jitter_kind kind;
    uint8_t tag;    /* comes back with the frame: its codec, say */
    bool pause;     /* the sender announces that it pauses (Opus DTX) */
    uint32_t units; /* its length on the RTP clock; 0 for others than audio */
    const uint8_t *payload;
    size_t len;
};

enum jitter_verdict {
    JITTER_FRAME,   /* frame is set */
    JITTER_LOST,    /* units are missing: conceal them */
    JITTER_NOTHING, /* nothing is due: the sender pauses or is stalled */
};

/** What the buffer asks for where it gives a frame out. */
enum jitter_adjust {
    JITTER_STAY,
    JITTER_GROW,         /* it is too shallow: repeat a little */
    JITTER_SHRINK_PAUSE, /* it is too deep: leave a little out of a pause … */
    JITTER_SHRINK, /* … or of whatever there is, for it is far too deep */
};

/** What is to be heard next. Pointers are valid until the next call. */
struct jitter_frame {
    enum jitter_kind kind; /* AUDIO or NOISE */
    uint8_t tag;
    uint32_t units;         /* of FRAME (0 for noise) and LOST */
    const uint8_t *payload; /* LOST: of the packet right behind, or NULL */
    size_t len;
    bool pausing; /* NOTHING, LOST: the sender said that it pauses */
    enum jitter_adjust adjust; /* FRAME */
};

struct jitter_stats {
    uint64_t received; /* of audio */
    uint64_t lost;     /* never came, or too late */
    uint64_t late;     /* of these: came after all */
    uint64_t duplicates;
    uint64_t reordered; /* came late, but not too late */
    uint64_t resyncs;   /* new source, jump, stall */
    uint64_t skipped;   /* thrown away: the buffer was far too long */
};

struct jitter;

/** @param clock  RTP clock, Hz. Returns 0 or ENOMEM. */
int jitter_alloc(struct jitter **jp, uint32_t clock);
void jitter_free(struct jitter *j);

/** A packet came. Its payload is copied.
 *  @param now_us  When, monotonic. */
void jitter_put(struct jitter *j, const struct rtp_packet *p,
                const struct jitter_packet *in, uint64_t now_us);

/**
 * What is to be heard next.
 *
 * @param ahead_us  Audio given out before that has not been heard yet.
 */
enum jitter_verdict jitter_get(struct jitter *j, uint64_t now_us,
                               unsigned ahead_us, struct jitter_frame *f);

/** Audio was taken out of (< 0) or added to frames given out, in µs; 0: there
 *  was nothing that fits, do not ask again at once. */
void jitter_adjusted(struct jitter *j, int us);

/** The delay aimed at, in µs. */
unsigned jitter_target_us(const struct jitter *j);

const struct jitter_stats *jitter_stats(const struct jitter *j);

#endif
