/**
 * The audio of one leg: a socket, what was agreed, what plays, whom it is
 * bridged with. Lives on one worker and is touched by its thread only, once
 * it has been handed over.
 */
#ifndef ENGINE_EMBEDDED_MEDIA_STREAM_H
#define ENGINE_EMBEDDED_MEDIA_STREAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "engine/embedded/media/figures.h"
#include "engine/embedded/media/inband.h"
#include "engine/embedded/media/keys_out.h"
#include "engine/embedded/media/latch.h"
#include "engine/embedded/media/media.h"
#include "engine/embedded/media/player.h"
#include "engine/embedded/media/ports.h"
#include "engine/embedded/media/rtcp_session.h"
#include "engine/embedded/media/rtp_in.h"
#include "engine/embedded/media/rtp_out.h"
#include "engine/embedded/media/secure.h"
#include "engine/embedded/media/telephone_event.h"
#include "engine/embedded/media/transcoder.h"
#include "engine/embedded/media/worker.h"

/** Packets by what became of them; logged when the stream closes. */
struct media_counters {
    uint64_t received;   /* everything that came to the socket */
    uint64_t relayed;    /* sent on to the peer */
    uint64_t transcoded; /* encoded anew for the far side, and sent */
    uint64_t muted;      /* of these, replaced with silence */
    uint64_t events;     /* telephone-event packets */
    uint64_t keys;       /* reported, any way they came */
    uint64_t prompts;    /* prompt packets sent to the far side */
    uint64_t silence;    /* silence packets sent to the far side */
    uint64_t keepalives;
    uint64_t rtcp_out;
    uint64_t rtcp_in[RTCP_OUTCOMES]; /* but what rtcp counts */
    /* received and dropped */
    uint64_t malformed;   /* no valid RTP, or without payload */
    uint64_t rtcp;        /* RTCP on the RTP port, not agreed */
    uint64_t unknown_pt;  /* payload type that was not agreed */
    uint64_t insecure;    /* SRTP: not signed with the far side's key */
    uint64_t foreign;     /* not from the far side's address */
    uint64_t early;       /* before there was a session */
    uint64_t held;        /* either side on hold, or nowhere to send */
    uint64_t unbridged;   /* no peer */
    uint64_t overridden;  /* the peer hears a prompt instead */
    uint64_t unconverted; /* the peer has another codec, and no memory */
    uint64_t late;        /* from before a change of source */
    uint64_t errors;      /* could not be sent, or ICMP said so */
};

enum {
    STREAM_LEAD_MS = 300,  /* prompts wait so long after the answer */
    STREAM_TAIL_MAX = 480, /* samples of what the far side heard last */
};

/** Lists that a worker keeps. */
enum stream_list { STREAMS_ALL, STREAMS_TICKING, STREAM_LISTS };

struct stream_link {
    struct stream *prev;
    struct stream *next;
    bool in; /* is on this list */
};

struct stream {
    engine_leg leg;
    struct worker *worker;
    struct stream *peer; /* bridged with */
    int fd;
    int rtcp_fd;
    struct worker_socket socket;
    struct worker_socket rtcp_socket;
    uint16_t port;
    struct ports *ports;                   /* the port goes back there */
    struct stream_link link[STREAM_LISTS]; /* the worker's */
    unsigned step; /* of the worker's clock, at which it ticks … */
    bool ticked;   /* … and did, since it began to */
    bool gathered; /* the RTP socket: the worker reads it at each step */
    struct message *close_mail; /* so that closing needs no memory */

    bool has_session;
    bool connected; /* the socket, to the far side */
    bool muted;
    bool converts;         /* there is a transcoder, and has to be */
    bool filling;          /* the peer is quiet: silence in its place */
    bool watched_out;      /* MEDIA_SILENT was reported of this watch */
    bool silent;           /* MEDIA_SILENT was reported */
    bool told_unconverted; /* logged once */
    bool barred;           /* to be encrypted, but cannot */
    bool heard_audio;      /* audio_seq is set */
    bool rtcp_learnt;      /* rtcp_source is set */
    uint16_t audio_seq;    /* expected next, for the in-band detector */
    unsigned ptime_ms;     /* of our own packets */
    unsigned owed_ms;      /* of our own audio, not sent yet */
    uint32_t watch_ms;
    uint64_t arrived_us;    /* the packet that is being handled */
    uint64_t lead_until_ms; /* prompts wait: phones lose the first sounds */
    uint64_t heard_ms;      /* last packet of the far side, or since when we
                               wait for one */
    uint64_t fed_ms;        /* last audio to the far side from the peer or a
                               prompt, or since when we wait for some */
    uint64_t sent_ms;       /* last packet of any kind to the far side's RTP
                               port, or since when we could send */
    uint32_t sent;          /* RTP packets */
    struct media_session session;
    struct secure *secure; /* NULL: plain RTP */
    struct latch latch;
    struct sockaddr_storage rtcp_source; /* of the far side's RTCP */
    struct rtp_in in;
    struct rtp_out out;
    struct rtcp_session rtcp;
    struct figures figures;
    struct telephone_event event;
    struct keys_out keys_out; /* on their way to the far side */
    uint32_t key_ts;          /* time stamp of the one that is sent */
    struct inband *inband;    /* NULL: the far side sends telephone-event */
    struct player player;
    struct transcoder *transcoder; /* makes what the far side hears of the
                                      peer's audio; NULL: passed through */
    struct {
        uint8_t percent; /* lost of our packets, as the far side tells */
        uint32_t sent;   /* as they were when that was reckoned */
        uint64_t lost;
        unsigned expected; /* percent, of ours from here on */
    } far_loss;
    struct {
        enum media_codec codec;
        uint64_t at_ms;
        size_t len;
        uint8_t payload[STREAM_TAIL_MAX];
    } tail; /* last payload passed through, where prompts are mixed in */
    struct media_counters counters;
};

