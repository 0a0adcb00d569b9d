#include "engine/freeswitch/esl_parse.h"

#include <errno.h>
#include <string.h>

static const struct {
    const char *name;
    enum esl_type type;
} types[] = {
    {"text/event-plain", ESL_EVENT_PLAIN},
    {"command/reply", ESL_COMMAND_REPLY},
    {"api/response", ESL_API_RESPONSE},
    {"auth/request", ESL_AUTH_REQUEST},
    {"text/disconnect-notice", ESL_DISCONNECT},
    {"text/rude-rejection", ESL_REJECTED},
};

static enum esl_type type_of(struct slice name)
{
    for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
        if (slice_is(name, types[i].name))
            return types[i].type;
    }
    return ESL_OTHER;
}

struct slice esl_header(struct slice head, const char *name, size_t name_len)
{
    const char *p = head.p, *end = head.p + head.len;

    while (p < end && *p != '\n') {
        size_t left = (size_t)(end - p);
        const char *line_end = memchr(p, '\n', left);

        if (!line_end)
            line_end = end;
        if ((size_t)(line_end - p) > name_len && p[name_len] == ':' &&
            p[0] == name[0] && !memcmp(p, name, name_len)) {
            p += name_len + 1;
            while (p < line_end && *p == ' ')
                p++;
            return (struct slice){p, (size_t)(line_end - p)};
        }
        p = line_end + 1;
    }
    return (struct slice){NULL, 0};
}

/* Length of the header lines with their line ends, 0 when the empty line is
   not there yet. */
static size_t head_length(const char *buf, size_t len)
{
    const char *end = memmem(buf, len, "\n\n", 2);

    return end ? (size_t)(end - buf) + 1 : 0;
}

int esl_frame_parse(struct esl_frame *f, const char *buf, size_t len,
                    size_t *used)
{
    size_t seen = len < ESL_HEAD_MAX ? len : ESL_HEAD_MAX;
    size_t head = head_length(buf, seen);
    uint64_t body = 0;
    struct slice value;
    int err;

    if (!head) {
        *used = len + 1;
        return seen == ESL_HEAD_MAX ? EMSGSIZE : EAGAIN;
    }
    f->head = (struct slice){buf, head};
    value = esl_header(f->head, "Content-Type", 12);
    if (!value.p)
        return EBADMSG;
    f->type = type_of(value);
    value = esl_header(f->head, "Content-Length", 14);
    err = value.p ? slice_to_u64(value, 0, ESL_BODY_MAX, &body) : 0;
    if (err)
        return err == ERANGE ? EMSGSIZE : EBADMSG;
    *used = head + 1 + (size_t)body;
    if (len < *used)
        return EAGAIN;
    f->body = (struct slice){buf + head + 1, (size_t)body};
    return 0;
}
