/**
 * Packet-loss concealment for codecs without one of their own (G.711,
 * G.722), after the idea of ITU-T G.711 Appendix I: the last pitch period is
 * repeated, fades from 10 ms on and has died away after 60; where audio comes
 * again it is cross-faded. Unlike there nothing is delayed. Pure.
 *
 * Also takes a pitch period out of a frame or repeats one, for a buffer that
 * must become shorter or longer without being heard.
 */
#ifndef ENGINE_EMBEDDED_MEDIA_CODEC_PLC_H
#define ENGINE_EMBEDDED_MEDIA_CODEC_PLC_H

#include <stddef.h>
#include <stdint.h>

enum {
    PLC_RATE_MAX = 16000,
    PLC_FADE_MS = 60,                         /* until silence */
    PLC_PITCH_MAX = 15 * PLC_RATE_MAX / 1000, /* 66 Hz */
    PLC_HISTORY_MS = 35, /* 20 ms and what is like them, a pitch before */
    PLC_HISTORY = PLC_HISTORY_MS * PLC_RATE_MAX / 1000,
};

struct plc {
    unsigned rate;
    size_t lost;   /* samples concealed in a row */
    size_t period; /* of cycle */
    int32_t step;  /* from the last sample heard to where cycle begins */
    int16_t cycle[PLC_PITCH_MAX];
    size_t oldest;                /* in history, a ring */
    int16_t history[PLC_HISTORY]; /* PLC_HISTORY_MS are used */
};

/** @param rate  8000 or 16000. */
void plc_begin(struct plc *p, unsigned rate);

/** Audio that was received; its begin is changed where it follows a loss. */
void plc_received(struct plc *p, int16_t *samples, size_t n);

/** Make up what was lost; silence once it has died away. */
void plc_conceal(struct plc *p, int16_t *out, size_t n);

/**
 * Take a period of up to 10 ms out of samples, where it is not heard.
 *
 * @param n     At least 20 ms, or nothing is done.
 * @return the new number; n when there is no fit.
 */
size_t plc_shorten(int16_t *samples, size_t n, unsigned rate);

/** Take 10 ms out of samples, whatever they are: in a pause it is not heard.
 *  Otherwise as plc_shorten(). */
size_t plc_cut(int16_t *samples, size_t n, unsigned rate);

/** Root of the mean square. */
float plc_loudness(const int16_t *samples, size_t n);

/** Repeat a period of up to 10 ms; samples must have room for n * 3 / 2.
 *  Otherwise as plc_shorten(). */
size_t plc_lengthen(int16_t *samples, size_t n, unsigned rate);

#endif
