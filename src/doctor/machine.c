/* The machine: clock, limits, folders. */
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/statvfs.h>
#include <sys/timex.h>
#include <unistd.h>

#include "call/prompts.h"
#include "doctor/checkup.h"
#include "doctor/holder.h"

enum {
    FILES_A_CALL = 4,         /* RTP and RTCP on both sides */
    FILES_BESIDES = 100,      /* SIP, REST, mapper, log, libraries */
    SPACE_MIN = 4 << 20,      /* bytes for the stored registrations */
    BUFFER_WANTED = 32 << 10, /* bytes, as media/udp.c asks for */
    SLACK_S = 60,
};

/* 2025-01-01, before this program was written. */
#define CLOCK_MIN 1735689600u

/* ---- clock ---- */

const char *clock_fault(uint64_t now_s, uint64_t newest_s)
{
    if (now_s < CLOCK_MIN)
        return "is before the time when this program was written";
    if (newest_s > now_s + SLACK_S)
        return "has been set back: something was registered later than now";
    return NULL;
}

void check_clock(struct checkup *c)
{
    struct timex tx = {0};
    uint64_t newest = 0;
    const char *wrong;

    for (size_t i = 0; i < c->n_contacts; i++)
        if (c->contacts[i].refreshed_at > newest)
            newest = c->contacts[i].refreshed_at;
    wrong = clock_fault(c->now / 1000, newest / 1000);
    if (wrong) {
        found(c, FOUND_FAULT, "it %s", wrong);
        advise(c, "Set it: registrations, tokens and certificates are taken "
                  "for expired, or for valid too long.");
    } else if (adjtimex(&tx) == TIME_ERROR && tx.status & STA_UNSYNC) {
        found(c, FOUND_WARNING, "it looks right, but nothing keeps it so");
        advise(c, "Let systemd-timesyncd or chrony run on this machine (on "
                  "the host, with containers).");
    } else {
        found(c, FOUND_OK, "synchronised");
    }
}

/* ---- limits ---- */

unsigned calls_of_files(uint64_t files)
{
    uint64_t calls =
        files > FILES_BESIDES ? (files - FILES_BESIDES) / FILES_A_CALL : 0;

    return calls > UINT_MAX ? UINT_MAX : (unsigned)calls;
}

/* The limit of the gateway that runs where it can be read, else our own. */
static uint64_t files_max(const struct checkup *c)
{
    const struct config *cfg = c->cfg;
    struct rlimit limit = {0};
    struct holder *list;
    size_t n;
    pid_t pid = 0;

    if (c->seen.running &&
        !holders_list(&list, &n, HOLDER_TCP, cfg->rest_address, cfg->rest_port,
                      cfg->rest_port)) {
        pid = n ? list[0].pid : 0;
        free(list);
    }
    if (prlimit(pid, RLIMIT_NOFILE, NULL, &limit))
        getrlimit(RLIMIT_NOFILE, &limit);
    return limit.rlim_max;
}

void check_files(struct checkup *c)
{
    uint64_t files = files_max(c);
    unsigned calls = calls_of_files(files), wanted = calls_allowed(c->cfg);

    if (calls < wanted) {
        found(c, FOUND_FAULT,
              "%llu open files are allowed: enough for %u calls, where the "
              "settings have room for %u",
              (unsigned long long)files, calls, wanted);
        advise(c,
               "Raise the limit to %u: LimitNOFILE= of systemd, ulimits: "
               "nofile: of docker compose, or ulimit -Hn.",
               wanted * FILES_A_CALL + FILES_BESIDES);
    } else {
        found(c, FOUND_OK, "%llu open files are allowed, enough for %u calls",
              (unsigned long long)files, wanted);
    }
}

/* A number out of /proc/sys; 0 where it is not told. */
static unsigned long kernel_number(const char *path)
{
    FILE *f = fopen(path, "re");
    unsigned long v = 0;

    if (f && fscanf(f, "%lu", &v) != 1)
        v = 0;
    if (f)
        fclose(f);
    return v;
}

