#include "engine/embedded/media/prompt_store.h"

#include <dirent.h>
#include <errno.h>
#include <sndfile.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/embedded/media/codec/codec.h"
#include "engine/embedded/media/opus_frames.h"

enum { PATH_SIZE = 4096, NAME_SIZE = 64 };

struct prompt_store {
    struct prompt *list; /* by name */
    size_t n;
    size_t capacity;
    struct log *log;
};

/* Samples of a file of one rate; NULL and a logged reason if it cannot be
 * used, NULL and no line when it is not there. */
static int16_t *wav_read(struct prompt_store *ps, const char *path, int rate,
                         size_t *n)
{
    SF_INFO info = {0};
    SNDFILE *file = sf_open(path, SFM_READ, &info);
    int16_t *samples = NULL;
    const char *fault = NULL;

    if (!file) {
        if (sf_error(NULL) != SF_ERR_SYSTEM)
            fault = sf_strerror(NULL);
    } else if (info.samplerate != rate || info.channels != 1) {
        fault = "not mono of the folder's sample rate";
    } else if (info.frames < 1 ||
               info.frames > (sf_count_t)rate * PROMPT_SECONDS_MAX) {
        fault = "empty or longer than 10 minutes";
    } else {
        *n = (size_t)info.frames;
        samples = calloc(*n, sizeof(*samples));
        if (!samples)
            fault = "no memory";
        else if (sf_readf_short(file, samples, info.frames) != info.frames)
            fault = "cut off";
    }
    if (file)
        sf_close(file);
    if (!fault)
        return samples;
    log_line(ps->log, LOG_WARN, NULL, "prompt left out path=%s fault=\"%s\"",
             path, fault);
    free(samples);
    return NULL;
}

static void prompt_reset(struct prompt *p)
{
    free(p->name);
    for (int i = 0; i < MEDIA_CODECS; i++)
        free(p->bytes[i]);
    free(p->narrow);
    free(p->wide);
    opus_frames_reset(&p->opus);
}

/* Where there is no recording of 16 kHz: every second sample is the mean of
   its neighbours. */
static int16_t *widened(const int16_t *narrow, size_t n)
{
    int16_t *wide = calloc(2 * n, sizeof(*wide));

    for (size_t i = 0; wide && i < n; i++) {
        int next = i + 1 < n ? narrow[i + 1] : narrow[i];

        wide[2 * i] = narrow[i];
        wide[2 * i + 1] = (int16_t)((narrow[i] + next) / 2);
    }
    return wide;
}

/* A copy, cut or filled up to n samples, with silence behind it. */
static int16_t *padded(const int16_t *samples, size_t have, size_t n,
                       size_t silence)
{
    int16_t *copy = calloc(n + silence, sizeof(*copy));

    if (copy)
        memcpy(copy, samples, (have < n ? have : n) * sizeof(*copy));
    return copy;
}

/* Encode by a codec of 64 kbit/s. */
static int bytes_encode(struct prompt *p, enum media_codec codec,
                        unsigned rate, const int16_t *samples)
{
    size_t n = p->samples + 8 * PROMPT_FRAME_MAX_MS;
    struct codec_encoder e;
    int err = codec_encoder_alloc(&e, codec, rate);

    if (err)
        return err;
    p->bytes[codec] = malloc(n);
    if (p->bytes[codec])
        codec_encode(&e, samples, n * rate / 8000, p->bytes[codec], n);
    else
        err = ENOMEM;
    codec_encoder_reset(&e);
    return err;
}

static int prompt_encode(struct prompt *p)
{
    size_t wide = 2 * p->samples;
    int err = bytes_encode(p, MEDIA_PCMU, 8000, p->narrow);

    if (!err)
        err = bytes_encode(p, MEDIA_PCMA, 8000, p->narrow);
    if (!err)
        err = bytes_encode(p, MEDIA_G722, 16000, p->wide);
    if (!err)
        err = opus_frames_encode(&p->opus, p->wide, wide, 16000);
    return err;
}

