#include "call/jigasi.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include <jansson.h>

#include "base/slice.h"
#include "base/utf8.h"

/* jansson recurses as deep as its own bound of 2048; ours comes first. */
static bool too_deep(const char *p, size_t len)
{
    bool text = false;
    int depth = 0;

    for (size_t i = 0; i < len; i++) {
        if (text) {
            if (p[i] == '\\')
                i++;
            else if (p[i] == '"')
                text = false;
        } else if (p[i] == '"') {
            text = true;
        } else if (p[i] == '{' || p[i] == '[') {
            if (++depth > JIGASI_DEPTH_MAX)
                return true;
        } else if (p[i] == '}' || p[i] == ']') {
            depth--;
        }
    }
    return false;
}

/* What a message carries beside its type: 0 or EPROTO. */
typedef int payload_h(struct jigasi_message *m, const json_t *o);

static int flag_get(bool *out, const json_t *v)
{
    if (!json_is_boolean(v))
        return EPROTO;
    *out = json_is_true(v);
    return 0;
}

static int text_get(char *out, size_t size, const json_t *v)
{
    if (!json_is_string(v))
        return EPROTO;
    return slice_copy(
               (struct slice){json_string_value(v), json_string_length(v)},
               out, size)
               ? EPROTO
               : 0;
}

static int none_get(struct jigasi_message *m, const json_t *o)
{
    return 0;
}

static int no_d_get(struct jigasi_message *m, const json_t *o)
{
    return json_object_get(o, "d") ? EPROTO : 0;
}

static int d_flag_get(struct jigasi_message *m, const json_t *o)
{
    return flag_get(&m->on, json_object_get(o, "d"));
}

static int d_text_get(struct jigasi_message *m, const json_t *o)
{
    const json_t *v = json_object_get(o, "d");

    if (!json_is_string(v))
        return EPROTO;
    utf8_clean(json_string_value(v), json_string_length(v), m->text,
               sizeof(m->text));
    return m->text[0] ? 0 : EPROTO;
}

static int audio_get(struct jigasi_message *m, const json_t *o)
{
    int err = text_get(m->id, sizeof(m->id), json_object_get(o, "id"));

    if (err)
        return err;
    return flag_get(&m->on,
                    json_object_get(json_object_get(o, "data"), "audio"));
}

static int reply_get(struct jigasi_message *m, const json_t *o)
{
    const json_t *status = json_object_get(o, "status");

    if (!json_is_string(status))
        return EPROTO;
    m->ok = !strcasecmp(json_string_value(status), "OK");
    return audio_get(m, o);
}

/* Every message from Jigasi. Of rows with one number the first that has the
 * right payload counts. */
static const struct row {
    int t;            /* numeric type, or 0 … */
    const char *name; /* … and the textual one */
    bool extended;
    payload_h *get; /* what it carries beside its type */
    enum jigasi_type type;
} rows[] = {
    {3, NULL, false, none_get, JIGASI_LOBBY_WAIT},
    {5, NULL, false, none_get, JIGASI_LOBBY_LEFT},
    {6, NULL, false, none_get, JIGASI_LOBBY_ALLOWED},
    {7, NULL, false, none_get, JIGASI_LOBBY_REFUSED},
    {8, NULL, false, d_flag_get, JIGASI_MODERATION},
    {9, NULL, false, none_get, JIGASI_APPROVED},
    {10, NULL, false, none_get, JIGASI_DENIED},
    {11, NULL, false, none_get, JIGASI_HEARTBEAT},
    {12, NULL, false, d_flag_get, JIGASI_VISITOR},
    {12, NULL, true, no_d_get, JIGASI_ENDED},
    {13, NULL, true, none_get, JIGASI_HAND_LOWERED},
    {14, NULL, true, d_text_get, JIGASI_RENAMED},
    {15, NULL, false, d_flag_get, JIGASI_LIVE},
    {0, "muteRequest", false, audio_get, JIGASI_MUTE_REQUEST},
    {0, "muteResponse", false, reply_get, JIGASI_MUTE_RESPONSE},
};

static bool row_is(const struct row *r, const json_t *t, const json_t *name)
{
    if (t)
        return r->t && json_integer_value(t) == r->t;
    return r->name && !strcmp(json_string_value(name), r->name);
}

static int object_parse(struct jigasi_message *m, const json_t *o,
                        bool extended)
{
    const json_t *i = json_object_get(o, "i"), *t = json_object_get(o, "t");
    const json_t *name = json_object_get(o, "type");
    int err = ENOTSUP;

    if ((i && !json_is_integer(i)) || (t && !json_is_integer(t)) ||
        (!t && !json_is_string(name)))
        return EPROTO;
    for (size_t k = 0; k < sizeof(rows) / sizeof(rows[0]); k++) {
        if (!row_is(&rows[k], t, name) || (rows[k].extended && !extended))
            continue;
        memset(m, 0, sizeof(*m));
        m->type = rows[k].type;
        err = rows[k].get(m, o);
        if (!err)
            return 0;
    }
    return err;
}

int jigasi_parse(struct jigasi_message *m, const char *p, size_t len,
                 bool extended)
{
    json_t *root;
    int err;

    memset(m, 0, sizeof(*m));
    if (len > JIGASI_BODY_MAX || too_deep(p, len))
        return E2BIG;
    root = json_loadb(p, len, JSON_REJECT_DUPLICATES, NULL);
    if (!json_is_object(root)) {
        json_decref(root);
        return EINVAL;
    }
    err = object_parse(m, root, extended);
    json_decref(root);
    return err;
}

const char *jigasi_fault(int err)
{
    static const struct {
        int err;
        const char *text;
    } faults[] = {
        {E2BIG, "too long or too deep"},
        {EINVAL, "not a JSON object"},
        {EPROTO, "a member is missing or has the wrong type"},
        {ENOTSUP, "unknown type"},
    };

    for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++) {
        if (faults[i].err == err)
            return faults[i].text;
    }
    return "not usable";
}

static json_t *message_pack(const struct jigasi_message *m)
{
    switch (m->type) {
    case JIGASI_HEARTBEAT:
        return json_pack("{s:i}", "t", 11);
    case JIGASI_ROOM_ACCESS:
        return json_pack("{s:i,s:{s:s}}", "t", 4, "d", "pwd", m->text);
    case JIGASI_MUTE_REQUEST:
        return json_pack("{s:s,s:s,s:{s:b}}", "id", m->id, "type",
                         "muteRequest", "data", "audio", m->on);
    case JIGASI_MUTE_RESPONSE:
        return json_pack("{s:s,s:s,s:s,s:{s:b}}", "id", m->id, "type",
                         "muteResponse", "status", m->ok ? "OK" : "FAILED",
                         "data", "audio", m->on);
    case JIGASI_HAND_REQUEST:
        return json_pack("{s:s,s:s,s:s,s:{s:b}}", "id", m->id, "type",
                         "handRequest", "status", "OK", "data", "handRaised",
                         m->on);
    case JIGASI_RENAME_REQUEST:
        return json_pack("{s:s,s:s,s:s,s:{s:s}}", "id", m->id, "type",
                         "renameRequest", "status", "OK", "data", "nickname",
                         m->text);
    default:
        return NULL;
    }
}

size_t jigasi_write(const struct jigasi_message *m, char *buf)
{
    json_t *root = message_pack(m);
    size_t n;

    if (!root)
        return 0;
    n = json_dumpb(root, buf, JIGASI_MESSAGE_MAX, JSON_COMPACT);
    json_decref(root);
    return n <= JIGASI_MESSAGE_MAX ? n : 0;
}
