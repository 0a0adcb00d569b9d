#include "engine/embedded/registrar_store.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <jansson.h>

#include "base/address.h"

#define FILE_NAME "registrations.json"

enum { FORMAT = 1 };

static const char *const sides[] = {
    [ENGINE_EXTERNAL] = "external",
    [ENGINE_INTERNAL] = "internal",
};

static const char *const transports[REGISTRAR_TRANSPORTS] = {
    [REGISTRAR_UDP] = "udp",
    [REGISTRAR_TCP] = "tcp",
    [REGISTRAR_TLS] = "tls",
};

/* Index of a name in a table, -1 when it is not there. */
static int index_of(const char *const *names, size_t n, const char *name)
{
    for (size_t i = 0; i < n; i++)
        if (strcmp(names[i], name) == 0)
            return (int)i;
    return -1;
}

static int make_path(char path[PATH_MAX], const char *dir, const char *name)
{
    int n = snprintf(path, PATH_MAX, "%s/%s", dir, name);

    return n < 0 || n >= PATH_MAX ? ENAMETOOLONG : 0;
}

/* ---- loading ---- */

static bool put_text(char *to, size_t size, const char *from)
{
    return slice_copy(slice_of(from), to, size) == 0;
}

static int read_binding(struct registrar_binding *b, json_t *entry)
{
    const char *id, *user, *side, *uri, *instance, *call_id, *address,
        *transport;
    json_int_t cseq, port, expires, order, refreshed;

    memset(b, 0, sizeof(*b));
    if (json_unpack(entry,
                    "{s:s, s:s, s:s, s:s, s:s, s:s, s:I, s:s, s:I, s:s, s:I, "
                    "s:I, s:I}",
                    "id", &id, "user", &user, "side", &side, "uri", &uri,
                    "instance", &instance, "call_id", &call_id, "cseq", &cseq,
                    "address", &address, "port", &port, "transport",
                    &transport, "expires_at", &expires, "order", &order,
                    "refreshed_at", &refreshed))
        return EINVAL;
    if (!put_text(b->id, sizeof(b->id), id) ||
        !put_text(b->user, sizeof(b->user), user) ||
        !put_text(b->uri, sizeof(b->uri), uri) ||
        !put_text(b->instance, sizeof(b->instance), instance) ||
        !put_text(b->call_id, sizeof(b->call_id), call_id) || port < 1 ||
        port > UINT16_MAX ||
        address_read(&b->source, address, (uint16_t)port) || cseq < 0 ||
        cseq > UINT32_MAX || expires < 0 || order < 0 || refreshed < 0 ||
        index_of(sides, 2, side) < 0 ||
        index_of(transports, REGISTRAR_TRANSPORTS, transport) < 0)
        return EINVAL;
    b->side = (enum engine_side)index_of(sides, 2, side);
    b->transport = (enum registrar_transport)index_of(
        transports, REGISTRAR_TRANSPORTS, transport);
    b->cseq = (uint32_t)cseq;
    b->expires_at = (uint64_t)expires;
    b->order = (uint64_t)order;
    b->refreshed_at = (uint64_t)refreshed;
    return 0;
}

/* Read all of a file of bounded size. The buffer is the caller's to free. */
static int read_file(const char *path, char **out, size_t *len)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    char *buf = NULL;
    struct stat st;
    size_t n = 0;
    int err = 0;

    if (fd < 0)
        return errno;
    if (fstat(fd, &st))
        err = errno;
    else if (!S_ISREG(st.st_mode) || st.st_size > REGISTRAR_STORE_MAX)
        err = EBADMSG;
    if (err)
        goto out;
    buf = malloc((size_t)st.st_size + 1);
    if (!buf)
        err = ENOMEM;
    while (!err && n < (size_t)st.st_size) {
        ssize_t got = read(fd, buf + n, (size_t)st.st_size - n);

        if (got < 0)
            err = errno;
        if (got <= 0)
            break;
        n += (size_t)got;
    }
out:
    close(fd);
    if (err)
        free(buf);
    *out = err ? NULL : buf;
    *len = n;
    return err;
}

static void restore_all(struct registrar *r, json_t *list, uint64_t now,
                        struct log *log, const char *path)
{
    size_t kept = 0, left_out = 0, i;
    json_t *entry;

    json_array_foreach(list, i, entry)
    {
        struct registrar_binding b;
        int err = read_binding(&b, entry);

        if (!err)
            err = registrar_restore(r, &b, now);
        kept += !err;
        left_out += err && err != ETIMEDOUT;
    }
    if (left_out)
        log_line(log, LOG_WARN, NULL,
                 "registrations: %zu entries of %s make no sense (user "
                 "renamed, file edited?) and were left out",
                 left_out, path);
    log_line(log, LOG_INFO, NULL, "registrations: %zu of %zu taken from %s",
             kept, json_array_size(list), path);
}

