/**
 * What offer and answer (RFC 3264) come to: the codec of a leg and where its
 * audio goes.
 */
#ifndef ENGINE_SDP_SESSION_H
#define ENGINE_SDP_SESSION_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

#include "engine/sdp/crypto.h"

enum media_codec {
    MEDIA_PCMU,
    MEDIA_PCMA,
    MEDIA_OPUS,
    MEDIA_G722,
    MEDIA_CODECS
};

/** What the two sides of a leg agreed on. */
struct media_format {
    enum media_codec codec;
    uint8_t send_pt;      /* payload type the far side wants */
    uint8_t recv_pt;      /* payload type we announced */
    uint8_t send_dtmf_pt; /* telephone-event (RFC 4733), 0: none agreed … */
    uint8_t recv_dtmf_pt; /* … then keys are also listened for in-band */
    uint32_t dtmf_rate;   /* clock of telephone-event, 8000 or 48000 */
    bool fec;             /* Opus: the far side can use in-band FEC */
    uint32_t bitrate_max; /* Opus: that it wishes, bit/s; 0: none */
    uint8_t ptime_ms;     /* of packets that we make, 10 to 60; prompts in
                             Opus that need no encoding: 20 */
};

/** The agreed state of a leg after an offer/answer exchange. */
struct media_session {
    struct media_format format;
    struct sockaddr_storage remote;      /* from SDP; port 0: nowhere yet */
    struct sockaddr_storage remote_rtcp; /* no family: port of remote + 1 */
    struct media_crypto crypto;          /* SRTP, or plain RTP */
    bool rtcp_mux; /* RTCP goes to and comes from the RTP ports (RFC 5761) */
    bool send;     /* far side wants audio (false: it put us on hold) */
    bool receive;  /* far side sends audio */
};

#endif
