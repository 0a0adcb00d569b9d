#include "engine/embedded/contact_uri.h"

#include <string.h>
#include <strings.h>

struct parts {
    struct slice scheme;
    struct slice user; /* with password; empty when there is none */
    struct slice host; /* with port */
    struct slice params;
};

static struct parts take_apart(struct slice uri)
{
    struct parts p = {0};

    p.scheme = slice_split(&uri, ':');
    if (uri.len && memchr(uri.p, '@', uri.len))
        p.user = slice_split(&uri, '@');
    p.host = slice_split(&uri, ';');
    p.params = uri;
    return p;
}

static bool is_printable(struct slice s)
{
    for (size_t i = 0; i < s.len; i++)
        if (s.p[i] <= ' ' || s.p[i] >= 0x7f ||
            memchr("<>\"\\?`{}|^", s.p[i], 10))
            return false;
    return true;
}

static bool is_host_character(char c, bool v6)
{
    return (c >= '0' && c <= '9') ||
           ((c | 0x20) >= 'a' && (c | 0x20) <= 'z') || c == '.' ||
           (v6 ? c == ':' : c == '-' || c == '_');
}

static bool check_host(struct slice host)
{
    bool v6 = host.len && host.p[0] == '[';
    struct slice port = host;
    struct slice name;
    uint64_t v;

    if (v6) {
        if (!memchr(host.p, ']', host.len))
            return false;
        port.p++;
        port.len--;
        name = slice_split(&port, ']');
        if (port.len && port.p[0] != ':')
            return false;
    } else {
        name = slice_split(&port, ':');
        if (name.len < host.len) { /* what follows begins at the colon */
            port.p--;
            port.len++;
        }
    }
    for (size_t i = 0; i < name.len; i++)
        if (!is_host_character(name.p[i], v6))
            return false;
    if (!name.len)
        return false;
    if (!port.len)
        return true;
    port.p++;
    port.len--;
    return slice_to_u64(port, 1, UINT16_MAX, &v) == 0;
}

bool contact_uri_check(struct slice uri)
{
    struct parts p = take_apart(uri);

    return is_printable(uri) &&
           (slice_is_nocase(p.scheme, "sip") ||
            slice_is_nocase(p.scheme, "sips")) &&
           check_host(p.host) &&
           !(p.params.len && memchr(p.params.p, '@', p.params.len));
}

static bool same_nocase(struct slice a, struct slice b)
{
    return a.len == b.len && (!a.len || !strncasecmp(a.p, b.p, a.len));
}

static bool find_param(struct slice params, struct slice name,
                       struct slice *value)
{
    while (params.len) {
        struct slice param = slice_split(&params, ';');

        if (same_nocase(slice_split(&param, '='), name)) {
            *value = param;
            return true;
        }
    }
    return false;
}

/* Parameters that differ from their absence; all others count only where
   both URIs have them. */
static bool is_telling(struct slice name)
{
    static const char *const telling[] = {"transport", "user", "ttl", "method",
                                          "maddr"};

    for (size_t i = 0; i < sizeof(telling) / sizeof(*telling); i++)
        if (slice_is_nocase(name, telling[i]))
            return true;
    return false;
}

static bool params_agree(struct slice a, struct slice b)
{
    while (a.len) {
        struct slice value = slice_split(&a, ';');
        struct slice name = slice_split(&value, '=');
        struct slice other;

        if (find_param(b, name, &other) ? !same_nocase(value, other)
                                        : is_telling(name))
            return false;
    }
    return true;
}

bool contact_uri_same(struct slice a, struct slice b)
{
    struct parts pa = take_apart(a);
    struct parts pb = take_apart(b);

    /* a parameter given twice does not agree with itself */
    if (a.len == b.len && memcmp(a.p, b.p, a.len) == 0)
        return true;
    return same_nocase(pa.scheme, pb.scheme) && pa.user.len == pb.user.len &&
           (!pa.user.len || memcmp(pa.user.p, pb.user.p, pa.user.len) == 0) &&
           same_nocase(pa.host, pb.host) &&
           params_agree(pa.params, pb.params) &&
           params_agree(pb.params, pa.params);
}
