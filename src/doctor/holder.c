#include "doctor/holder.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { HEX_V4 = 8, HEX_V6 = 32, TCP_LISTENS = 0x0a };

/* The kernel prints addresses as 32-bit words in the machine's order. */
static bool read_ip(char *ip, const char *hex)
{
    uint32_t words[4];
    size_t n = strlen(hex);

    if (n != HEX_V4 && n != HEX_V6)
        return false;
    for (size_t i = 0; i < n / 8; i++)
        if (sscanf(hex + 8 * i, "%8x", &words[i]) != 1)
            return false;
    if (n == HEX_V4)
        return inet_ntop(AF_INET, words, ip, INET6_ADDRSTRLEN);
    if (words[0] == 0 && words[1] == 0 && words[2] == htonl(0xffff))
        return inet_ntop(AF_INET, &words[3], ip, INET6_ADDRSTRLEN);
    return inet_ntop(AF_INET6, words, ip, INET6_ADDRSTRLEN);
}

bool holder_parse(struct holder *h, enum holder_protocol protocol,
                  const char *line)
{
    char hex[HEX_V6 + 1];
    unsigned state;

    memset(h, 0, sizeof(*h));
    if (sscanf(line,
               " %*u: %32[0-9A-Fa-f]:%x %*32[0-9A-Fa-f]:%*x %x %*s %*s %*s "
               "%*s %*s %lu",
               hex, &h->port, &state, &h->inode) != 4)
        return false;
    if (protocol == HOLDER_TCP && state != TCP_LISTENS)
        return false;
    return h->port > 0 && h->port <= UINT16_MAX && read_ip(h->ip, hex);
}

bool holder_in_the_way(const struct holder *h, const char *ip)
{
    bool v6 = strchr(ip, ':');

    if (strcmp(h->ip, ip) == 0 || strcmp(h->ip, "::") == 0)
        return true;
    if (v6)
        return strcmp(ip, "::") == 0;
    return strcmp(h->ip, "0.0.0.0") == 0 ||
           (strcmp(ip, "0.0.0.0") == 0 && !strchr(h->ip, ':'));
}

/* ---- which process ---- */

static struct holder *find_inode(struct holder *list, size_t n,
                                 unsigned long inode)
{
    for (size_t i = 0; i < n; i++)
        if (list[i].inode == inode && !list[i].pid)
            return &list[i];
    return NULL;
}

static void read_program(struct holder *h)
{
    char path[64];
    FILE *f;

    snprintf(path, sizeof(path), "/proc/%d/comm", (int)h->pid);
    f = fopen(path, "re");
    if (!f)
        return;
    if (fgets(h->program, sizeof(h->program), f))
        h->program[strcspn(h->program, "\n")] = '\0';
    fclose(f);
}

static void search_files(const char *pid, struct holder *list, size_t n)
{
    char path[PATH_MAX], link[64];
    const struct dirent *e;
    DIR *dir;

    snprintf(path, sizeof(path), "/proc/%.16s/fd", pid);
    dir = opendir(path);
    while (dir && (e = readdir(dir))) {
        ssize_t len =
            readlinkat(dirfd(dir), e->d_name, link, sizeof(link) - 1);
        unsigned long inode;
        struct holder *h;

        if (len < 0)
            continue;
        link[len] = '\0';
        if (sscanf(link, "socket:[%lu]", &inode) != 1)
            continue;
        h = find_inode(list, n, inode);
        if (!h)
            continue;
        h->pid = (pid_t)strtol(pid, NULL, 10);
        read_program(h);
    }
    if (dir)
        closedir(dir);
}

static void search_processes(struct holder *list, size_t n)
{
    DIR *dir = n ? opendir("/proc") : NULL;
    const struct dirent *e;

    while (dir && (e = readdir(dir)))
        if (*e->d_name >= '1' && *e->d_name <= '9')
            search_files(e->d_name, list, n);
    if (dir)
        closedir(dir);
}

/* ---- which sockets ---- */

static int add(struct holder **list, size_t *n, const struct holder *h)
{
    struct holder *more = realloc(*list, (*n + 1) * sizeof(**list));

    if (!more)
        return ENOMEM;
    more[(*n)++] = *h;
    *list = more;
    return 0;
}

static int read_table(struct holder **list, size_t *n,
                      enum holder_protocol protocol, const char *path,
                      const char *ip, unsigned first, unsigned last)
{
    FILE *f = fopen(path, "re");
    struct holder h;
    char line[512];
    int err = 0;

    if (!f)
        return errno;
    while (!err && fgets(line, sizeof(line), f))
        if (holder_parse(&h, protocol, line) && h.port >= first &&
            h.port <= last && holder_in_the_way(&h, ip))
            err = add(list, n, &h);
    fclose(f);
    return err;
}

int holders_list(struct holder **list, size_t *n,
                 enum holder_protocol protocol, const char *ip, unsigned first,
                 unsigned last)
{
    static const char *const tables[][2] = {
        [HOLDER_UDP] = {"/proc/net/udp", "/proc/net/udp6"},
        [HOLDER_TCP] = {"/proc/net/tcp", "/proc/net/tcp6"},
    };
    int err;

    *list = NULL;
    *n = 0;
    err = read_table(list, n, protocol, tables[protocol][0], ip, first, last);
    if (!err)
        err = read_table(list, n, protocol, tables[protocol][1], ip, first,
                         last);
    if (err == ENOENT) /* no IPv6 */
        err = 0;
    if (!err)
        search_processes(*list, *n);
    if (err) {
        free(*list);
        *list = NULL;
        *n = 0;
    }
    return err;
}

void holder_text(const struct holder *h, char *out, size_t size)
{
    if (h->pid)
        snprintf(out, size, "%s (process %d)", h->program, (int)h->pid);
    else
        snprintf(out, size, "a program that only root can name");
}

void holder_name(enum holder_protocol protocol, const char *ip, unsigned port,
                 char *out, size_t size)
{
    struct holder *list;
    size_t n;
    int err = holders_list(&list, &n, protocol, ip, port, port);

    if (!err && n)
        holder_text(&list[0], out, size);
    else
        snprintf(out, size, "something");
    free(list);
}
