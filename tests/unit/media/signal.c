#include "signal.h"

#include <math.h>
#include <stdlib.h>

void signal_sine(int16_t *x, size_t n, size_t at, unsigned rate, double hertz,
                 double peak)
{
    for (size_t i = 0; i < n; i++)
        x[i] = (int16_t)lrint(peak *
                              sin(2 * M_PI * hertz * (double)(at + i) / rate));
}

void signal_voice(int16_t *x, size_t n, size_t at, unsigned rate, double peak)
{
    for (size_t i = 0; i < n; i++) {
        double t = (double)(at + i) / rate, sum = 0;
        /* 120 Hz, gliding by 10 Hz three times in two seconds */
        double phase = 2 * M_PI * 120 * t - 10.0 / 1.5 * cos(3 * M_PI * t);
        double syllable = 0.55 - 0.45 * cos(2 * M_PI * 4 * t);

        for (int k = 1; k <= 26; k++)
            sum += sin(k * phase) / k;
        x[i] = (int16_t)lrint(peak / 2 * syllable * sum);
    }
}

double signal_rms(const int16_t *x, size_t n)
{
    double sum = 0;

    for (size_t i = 0; i < n; i++)
        sum += (double)x[i] * x[i];
    return n ? sqrt(sum / (double)n) : 0;
}

double signal_snr(const int16_t *x, const int16_t *y, size_t n, size_t max,
                  size_t *delay)
{
    double best = -100;

    for (size_t d = 0; d < max; d++) {
        double xx = 0, xy = 0, yy = 0, noise;

        for (size_t i = 0; i + d < n; i++) {
            xx += (double)x[i] * x[i];
            xy += (double)x[i] * y[i + d];
            yy += (double)y[i + d] * y[i + d];
        }
        if (xx == 0 || xy <= 0)
            continue;
        noise = yy - xy * xy / xx;
        if (noise < yy * 1e-10)
            noise = yy * 1e-10;
        if (10 * log10((yy - noise) / noise) > best) {
            best = 10 * log10((yy - noise) / noise);
            *delay = d;
        }
    }
    return best;
}

int signal_step(const int16_t *x, size_t n)
{
    int most = 0;

    for (size_t i = 1; i < n; i++)
        if (abs(x[i] - x[i - 1]) > most)
            most = abs(x[i] - x[i - 1]);
    return most;
}
