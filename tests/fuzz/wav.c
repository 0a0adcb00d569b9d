/* WAV files of prompts: what an operator may put into the folder of sounds. */
#include <err.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "engine/embedded/media/prompt_store.h"
#include "fuzz.h"

static char folder[] = "/tmp/jigate-fuzz-XXXXXX";
static bool made;

static void folder_remove(void)
{
    static const char *const parts[] = {"/en/8000/a.wav", "/en/16000/a.wav"};
    static const char *const folders[] = {"/en/8000", "/en/16000", "/en", ""};
    char path[96];

    for (size_t i = 0; i < 2; i++) {
        snprintf(path, sizeof(path), "%s%s", folder, parts[i]);
        unlink(path);
    }
    for (size_t i = 0; i < 4; i++) {
        snprintf(path, sizeof(path), "%s%s", folder, folders[i]);
        rmdir(path);
    }
}

static void folder_make(void)
{
    static const char *const folders[] = {"/en", "/en/8000", "/en/16000"};
    char path[96];

    if (!mkdtemp(folder))
        err(2, "%s", folder);
    for (size_t i = 0; i < 3; i++) {
        snprintf(path, sizeof(path), "%s%s", folder, folders[i]);
        if (mkdir(path, 0700))
            err(2, "%s", path);
    }
    atexit(folder_remove);
    made = true;
}

static void file_write(const char *rate, const uint8_t *data, size_t len)
{
    char path[96];
    FILE *f;

    snprintf(path, sizeof(path), "%s/en/%s/a.wav", folder, rate);
    f = fopen(path, "wb");
    if (!f || fwrite(data, 1, len, f) != len || fclose(f))
        err(2, "%s", path);
}

/* The first byte says where the second file, of 16 kHz, begins; 0: nowhere. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct prompt_store *ps = NULL;
    const struct prompt *p;
    size_t wide = len ? 16 * (size_t)data[0] : 0;

    if (!made)
        folder_make();
    if (!len)
        return 0;
    data++;
    len--;
    if (wide > len)
        wide = len;
    file_write("8000", data, wide ? wide : len);
    file_write("16000", data + wide, wide ? len - wide : 0);
    if (prompt_store_alloc(&ps, folder, "en", NULL))
        return 0;
    PROMISE(prompt_store_count(ps) == 1);
    p = prompt_store_find(ps, "a");
    PROMISE(p && p->samples);
    PROMISE(p->samples <= (size_t)8000 * (PROMPT_SECONDS_MAX + 1));
    PROMISE(p->narrow && p->wide && p->bytes[MEDIA_PCMU]);
    for (size_t i = 0; i < p->opus.n; i++) {
        PROMISE(p->opus.offset[i] < p->opus.offset[i + 1]);
        PROMISE(p->opus.offset[i + 1] - p->opus.offset[i] <= PROMPT_OPUS_MAX);
    }
    prompt_store_free(ps);
    return 0;
}
