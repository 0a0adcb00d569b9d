#include "call/note.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/slice.h"

/* Fields in their order; the first tells the layout's version. */
enum kind { KIND_TEXT, KIND_ESCAPED, KIND_NUMBER };

#define TEXT(key, member)                                                     \
    {                                                                         \
        key, KIND_TEXT, offsetof(struct note, member),                        \
            sizeof(((struct note *)0)->member)                                \
    }
#define ESCAPED(key, member)                                                  \
    {                                                                         \
        key, KIND_ESCAPED, offsetof(struct note, member),                     \
            sizeof(((struct note *)0)->member)                                \
    }
#define NUMBER(key, member)                                                   \
    {                                                                         \
        key, KIND_NUMBER, offsetof(struct note, member), 0                    \
    }

static const struct field {
    const char *key;
    enum kind kind;
    size_t offset;
    size_t size;
} fields[] = {
    TEXT("s", state),       TEXT("i", meeting_id),  ESCAPED("r", room.name),
    TEXT("d", room.domain), TEXT("p", password),    NUMBER("f", flags),
    NUMBER("c", counters),  TEXT("e", end),         TEXT("m", prompts[0]),
    TEXT("n", prompts[1]),  NUMBER("a", age_s),     NUMBER("b", bridged_s),
    NUMBER("t", step_ms),   NUMBER("x", access_ms), NUMBER("w", wait_s),
    NUMBER("l", limit_s),
};

enum { FIELDS = sizeof(fields) / sizeof(fields[0]) };

static const char version[] = "1";

static bool is_plain(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_';
}

struct out {
    char *p;
    size_t size;
    size_t n;
};

static void put(struct out *o, const char *text)
{
    int n = snprintf(o->p + o->n, o->size - o->n, "%s", text);

    o->n += (size_t)n;
    if (o->n >= o->size)
        o->n = o->size - 1;
}

static void put_escaped(struct out *o, const char *text)
{
    for (; *text; text++) {
        char one[4];

        if (is_plain(*text))
            snprintf(one, sizeof(one), "%c", *text);
        else
            snprintf(one, sizeof(one), "%%%02X", (unsigned char)*text);
        put(o, one);
    }
}

int note_write(const struct note *n, char *buf, size_t size)
{
    struct out o = {buf, size, 0};

    put(&o, "v=");
    put(&o, version);
    for (size_t i = 0; i < FIELDS; i++) {
        const char *at = (const char *)n + fields[i].offset;
        char number[16];

        put(&o, "&");
        put(&o, fields[i].key);
        put(&o, "=");
        if (fields[i].kind == KIND_NUMBER) {
            snprintf(number, sizeof(number), "%lu",
                     (unsigned long)*(const uint32_t *)(const void *)at);
            at = number;
        }
        put_escaped(&o, at);
    }
    if (o.n + 1 < size)
        return 0;
    buf[0] = '\0';
    return EOVERFLOW;
}

static int hex(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

static int text_read(char *out, size_t size, struct slice s, bool escaped)
{
    size_t n = 0;

    for (size_t i = 0; i < s.len; i++) {
        int c = s.p[i];

        if (c == '%' && escaped && i + 2 < s.len) {
            int high = hex(s.p[i + 1]), low = hex(s.p[i + 2]);

            c = high < 0 || low < 0 ? 0 : high * 16 + low;
            i += 2;
        } else if (!is_plain((char)c)) {
            return EINVAL;
        }
        if (!c || n + 1 >= size)
            return EINVAL;
        out[n++] = (char)c;
    }
    out[n] = '\0';
    return 0;
}

static int field_read(struct note *n, const struct field *f, struct slice s)
{
    char *at = (char *)n + f->offset;
    uint64_t number;

    if (f->kind != KIND_NUMBER)
        return text_read(at, f->size, s, f->kind == KIND_ESCAPED);
    if (slice_to_u64(s, 0, UINT32_MAX, &number))
        return EINVAL;
    *(uint32_t *)(void *)at = (uint32_t)number;
    return 0;
}

/* Take KEY=VALUE off the front of the text. */
static int pair_take(struct slice *value, const char **text, const char *key)
{
    size_t n = strlen(key);
    const char *p = *text, *end;

    if (strncmp(p, key, n) || p[n] != '=')
        return EINVAL;
    p += n + 1;
    end = strchr(p, '&');
    if (!end)
        end = p + strlen(p);
    *value = (struct slice){p, (size_t)(end - p)};
    *text = *end ? end + 1 : end;
    return 0;
}

static bool all_digits(const char *p)
{
    return p[strspn(p, "0123456789")] == '\0';
}

/* The room is Jigasi's header later: not believed, but parsed again. */
static int room_read(struct note *n)
{
    char dialled[sizeof(n->room)];
    const char *why;
    int len;

    if (!n->room.name[0])
        return n->room.domain[0] ? EINVAL : 0;
    len = snprintf(dialled, sizeof(dialled), "%s%s%s", n->room.name,
                   n->room.domain[0] ? "." : "", n->room.domain);
    if (len < 0 || (size_t)len >= sizeof(dialled))
        return EINVAL;
    return room_parse(&n->room, dialled, (size_t)len, &why);
}

int note_read(struct note *n, const char *text)
{
    struct slice value;
    int err;

    memset(n, 0, sizeof(*n));
    err = pair_take(&value, &text, "v");
    if (!err && !slice_is(value, version))
        err = EINVAL;
    for (size_t i = 0; !err && i < FIELDS; i++) {
        err = pair_take(&value, &text, fields[i].key);
        if (!err)
            err = field_read(n, &fields[i], value);
    }
    if (!err && (!all_digits(n->meeting_id) || !all_digits(n->password)))
        err = EINVAL;
    if (!err)
        err = room_read(n);
    if (err)
        memset(n, 0, sizeof(*n));
    return err ? EINVAL : 0;
}
