/**
 * Jigasi's messages: JSON in SIP INFO, both ways. What comes from outside is
 * parsed strictly into a typed message by one table; nothing else of it is
 * looked at.
 *
 * The extended dialect has messages that a stock Jigasi lacks; they count as
 * unknown unless it is on.
 */
#ifndef CALL_JIGASI_H
#define CALL_JIGASI_H

#include <stdbool.h>
#include <stddef.h>

enum {
    JIGASI_BODY_MAX = 4096,   /* bytes of a message */
    JIGASI_DEPTH_MAX = 8,     /* nesting of objects and arrays */
    JIGASI_ID_MAX = 64,       /* bytes of a message id */
    JIGASI_TEXT_MAX = 128,    /* bytes of a nickname or a password */
    JIGASI_MESSAGE_MAX = 512, /* bytes of a message that we write */
};

#define JIGASI_CONTENT_TYPE "application/json"

enum jigasi_type {
    /* from Jigasi */
    JIGASI_LOBBY_WAIT,    /* t 3: the caller is in the lobby */
    JIGASI_LOBBY_LEFT,    /* t 5 */
    JIGASI_LOBBY_ALLOWED, /* t 6: admitted, t 5 follows */
    JIGASI_LOBBY_REFUSED, /* t 7 */
    JIGASI_MODERATION,    /* t 8: on */
    JIGASI_APPROVED,      /* t 9: may unmute */
    JIGASI_DENIED,        /* t 10: may not unmute */
    JIGASI_VISITOR,       /* t 12: on = visitor, off = promoted */
    JIGASI_LIVE,          /* t 15: on = the meeting is live */
    JIGASI_ENDED,         /* t 12 without d, extended */
    JIGASI_HAND_LOWERED,  /* t 13, extended */
    JIGASI_RENAMED,       /* t 14, extended: text */
    /* both ways */
    JIGASI_HEARTBEAT,     /* t 11 */
    JIGASI_MUTE_REQUEST,  /* id, on = mute */
    JIGASI_MUTE_RESPONSE, /* id, ok, on = muted */
    /* to Jigasi */
    JIGASI_ROOM_ACCESS,    /* t 4: text = password */
    JIGASI_HAND_REQUEST,   /* id, on = raised; extended */
    JIGASI_RENAME_REQUEST, /* id, text = nickname; extended */
};

struct jigasi_message {
    enum jigasi_type type;
    bool on;
    bool ok;
    char id[JIGASI_ID_MAX + 1];
    char text[JIGASI_TEXT_MAX + 1]; /* without control characters */
};

/**
 * Parse a message from Jigasi.
 *
 * @param extended  Whether the extended dialect is on.
 * @return 0; E2BIG (longer or deeper than the bounds), EINVAL (no JSON
 * object, or a member twice), EPROTO (a member of the wrong type or
 * missing), ENOTSUP (a type that we do not know).
 */
int jigasi_parse(struct jigasi_message *m, const char *p, size_t len,
                 bool extended);

/**
 * Write a message to Jigasi as JSON.
 *
 * @param buf  JIGASI_MESSAGE_MAX bytes; not NUL-terminated.
 * @return bytes written, 0 when it cannot be (out of memory, id or text no
 * UTF-8, or too long).
 */
size_t jigasi_write(const struct jigasi_message *m, char *buf);

/** What an errno value of jigasi_parse() means, for a log line. */
const char *jigasi_fault(int err);

#endif