void check_buffers(struct checkup *c)
{
    static const char *const names[] = {"rmem_max", "wmem_max"};
    bool good = true;

    for (size_t i = 0; i < 2; i++) {
        char path[64];
        unsigned long v;

        snprintf(path, sizeof(path), "/proc/sys/net/core/%s", names[i]);
        v = kernel_number(path);
        if (!v || v >= BUFFER_WANTED)
            continue;
        good = false;
        found(c, FOUND_WARNING,
              "net.core.%s is %lu: audio is lost when the machine is busy",
              names[i], v);
        advise(c, "Set it to %d at least, by sysctl.", BUFFER_WANTED);
    }
    if (good)
        found(c, FOUND_OK, "the kernel's limits leave room for audio");
}

void check_threads(struct checkup *c)
{
    cpu_set_t set;
    unsigned cores = 0;

    if (!sched_getaffinity(0, sizeof(set), &set))
        cores = (unsigned)CPU_COUNT(&set);
    if (cores && c->cfg->media_threads > cores) {
        found(c, FOUND_WARNING,
              "JIGATE_MEDIA_THREADS is %u, and there %s %u core%s",
              c->cfg->media_threads, cores == 1 ? "is" : "are", cores,
              cores == 1 ? "" : "s");
        advise(c, "Leave it out: more threads than cores make audio no "
                  "smoother.");
    } else {
        found(c, FOUND_OK, "audio has %u of %u cores",
              c->cfg->media_threads ? c->cfg->media_threads : cores, cores);
    }
}

/* ---- folders ---- */

static void tell_state_dir(struct checkup *c, const char *path, int err)
{
    found(c, FOUND_FAULT,
          "%s cannot be written to: %s: a restart forgets who is registered, "
          "and Jigasi does not notice",
          path, strerror(err));
    advise(c, "Make it a folder of the gateway's user, or name another by "
              "JIGATE_STATE_DIR.");
    if (err == EACCES)
        advise(c,
               "This was tried as user %u: run doctor as the gateway's "
               "user.",
               (unsigned)geteuid());
}

void check_state(struct checkup *c)
{
    const char *dir = c->cfg->state_dir;
    int err = config_state_dir_try(dir);
    struct statvfs fs;

    if (err) {
        tell_state_dir(c, dir, err);
    } else if (!statvfs(dir, &fs) &&
               (uint64_t)fs.f_bavail * fs.f_frsize < SPACE_MIN) {
        found(c, FOUND_FAULT, "the disk of %s is full", dir);
        advise(c, "Make room there, or name another folder by "
                  "JIGATE_STATE_DIR.");
    } else {
        found(c, FOUND_OK, "%s can be written to", dir);
    }
}

void check_sounds(struct checkup *c)
{
    const struct config *cfg = c->cfg;
    char path[PATH_MAX], first[64] = "";
    unsigned missing = 0;

    for (enum prompt p = PROMPT_NONE + 1; p < PROMPT_END; p++) {
        snprintf(path, sizeof(path), "%s/%s/8000/%s.wav", cfg->sounds_dir,
                 cfg->language, prompt_name(p));
        if (!access(path, R_OK))
            continue;
        if (!missing++)
            snprintf(first, sizeof(first), "%s.wav", prompt_name(p));
    }
    if (missing) {
        found(c, FOUND_FAULT,
              "%u of %d prompts are not in %s/%s/8000, such as %s: callers "
              "hear nothing in their place",
              missing, PROMPT_END - 1, cfg->sounds_dir, cfg->language, first);
        advise(c, "Install them again, or correct JIGATE_SOUNDS_DIR or "
                  "JIGATE_LANGUAGE.");
    } else {
        found(c, FOUND_OK, "all %d prompts of language %s are there",
              PROMPT_END - 1, cfg->language);
    }
}
