#include "engine/embedded/digest.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

static const struct {
    const char *name;
    size_t member;
    size_t max;
} params_known[] = {
    {"username", offsetof(struct digest_credentials, username),
     DIGEST_VALUE_MAX},
    {"realm", offsetof(struct digest_credentials, realm), DIGEST_VALUE_MAX},
    {"nonce", offsetof(struct digest_credentials, nonce), DIGEST_VALUE_MAX},
    {"uri", offsetof(struct digest_credentials, uri), DIGEST_URI_MAX},
    {"response", offsetof(struct digest_credentials, response),
     DIGEST_VALUE_MAX},
    {"algorithm", offsetof(struct digest_credentials, algorithm),
     DIGEST_VALUE_MAX},
    {"cnonce", offsetof(struct digest_credentials, cnonce), DIGEST_VALUE_MAX},
    {"qop", offsetof(struct digest_credentials, qop), DIGEST_VALUE_MAX},
    {"nc", offsetof(struct digest_credentials, nc), DIGEST_VALUE_MAX},
};

/* Take the quotes off; false: unbalanced, or a control character. Escapes
   stay as they are: no name or realm of ours holds one. */
static bool unquote(struct slice *v)
{
    bool quoted = v->len && v->p[0] == '"';

    if (quoted) {
        if (v->len < 2 || v->p[v->len - 1] != '"')
            return false;
        v->p++;
        v->len -= 2;
    }
    for (size_t i = 0; i < v->len; i++) {
        unsigned char c = (unsigned char)v->p[i];

        if (c < 0x20 || c == 0x7f || c == '"')
            return false;
        if (c != '\\')
            continue;
        if (!quoted || ++i == v->len || (unsigned char)v->p[i] < 0x20)
            return false;
    }
    return true;
}

static struct slice trim(struct slice s)
{
    while (s.len && (*s.p == ' ' || *s.p == '\t')) {
        s.p++;
        s.len--;
    }
    while (s.len && (s.p[s.len - 1] == ' ' || s.p[s.len - 1] == '\t'))
        s.len--;
    return s;
}

static bool take_param(struct digest_credentials *cr, struct slice name,
                       struct slice value)
{
    for (size_t i = 0; i < sizeof(params_known) / sizeof(*params_known); i++) {
        struct slice *to;

        if (!slice_is_nocase(name, params_known[i].name))
            continue;
        to = (struct slice *)(void *)((char *)cr + params_known[i].member);
        if (to->p || !unquote(&value) || value.len > params_known[i].max)
            return false;
        *to = value;
        return true;
    }
    return true;
}

int digest_parse(struct digest_credentials *cr, const char *const *params)
{
    memset(cr, 0, sizeof(*cr));
    for (size_t i = 0; params && params[i]; i++) {
        const char *equals = strchr(params[i], '=');
        struct slice name, value;

        if (i == DIGEST_PARAMS_MAX)
            return EINVAL;
        if (!equals)
            continue;
        name = (struct slice){params[i], (size_t)(equals - params[i])};
        value = slice_of(equals + 1);
        if (!take_param(cr, trim(name), trim(value)))
            return EINVAL;
    }
    return 0;
}
