/* The environment file. */
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "config/config.h"
#include "fuzz.h"

#define PHONE_SECRET  "5cZk0qVm71"
#define JIGASI_SECRET "tH3nXr20pw"

/* NAME_FILE would have the fuzzer read any file, devices among them; and the
 * file must not tell the secrets that the report must not tell. */
static int unfit(const uint8_t *data, size_t len)
{
    static const char *const words[] = {"_FILE", PHONE_SECRET, JIGASI_SECRET};

    for (size_t i = 0; i < 3; i++)
        if (memmem(data, len, words[i], strlen(words[i])))
            return 1;
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    char *const env[] = {"FREESWITCH_REGISTRATION_PASSWORD=" PHONE_SECRET,
                         "JIGASI_SIP_PASSWORD=" JIGASI_SECRET,
                         "FREESWITCH_EXTERNAL_IP=127.0.0.1",
                         "JIGATE_SOUNDS_DIR=" TEST_SOUNDS, NULL};
    struct config cfg;
    char path[64], *told = NULL;
    size_t told_len;
    FILE *report;
    int fd, err;

    if (len > 65536 || unfit(data, len))
        return 0;
    fd = memfd_create("settings", MFD_CLOEXEC);
    report = open_memstream(&told, &told_len);
    PROMISE(fd >= 0 && report);
    PROMISE(write(fd, data, len) == (ssize_t)len);
    snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
    err = config_load(&cfg, path, env, report);
    fclose(report);
    PROMISE(err == 0 || told_len > 0);
    PROMISE(!strstr(told, PHONE_SECRET) && !strstr(told, JIGASI_SECRET));
    if (err == 0) {
        PROMISE(cfg.sip_domain && *cfg.sip_domain && cfg.keys);
        PROMISE(cfg.rtp_start_port <= cfg.rtp_end_port);
        PROMISE(cfg.rest_port >= 1 && cfg.rest_port <= 65535);
    }
    config_reset(&cfg);
    free(told);
    close(fd);
    return 0;
}
