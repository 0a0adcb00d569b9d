/**
 * What plays to one stream: play commands in a queue, each a list of
 * prompts. Pure: it yields encoded frames when asked; whoever asks keeps
 * time.
 */
#ifndef ENGINE_EMBEDDED_MEDIA_PLAYER_H
#define ENGINE_EMBEDDED_MEDIA_PLAYER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "engine/embedded/media/prompt_store.h"
#include "engine/engine.h"

enum { PLAYER_QUEUE_MAX = 32 };

/** A play command with its prompts looked up. */
struct play {
    struct play *next;
    const struct prompt *prompts[ENGINE_PLAYLIST_MAX];
    uint8_t n;        /* 0: nothing of it could be found */
    int8_t loop_from; /* -1: none */
    bool replace;
    uint32_t tag;
};

/** A play command ended. */
typedef void player_done_h(uint32_t tag, bool completed, void *arg);

struct player {
    struct play *head; /* plays */
    struct play **tail;
    unsigned count;
    unsigned index; /* prompt of head that plays */
    uint32_t at_ms; /* how far it has got */
    player_done_h *h;
    void *arg;
};

void player_init(struct player *pl, player_done_h *h, void *arg);

/**
 * Look up a command's prompts. Unknown names are logged and left out.
 * Returns NULL when there is no memory. Callable from any thread.
 */
struct play *play_alloc(const struct engine_play *command,
                        const struct prompt_store *ps, struct log *log);

/** Queue a command, or replace what there is; owns it from then on. One
 *  that no longer fits into the queue is reported as not completed. */
void player_add(struct player *pl, struct play *play);

/** Report all commands as not completed and forget them. */
void player_stop(struct player *pl);

/** Whether anything plays or waits. */
bool player_busy(const struct player *pl);

/**
 * The next frame. Commands that ended before it are reported.
 *
 * @param codec  Format of the frame.
 * @param ms     Length for G.711 and G.722, 10 to 60 ms; an Opus frame is
 * always PROMPT_OPUS_MS long.
 * @param out    At least 8 * ms or PROMPT_OPUS_MAX bytes.
 * @return bytes of the frame, 0 when nothing plays any more.
 */
size_t player_frame(struct player *pl, enum media_codec codec, unsigned ms,
                    uint8_t *out);

/**
 * The next frame, not encoded, for a call that is mixed. Commands that ended
 * before it are reported.
 *
 * @param rate  8000, 16000 or 48000 Hz.
 * @param n     Samples: 10 to 60 ms, whole multiples of 10.
 * @return n, or 0 when nothing plays any more.
 */
size_t player_samples(struct player *pl, unsigned rate, int16_t *out,
                      size_t n);

#endif
