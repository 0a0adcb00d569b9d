/**
 * Offer and answer (RFC 3264) of one audio stream. What comes from the far
 * side is taken apart by sdp_read.h, judged here, and turned into a struct
 * media_session; what we say is written here.
 *
 * One audio m= line over RTP/AVP or RTP/SAVP is accepted, the first that will
 * do; all others are refused by port 0 and keep their place for the life of
 * the dialog. Keys of SRTP are told by SDES (RFC 4568); a=crypto beside
 * RTP/AVP makes encryption optional (RFC 8643). One codec is agreed, and
 * telephone-event (RFC 4733) of the codec's clock rate, or of 8000 Hz, when
 * the far side has it. RTCP shares the port of RTP where the far side offers
 * so (RFC 5761); we do not offer it.
 *
 * Pure: nothing is kept outside struct sdp_session. No function reads
 * beyond the length given, or needs a NUL.
 */
#ifndef ENGINE_SDP_SDP_H
#define ENGINE_SDP_SDP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#include "engine/sdp/session.h"

enum {
    SDP_BODY_MAX = 8192,  /* bytes of a description we read */
    SDP_TEXT_SIZE = 4096, /* bytes of one we write, NUL included */
    SDP_LINES_MAX = 16,   /* m= lines in either */
    SDP_FORMATS_MAX = 64, /* payload types looked at in one m= line */
};

/** Whether audio is encrypted. */
enum sdp_srtp {
    SDP_SRTP_OFF,
    SDP_SRTP_OPTIONAL, /* where the far side wants it */
    SDP_SRTP_MANDATORY,
};

/** What we have to offer in one dialog. */
struct sdp_local {
    struct sockaddr_storage address;       /* advertised, with the RTP port */
    enum media_codec codecs[MEDIA_CODECS]; /* allowed, preferred first */
    size_t n_codecs;
    size_t n_preferred; /* an offerer's first of so many of ours is taken
                           before its first of the rest */
    bool ours_first;    /* answers follow our order, not the offerer's */
    enum sdp_srtp srtp;
    bool offer_keys; /* where optional: our offers name keys, too */
    /* A random key of ours, for what is agreed anew: never used before. Where
       the same suite goes on, so does the key that it has. */
    uint8_t key[MEDIA_KEY_MAX];
};

enum sdp_error {
    SDP_OK,
    SDP_BROKEN,   /* not SDP, or too large */
    SDP_NO_AUDIO, /* no audio m= line, or only with port 0 */
    SDP_SECURE,   /* audio only with SRTP or another profile than RTP/AVP */
    SDP_INSECURE, /* no SRTP where it is mandatory */
    SDP_KEYS,     /* SRTP, but no suite or key that we can use */
    SDP_NO_CODEC, /* no codec in common */
    SDP_FAMILY,   /* IPv6 where we have IPv4, or the other way round */
    SDP_ADDRESS,  /* no address, a host name or a multicast group */
    SDP_MISMATCH, /* an answer that does not fit our offer or comes without
                     one; an offer while ours is under way (then: 491) */
    SDP_ROOM,     /* our own description does not fit: a fault of ours */
    SDP_ERRORS,
};

/** How to tell an error. */
struct sdp_error_info {
    unsigned status;  /* SIP status of the refusal: 400, 488 or 500 */
    unsigned warning; /* Warning code (RFC 3261 section 20.43), 0: none */
    const char *text; /* for the log and for Warning */
};

/** An m= line as it was last exchanged. */
struct sdp_line {
    char media[32];
    char proto[32];
    char format[32]; /* any one of its formats */
};

/** State of one dialog. The caller owns it; begin with sdp_session_init().
 *  Read media after SDP_OK of sdp_answer() or sdp_accept(); send text. */
struct sdp_session {
    struct media_session media; /* agreed, once agreed says so */
    char text[SDP_TEXT_SIZE];   /* what we said last, to be sent as body */
    size_t text_len;
    bool agreed;   /* media holds an agreement */
    bool offering; /* text is an offer without an answer yet */
    bool keyed;    /* … and names keys of ours */

    /* private */
    uint64_t id;           /* o= session id … */
    uint64_t version;      /* … and version of text */
    size_t changes;        /* where in text that begins which, when it
                              changes, makes a new version */
    size_t n_lines;        /* m= lines of the dialog … */
    size_t active;         /* … and which of them we use */
    uint8_t opus_pt;       /* payload types in this dialog, 0 none yet … */
    uint8_t dtmf_pt;       /* … telephone-event of 8000 Hz … */
    uint8_t dtmf_48000_pt; /* … and of 48000 Hz */
    struct sdp_line lines[SDP_LINES_MAX];
};

/** @param id  For the o= line: differs from call to call, e.g. random; the
 *             low 62 bits are used. */
void sdp_session_init(struct sdp_session *s, uint64_t id);

/**
 * Answer an offer, the first or a later one (re-INVITE, UPDATE): hold, a new
 * address, other codecs. On failure the session is as before: an agreement
 * stays in force (RFC 3264 section 8), and text is what was said before.
 *
 * An audio line on hold (sendonly, inactive, or c=0.0.0.0) is answered by
 * recvonly or inactive, and media.send is false.
 *
 * @param body  What the far side sent, untrusted.
 */
enum sdp_error sdp_answer(struct sdp_session *s, const struct sdp_local *l,
                          const char *body, size_t len);

/**
 * Make an offer: all our codecs in our order, telephone-event for each clock
 * rate, sendrecv. In a dialog that has agreed already it keeps the m= lines
 * and payload types. media does not change before sdp_accept().
 * @return SDP_OK, or SDP_ROOM.
 */
enum sdp_error sdp_offer(struct sdp_session *s, const struct sdp_local *l);

/** Take the answer to our offer. On failure nothing is agreed anew. */
enum sdp_error sdp_accept(struct sdp_session *s, const struct sdp_local *l,
                          const char *body, size_t len);

/** The far side refused our offer (RFC 3264 section 8: back to before). */
void sdp_withdraw(struct sdp_session *s);

/** Status, Warning code and text of an error. */
const struct sdp_error_info *sdp_error_info(enum sdp_error e);

#endif