/* Fill in a prompt. ENOENT: the file was left out. */
static int prompt_load(struct prompt_store *ps, struct prompt *p,
                       const char *dir, const char *language, const char *name)
{
    char path[PATH_SIZE];
    size_t n_wide;
    int16_t *narrow;
    int16_t *wide = NULL;
    int err = ENOMEM;

    memset(p, 0, sizeof(*p));
    snprintf(path, sizeof(path), "%s/%s/8000/%s.wav", dir, language, name);
    narrow = wav_read(ps, path, 8000, &p->samples);
    if (!narrow)
        return ENOENT;
    snprintf(path, sizeof(path), "%s/%s/16000/%s.wav", dir, language, name);
    wide = wav_read(ps, path, 16000, &n_wide);
    if (!wide) {
        wide = widened(narrow, p->samples);
        n_wide = 2 * p->samples;
    }
    p->name = strdup(name);
    p->narrow =
        padded(narrow, p->samples, p->samples, 8 * PROMPT_FRAME_MAX_MS);
    if (wide)
        p->wide =
            padded(wide, n_wide, 2 * p->samples, 16 * PROMPT_FRAME_MAX_MS);
    if (p->name && p->narrow && p->wide)
        err = prompt_encode(p);
    if (err)
        prompt_reset(p);
    free(narrow);
    free(wide);
    return err;
}

static int store_add(struct prompt_store *ps, const struct prompt *p)
{
    if (ps->n == ps->capacity) {
        size_t capacity = ps->capacity ? 2 * ps->capacity : 64;
        struct prompt *list = realloc(ps->list, capacity * sizeof(*list));

        if (!list)
            return ENOMEM;
        ps->list = list;
        ps->capacity = capacity;
    }
    ps->list[ps->n++] = *p;
    return 0;
}

static int prompt_compare(const void *a, const void *b)
{
    return strcmp(((const struct prompt *)a)->name,
                  ((const struct prompt *)b)->name);
}

/* "NAME.wav" to name; false for any other file. */
static bool wav_name(char name[NAME_SIZE], const char *file)
{
    size_t len = strlen(file);

    if (len <= 4 || len - 4 >= NAME_SIZE || strcmp(file + len - 4, ".wav") ||
        file[0] == '.')
        return false;
    memcpy(name, file, len - 4);
    name[len - 4] = '\0';
    return true;
}

static int store_load(struct prompt_store *ps, DIR *d, const char *dir,
                      const char *language)
{
    struct dirent *entry;

    while ((entry = readdir(d))) {
        char name[NAME_SIZE];
        struct prompt p;
        int err;

        if (!wav_name(name, entry->d_name))
            continue;
        err = prompt_load(ps, &p, dir, language, name);
        if (err == ENOENT)
            continue;
        if (!err) {
            err = store_add(ps, &p);
            if (err)
                prompt_reset(&p);
        }
        if (err)
            return err;
    }
    return 0;
}

int prompt_store_alloc(struct prompt_store **psp, const char *dir,
                       const char *language, struct log *log)
{
    struct prompt_store *ps = calloc(1, sizeof(*ps));
    char path[PATH_SIZE];
    DIR *d;
    int err;

    if (!ps)
        return ENOMEM;
    ps->log = log;
    snprintf(path, sizeof(path), "%s/%s/8000", dir, language);
    d = opendir(path);
    err = d ? store_load(ps, d, dir, language) : ENOENT;
    if (d)
        closedir(d);
    if (!err && !ps->n)
        err = ENOENT;
    if (err == ENOENT)
        log_line(log, LOG_ERROR, NULL,
                 "no prompts path=%s: render them with sounds/render or set "
                 "JIGATE_SOUNDS_DIR and JIGATE_LANGUAGE",
                 path);
    if (err) {
        prompt_store_free(ps);
        return err;
    }
    qsort(ps->list, ps->n, sizeof(*ps->list), prompt_compare);
    *psp = ps;
    return 0;
}

void prompt_store_free(struct prompt_store *ps)
{
    if (!ps)
        return;
    for (size_t i = 0; i < ps->n; i++)
        prompt_reset(&ps->list[i]);
    free(ps->list);
    free(ps);
}

const struct prompt *prompt_store_find(const struct prompt_store *ps,
                                       const char *name)
{
    struct prompt key = {.name = (char *)name};

    return bsearch(&key, ps->list, ps->n, sizeof(*ps->list), prompt_compare);
}

size_t prompt_store_count(const struct prompt_store *ps)
{
    return ps->n;
}
