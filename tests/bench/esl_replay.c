/*
 * Events of a recording, over and over, through the parser and the engine:
 *
 *     esl_replay RECORDING EVENTS
 *
 * prints how many a second one core takes, what memory that wants (with the
 * recording), and how much more is allocated after them than before. Ends
 * non-zero when that is anything.
 */
#include <err.h>
#include <event2/event.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "engine/freeswitch/esl_parse.h"
#include "engine/freeswitch/freeswitch.h"
#include "engine/freeswitch/fs.h"

/* Passes before the measure: until the allocator's caches of freed blocks,
   which mallinfo2() takes for used, are as full as they get. */
enum { WARM_UP = 20 };

static unsigned long told;

static void tell_h(const struct engine_event *ev, void *arg)
{
    told++;
}

static char *read_file(const char *path, size_t *len)
{
    FILE *f = fopen(path, "rb");
    char *bytes;

    if (!f)
        err(1, "%s", path);
    fseek(f, 0, SEEK_END);
    *len = (size_t)ftell(f);
    rewind(f);
    bytes = malloc(*len);
    if (!bytes || fread(bytes, 1, *len, f) != *len)
        err(1, "%s", path);
    fclose(f);
    return bytes;
}

static double cpu_s(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);
    return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

/* The most memory since exec(), in kB; getrusage() counts what the process
   was before it, too. */
static long peak_kb(void)
{
    FILE *f = fopen("/proc/self/status", "r");
    char line[256];
    long kb = 0;

    while (f && fgets(line, sizeof(line), f) &&
           sscanf(line, "VmHWM: %ld", &kb) != 1)
        continue;
    if (f)
        fclose(f);
    if (!kb)
        errx(1, "/proc/self/status tells no VmHWM");
    return kb;
}

/* One pass; returns the number of events. */
static unsigned long replay(struct freeswitch *fs, const char *bytes,
                            size_t len)
{
    unsigned long n = 0;
    size_t at = 0, used;
    struct esl_frame f;

    while (at < len && !esl_frame_parse(&f, bytes + at, len - at, &used)) {
        struct esl_event ev;

        at += used;
        if (f.type != ESL_EVENT_PLAIN)
            continue;
        n++;
        esl_event_open(&ev, f.body);
        if (ev.name != ESL_EVENT_UNKNOWN && ev.name != ESL_BACKGROUND_JOB) {
            fs->nodes[0]->sequence = 0; /* each pass begins anew */
            fs_event_h(&ev, fs->nodes[0]);
        }
    }
    event_base_loop(fs->base, EVLOOP_NONBLOCK);
    return n;
}

int main(int argc, char **argv)
{
    struct config cfg = {
        .freeswitch_server = "127.0.0.1",
        .esl_port = 1,
        .rtp_end_port = UINT16_MAX,
        .external_ip = "127.0.0.1",
        .internal_ip = "127.0.0.2",
        .esl_password = "x",
        .jigasi_user = "jigasi",
        .jigasi_codecs = "opus",
        .language = "en",
        .freeswitch_sounds_dir = "/sounds",
    };
    unsigned long wanted = argc == 3 ? strtoul(argv[2], NULL, 10) : 0;
    struct event_base *base = event_base_new();
    struct timers *timers;
    struct engine *engine;
    struct freeswitch *fs;
    unsigned long n = 0;
    size_t len;
    long kept;
    double from, s;
    char *bytes;

    if (!wanted)
        errx(2, "usage: esl_replay RECORDING EVENTS");
    bytes = read_file(argv[1], &len);
    if (!base || timers_alloc(&timers, 1000) ||
        freeswitch_alloc(&engine, &cfg, base, timers, NULL, tell_h, NULL))
        errx(1, "out of memory");
    fs = (struct freeswitch *)engine;
    fs->nodes[0]->up = true;
    for (int i = 0; i < WARM_UP; i++)
        replay(fs, bytes, len);
    told = 0;
    kept = (long)mallinfo2().uordblks;
    from = cpu_s();
    while (n < wanted)
        n += replay(fs, bytes, len);
    s = cpu_s() - from;
    kept = (long)mallinfo2().uordblks - kept;
    printf("events %lu events\n", n);
    printf("told %lu events\n", told);
    printf("events_per_core %.0f events/s\n", (double)n / s);
    printf("rss %ld kB\n", peak_kb());
    printf("kept %ld bytes\n", kept);
    engine_stop(engine);
    timers_free(timers);
    event_base_free(base);
    free(bytes);
    return kept > 0;
}
