/**
 * The prompts that policy plays, by name. The texts and the rendering are in
 * sounds/; the names here and there are the same, in the same order.
 */
#ifndef CALL_PROMPTS_H
#define CALL_PROMPTS_H

enum prompt {
    PROMPT_NONE,
    PROMPT_ENTER_ID,
    PROMPT_NO_INPUT,
    PROMPT_UNKNOWN_ID,
    PROMPT_ENTER_PASSWORD,
    PROMPT_JOIN,
    PROMPT_WAIT_JOIN,
    PROMPT_NOT_STARTED,
    PROMPT_PASSWORD_HINT,
    PROMPT_IN_CONFERENCE,
    PROMPT_WENT_WRONG,
    PROMPT_GOODBYE,
    PROMPT_MUTED,
    PROMPT_UNMUTED,
    PROMPT_MUTED_BY_MODERATOR,
    PROMPT_HAND_RAISED,
    PROMPT_HAND_LOWERED,
    PROMPT_HAND_NOT_NEEDED,
    PROMPT_MODERATION_ON,
    PROMPT_MODERATION_OFF,
    PROMPT_MAY_UNMUTE,
    PROMPT_MAY_NOT_UNMUTE,
    PROMPT_VISITOR,
    PROMPT_PROMOTED,
    PROMPT_NOT_LIVE,
    PROMPT_LIVE,
    PROMPT_LOBBY_WAIT,
    PROMPT_LOBBY_ADMITTED,
    PROMPT_LOBBY_REFUSED,
    PROMPT_PASSWORD_WRONG,
    PROMPT_WAITING_FOR_OTHERS,
    PROMPT_ENDED,
    PROMPT_ONE_MINUTE,
    PROMPT_HELP,
    PROMPT_STATUS_MUTED,
    PROMPT_STATUS_UNMUTED,
    PROMPT_STATUS_HAND,
    PROMPT_STATUS_MODERATED,
    PROMPT_MUSIC,
    PROMPT_TONE,
    PROMPT_END, /* one past the last */
};

/** Name of a prompt as engine_play takes it; NULL for PROMPT_NONE and for
 *  anything beyond the table. */
const char *prompt_name(enum prompt p);

/** The prompt of that name, PROMPT_NONE when there is none. */
enum prompt prompt_find(const char *name);

#endif
