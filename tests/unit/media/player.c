#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <setjmp.h>
#include <cmocka.h>

#include "engine/embedded/media/g711_tables.h"
#include "engine/embedded/media/player.h"
#include "wav.h"

enum { DONE_MAX = 64 };

struct fixture {
    struct wav_dir wavs;
    struct prompt_store *ps;
    struct player player;
    struct {
        uint32_t tag;
        bool completed;
    } done[DONE_MAX];
    size_t n_done;
};

static void done_h(uint32_t tag, bool completed, void *arg)
{
    struct fixture *f = arg;

    assert_true(f->n_done < DONE_MAX);
    f->done[f->n_done].tag = tag;
    f->done[f->n_done++].completed = completed;
}

/* Prompts of 3, 2 and 1 frames; the last frame of b is half full. */
static int setup(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));

    wav_dir_make(&f->wavs);
    wav_prompt(&f->wavs, "a", 480, 1);
    wav_prompt(&f->wavs, "b", 240, 2);
    wav_prompt(&f->wavs, "c", 160, 3);
    assert_int_equal(prompt_store_alloc(&f->ps, f->wavs.path, "en", NULL), 0);
    player_init(&f->player, done_h, f);
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;

    player_stop(&f->player);
    prompt_store_free(f->ps);
    wav_dir_remove(&f->wavs);
    free(f);
    return 0;
}

/* Play the prompts of a text, one letter each. */
static void add(struct fixture *f, const char *letters, int loop_from,
                bool replace, uint32_t tag)
{
    char name[ENGINE_PLAYLIST_MAX][2];
    const char *names[ENGINE_PLAYLIST_MAX];
    struct engine_play p = {.prompts = names,
                            .n_prompts = strlen(letters),
                            .loop_from = loop_from,
                            .replace = replace,
                            .tag = tag};
    struct play *play;

    for (size_t i = 0; i < p.n_prompts; i++) {
        name[i][0] = letters[i];
        name[i][1] = '\0';
        names[i] = name[i];
    }
    play = play_alloc(&p, f->ps, NULL);
    assert_non_null(play);
    player_add(&f->player, play);
}

/* Which prompt's frame comes next: "a0" to "a2", "b0" …; "-" for none. */
static void next(struct fixture *f, const char *expected)
{
    uint8_t out[PROMPT_OPUS_MAX], want[160];
    size_t len = player_frame(&f->player, MEDIA_PCMU, 20, out);
    unsigned seed = (unsigned)(expected[0] - 'a' + 1);
    size_t from;
    const struct prompt *p;

    if (*expected == '-') {
        assert_int_equal(len, 0);
        return;
    }
    assert_int_equal(len, 160);
    from = 160 * (size_t)(expected[1] - '0');
    p = prompt_store_find(f->ps, (char[]){expected[0], '\0'});
    for (size_t i = 0; i < 160; i++) {
        int16_t sample = wav_sample(from + i, seed);

        if (from + i < p->samples)
            g711_to_pcmu(&want[i], &sample, 1);
        else
            want[i] = G711_PCMU_SILENCE;
    }
    assert_memory_equal(out, want, 160);
}

static void ended(struct fixture *f, size_t i, uint32_t tag, bool completed)
{
    assert_true(i < f->n_done);
    assert_int_equal(f->done[i].tag, tag);
    assert_int_equal(f->done[i].completed, completed);
}

static void a_list_plays_in_order(void **state)
{
    struct fixture *f = *state;

    assert_false(player_busy(&f->player));
    add(f, "abc", -1, false, 7);
    next(f, "a0");
    next(f, "a1");
    next(f, "a2");
    next(f, "b0");
    next(f, "b1");
    next(f, "c0");
    assert_int_equal(f->n_done, 0); /* the last frame still sounds */
    assert_true(player_busy(&f->player));
    next(f, "-");
    ended(f, 0, 7, true);
    assert_false(player_busy(&f->player));
    next(f, "-");
    assert_int_equal(f->n_done, 1);
}

static void commands_queue(void **state)
{
    struct fixture *f = *state;

    add(f, "c", -1, false, 1);
    add(f, "b", -1, false, 2);
    next(f, "c0");
    next(f, "b0");
    ended(f, 0, 1, true);
    next(f, "b1");
    next(f, "-");
    ended(f, 1, 2, true);
}

static void a_loop_goes_on_at_its_index(void **state)
{
    struct fixture *f = *state;

    add(f, "acb", 1, false, 1);
    next(f, "a0");
    next(f, "a1");
    next(f, "a2");
    for (int i = 0; i < 10; i++) {
        next(f, "c0");
        next(f, "b0");
        next(f, "b1");
    }
    assert_int_equal(f->n_done, 0);
    player_stop(&f->player);
    ended(f, 0, 1, false);
    next(f, "-");
}

