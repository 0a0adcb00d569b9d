/**
 * Stands in for the media threads: notes what it is told, and tells what a
 * test wants told.
 */
#ifndef TESTS_FAKE_MEDIA_H
#define TESTS_FAKE_MEDIA_H

#include "engine/embedded/media/media.h"

enum { FAKE_STREAMS_MAX = 64 };

struct fake_stream {
    engine_leg leg;
    bool open;
    enum engine_side side;
    uint16_t port;
    unsigned sessions; /* times media_stream_session() was called */
    struct media_session session;
    uint32_t watch_ms;
    unsigned watches;
    unsigned plays, play_stops;
    struct engine_play play; /* texts not kept */
    engine_leg bridged;
    bool muted;
    struct engine_quality quality; /* to be told by media_stream_quality() */
};

/** The stream of a leg, closed ones too; NULL if there never was one. */
struct fake_stream *fake_media_stream(engine_leg leg);

/** The next stream that is opened gets no port. */
void fake_media_no_port(void);

/** Tell something as a media thread does. */
void fake_media_tell(enum media_report_type type, engine_leg leg, char key);
void fake_media_played(engine_leg leg, uint32_t tag, bool completed);

#endif