/** Make a stream with bound sockets, for this worker. Returns 0, EAGAIN (no
 *  port left), ENOMEM or another errno value. */
int stream_alloc(struct stream **sp, engine_leg leg, struct worker *w,
                 struct ports *ports, const struct sockaddr_storage *address);

/** Report what plays as ended, leave the peer, say RTCP BYE, close the
 *  sockets. */
void stream_free(struct stream *s);

/* What messages ask for; see media.h. */
void stream_session(struct stream *s, const struct media_session *session);
void stream_watch(struct stream *s, uint32_t ms);
void stream_play(struct stream *s, struct play *play);
void stream_play_stop(struct stream *s);
void stream_bridge(struct stream *a, struct stream *b);
void stream_mute(struct stream *s, bool on);
void stream_key(struct stream *s, char key);

/** A packet waits at the socket. */
void stream_receive(struct stream *s);

/** An RTCP packet waits at its socket. */
void stream_rtcp_receive(struct stream *s);

/** Send a report, or a packet that keeps a NAT open, if one is due. */
void stream_rtcp_check(struct stream *s);

/** 20 ms have passed: send audio of our own. */
void stream_tick(struct stream *s);

/** Report a far side that has been silent for too long. */
void stream_watch_check(struct stream *s);

/* ---- between the files of this module ---- */

/** Whether packets may be sent: agreed, not on hold, and known where to. */
bool stream_sends(const struct stream *s);

/** Send silence of our own from here on if the stream is bridged and had no
 *  audio for half a second: far sides hang up when RTP stops. A peer that
 *  pauses for Opus DTX (400 ms, RFC 6716 section 2.1.9) is let be. */
void stream_fill_check(struct stream *s);

/** Audio of the peer goes to the stream's far side: no silence of ours. */
void stream_fed(struct stream *s);

/** Start or stop the tick as the stream's state asks for. */
void stream_update(struct stream *s);

/** Remember a payload that was passed through to the far side. */
void stream_tail_keep(struct stream *s, enum media_codec codec,
                      const uint8_t *payload, size_t len);

/** Whether payloads of one codec can become the other's byte by byte. */
bool stream_same_coding(enum media_codec a, enum media_codec b);

/** Milliseconds in a packet of our own. */
unsigned stream_ptime(const struct stream *s);

/** Begin or end to encode the peer's audio anew, as the two sessions and what
 *  plays ask for. */
void stream_transcoder_update(struct stream *s);
void stream_transcoder_end(struct stream *s);

/** The next packet's payload, of s->ptime_ms, with what plays mixed in;
 *  played tells whether anything does. Returns its length, 0: none. */
size_t stream_transcode(struct stream *s, uint8_t *payload, bool *played);

/** Send a finished packet to the far side; false (counted) when it failed. */
bool stream_send(struct stream *s, const uint8_t *packet, size_t len);

/** Send bytes as they are; there is a place to send to. */
bool stream_send_raw(struct stream *s, const uint8_t *packet, size_t len);

/* stream_rtcp.c */

/** The first session: from here on reports are sent. */
void stream_rtcp_begin(struct stream *s);

/** An RTP packet of the far side came; timed: audio, so that its time stamp
 *  tells when it was sent. */
void stream_heard(struct stream *s, const struct rtp_packet *p, bool timed);

/** An RTP packet with so many bytes of payload went out. */
void stream_sent(struct stream *s, size_t payload);

/** RTCP came, to the RTP socket if muxed. */
void stream_rtcp_take(struct stream *s, uint8_t *packet, size_t len,
                      const struct sockaddr_storage *from, bool muxed);

/** Say BYE, and log what was counted. */
void stream_rtcp_end(struct stream *s);

void stream_report(struct stream *s, struct media_report report);

/** Write silence as a payload of one codec.
 *  @param ms  10, 20, 40 or 60 for Opus, 10 to 120 for others.
 *  @return its length. */
size_t stream_silence(const struct media_shared *shared,
                      enum media_codec codec, unsigned ms, uint8_t *out);

/** The same for a codec of 8 bytes a millisecond, any n of them. */
void stream_silence_bytes(const struct media_shared *shared,
                          enum media_codec codec, uint8_t *out, size_t n);

#endif
