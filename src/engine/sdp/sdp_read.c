#include "engine/sdp/sdp_read.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <strings.h>

#include "base/address.h"

/* Cut the next line off the text; the end is CRLF or LF (RFC 4566 section
   5 wants the latter taken, too). */
static bool next_line(struct slice *text, struct slice *line)
{
    const char *end;

    if (!text->len)
        return false;
    end = memchr(text->p, '\n', text->len);
    line->p = text->p;
    line->len = end ? (size_t)(end - text->p) : text->len;
    text->p += end ? line->len + 1 : line->len;
    text->len -= end ? line->len + 1 : line->len;
    if (line->len && line->p[line->len - 1] == '\r')
        line->len--;
    return true;
}

/* Cut the next word off, words being separated by blanks; empty at the
   end. */
static struct slice next_word(struct slice *text)
{
    struct slice word;

    while (text->len && *text->p == ' ') {
        text->p++;
        text->len--;
    }
    word = (struct slice){text->p, 0};
    while (text->len && *text->p != ' ') {
        text->p++;
        text->len--;
        word.len++;
    }
    return word;
}

/* token of RFC 4566 section 9, and the slash that joins them in proto. */
static bool is_token(struct slice s, size_t size)
{
    if (!s.len || s.len >= size)
        return false;
    for (size_t i = 0; i < s.len; i++) {
        char c = s.p[i];

        if (c <= ' ' || c >= 0x7f || memchr("\"(),:;<=>?@[\\]", c, 14))
            return false;
    }
    return true;
}

static int read_media(struct sdp_section *s, struct slice value)
{
    struct slice ports;
    uint64_t port;

    s->media = next_word(&value);
    ports = next_word(&value);
    s->proto = next_word(&value);
    s->formats = value;
    s->format = next_word(&value);
    if (!is_token(s->media, sizeof(((struct sdp_line *)0)->media)) ||
        !is_token(s->proto, sizeof(((struct sdp_line *)0)->proto)) ||
        !is_token(s->format, sizeof(((struct sdp_line *)0)->format)) ||
        slice_to_u64(slice_split(&ports, '/'), 0, UINT16_MAX, &port))
        return EBADMSG;
    s->port = (uint16_t)port;
    return 0;
}

static const struct {
    const char *name;
    enum sdp_direction direction;
} directions[] = {
    {"sendrecv", SDP_SENDRECV},
    {"sendonly", SDP_SENDONLY},
    {"recvonly", SDP_RECVONLY},
    {"inactive", SDP_INACTIVE},
};

/* What sections inherit from the session and may say anew. */
static void read_common(struct sdp_section *s, char type, struct slice value)
{
    if (type == 'c') {
        s->connection = value;
        return;
    }
    if (type != 'a')
        return;
    for (size_t i = 0; i < sizeof(directions) / sizeof(*directions); i++)
        if (slice_is_nocase(value, directions[i].name))
            s->direction = directions[i].direction;
}

/* One line "x=value" into the description. */
static int read_line(struct sdp_description *d, struct sdp_section *session,
                     struct slice line, const char *next)
{
    struct slice value = {line.p + 2, line.len - 2};
    struct sdp_section *s;
    char type = line.p[0];

    if (type == 'm') {
        if (d->n == SDP_LINES_MAX)
            return EBADMSG;
        s = &d->section[d->n++];
        *s = *session;
        s->lines = (struct slice){next, 0};
        return read_media(s, value);
    }
    s = d->n ? &d->section[d->n - 1] : session;
    if (d->n)
        s->lines.len = (size_t)(next - s->lines.p);
    read_common(s, type, value);
    return 0;
}

int sdp_read(struct sdp_description *d, const char *body, size_t len)
{
    struct slice text = {body, len};
    struct slice line;
    struct sdp_section session = {.direction = SDP_SENDRECV};

    d->n = 0;
    if (len > SDP_BODY_MAX || (len && memchr(body, '\0', len)) ||
        !next_line(&text, &line) || !slice_is(line, "v=0"))
        return EBADMSG;
    while (next_line(&text, &line)) {
        int err;

        if (!line.len) /* phones that end with an empty line */
            continue;
        if (line.len < 2 || line.p[1] != '=' || line.p[0] < 'a' ||
            line.p[0] > 'z')
            return EBADMSG;
        err = read_line(d, &session, line, text.p);
        if (err)
            return err;
    }
    return 0;
}

static const struct sdp_format formats_static[] = {
    {0, {"PCMU", 4}, 8000, {NULL, 0}},
    {3, {"GSM", 3}, 8000, {NULL, 0}},
    {8, {"PCMA", 4}, 8000, {NULL, 0}},
    {9, {"G722", 4}, 8000, {NULL, 0}},
};

static struct sdp_format *find_format(struct sdp_formats *f, uint64_t pt)
{
    for (size_t i = 0; i < f->n; i++)
        if (f->format[i].pt == pt)
            return &f->format[i];
    return NULL;
}

static void read_list(struct sdp_formats *f, struct slice list)
{
    struct slice word;
    uint64_t pt;

    while (word = next_word(&list), word.len && f->n < SDP_FORMATS_MAX) {
        struct sdp_format *format = &f->format[f->n];

        if (slice_to_u64(word, 0, 127, &pt) || find_format(f, pt))
            continue;
        *format = (struct sdp_format){.pt = (uint8_t)pt};
        for (size_t i = 0;
             i < sizeof(formats_static) / sizeof(*formats_static); i++)
            if (formats_static[i].pt == pt)
                *format = formats_static[i];
        f->n++;
    }
}

