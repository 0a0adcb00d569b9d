/* What a call remembers over a restart, read from a channel variable. */
#include <string.h>

#include "call/note.h"
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct note n, again;
    char buf[ENGINE_NOTE_MAX], *text = malloc(len + 1);

    if (!text)
        return 0;
    memcpy(text, data, len);
    text[len] = '\0';
    if (note_read(&n, text) == 0) {
        PROMISE(note_write(&n, buf, sizeof(buf)) == 0);
        PROMISE(note_read(&again, buf) == 0);
        PROMISE(!strcmp(again.state, n.state));
        PROMISE(!strcmp(again.room.name, n.room.name));
        PROMISE(again.flags == n.flags && again.step_ms == n.step_ms);
    }
    free(text);
    return 0;
}
