/**
 * callgen from inside: two ends (phone and Jigasi), calls between them, and
 * the audio on the calls. One thread, one epoll.
 */
#ifndef BENCH_LOAD_H
#define BENCH_LOAD_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sip.h"
#include "voice.h"

enum {
    SLOTS = 20, /* RTP sockets of an end; each sends at its own millisecond */
    SOURCES = 64,
    CALLS_MAX = 50000,
    RTP = 12,
    PACKET = RTP + 160, /* 20 ms of G.711 */
    PACKET_MAX = RTP + VOICE_PACKET_MAX,
    OPUS_PT = 111,
    DTMF_PT = 101,
    PORTS = 65536,
    LISTENED = 2, /* calls whose voices are decoded */
    TRANSIT_STEP_US = 20,
    TRANSIT_STEPS = 5000,
};

enum end_name { PHONE, JIGASI };

/** A SIP socket that registers as one user. */
struct source {
    enum end_name end;
    int fd;
    struct sockaddr_in self;
    struct sockaddr_in peer;
    char contact[64];
    struct sip_auth auth;
    unsigned cseq;
    unsigned refused;
    bool registered;
    uint64_t register_at; /* ms, when to send REGISTER (again) */
};

enum leg_state { LEG_NEW, LEG_CALLING, LEG_UP, LEG_ENDING, LEG_DONE };

/** Keys are sent as a script of packets instead of audio. */
struct keying {
    const char *keys; /* what is left to send, NULL none */
    unsigned step;    /* packet within the key, see audio.c */
    uint32_t event_ts;
    uint64_t press_ns; /* when the last key's first packet went out … */
    uint64_t end_ns;   /* … and its first with the end bit */
};

/** Sequence, counters and clocks of the packets of one leg, both ways. */
struct flow {
    struct sockaddr_in to;
    bool on;
    int pt; /* of the audio sent; received is the far end's */
    uint32_t ssrc, ts;
    uint16_t seq;
    uint32_t n; /* packets sent, goes along in the packet */
    struct keying keying;
    uint64_t sent_at; /* ns */
    /* in the measured window */
    uint32_t sent;
    uint64_t send_gap;
    uint32_t received, late, wrong, breaks;
    uint32_t missing; /* numbers left out, where packets hold a voice */
    uint64_t gap, received_at; /* ns */
    uint32_t last_n, last_ts, last_ssrc;
    uint64_t seen; /* bit i: last_n - i came */
    uint16_t last_seq;
    bool started;
};

struct leg {
    enum leg_state state;
    struct source *src;
    struct sockaddr_in to; /* where requests go */
    char call_id[128];
    char target[192];      /* request URI in the dialog */
    char local[160];       /* From of our requests */
    char remote[256];      /* To of our requests */
    unsigned cseq, invite; /* last used; of the INVITE */
    unsigned challenges;   /* answered for this request */
    char out[1800];        /* sent last, for retransmission */
    size_t out_len;
    uint64_t out_at;   /* ms, when to send it again; 0 never */
    unsigned out_wait; /* ms until the one after */
    unsigned out_cseq;
    struct flow flow;
};

struct call {
    struct leg leg[2];
    uint64_t started, answered, joined; /* µs; joined: Jigasi got the ACK */
    bool failed;
    uint64_t key_at;  /* ms: when to key next, or when to give up */
    bool key_waiting; /* keyed, no INFO yet */
    uint64_t info_ns; /* when the INFO came */
};

/** Decodes the voices of a few calls, to tell that they are what was said. */
struct listener {
    struct codec_decoder decoder[LISTENED];
    double square; /* sum over so many samples */
    uint64_t n;
};

struct samples {
    double *v;
    size_t n, size;
};

struct load {
    int epoll;
    struct source sources[2][SOURCES];
    size_t n_sources[2];
    struct sockaddr_in rtp_self[2][SLOTS];
    int rtp[2][SLOTS];
    struct call *calls;
    size_t n_calls;
    const char *domain, *room;
    enum media_codec codec[2];   /* of each end */
    struct voice *voice[2];      /* what they say; NULL: marked packets */
    struct listener listener[2]; /* to the voices */
    bool relayed; /* what one end says is what the other hears */
    uint16_t call_of_port[2][PORTS]; /* of the sender, and 1 more */
    bool reuse_nonce;
    bool window;            /* packets count now … */
    uint64_t window_ns;     /* … since … */
    uint64_t window_end_ns; /* … and until */
    unsigned slot;
    size_t failed, up, done, refused, extra_invites;
    struct samples setup, join, press, release;
    uint32_t transit[TRANSIT_STEPS + 1];
    uint64_t transit_max; /* ns */
    uint64_t strangers;   /* packets in the window that are no audio of ours */
    unsigned first_status[700];
};

uint64_t now_ms(void);
uint64_t now_us(void);
/** Wall clock, as the kernel stamps packets. */
uint64_t now_ns(void);

void samples_add(struct samples *s, double v);
/** Sort and give the value below which share (0 to 1) of all lie. */
double samples_at(struct samples *s, double share);

/* ---- signalling: calls.c ---- */

/** Bind a SIP socket that registers as user. Exits on failure. */
void source_open(struct load *l, enum end_name end, struct sockaddr_in self,
                 struct sockaddr_in peer, const char *user,
                 const char *password);
void source_read(struct load *l, struct source *s);
/** The payload type that a phone offers for a codec. */
int codec_pt(enum media_codec codec);
void call_start(struct load *l, struct call *c);
void call_end(struct call *c);
/** Retransmissions, registrations and time-outs; every few ms. */
void calls_poll(struct load *l);

/* ---- audio: audio.c ---- */

void audio_open(struct load *l, const struct in_addr address[2]);
/** From here on an end sends there, with this payload type. */
void audio_start(struct load *l, struct call *c, enum end_name end,
                 struct sockaddr_in to, int pt);
/** Send what is due in this millisecond. */
void audio_tick(struct load *l);
/** Take all that came. Done by the clock, not when something comes: to wake
 *  us for a packet would be on the account of who sends it, and the kernel
 *  stamps packets anyhow. */
void audio_read(struct load *l);
void audio_key(struct call *c, const char *keys);
/** Start or stop counting. */
void audio_window(struct load *l, bool on);
/** A packet came at time at (ns): order and continuity. n numbers the packets
 *  that were sent, units are how far time stamps move with each. */
void flow_follow(struct flow *f, const uint8_t *p, uint32_t n, unsigned units,
                 uint64_t at);

/* ---- voices: listen.c ---- */

/** Prepare what both ends say in their codecs, from a folder of prompts. */
void listen_open(struct load *l, const char *dir);
void listen_close(struct load *l);
/** The next packet's payload. Returns its length. */
size_t listen_say(const struct load *l, uint32_t call, enum end_name end,
                  uint32_t n, uint8_t *payload);
/** An RTP packet that an end received. */
void listen_packet(struct load *l, enum end_name end, unsigned slot,
                   const uint8_t *p, size_t len,
                   const struct sockaddr_in *from, uint64_t at);
/** How loud the voices come to this end, 1: as loud as they were said. */
double listen_level(const struct load *l, enum end_name end);

#endif
