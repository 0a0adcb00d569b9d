/**
 * Events in the plain format of the event socket: header lines whose values
 * are percent-encoded, an empty line, and the event's own body where there
 * is one. Looked up on demand; nothing is copied until it is decoded.
 */
#ifndef ENGINE_FREESWITCH_ESL_EVENT_H
#define ENGINE_FREESWITCH_ESL_EVENT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/slice.h"

/** Names that the engine subscribes to. */
enum esl_event_name {
    ESL_EVENT_UNKNOWN,
    ESL_BACKGROUND_JOB,
    ESL_CHANNEL_ANSWER,
    ESL_CHANNEL_BRIDGE,
    ESL_CHANNEL_HANGUP,
    ESL_CHANNEL_PARK,
    ESL_CHANNEL_PROGRESS,
    ESL_CHANNEL_PROGRESS_MEDIA,
    ESL_CUSTOM,
    ESL_DTMF,
    ESL_HEARTBEAT,
    ESL_MEDIA_BUG_STOP,
    ESL_RECV_INFO,
    ESL_UNPUBLISH, /* a profile has ended */
    ESL_EVENT_NAMES,
};

struct esl_event {
    enum esl_event_name name;
    struct slice text; /* the body of a text/event-plain frame */
};

/** Take the body of a frame for an event. */
void esl_event_open(struct esl_event *ev, struct slice body);

/** Name as FreeSWITCH writes it, "" for ESL_EVENT_UNKNOWN. */
const char *esl_event_name_text(enum esl_event_name name);

/** A header's value as it was sent, percent-encoded; p NULL without one. */
struct slice esl_event_raw(const struct esl_event *ev, const char *header);

/**
 * A header's value decoded into a NUL-terminated buffer.
 * @return true when the header is there and fits; else the buffer is "".
 */
bool esl_event_get(const struct esl_event *ev, const char *header, char *buf,
                   size_t size);

/** Whether a header is there with exactly this value (nothing encoded). */
bool esl_event_is(const struct esl_event *ev, const char *header,
                  const char *value);

/** The event's own body, as its Content-Length tells; empty without one. */
struct slice esl_event_body(const struct esl_event *ev);

/**
 * Decode %XX. A percent sign that begins none stands for itself.
 *
 * @param out   NUL-terminated.
 * @param n     Set to the bytes written, for values that may hold NUL; may
 *              be NULL: then a value with a NUL byte does not decode.
 * @return whether it fits (else out is "").
 */
bool esl_decode(struct slice value, char *out, size_t size, size_t *n);

#endif
