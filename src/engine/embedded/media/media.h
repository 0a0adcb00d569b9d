/**
 * Audio of the embedded engine: N worker threads, each with its own sockets,
 * epoll sets and clock. A stream is the audio of one leg and carries the
 * leg's number; the two legs of a call live on one worker.
 *
 * Every function may be called from any thread: it posts to the worker and
 * returns (media_stream_open() alone binds a socket first). A number that
 * names no stream is ignored. The handler is called on worker threads; it
 * must do no more than pass the report on.
 */
#ifndef ENGINE_EMBEDDED_MEDIA_MEDIA_H
#define ENGINE_EMBEDDED_MEDIA_MEDIA_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

#include "base/log.h"
#include "engine/engine.h"
#include "engine/sdp/session.h"

struct media;

enum media_report_type {
    MEDIA_KEY,    /* a key: key */
    MEDIA_PLAYED, /* a play command ended: tag, completed */
    MEDIA_SILENT, /* no RTP for the watched time */
    MEDIA_ALIVE,  /* RTP again after MEDIA_SILENT */
};

struct media_report {
    enum media_report_type type;
    engine_leg leg;
    char key; /* 0-9 * # A-D */
    uint32_t tag;
    bool completed;
};

typedef void media_report_h(const struct media_report *r, void *arg);

/** Ports of one side, [start, end]: RTP has the even ones, RTCP the next. */
struct media_ports {
    struct sockaddr_storage address; /* to bind; port ignored */
    uint16_t start;
    uint16_t end;
};

struct media_config {
    unsigned workers;            /* 0: one per core */
    struct media_ports ports[2]; /* by enum engine_side */
    unsigned opus_complexity;    /* 0 to 10, less while a worker is loaded */
    bool duck; /* prompts over a bridge: its audio is lowered, not replaced */
    const char *sounds_dir; /* holds LANG/8000/NAME.wav and 16000/ */
    const char *language;
    struct log *log;
    media_report_h *h;
    void *arg;
};

/**
 * Start the workers and load every prompt found, encoded per codec.
 * @return 0, ENOENT (no prompts; path logged) or another errno value.
 */
int media_alloc(struct media **mp, const struct media_config *mc);

/** Stop the workers, close all streams. */
void media_free(struct media *m);

/**
 * A number for a new leg, which no other has had. It tells the worker: that
 * of the peer, since both legs of a call live on one, and for a call's first
 * leg the worker with the fewest streams.
 *
 * @param peer  0: it is the first.
 */
engine_leg media_leg(struct media *m, engine_leg peer);

/**
 * Bind the sockets of a new stream: RTP, and RTCP one port above. It sends
 * nothing before it has a session.
 *
 * @param port  Set to the local port, for SDP.
 * @return 0, EAGAIN when no port is left, EEXIST, ENOMEM or another errno.
 */
int media_stream_open(struct media *m, engine_leg leg, enum engine_side side,
                      uint16_t *port);
void media_stream_close(struct media *m, engine_leg leg);

/** How the audio of a leg has been up to now. */
void media_stream_quality(struct media *m, engine_leg leg,
                          struct engine_quality *q);

/** Tell what was agreed, at the first answer and at every re-INVITE. */
void media_stream_session(struct media *m, engine_leg leg,
                          const struct media_session *s);

/** Report MEDIA_SILENT after this long without RTP, not while the far side
 *  said that it sends none, or holds the call; 0 = never. Once: to
 *  be told again of a far side that stays silent, ask again. */
void media_stream_watch(struct media *m, engine_leg leg, uint32_t ms);

/** As engine_play(): waits for the session, plays in the leg's codec. */
void media_play(struct media *m, engine_leg leg, const struct engine_play *p);
void media_play_stop(struct media *m, engine_leg leg);

/** Relay audio between two streams of one worker: as it comes where both have
 *  the same codec, else decoded (jitter buffer, concealment of loss) and
 *  encoded anew. A far side that would hear nothing for half a second is sent
 *  silence until there is audio again. */
void media_bridge(struct media *m, engine_leg a, engine_leg b);
void media_mute(struct media *m, engine_leg leg, bool on);

/** Send a key (0-9 * # A-D) to the far side as telephone-event, in place of
 *  audio, after those that wait. Logged where none was agreed on. */
void media_key(struct media *m, engine_leg leg, char key);

#endif
