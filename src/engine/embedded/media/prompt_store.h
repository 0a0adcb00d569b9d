/**
 * All prompts of one language, encoded once per codec when the program
 * starts, read-only and shared by all threads from then on.
 */
#ifndef ENGINE_EMBEDDED_MEDIA_PROMPT_STORE_H
#define ENGINE_EMBEDDED_MEDIA_PROMPT_STORE_H

#include <stddef.h>
#include <stdint.h>

#include "base/log.h"
#include "engine/embedded/media/media.h"

enum {
    PROMPT_SECONDS_MAX = 600,
    PROMPT_OPUS_MS = 20,      /* length of every Opus frame */
    PROMPT_OPUS_MAX = 400,    /* bytes of a frame */
    PROMPT_FRAME_MAX_MS = 60, /* so much silence follows every prompt */
};

/** Opus packets of PROMPT_OPUS_MS each, back to back. */
struct opus_frames {
    uint8_t *bytes;
    uint32_t *offset; /* n + 1 of them: frame i is [i], [i + 1] */
    size_t n;
};

struct prompt {
    char *name;
    size_t samples;               /* at 8 kHz */
    uint8_t *bytes[MEDIA_CODECS]; /* 8 a ms: of PCMU, PCMA and G.722 */
    struct opus_frames opus;
    int16_t *narrow; /* at 8 kHz … */
    int16_t *wide;   /* … and at 16 kHz, for calls that are mixed */
};

/** What stands for a muted or idle far side. */
struct silence {
    uint8_t opus[4][PROMPT_OPUS_MAX]; /* of 10, 20, 40 and 60 ms */
    size_t opus_len[4];
    uint8_t g722[8 * 120];
};

struct prompt_store;

/**
 * Load DIR/LANGUAGE/8000/NAME.wav (for G.711) and, where it is there,
 * DIR/LANGUAGE/16000/NAME.wav (for Opus; else the first is taken): mono, any
 * sample format. A file that cannot be used is logged and left out.
 *
 * @return 0, ENOENT (no prompt at all, path logged), ENOMEM.
 */
int prompt_store_alloc(struct prompt_store **psp, const char *dir,
                       const char *language, struct log *log);
void prompt_store_free(struct prompt_store *ps);

/** Prompt of this name, NULL when there is none. */
const struct prompt *prompt_store_find(const struct prompt_store *ps,
                                       const char *name);

size_t prompt_store_count(const struct prompt_store *ps);

/** Encode silence. Returns 0 or an errno value. */
int silence_init(struct silence *s);

#endif
