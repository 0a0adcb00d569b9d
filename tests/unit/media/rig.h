/**
 * A media pool under test, and far sides that talk to it over UDP on
 * 127.0.0.1. Every wait has an end; a wait that fails fails the test.
 */
#ifndef TESTS_UNIT_MEDIA_RIG_H
#define TESTS_UNIT_MEDIA_RIG_H

#include <netinet/in.h>
#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "engine/embedded/media/media.h"
#include "engine/embedded/media/rtp.h"
#include "wav.h"

enum {
    RIG_REPORTS_MAX = 256,
    RIG_WAIT_MS = 3000, /* for what must come */
    RIG_QUIET_MS = 120, /* for what must not */
    RIG_PCMU_PT = 0,
    RIG_PCMA_PT = 8,
    RIG_OPUS_PT = 111,
    RIG_G722_PT = 9,
    RIG_DTMF_PT = 101,
};

struct rig {
    struct media *media;
    struct wav_dir wavs;
    struct log *log;
    int log_fd; /* a file with every line */
    pthread_mutex_t lock;
    pthread_cond_t changed;
    struct media_report reports[RIG_REPORTS_MAX];
    size_t n_reports;
    size_t taken;
};

/** A pool of workers with the prompts one (800 samples), two (1000), long
 *  (8000); each side has n_ports free even ports. */
struct rig *rig_make(unsigned workers, unsigned n_ports);
void rig_free(struct rig *r);

/** cmocka fixtures: one worker, 32 ports a side, as *state. */
int rig_setup(void **state);
int rig_teardown(void **state);

/** The next report in order. */
struct media_report rig_report(struct rig *r);

/** Fail if a report comes within RIG_QUIET_MS. */
void rig_no_report(struct rig *r);

/** Whether a log line so far has this text. */
bool rig_logged(struct rig *r, const char *text);

/** The value of a counter in the log line of this leg's close. */
unsigned long rig_counter(struct rig *r, engine_leg leg, const char *name);

/** A far side of a stream. */
struct far {
    struct rig *rig;
    engine_leg leg;
    int fd;
    struct sockaddr_in self;
    struct sockaddr_in gateway; /* the stream's port */
    struct media_session session;
    uint16_t seq;
    uint32_t ts;
    uint32_t ssrc;
};

/** A packet as a far side got it. */
struct got {
    struct rtp_packet head;
    uint8_t payload[RTP_PACKET_MAX];
};

/** Open a stream and the far side's socket; no session yet. */
void far_open(struct far *f, struct rig *r, engine_leg leg,
              enum media_codec codec);

/** Tell the session as it stands in f->session. */
void far_session(struct far *f);

/** far_open(), far_session(). */
void far_start(struct far *f, struct rig *r, engine_leg leg,
               enum media_codec codec);

/** Close the socket; the stream is closed too. */
void far_close(struct far *f);

/** Send bytes as they are. */
void far_raw(const struct far *f, const void *bytes, size_t len);

/** Send an RTP packet; numbers as told, far's SSRC. */
void far_packet(const struct far *f, bool marker, uint8_t pt, uint16_t seq,
                uint32_t ts, const void *payload, size_t len);

/** Send the next packet of a steady stream: 20 ms of the session's codec. */
void far_audio(struct far *f, const void *payload, size_t len);

/** Send packets until the stream has learnt its source, and swallow what
 *  comes back. */
void far_learn(struct far *f);

/** Two far sides in PCMU, legs 1 and 2, that the rig has learnt and bridged.
 */
void far_call(struct far *a, struct far *b, struct rig *r);

/** Receive one packet within RIG_WAIT_MS. */
void far_receive(const struct far *f, struct got *g);

/** Receive one within ms; false when none came. */
bool far_receive_within(const struct far *f, struct got *g, int ms);

/** Fail if a packet comes within RIG_QUIET_MS. */
void far_no_packet(const struct far *f);

/** Drop what waits at the socket. */
void far_drain(const struct far *f);

#endif
