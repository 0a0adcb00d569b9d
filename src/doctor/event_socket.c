#include "doctor/event_socket.h"

#include <errno.h>
#include <netdb.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

enum {
    WAIT_S = 3,
    HEAD_MAX = 2048,
    BODY_MAX = 4 << 20,
    COMMAND_MAX = 512,
};

/* Both, so that connect() and recv() give up in time. */
static void set_patience(int fd)
{
    struct timeval tv = {.tv_sec = WAIT_S};

    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof(tv));
    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &tv, sizeof(tv));
}

static enum event_socket_end reach(int *fd, const char *host, unsigned port)
{
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM}, *list;
    enum event_socket_end end = EVENT_SOCKET_SILENT;
    char text[16];

    snprintf(text, sizeof(text), "%u", port);
    if (getaddrinfo(host, text, &hints, &list))
        return EVENT_SOCKET_NO_HOST;
    for (const struct addrinfo *ai = list; ai; ai = ai->ai_next) {
        *fd = socket(ai->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
        if (*fd < 0)
            continue;
        set_patience(*fd);
        if (!connect(*fd, ai->ai_addr, ai->ai_addrlen)) {
            end = EVENT_SOCKET_IN;
            break;
        }
        if (errno == ECONNREFUSED)
            end = EVENT_SOCKET_REFUSED;
        close(*fd);
    }
    freeaddrinfo(list);
    return end;
}

/* Read header lines up to the empty one. Byte by byte: what follows is not
 * ours to take. */
static int read_head(int fd, char head[HEAD_MAX])
{
    size_t n = 0;

    while (n < HEAD_MAX - 1) {
        ssize_t got = recv(fd, head + n, 1, 0);

        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0) {
            head[n] = '\0';
            return got ? ETIMEDOUT : EPROTO;
        }
        n++;
        head[n] = '\0';
        if (n >= 2 && memcmp(head + n - 2, "\n\n", 2) == 0)
            return 0;
    }
    return EPROTO;
}

static bool say(int fd, const char *text)
{
    size_t len = strlen(text);

    return send(fd, text, len, MSG_NOSIGNAL) == (ssize_t)len;
}

static enum event_socket_end log_in(int fd, const char *password)
{
    char head[HEAD_MAX], line[COMMAND_MAX];
    int err = read_head(fd, head);
    bool said;

    if (strstr(head, "text/rude-rejection"))
        return EVENT_SOCKET_ACL;
    if (err || !strstr(head, "auth/request"))
        return err == ETIMEDOUT ? EVENT_SOCKET_SILENT : EVENT_SOCKET_STRANGE;
    snprintf(line, sizeof(line), "auth %s\n\n", password);
    said = say(fd, line);
    explicit_bzero(line, sizeof(line));
    if (!said || read_head(fd, head))
        return EVENT_SOCKET_STRANGE;
    if (strstr(head, "+OK"))
        return EVENT_SOCKET_IN;
    return strstr(head, "-ERR invalid") ? EVENT_SOCKET_PASSWORD
                                        : EVENT_SOCKET_STRANGE;
}

enum event_socket_end event_socket_open(int *fd, const char *host,
                                        unsigned port, const char *password)
{
    enum event_socket_end end = reach(fd, host, port);

    if (end != EVENT_SOCKET_IN)
        return end;
    end = log_in(*fd, password);
    if (end != EVENT_SOCKET_IN)
        close(*fd);
    return end;
}

static int read_body(int fd, size_t len, char **out)
{
    char *body = malloc(len + 1);
    size_t n = 0;

    if (!body)
        return ENOMEM;
    while (n < len) {
        ssize_t got = recv(fd, body + n, len - n, 0);

        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0) {
            free(body);
            return got ? ETIMEDOUT : EPROTO;
        }
        n += (size_t)got;
    }
    body[n] = '\0';
    *out = body;
    return 0;
}

int event_socket_api(int fd, const char *command, char **out)
{
    static const char length[] = "Content-Length:";
    char head[HEAD_MAX], line[COMMAND_MAX];
    const char *at;
    unsigned long len;
    int err;

    snprintf(line, sizeof(line), "api %s\n\n", command);
    if (!say(fd, line))
        return EPROTO;
    err = read_head(fd, head);
    if (err)
        return err;
    at = strstr(head, length);
    if (!at || !strstr(head, "api/response"))
        return EPROTO;
    len = strtoul(at + strlen(length), NULL, 10);
    return len > BODY_MAX ? EPROTO : read_body(fd, len, out);
}
