#include <string.h>

#include "call/call.h"

/* Names for operators' statistics, and the words of the log line. */
static const struct {
    const char *name;
    const char *text;
} ends[CALL_ENDS] = {
    [CALL_END_HANGUP] = {"hangup", "the participant hung up"},
    [CALL_END_SILENT] = {"silent", "nothing was heard from the phone"},
    [CALL_END_FAULT] = {"fault", "the participant's leg failed"},
    [CALL_END_ENGINE] = {"engine-lost", "the engine lost the call"},
    [CALL_END_COMPLETED] = {"completed", "the conference ended"},
    [CALL_END_NO_MEETING] = {"no-meeting", "no known meeting id was keyed"},
    [CALL_END_NO_DIRECTORY] = {"no-directory",
                               "meeting ids could not be looked up"},
    [CALL_END_GUESSING] = {"guessing", "too many wrong meeting ids"},
    [CALL_END_NOT_STARTED] = {"not-started", "the conference did not start"},
    [CALL_END_NO_JIGASI] = {"no-jigasi", "no Jigasi could be reached"},
    [CALL_END_CODECS] = {"codecs", "Jigasi accepts none of our codecs"},
    [CALL_END_NOT_ADMITTED] = {"not-admitted", "refused in the lobby"},
    [CALL_END_PASSWORD] = {"password", "three wrong passwords"},
    [CALL_END_JIGASI] = {"jigasi-failed", "Jigasi failed twice"},
    [CALL_END_DURATION] = {"duration", "JIGATE_MAX_CALL_DURATION is over"},
    [CALL_END_SHUTDOWN] = {"shutdown", "the program ends"},
    [CALL_END_MEMORY] = {"no-memory", "out of memory"},
    [CALL_END_CHECKED] = {"checked", "the health check is over"},
    [CALL_END_NOT_REACHED] = {"not-reached",
                              "whom the meeting dialled did not answer"},
    [CALL_END_CANCELLED] = {"cancelled", "the meeting gave up dialling"},
};

const char *ending_name(enum call_end end)
{
    return ends[end].name;
}

/* What the end of the participant's leg means when it was not our doing. */
static const enum call_end leg_ends[] = {
    [ENGINE_END_HANGUP] = CALL_END_HANGUP,
    [ENGINE_END_REFUSED] = CALL_END_FAULT,
    [ENGINE_END_TIMEOUT] = CALL_END_FAULT,
    [ENGINE_END_TRANSPORT] = CALL_END_FAULT,
    [ENGINE_END_SILENT] = CALL_END_SILENT,
    [ENGINE_END_LOCAL] = CALL_END_SHUTDOWN,
    [ENGINE_END_ENGINE] = CALL_END_ENGINE,
};

/* Nothing of the call goes on but its end. */
static void stop(struct call *c)
{
    call_query_cancel(c);
    call_jigasi_drop(c);
    call_timers_stop(c);
}

static void refuse(struct call *c)
{
    if (c->outbound) {
        ending_hangup(c);
        return;
    }
    engine_reject(c->cs->deps.engine, c->leg.id, 503, NULL,
                  CALL_REFUSE_RETRY_S);
    call_enter(c, CALL_GONE, 0);
}

enum call_end ending_find(const char *name)
{
    for (int i = 0; i < CALL_ENDS; i++) {
        if (!strcmp(name, ends[i].name))
            return (enum call_end)i;
    }
    return CALL_END_COMPLETED;
}

void ending_begin(struct call *c, enum call_end end, enum prompt first,
                  enum prompt second)
{
    if (c->state == CALL_ENDING || c->state == CALL_GONE)
        return;
    c->end = end;
    stop(c);
    if (!c->answering) {
        refuse(c);
        return;
    }
    call_collect_stop(c);
    if (c->answered)
        call_unbind(c);
    c->end_prompts[0] = first;
    c->end_prompts[1] = second;
    call_enter(c, CALL_ENDING, CALL_ENDING_MS);
}

void ending_audio(struct call *c)
{
    call_play_loop(c, c->end_prompts, 2, PROMPT_NONE);
}

void ending_hangup(struct call *c)
{
    if (c->healthcheck)
        c->end = CALL_END_CHECKED;
    call_timers_stop(c);
    engine_hangup(c->cs->deps.engine, c->leg.id, 0, "");
    call_enter(c, CALL_GONE, 0);
}

void ending_now(struct call *c, enum call_end end)
{
    if (c->state == CALL_GONE)
        return;
    if (c->state != CALL_ENDING)
        c->end = end;
    stop(c);
    if (c->answering)
        ending_hangup(c);
    else
        refuse(c);
}

void ending_gone(struct call *c, const struct engine_event *ev)
{
    size_t known = sizeof(leg_ends) / sizeof(leg_ends[0]);

    if (c->state != CALL_ENDING && c->state != CALL_GONE)
        c->end = (size_t)ev->gone.end < known ? leg_ends[ev->gone.end]
                                              : CALL_END_FAULT;
    stop(c);
    log_line(c->cs->deps.log, c->healthcheck ? LOG_DEBUG : LOG_INFO, c->id,
             "ended: %s, after %llu s; %u INFO ignored", ends[c->end].text,
             (unsigned long long)((call_now(c) - c->since) / 1000), c->faults);
    if (!c->healthcheck)
        calls_tell(c->cs, MONITOR_ENDED, c->id, c->node, ends[c->end].name);
    calls_remove(c);
}

/* ---- JIGATE_MAX_CALL_DURATION ---- */

void ending_limit_start(struct call *c)
{
    uint64_t ms = 60000ull * c->cs->deps.cfg->max_call_duration_min;

    if (!ms)
        return;
    c->warned = ms <= CALL_WARNING_MS; /* no time for a warning */
    call_timer(c, TIMER_LIMIT, c->warned ? ms : ms - CALL_WARNING_MS);
}

void ending_limit(struct call *c)
{
    if (c->warned) {
        ending_begin(c, CALL_END_DURATION, PROMPT_GOODBYE, PROMPT_NONE);
        return;
    }
    c->warned = true;
    call_timer(c, TIMER_LIMIT, CALL_WARNING_MS);
    call_say_one(c, PROMPT_ONE_MINUTE);
}