/* "111 opus/48000/2" */
static void read_rtpmap(struct sdp_formats *f, struct slice value)
{
    struct sdp_format *format;
    struct slice name;
    uint64_t pt, rate;

    if (slice_to_u64(next_word(&value), 0, 127, &pt))
        return;
    format = find_format(f, pt);
    value = next_word(&value);
    name = slice_split(&value, '/');
    if (!format || !name.len ||
        slice_to_u64(slice_split(&value, '/'), 1, UINT32_MAX, &rate))
        return;
    format->name = name;
    format->rate = (uint32_t)rate;
}

/* "111 useinbandfec=1; stereo=0" */
static void read_fmtp(struct sdp_formats *f, struct slice value)
{
    struct sdp_format *format;
    uint64_t pt;

    if (slice_to_u64(next_word(&value), 0, 127, &pt))
        return;
    format = find_format(f, pt);
    if (format)
        format->fmtp = value;
}

static struct slice trimmed(struct slice s)
{
    while (s.len && (s.p[0] == ' ' || s.p[0] == '\t'))
        s = (struct slice){s.p + 1, s.len - 1};
    while (s.len && (s.p[s.len - 1] == ' ' || s.p[s.len - 1] == '\t'))
        s.len--;
    return s;
}

struct slice sdp_fmtp_value(struct slice fmtp, const char *name)
{
    while (fmtp.len) {
        struct slice value = slice_split(&fmtp, ';');
        struct slice key = slice_split(&value, '=');

        if (slice_is_nocase(trimmed(key), name))
            return trimmed(value);
    }
    return (struct slice){"", 0};
}

static void read_ms(unsigned *ms, struct slice value)
{
    uint64_t v;
    struct slice word = next_word(&value);

    if (!slice_to_u64(slice_split(&word, '.'), 1, 1000, &v))
        *ms = (unsigned)v;
}

/* Cut the next "a=name:value" off the lines; value is empty without a colon.
 */
static bool next_attribute(struct slice *lines, struct slice *name,
                           struct slice *value)
{
    while (next_line(lines, value)) {
        if (value->len < 2 || value->p[0] != 'a')
            continue;
        value->p += 2;
        value->len -= 2;
        *name = slice_split(value, ':');
        return true;
    }
    return false;
}

void sdp_read_formats(struct sdp_formats *f, const struct sdp_section *s)
{
    struct slice lines = s->lines;
    struct slice name, value;

    f->n = 0;
    f->ptime_ms = 0;
    f->maxptime_ms = 0;
    read_list(f, s->formats);
    while (next_attribute(&lines, &name, &value)) {
        if (slice_is_nocase(name, "rtpmap"))
            read_rtpmap(f, value);
        else if (slice_is_nocase(name, "fmtp"))
            read_fmtp(f, value);
        else if (slice_is_nocase(name, "ptime"))
            read_ms(&f->ptime_ms, value);
        else if (slice_is_nocase(name, "maxptime"))
            read_ms(&f->maxptime_ms, value);
    }
}

int sdp_read_crypto(struct sdes_line *l, const struct sdp_section *s)
{
    struct slice lines = s->lines;
    struct slice name, value;
    int err = ENOENT;

    while (err && next_attribute(&lines, &name, &value)) {
        if (slice_is_nocase(name, "crypto"))
            err = sdes_read(l, value) ? ENOTSUP : 0;
    }
    return err;
}

static sa_family_t family_of(struct slice type)
{
    if (slice_is_nocase(type, "IP4"))
        return AF_INET;
    return slice_is_nocase(type, "IP6") ? AF_INET6 : AF_UNSPEC;
}

/* "IN IP4 192.0.2.1" with a port beside it. */
static int read_connection(struct sockaddr_storage *sa, struct slice rest,
                           uint16_t port)
{
    struct slice net = next_word(&rest);
    struct slice type = next_word(&rest);
    char ip[ADDRESS_IP_SIZE];

    if (!slice_is_nocase(net, "IN") ||
        slice_copy(next_word(&rest), ip, sizeof(ip)) ||
        address_read(sa, ip, port) || sa->ss_family != family_of(type) ||
        address_is_group(sa))
        return EINVAL;
    return 0;
}

int sdp_read_address(struct sockaddr_storage *sa, const struct sdp_section *s)
{
    return read_connection(sa, s->connection, s->port);
}

/* "53020", or "53020 IN IP4 192.0.2.1" */
static void read_rtcp(struct sockaddr_storage *sa, struct slice value,
                      struct slice connection)
{
    uint64_t port;

    if (slice_to_u64(next_word(&value), 1, UINT16_MAX, &port))
        return;
    if (read_connection(sa, value.len ? value : connection, (uint16_t)port))
        memset(sa, 0, sizeof(*sa));
}

void sdp_read_rtcp(struct sockaddr_storage *sa, bool *mux,
                   const struct sdp_section *s)
{
    struct slice lines = s->lines;
    struct slice name, value;

    memset(sa, 0, sizeof(*sa));
    *mux = false;
    while (next_attribute(&lines, &name, &value)) {
        if (slice_is_nocase(name, "rtcp-mux"))
            *mux = true;
        else if (slice_is_nocase(name, "rtcp"))
            read_rtcp(sa, value, s->connection);
    }
}
