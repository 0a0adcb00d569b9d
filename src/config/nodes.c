#include "config/nodes.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "base/slice.h"

static int node_read(struct slice entry, char *host, unsigned *port)
{
    const char *end = entry.p + entry.len;
    const char *close = memchr(entry.p, ']', entry.len);
    bool brackets = entry.len && *entry.p == '[' && close;
    const char *from = brackets ? close : entry.p;
    const char *colon = memchr(from, ':', (size_t)(end - from));
    const char *first = entry.p + brackets;
    const char *last = brackets ? close : colon ? colon : end;
    uint64_t n;

    if (colon) {
        if (slice_to_u64((struct slice){colon + 1, (size_t)(end - colon - 1)},
                         1, 65535, &n))
            return EINVAL;
        *port = (unsigned)n;
    }
    if (last <= first)
        return EINVAL;
    return slice_copy((struct slice){first, (size_t)(last - first)}, host,
                      CONFIG_NODE_HOST_MAX);
}

int config_node_next(const char **list, char *host, unsigned *port)
{
    const char *p = *list + strspn(*list, ", ");
    size_t n = strcspn(p, ", ");

    *list = p + n;
    return n ? node_read((struct slice){p, n}, host, port) : ENOENT;
}
