/**
 * Takes a session description (RFC 4566) apart, without judging it: slices
 * into the text, nothing allocated. Our own, because sofia-sip's parser as
 * Debian has it never returns from some malformed m= lines.
 */
#ifndef ENGINE_SDP_SDP_READ_H
#define ENGINE_SDP_SDP_READ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#include "base/slice.h"
#include "engine/sdp/sdes.h"
#include "engine/sdp/sdp.h"

/** As seen by whoever wrote the description. */
enum sdp_direction {
    SDP_INACTIVE = 0,
    SDP_SENDONLY = 1,
    SDP_RECVONLY = 2,
    SDP_SENDRECV = SDP_SENDONLY | SDP_RECVONLY,
};

/** An m= line with what applies to it. */
struct sdp_section {
    struct slice media;   /* "audio"; a token, fits struct sdp_line */
    struct slice proto;   /* "RTP/AVP"; likewise */
    struct slice format;  /* the first one; likewise */
    struct slice formats; /* all of them */
    uint16_t port;
    struct slice connection; /* value of its own c= line or, lacking one, of
                                the session's; may be empty */
    enum sdp_direction direction;
    struct slice lines; /* what follows, up to the next m= */
};

struct sdp_description {
    struct sdp_section section[SDP_LINES_MAX];
    size_t n;
};

/** An RTP payload type; static ones are named, too (RFC 3551). */
struct sdp_format {
    uint8_t pt;
    struct slice name; /* encoding name, empty when unknown */
    uint32_t rate;     /* clock, Hz */
    struct slice fmtp; /* its parameters, empty when none */
};

struct sdp_formats {
    struct sdp_format format[SDP_FORMATS_MAX]; /* in order of preference */
    size_t n;
    unsigned ptime_ms;    /* 0: not given */
    unsigned maxptime_ms; /* 0: not given */
};

/** @return 0, or EBADMSG: not SDP, or more than SDP_BODY_MAX bytes or
 *  SDP_LINES_MAX media. The slices point into body. */
int sdp_read(struct sdp_description *d, const char *body, size_t len);

/**
 * The first a=crypto line whose suite and key we can use.
 * @return 0, ENOENT: there is no such line, or ENOTSUP: none can be used.
 */
int sdp_read_crypto(struct sdes_line *l, const struct sdp_section *s);

/** The value of "name=value" among parameters separated by semicolons (RFC
 *  4855 section 3); empty when it is not there. */
struct slice sdp_fmtp_value(struct slice fmtp, const char *name);

/** Payload types of an RTP m= line with their rtpmap, fmtp, ptime and
 *  maxptime.
 *  What is malformed, or more than SDP_FORMATS_MAX, is left out. */
void sdp_read_formats(struct sdp_formats *f, const struct sdp_section *s);

/**
 * The address of a c= line, with the port of the m= line.
 * @return 0, or EINVAL: none, a host name, multicast or broadcast.
 */
int sdp_read_address(struct sockaddr_storage *sa, const struct sdp_section *s);

/**
 * Where RTCP is to go.
 *
 * @param sa   Set to the address of an a=rtcp line (RFC 3605), its host being
 *             that of the c= line unless it says so; family 0: none.
 * @param mux  Whether a=rtcp-mux is there (RFC 5761 section 5.1.1).
 */
void sdp_read_rtcp(struct sockaddr_storage *sa, bool *mux,
                   const struct sdp_section *s);

#endif
