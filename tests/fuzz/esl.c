/* Frames, events and encoded values from an event socket. */
#include <errno.h>
#include <string.h>

#include "engine/freeswitch/esl_command.h"
#include "engine/freeswitch/esl_event.h"
#include "engine/freeswitch/esl_parse.h"
#include "fuzz.h"

enum { CUTS = 64 }; /* places where a frame is cut, besides its beginning */

static bool within(struct slice s, const char *buf, size_t len)
{
    return s.p >= buf && s.len <= len && s.p + s.len <= buf + len;
}

/* What is decoded is no longer than it was, and stays the same when it is
   encoded and decoded again. */
static void check_value(struct slice raw)
{
    char *out = malloc(raw.len + 1), *code = malloc(3 * raw.len + 2), *again;
    size_t n = 0, m = 0;
    char small[4];

    if (!out || !code)
        abort();
    PROMISE(esl_decode(raw, out, raw.len + 1, &n));
    PROMISE(n <= raw.len && out[n] == '\0');
    PROMISE(esl_encode(out, n, code, 3 * n + 2) == 0);
    again = malloc(n + 1);
    if (!again)
        abort();
    PROMISE(esl_decode(slice_of(code), again, n + 1, &m));
    PROMISE(m == n && !memcmp(again, out, n));
    if (!esl_decode(raw, small, sizeof(small), NULL))
        PROMISE(small[0] == '\0');
    PROMISE(strlen(small) < sizeof(small));
    free(out);
    free(code);
    free(again);
}

static void check_event(struct slice body)
{
    static const char *const headers[] = {
        "Event-Name",  "Event-Sequence",  "Unique-ID",
        "Job-UUID",    "Content-Length",  "variable_jigate_source",
        "Event-Name ", "SIP-Content-Type"};
    struct esl_event ev;
    struct slice own;

    esl_event_open(&ev, body);
    PROMISE(ev.name < ESL_EVENT_NAMES);
    for (size_t i = 0; i < sizeof(headers) / sizeof(headers[0]); i++) {
        struct slice raw = esl_event_raw(&ev, headers[i]);

        if (!raw.p)
            continue;
        PROMISE(within(raw, body.p, body.len));
        PROMISE(!memchr(raw.p, '\n', raw.len));
        check_value(raw);
    }
    own = esl_event_body(&ev);
    PROMISE(!own.len || within(own, body.p, body.len));
    if (own.len) { /* an event within an event is only a body */
        struct esl_event inner;

        esl_event_open(&inner, own);
    }
}

/* A frame that is whole is not whole one byte earlier. */
static void check_cuts(const char *p, size_t frame)
{
    struct esl_frame f;
    size_t step = frame / CUTS + 1, want;

    for (size_t n = 0; n < frame; n += n < CUTS ? 1 : step) {
        PROMISE(esl_frame_parse(&f, p, n, &want) == EAGAIN);
        PROMISE(want > n && want <= frame);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    const char *p = (const char *)data;
    size_t at = 0, used;
    struct esl_frame f;
    int err;

    while (!(err = esl_frame_parse(&f, p + at, len - at, &used))) {
        PROMISE(used > 0 && used <= len - at);
        PROMISE(f.type <= ESL_OTHER);
        PROMISE(within(f.head, p + at, used) && f.head.len <= ESL_HEAD_MAX);
        PROMISE(within(f.body, p + at, used) && f.body.len <= ESL_BODY_MAX);
        PROMISE(f.body.p + f.body.len == p + at + used);
        check_cuts(p + at, used);
        check_event(f.body);
        at += used;
    }
    PROMISE(err == EAGAIN || err == EBADMSG || err == EMSGSIZE);
    if (err == EAGAIN)
        PROMISE(used > len - at &&
                used <= ESL_HEAD_MAX + 1 + (size_t)ESL_BODY_MAX);
    check_event((struct slice){p, len});
    return 0;
}
