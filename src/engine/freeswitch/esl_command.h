/**
 * The one place where text for the event socket is made. Everything that may
 * come from outside (names, rooms, addresses, notes) goes through here, and
 * leaves as a word of harmless characters, as an encoded value, or as a body
 * with a length; what cannot be written so is refused.
 */
#ifndef ENGINE_FREESWITCH_ESL_COMMAND_H
#define ENGINE_FREESWITCH_ESL_COMMAND_H

#include <stdbool.h>
#include <stddef.h>

#include "base/slice.h"
#include "engine/engine.h"

enum {
    ESL_COMMAND_MAX = 32768, /* bytes of a command */
    ESL_UUID_MAX = 64,       /* bytes of a channel's UUID, with NUL */
};

/** A command under construction; private to esl_command_*(). */
struct esl_command {
    char text[ESL_COMMAND_MAX];
    size_t len;
    bool bad; /* too long, or something could not be written safely */
};

/** "auth": a password with a line break is refused. */
int esl_command_auth(struct esl_command *c, const char *password);

/** Subscribe to the events of esl_event.h and to these subclasses. */
int esl_command_events(struct esl_command *c, const char *const *subclasses,
                       size_t n);

/**
 * Join words by blanks. A word may hold letters, digits and
 * "-_.:/+@%=~&()[]*;,!?" only, so that no parser takes it for anything else.
 * @return 0, EINVAL (not a word), or EOVERFLOW; then line is "".
 */
int esl_line(char *line, size_t size, const char *const *words, size_t n);

/** "bgapi" of a line from esl_line(); the answer comes as BACKGROUND_JOB
 *  with this id. */
int esl_command_bgapi(struct esl_command *c, const char *job,
                      const char *line);

/** "sendmsg": let a channel execute an application; arg goes as the body, so
 *  that its bytes are read as nothing else (a line break is refused, for
 *  applications print it). Expansion of ${} there is off by the channel's
 *  variable app_disable_expand_variables. */
int esl_command_execute(struct esl_command *c, const char *uuid,
                        const char *app, const char *arg, const char *id);

/** "sendevent SEND_INFO": an INFO within the dialog of a Call-ID; the body is
 *  sent byte for byte. */
int esl_command_info(struct esl_command *c, const char *profile,
                     const char *call_id, const char *type, const char *body,
                     size_t len);

struct esl_variable {
    const char *name;
    const char *value;
};

/** A call to one address, that parks when it is answered. */
struct esl_originate {
    const struct esl_variable *variables;
    size_t n_variables;
    const struct engine_header *headers; /* SIP headers of the INVITE */
    size_t n_headers;
    const char *profile; /* NULL: through the gateway "trunk" */
    const char *uri;     /* of the contact, with fs_path where it has one; of
                            the trunk a number: "+", digits, "*" */
};

/**
 * "bgapi originate". Values pass three parsers in FreeSWITCH (arguments by
 * blanks, variables by commas, name and value by "="), each of which takes
 * quotes and backslashes: they are escaped for each in turn. Braces, control
 * characters and ":_:" have no escape and are refused.
 */
int esl_command_originate(struct esl_command *c, const char *job,
                          const struct esl_originate *o);

/** Percent-encode all but letters, digits, "-", "_" and ".".
 *  @return 0, or EOVERFLOW (out is ""). */
int esl_encode(const char *text, size_t len, char *out, size_t size);

/** Whether a text is made of the characters of a word, and not empty. */
bool esl_is_word(const char *text);

#endif
