#include "engine/embedded/media/player.h"

#include <stdlib.h>
#include <string.h>

void player_init(struct player *pl, player_done_h *h, void *arg)
{
    memset(pl, 0, sizeof(*pl));
    pl->tail = &pl->head;
    pl->h = h;
    pl->arg = arg;
}

struct play *play_alloc(const struct engine_play *command,
                        const struct prompt_store *ps, struct log *log)
{
    struct play *play = calloc(1, sizeof(*play));
    size_t n = command->n_prompts;

    if (!play)
        return NULL;
    if (n > ENGINE_PLAYLIST_MAX)
        n = ENGINE_PLAYLIST_MAX;
    play->tag = command->tag;
    play->replace = command->replace;
    play->loop_from = -1;
    for (size_t i = 0; i < n; i++) {
        const struct prompt *p = prompt_store_find(ps, command->prompts[i]);

        if (command->loop_from == (int)i)
            play->loop_from = (int8_t)play->n;
        if (p)
            play->prompts[play->n++] = p;
        else
            log_line(log, LOG_ERROR, NULL,
                     "prompt unknown, skipped name=%s: render the sounds anew",
                     command->prompts[i]);
    }
    if (play->loop_from >= (int)play->n)
        play->loop_from = -1;
    return play;
}

static void head_done(struct player *pl, bool completed)
{
    struct play *play = pl->head;
    uint32_t tag = play->tag;

    pl->head = play->next;
    if (!pl->head)
        pl->tail = &pl->head;
    pl->count--;
    pl->index = 0;
    pl->at_ms = 0;
    free(play);
    pl->h(tag, completed, pl->arg);
}

void player_add(struct player *pl, struct play *play)
{
    if (play->replace)
        player_stop(pl);
    if (pl->count == PLAYER_QUEUE_MAX) {
        uint32_t tag = play->tag;

        free(play);
        pl->h(tag, false, pl->arg);
        return;
    }
    play->next = NULL;
    *pl->tail = play;
    pl->tail = &play->next;
    pl->count++;
}

void player_stop(struct player *pl)
{
    while (pl->head)
        head_done(pl, false);
}

bool player_busy(const struct player *pl)
{
    return pl->head != NULL;
}

static bool prompt_ended(const struct prompt *p, enum media_codec codec,
                         uint32_t at_ms)
{
    if (codec == MEDIA_OPUS)
        return at_ms / PROMPT_OPUS_MS >= p->opus.n;
    return (size_t)at_ms * 8 >= p->samples;
}

/* Stand on the prompt that the next frame is cut from, NULL: nothing left. */
static const struct prompt *current(struct player *pl, enum media_codec codec)
{
    while (pl->head) {
        const struct play *play = pl->head;

        if (pl->index < play->n &&
            !prompt_ended(play->prompts[pl->index], codec, pl->at_ms))
            return play->prompts[pl->index];
        pl->at_ms = 0;
        if (pl->index < play->n)
            pl->index++;
        if (pl->index < play->n)
            continue;
        if (play->loop_from >= 0)
            pl->index = (unsigned)play->loop_from;
        else
            head_done(pl, true);
    }
    return NULL;
}

static size_t opus_frame(const struct prompt *p, uint32_t at_ms, uint8_t *out)
{
    const struct opus_frames *f = &p->opus;
    uint32_t i = at_ms / PROMPT_OPUS_MS;
    size_t len = f->offset[i + 1] - f->offset[i];

    memcpy(out, f->bytes + f->offset[i], len);
    return len;
}

size_t player_frame(struct player *pl, enum media_codec codec, unsigned ms,
                    uint8_t *out)
{
    const struct prompt *p = current(pl, codec);
    size_t len;

    if (!p)
        return 0;
    if (codec == MEDIA_OPUS) {
        len = opus_frame(p, pl->at_ms, out);
        pl->at_ms += PROMPT_OPUS_MS;
    } else {
        len = (size_t)ms * 8;
        memcpy(out, p->bytes[codec] + (size_t)pl->at_ms * 8, len);
        pl->at_ms += ms;
    }
    return len;
}

/* Two samples between each two: a sinc of 8 taps for the one, its mirror
   image for the other. */
enum { THIRDS_TAPS = 8, THIRDS_BEFORE = 3 };
static const float thirds[THIRDS_TAPS] = {-0.012972F, 0.055629F, -0.165083F,
                                          0.815738F,  0.391453F, -0.115439F,
                                          0.036858F,  -0.006183F};

static int16_t between(const int16_t *x, size_t n, size_t at, bool second)
{
    float sum = 0;

    for (size_t k = 0; k < THIRDS_TAPS; k++) {
        size_t i = at + k;

        if (i >= THIRDS_BEFORE && i - THIRDS_BEFORE < n)
            sum += thirds[second ? THIRDS_TAPS - 1 - k : k] *
                   x[i - THIRDS_BEFORE];
    }
    return (int16_t)(sum > 32767 ? 32767 : sum < -32768 ? -32768 : sum);
}

static void thrice(int16_t *out, size_t n, const int16_t *x, size_t n_x,
                   size_t at)
{
    for (size_t i = 0; i + 3 <= n; i += 3, at++) {
        out[i] = x[at];
        out[i + 1] = between(x, n_x, at, false);
        out[i + 2] = between(x, n_x, at, true);
    }
}

size_t player_samples(struct player *pl, unsigned rate, int16_t *out, size_t n)
{
    const struct prompt *p = current(pl, MEDIA_PCMU);
    size_t ms = n * 1000 / rate;

    if (!p)
        return 0;
    if (rate == 8000)
        memcpy(out, p->narrow + (size_t)pl->at_ms * 8, n * sizeof(*out));
    else if (rate == 16000)
        memcpy(out, p->wide + (size_t)pl->at_ms * 16, n * sizeof(*out));
    else
        thrice(out, n, p->wide, 2 * p->samples + 16 * PROMPT_FRAME_MAX_MS,
               (size_t)pl->at_ms * 16);
    pl->at_ms += (uint32_t)ms;
    return n;
}
