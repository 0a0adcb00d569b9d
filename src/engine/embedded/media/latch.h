/**
 * Learning where a far side's RTP comes from. Phones behind NAT send from an
 * address that their SDP does not tell; others' packets must not be taken
 * for theirs.
 *
 * The address told in SDP always wins: its first packet fixes the source for
 * good. Before that, a source that sends LATCH_PACKETS packets, or keeps
 * sending for LATCH_MS, is taken for the far side. Pure: no sockets, time is
 * given.
 */
#ifndef ENGINE_EMBEDDED_MEDIA_LATCH_H
#define ENGINE_EMBEDDED_MEDIA_LATCH_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

enum {
    LATCH_PACKETS = 5,
    LATCH_MS = 250,
    LATCH_FORGET_MS = 500, /* a candidate silent for so long is none */
};

enum latch_state {
    LATCH_OPEN,   /* learning: send to the SDP address */
    LATCH_LEARNT, /* another address than SDP's */
    LATCH_TO_SDP, /* the SDP address: final until the next latch_open() */
};

struct latch {
    enum latch_state state;
    bool has_sdp;
    uint8_t count; /* packets of the candidate */
    struct sockaddr_storage sdp;
    struct sockaddr_storage source; /* learnt, or the candidate */
    uint64_t first_ms;              /* candidate's first packet */
    uint64_t last_ms;               /* … and last */
};

/** Begin to learn. An unusable sdp address (no port, 0.0.0.0) is none. */
void latch_open(struct latch *l, const struct sockaddr_storage *sdp);

/** A re-INVITE told this address: begin anew unless it is the same. Returns
 *  whether it began anew. */
bool latch_retarget(struct latch *l, const struct sockaddr_storage *sdp);

/** A packet came: whether it is the far side's. */
bool latch_packet(struct latch *l, const struct sockaddr_storage *from,
                  uint64_t now_ms);

/** Where to send, NULL: nowhere yet. */
const struct sockaddr_storage *latch_target(const struct latch *l);

#endif
