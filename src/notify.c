#include "notify.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/slice.h"

void notify(const char *state)
{
    const char *path = getenv("NOTIFY_SOCKET");
    struct sockaddr_un sun = {.sun_family = AF_UNIX};
    void *sa = &sun;
    size_t len = path ? strlen(path) : 0;
    int fd;

    if (!len || len >= sizeof(sun.sun_path) || !strchr("/@", *path))
        return;
    memcpy(sun.sun_path, path, len);
    if (*path == '@') /* abstract: the name begins with a NUL */
        sun.sun_path[0] = '\0';
    fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return;
    sendto(fd, state, strlen(state), MSG_NOSIGNAL, sa,
           (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len));
    close(fd);
}

uint64_t notify_watchdog_ms(void)
{
    const char *usec = getenv("WATCHDOG_USEC");
    const char *pid = getenv("WATCHDOG_PID");
    uint64_t us, of = (uint64_t)getpid();

    if (!usec || slice_to_u64(slice_of(usec), 1, UINT64_MAX, &us))
        return 0;
    if (pid && (slice_to_u64(slice_of(pid), 1, UINT64_MAX, &of) ||
                of != (uint64_t)getpid()))
        return 0;
    return us / 2000 ? us / 2000 : 1;
}
