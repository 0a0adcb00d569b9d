/**
 * A media thread: it owns its streams, their sockets, two epoll sets and a
 * clock that runs only while some stream has audio of our own to send.
 * Other threads reach it by messages alone.
 *
 * A stream has a tick every 20 ms; the clock goes round in four steps of
 * 5 ms, so that the work of many streams is spread. What is to be passed
 * through is taken when it comes. What waits for a tick anyhow, since it is
 * encoded anew, is gathered at each step, with the times at which the kernel
 * saw it: to wake the thread for every packet costs more than the packet.
 */
#ifndef ENGINE_EMBEDDED_MEDIA_WORKER_H
#define ENGINE_EMBEDDED_MEDIA_WORKER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include "base/mailbox.h"
#include "engine/embedded/media/g711_tables.h"
#include "engine/embedded/media/media.h"
#include "engine/embedded/media/player.h"
#include "engine/embedded/media/prompt_store.h"
#include "engine/embedded/media/rtp.h"

enum {
    WORKER_TICK_MS = 20,
    WORKER_STEPS = 4, /* of the clock, in a tick */
};

struct stream;
struct worker;

/** A socket of a stream: what to do when something waits at it. */
struct worker_socket {
    void (*receive)(struct stream *s);
    struct stream *stream;
};

/** What all workers share, read-only. */
struct media_shared {
    struct g711_tables g711;
    unsigned opus_complexity; /* of what is encoded while it is heard */
    bool duck;                /* prompts over a bridge leave it audible */
    struct silence silence;
    struct prompt_store *prompts;
    uint64_t wall_us; /* time since 1970 less monotonic time, at the start */
    struct log *log;
    media_report_h *h;
    void *arg;
};

enum message_type {
    MESSAGE_OPEN,
    MESSAGE_CLOSE,
    MESSAGE_SESSION,
    MESSAGE_WATCH,
    MESSAGE_PLAY,
    MESSAGE_PLAY_STOP,
    MESSAGE_BRIDGE,
    MESSAGE_MUTE,
    MESSAGE_KEY,
    MESSAGE_QUIT,
    MESSAGE_TYPES,
};

/** To a worker, about a stream of its own. The worker frees it. */
struct message {
    struct mail mail; /* first */
    enum message_type type;
    struct stream *stream;
    union {
        struct media_session session;
        char key;
        uint32_t watch_ms;
        struct play *play;
        struct stream *peer;
        bool on;
    };
};

/** Start a worker; shared must outlive it. Returns 0 or an errno value. */
int worker_alloc(struct worker **wp, unsigned number,
                 const struct media_shared *shared);

/** Post a message; from any thread. */
void worker_post(struct worker *w, struct message *message);

/** Call ws->receive() when the socket has something, from any thread.
 *  Closing the socket ends it. Returns 0 or an errno value. */
int worker_socket_add(struct worker *w, int fd, struct worker_socket *ws);

/** End the thread with all its streams. quit is a message to end it with. */
void worker_free(struct worker *w, struct message *quit);

/* ---- for its streams, on its own thread ---- */

const struct media_shared *worker_shared(const struct worker *w);

/** Monotonic time of the events being handled. */
uint64_t worker_now_us(const struct worker *w);
uint64_t worker_now_ms(const struct worker *w);

/** Room for one packet in, with PROMPT_OPUS_MAX bytes to spare, and for one
 *  packet out: RTP_PACKET_MAX bytes. */
uint8_t *worker_packet_in(struct worker *w);
uint8_t *worker_packet_out(struct worker *w);

/** Room for the longest of these while it is encrypted. */
uint8_t *worker_packet_secure(struct worker *w);

/** Complexity for Opus that the worker has time for at present. */
unsigned worker_complexity(const struct worker *w);

/** Have stream_tick() called every 20 ms, or no longer. */
void worker_tick_set(struct worker *w, struct stream *s, bool on);

/** Gather what comes to a stream's RTP socket, or take it when it comes
 *  again, as at first. */
void worker_gather_set(struct worker *w, struct stream *s, bool on);

/** The monotonic time of a packet that the kernel stamped so. */
uint64_t worker_arrival_us(const struct worker *w,
                           const struct timespec *stamp);

/** Have stream_watch_check(), stream_fill_check() and stream_rtcp_check()
 *  called at this time at the latest. */
void worker_watch_at(struct worker *w, uint64_t due_ms);

#endif
