#include "engine/embedded/digest_params.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "base/slice.h"
#include "engine/embedded/digest.h"

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
        if (!quoted || ++i == v->len || (unsigned char)v->p[i] < 0x20 ||
            v->p[i] == 0x7f)
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

static bool take_param(void *out, const struct digest_param *known, size_t n,
                       struct slice name, struct slice value)
{
    for (size_t i = 0; i < n; i++) {
        struct slice *to =
            (struct slice *)(void *)((char *)out + known[i].offset);

        if (!slice_is_nocase(name, known[i].name))
            continue;
        if (to->p || !unquote(&value) || value.len > known[i].max)
            return false;
        *to = value;
        return true;
    }
    return true;
}

int digest_params_read(void *out, const struct digest_param *known, size_t n,
                       const char *const *params)
{
    for (size_t i = 0; params && params[i]; i++) {
        const char *equals = strchr(params[i], '=');
        struct slice name, value;

        if (i == DIGEST_PARAMS_MAX)
            return EINVAL;
        if (!equals)
            continue;
        name = (struct slice){params[i], (size_t)(equals - params[i])};
        value = slice_of(equals + 1);
        if (!take_param(out, known, n, trim(name), trim(value)))
            return EINVAL;
    }
    return 0;
}
