/**
 * Writes our session descriptions (RFC 4566).
 */
#ifndef ENGINE_SDP_SDP_WRITE_H
#define ENGINE_SDP_SDP_WRITE_H

#include <stddef.h>
#include <stdint.h>

#include "engine/sdp/sdp.h"
#include "engine/sdp/sdp_read.h"

/** How a codec is named in SDP. */
struct sdp_codec {
    const char *name;
    uint32_t rate; /* clock, Hz */
    const char *rtpmap;
    const char *fmtp; /* NULL: none */
    uint8_t pt;       /* static payload type (RFC 3551); Opus has none: 0 */
};

extern const struct sdp_codec sdp_codecs[MEDIA_CODECS];

enum { SDP_ENTRIES_MAX = MEDIA_CODECS + 2 };

/** One format of our audio line. */
struct sdp_entry {
    uint8_t pt;
    const char *rtpmap;
    const char *fmtp; /* NULL: none */
};

/** Our audio line. */
struct sdp_audio {
    struct sdp_entry entry[SDP_ENTRIES_MAX];
    size_t n;
    unsigned ptime_ms;
    enum sdp_direction direction;
    bool rtcp_mux;
    struct sdes_line crypto[MEDIA_SUITES]; /* SRTP: what we can or chose */
    size_t n_crypto;
};

/** Append a format; one more than SDP_ENTRIES_MAX is left out. */
void sdp_audio_add(struct sdp_audio *a, uint8_t pt, const char *rtpmap,
                   const char *fmtp);

/**
 * Write the dialog's m= lines into s->text: the active one as told, the
 * others with port 0. The version in o= grows when anything else has changed
 * since the text written before (RFC 3264 section 8).
 * @return SDP_OK or SDP_ROOM.
 */
enum sdp_error sdp_write(struct sdp_session *s, const struct sdp_local *l,
                         const struct sdp_audio *a);

#endif
