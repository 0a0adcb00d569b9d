/**
 * Frames of FreeSWITCH's event socket (mod_event_socket): header lines, an
 * empty line, then as many bytes as Content-Length says. Frames are parsed
 * where they lie; nothing is copied or allocated.
 */
#ifndef ENGINE_FREESWITCH_ESL_PARSE_H
#define ENGINE_FREESWITCH_ESL_PARSE_H

#include <stddef.h>

#include "base/slice.h"

enum {
    ESL_HEAD_MAX = 8192,     /* bytes of a frame's header lines */
    ESL_BODY_MAX = 16 << 20, /* bytes of its body */
};

/** What a frame is, by its Content-Type. */
enum esl_type {
    ESL_AUTH_REQUEST,  /* the server asks for the password */
    ESL_COMMAND_REPLY, /* the answer to a command, in Reply-Text */
    ESL_API_RESPONSE,  /* the answer to an api command, in the body */
    ESL_EVENT_PLAIN,   /* the body is an event, see esl_event.h */
    ESL_DISCONNECT,    /* the server closes the connection */
    ESL_REJECTED,      /* refused by the server's access list */
    ESL_OTHER,         /* anything else: to be skipped */
};

struct esl_frame {
    enum esl_type type;
    struct slice head; /* header lines, each with its line end */
    struct slice body;
};

/**
 * Parse the frame at the beginning of a buffer.
 *
 * @param f     Filled in with slices of the buffer.
 * @param used  Set to the frame's length; where more bytes are needed, to
 *              how many there must be before it is worth trying again.
 * @return 0, EAGAIN (more bytes are needed), EBADMSG (not a frame) or
 * EMSGSIZE (longer than the bounds above).
 */
int esl_frame_parse(struct esl_frame *f, const char *buf, size_t len,
                    size_t *used);

/**
 * Find a header by its exact name, up to the first empty line.
 * @return its value, without blanks before it, or a slice with p NULL.
 */
struct slice esl_header(struct slice head, const char *name, size_t name_len);

#endif