static void move_aside(const char *path, const char *why, struct log *log)
{
    char aside[PATH_MAX];
    int n = snprintf(aside, sizeof(aside), "%s.bad", path);

    if (n < 0 || n >= (int)sizeof(aside) || rename(path, aside))
        log_line(log, LOG_WARN, NULL,
                 "registrations: %s cannot be read (%s), nor moved aside "
                 "(%s); starting without, phones will register again",
                 path, why, strerror(errno));
    else
        log_line(log, LOG_WARN, NULL,
                 "registrations: %s cannot be read (%s); kept as %s for "
                 "inspection, starting without, phones will register again",
                 path, why, aside);
}

int registrar_store_load(struct registrar *r, const char *dir, uint64_t now,
                         struct log *log)
{
    json_t *root = NULL, *list = NULL;
    json_int_t format = 0;
    json_error_t error;
    char path[PATH_MAX];
    char *text = NULL;
    size_t len = 0;
    int err = make_path(path, dir, FILE_NAME);

    if (!err)
        err = read_file(path, &text, &len);
    if (err == ENOENT)
        return 0;
    if (err == EBADMSG) {
        move_aside(path, "not a file, or too large", log);
        return err;
    }
    if (err) {
        log_line(log, LOG_WARN, NULL,
                 "registrations: cannot read %s: %s; starting without", path,
                 strerror(err));
        return err;
    }
    root = json_loadb(text, len, JSON_REJECT_DUPLICATES, &error);
    free(text);
    if (!root ||
        json_unpack_ex(root, &error, 0, "{s:I, s:o}", "format", &format,
                       "registrations", &list) ||
        format != FORMAT || !json_is_array(list)) {
        move_aside(path, root ? "not of this program" : error.text, log);
        err = EBADMSG;
    } else {
        restore_all(r, list, now, log, path);
    }
    json_decref(root);
    return err;
}

/* ---- saving ---- */

static json_t *write_binding(const struct registrar_binding *b)
{
    char address[ADDRESS_IP_SIZE];

    return json_pack(
        "{s:s, s:s, s:s, s:s, s:s, s:s, s:I, s:s, s:i, s:s, s:I, "
        "s:I, s:I, s:b}",
        "id", b->id, "user", b->user, "side", sides[b->side], "uri", b->uri,
        "instance", b->instance, "call_id", b->call_id, "cseq",
        (json_int_t)b->cseq, "address", address_ip(&b->source, address),
        "port", (int)address_port(&b->source), "transport",
        transports[b->transport], "expires_at", (json_int_t)b->expires_at,
        "order", (json_int_t)b->order, "refreshed_at",
        (json_int_t)b->refreshed_at, "reachable", b->reachable);
}

static json_t *write_all(const struct registrar *r)
{
    const struct registrar_binding *b = NULL;
    json_t *list = json_array();

    while (list && (b = registrar_next(r, NULL, b)))
        if (json_array_append_new(list, write_binding(b))) {
            json_decref(list);
            return NULL;
        }
    return json_pack("{s:i, s:o*}", "format", FORMAT, "registrations", list);
}

/* The rename is on disk when its directory is. */
static int sync_dir(const char *dir)
{
    int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int err = 0;

    if (fd < 0)
        return errno;
    if (fsync(fd))
        err = errno;
    close(fd);
    return err;
}

static int write_file(const char *path, json_t *root)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW,
                  0600);
    int err = 0;

    if (fd < 0)
        return errno;
    if (fchmod(fd, 0600))
        err = errno;
    if (!err && json_dumpfd(root, fd, JSON_INDENT(1)))
        err = errno ? errno : EIO;
    if (!err && fsync(fd))
        err = errno;
    if (close(fd) && !err)
        err = errno;
    if (err)
        unlink(path); /* half a file on a full disk helps nobody */
    return err;
}

int registrar_store_save(const struct registrar *r, const char *dir,
                         struct log *log)
{
    char path[PATH_MAX], fresh[PATH_MAX];
    json_t *root = write_all(r);
    int err = root ? 0 : ENOMEM;

    if (!err)
        err = make_path(path, dir, FILE_NAME);
    if (!err)
        err = make_path(fresh, dir, FILE_NAME ".new");
    if (!err)
        err = write_file(fresh, root);
    if (!err && rename(fresh, path))
        err = errno;
    if (!err)
        err = sync_dir(dir);
    json_decref(root);
    if (err)
        log_line(log, LOG_ERROR, NULL,
                 "registrations: cannot store them in %s: %s; a restart "
                 "would forget who is registered now (JIGATE_STATE_DIR must "
                 "be a directory that the program may write to)",
                 dir, strerror(err));
    return err;
}
