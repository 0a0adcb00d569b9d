/* Answers of DNS with SRV records, and their order. */
#include <errno.h>
#include <string.h>

#include "engine/embedded/srv.h"
#include "fuzz.h"

static uint32_t seed;

static uint32_t random_h(uint32_t most)
{
    seed = seed * 1103515245 + 12345;
    return (uint32_t)(seed % ((uint64_t)most + 1));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct srv list[SRV_MAX];
    uint32_t sum = 0;
    size_t n;
    int err;

    seed = (uint32_t)len;
    memset(list, 0xa5, sizeof(list));
    err = srv_read(list, &n, data, len);
    PROMISE(err == 0 || err == ENODATA || err == EBADMSG);
    PROMISE(n <= SRV_MAX && (err || n));
    for (size_t i = 0; i < n; i++) {
        PROMISE(memchr(list[i].target, 0, SRV_TARGET_SIZE));
        PROMISE(!strpbrk(list[i].target, " \t\r\n\\/@:"));
        sum += list[i].port;
    }
    srv_order(list, n, random_h);
    for (size_t i = 0; i < n; i++) {
        PROMISE(!i || list[i - 1].priority <= list[i].priority);
        sum -= list[i].port;
    }
    PROMISE(sum == 0);
    return 0;
}