static void replacing_forgets_what_plays_and_waits(void **state)
{
    struct fixture *f = *state;

    add(f, "a", 0, false, 1);
    add(f, "b", -1, false, 2);
    next(f, "a0");
    add(f, "c", -1, true, 3);
    ended(f, 0, 1, false);
    ended(f, 1, 2, false);
    next(f, "c0");
    next(f, "-");
    ended(f, 2, 3, true);
    assert_int_equal(f->n_done, 3);
}

static void unknown_prompts_are_skipped(void **state)
{
    struct fixture *f = *state;

    add(f, "xcy", -1, false, 1);
    next(f, "c0");
    add(f, "xyz", -1, false, 2);
    add(f, "xyz", 0, false, 3); /* a loop of nothing ends */
    next(f, "-");
    ended(f, 0, 1, true);
    ended(f, 1, 2, true);
    ended(f, 2, 3, true);
}

static void a_loop_with_unknown_prompts_keeps_its_place(void **state)
{
    struct fixture *f = *state;

    add(f, "xaxc", 2, false, 1); /* from the second x: c alone */
    next(f, "a0");
    next(f, "a1");
    next(f, "a2");
    next(f, "c0");
    next(f, "c0");
    add(f, "cx", 1, true, 2); /* nothing of the loop is left */
    next(f, "c0");
    next(f, "-");
    ended(f, 1, 2, true);
}

static void a_full_queue_refuses(void **state)
{
    struct fixture *f = *state;

    for (uint32_t i = 0; i < PLAYER_QUEUE_MAX; i++)
        add(f, "c", -1, false, i);
    assert_int_equal(f->n_done, 0);
    add(f, "c", -1, false, 99);
    ended(f, 0, 99, false);
    for (int i = 0; i < PLAYER_QUEUE_MAX; i++)
        next(f, "c0");
    next(f, "-");
    assert_int_equal(f->n_done, 1 + PLAYER_QUEUE_MAX);
}

static void frames_of_any_length_hold_the_same_audio(void **state)
{
    struct fixture *f = *state;

    for (unsigned ms = 10; ms <= 60; ms += 10) {
        uint8_t out[480 * 2];
        size_t n = 0;
        size_t len;
        const struct prompt *p = prompt_store_find(f->ps, "a");

        add(f, "a", -1, false, ms);
        while ((len = player_frame(&f->player, MEDIA_PCMA, ms, out + n))) {
            assert_int_equal(len, 8 * ms);
            n += len;
        }
        assert_true(n >= 480 && n < 480 + 8 * ms);
        assert_memory_equal(out, p->bytes[MEDIA_PCMA], 480);
        for (size_t i = 480; i < n; i++)
            assert_int_equal(out[i], G711_PCMA_SILENCE);
    }
}

static void opus_frames_come_one_by_one(void **state)
{
    struct fixture *f = *state;
    const struct prompt *p = prompt_store_find(f->ps, "a");
    uint8_t out[PROMPT_OPUS_MAX];

    add(f, "a", -1, false, 1);
    for (size_t i = 0; i < p->opus.n; i++) {
        size_t len = player_frame(&f->player, MEDIA_OPUS, 20, out);

        assert_int_equal(len, p->opus.offset[i + 1] - p->opus.offset[i]);
        assert_memory_equal(out, p->opus.bytes + p->opus.offset[i], len);
    }
    assert_int_equal(player_frame(&f->player, MEDIA_OPUS, 20, out), 0);
    ended(f, 0, 1, true);
}

static void a_change_of_codec_keeps_the_place(void **state)
{
    struct fixture *f = *state;
    const struct prompt *p = prompt_store_find(f->ps, "a");
    uint8_t out[PROMPT_OPUS_MAX];

    add(f, "a", -1, false, 1);
    next(f, "a0");
    player_frame(&f->player, MEDIA_OPUS, 20, out);
    assert_memory_equal(out, p->opus.bytes + p->opus.offset[1],
                        p->opus.offset[2] - p->opus.offset[1]);
    next(f, "a2");
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        T(a_list_plays_in_order),
        T(commands_queue),
        T(a_loop_goes_on_at_its_index),
        T(replacing_forgets_what_plays_and_waits),
        T(unknown_prompts_are_skipped),
        T(a_loop_with_unknown_prompts_keeps_its_place),
        T(a_full_queue_refuses),
        T(frames_of_any_length_hold_the_same_audio),
        T(opus_frames_come_one_by_one),
        T(a_change_of_codec_keeps_the_place),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
