/* The file that keeps registrations over a restart. */
#include <err.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "engine/embedded/registrar_store.h"
#include "fuzz.h"

static const struct registrar_user users[] = {
    {"jigasi", ENGINE_INTERNAL, 8, 10, 60},
    {"user", ENGINE_EXTERNAL, 8, 60, 3600},
};

/* Wall clock of the test: in the life of the kept corpus' bindings. */
enum { NOW_S = 1767225600 };

static char dir[] = "/tmp/jigate-fuzz-XXXXXX";

static void remove_dir(void)
{
    char path[64];

    snprintf(path, sizeof(path), "%s/registrations.json", dir);
    unlink(path);
    snprintf(path, sizeof(path), "%s/registrations.json.bad", dir);
    unlink(path);
    rmdir(dir);
}

static size_t load(struct registrar **rp)
{
    uint64_t now = (uint64_t)NOW_S * 1000;

    PROMISE(registrar_alloc(rp, users, 2, NULL, NULL) == 0);
    registrar_store_load(*rp, dir, now, NULL);
    return registrar_count(*rp, now);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    static int made;
    struct registrar *r, *again;
    char path[64];
    size_t n;
    int fd;

    if (!made++) {
        PROMISE(mkdtemp(dir));
        atexit(remove_dir);
    }
    snprintf(path, sizeof(path), "%s/registrations.json", dir);
    fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    PROMISE(fd >= 0 && write(fd, data, len) == (ssize_t)len);
    close(fd);
    n = load(&r);
    PROMISE(n <= 16);
    if (n) { /* what was taken can be kept and taken again */
        PROMISE(registrar_store_save(r, dir, NULL) == 0);
        PROMISE(load(&again) == n);
        registrar_free(again);
    }
    registrar_free(r);
    return 0;
}
