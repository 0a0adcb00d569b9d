#include "engine/freeswitch/esl_event.h"

#include <string.h>

#include "engine/freeswitch/esl_parse.h"

static const char *const names[ESL_EVENT_NAMES] = {
    [ESL_EVENT_UNKNOWN] = "",
    [ESL_BACKGROUND_JOB] = "BACKGROUND_JOB",
    [ESL_CHANNEL_ANSWER] = "CHANNEL_ANSWER",
    [ESL_CHANNEL_BRIDGE] = "CHANNEL_BRIDGE",
    [ESL_CHANNEL_HANGUP] = "CHANNEL_HANGUP",
    [ESL_CHANNEL_PARK] = "CHANNEL_PARK",
    [ESL_CHANNEL_PROGRESS] = "CHANNEL_PROGRESS",
    [ESL_CHANNEL_PROGRESS_MEDIA] = "CHANNEL_PROGRESS_MEDIA",
    [ESL_CUSTOM] = "CUSTOM",
    [ESL_DTMF] = "DTMF",
    [ESL_HEARTBEAT] = "HEARTBEAT",
    [ESL_MEDIA_BUG_STOP] = "MEDIA_BUG_STOP",
    [ESL_RECV_INFO] = "RECV_INFO",
    [ESL_UNPUBLISH] = "UNPUBLISH",
};

void esl_event_open(struct esl_event *ev, struct slice body)
{
    struct slice name;

    ev->text = body;
    ev->name = ESL_EVENT_UNKNOWN;
    name = esl_event_raw(ev, "Event-Name");
    for (int i = ESL_EVENT_UNKNOWN + 1; name.p && i < ESL_EVENT_NAMES; i++) {
        if (slice_is(name, names[i])) {
            ev->name = (enum esl_event_name)i;
            return;
        }
    }
}

const char *esl_event_name_text(enum esl_event_name name)
{
    return names[name];
}

struct slice esl_event_raw(const struct esl_event *ev, const char *header)
{
    return esl_header(ev->text, header, strlen(header));
}

bool esl_event_get(const struct esl_event *ev, const char *header, char *buf,
                   size_t size)
{
    struct slice raw = esl_event_raw(ev, header);

    buf[0] = '\0';
    return raw.p && esl_decode(raw, buf, size, NULL);
}

bool esl_event_is(const struct esl_event *ev, const char *header,
                  const char *value)
{
    struct slice raw = esl_event_raw(ev, header);

    return raw.p && slice_is(raw, value);
}

struct slice esl_event_body(const struct esl_event *ev)
{
    const struct slice none = {"", 0};
    struct slice length = esl_event_raw(ev, "Content-Length");
    const char *p;
    uint64_t n;
    size_t left;

    if (!length.p || slice_to_u64(length, 0, ESL_BODY_MAX, &n))
        return none;
    p = memmem(ev->text.p, ev->text.len, "\n\n", 2);
    if (!p)
        return none;
    p += 2;
    left = ev->text.len - (size_t)(p - ev->text.p);
    return n <= left ? (struct slice){p, (size_t)n} : none;
}

static int hex(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c = (char)(c | 0x20);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

bool esl_decode(struct slice value, char *out, size_t size, size_t *n)
{
    size_t k = 0;

    for (size_t i = 0; i < value.len; i++) {
        char c = value.p[i];

        if (c == '%' && i + 2 < value.len && hex(value.p[i + 1]) >= 0 &&
            hex(value.p[i + 2]) >= 0) {
            c = (char)(hex(value.p[i + 1]) * 16 + hex(value.p[i + 2]));
            i += 2;
        }
        if (k + 1 >= size || (!c && !n)) {
            out[0] = '\0';
            return false;
        }
        out[k++] = c;
    }
    out[k] = '\0';
    if (n)
        *n = k;
    return true;
}
